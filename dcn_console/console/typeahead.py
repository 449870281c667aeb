"""Keys one after the other: none is looked at before the one before it has had its effect.

Textual sends a key to the widget that has the focus when the key arrives. What is typed ahead,
or sent by a script, would then reach the widget that had the focus before: after ``/`` the
letters of a filter would run actions. So a key waits until the one before it was handled.
"""

import time
from collections import deque

from textual.events import Key

PATIENCE_SECONDS = 0.5
"""After this long a key counts as handled, should its widget have gone away with it."""


class KeyQueue:
    """The keys that wait, and since when one is being handled."""

    def __init__(self) -> None:
        self._waiting: deque[Key] = deque()
        self._busy_since: float | None = None

    def admit(self, key: Key) -> bool:
        """Return whether the key may be handled now; otherwise it waits."""
        if self._busy_since is not None or self._waiting:
            self._waiting.append(key)
            return False
        self._busy_since = time.monotonic()
        return True

    def done(self) -> Key | None:
        """Note that a key was handled; return the next one, which is being handled from now."""
        self._busy_since = None
        if not self._waiting:
            return None
        self._busy_since = time.monotonic()
        return self._waiting.popleft()

    @property
    def is_stuck(self) -> bool:
        """Whether a key has been handled for longer than keys take."""
        since = self._busy_since
        return since is not None and time.monotonic() - since > PATIENCE_SECONDS
