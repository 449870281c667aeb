"""The messages of a session: what was shown for a moment stays readable here."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dcn_console.model.errors import DcnError
from dcn_console.model.secrets import redact

Level = Literal["information", "warning", "error"]

LIMIT = 1000
"""Messages kept; older ones are dropped."""


@dataclass(frozen=True)
class Entry:
    """One message; ``way_out`` is what can be done about it."""

    at: datetime
    level: Level
    text: str
    way_out: str = ""


class Journal:
    """The newest messages, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=LIMIT)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All messages kept, oldest first."""
        return tuple(self._entries)

    def add(self, at: datetime, level: Level, text: str, way_out: str = "") -> Entry:
        """Keep a message and return it."""
        entry = Entry(at, level, text, way_out)
        self._entries.append(entry)
        return entry


def describe(error: BaseException) -> tuple[str, str]:
    """Return an error's sentence and its way out, without secrets."""
    if isinstance(error, DcnError):
        return redact(error.message), redact(error.way_out)
    return redact(f"{type(error).__name__}: {error}"), "This is a defect of the console."
