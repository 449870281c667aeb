"""The text that an rbd-mirror daemon writes about an RBD image, taken apart.

It is words, and in most states a comma and JSON after them, whose keys differ by mode and release
(rbd_mirror/image_replayer/journal/ReplayStatusFormatter.cc and snapshot/Replayer.cc). A first copy
in journal mode says "bootstrapping, IMAGE_SYNC/COPY_IMAGE 42%" (ImageReplayer.cc), releases up to
Nautilus "replaying, ..., entries_behind_master=5".
"""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from dcn_console.model.mirroring import ReplayState, ReplayStatus

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)\s*%")
_OLD_PAIR = re.compile(r"\b(entries_behind_\w+|entries_per_second|bytes_per_second)=([\d.]{1,30})")
_STATES = {state.value: state for state in ReplayState}
_LARGEST = 1 << 62


def replay_status(
    state: str, *, up: bool = False, reported_at: datetime | None = None, text: str = ""
) -> ReplayStatus:
    """Return the status of which a daemon wrote ``text``; never raises.

    What is missing, unknown or of another type is left out.
    """
    words, keys = _halves(text)
    said = _STATES.get(state, ReplayState.UNKNOWN)
    entries = _first(keys, "entries_behind_primary", "entries_behind_master")
    return ReplayStatus(
        state=said,
        up=up,
        description=words,
        reported_at=reported_at,
        percent=_percent(words) if said is ReplayState.SYNCING else None,
        bytes_per_second=_number(keys.get("bytes_per_second")),
        seconds_until_synced=_number(keys.get("seconds_until_synced")),
        entries_behind=_integer(entries),
        entries_per_second=_number(keys.get("entries_per_second")),
        replay=_word(keys.get("replay_state")),
        local_snapshot_at=_moment(keys.get("local_snapshot_timestamp")),
        remote_snapshot_at=_moment(keys.get("remote_snapshot_timestamp")),
        syncing_percent=_within_hundred(_number(keys.get("syncing_percent"))),
        last_snapshot_bytes=_integer(keys.get("last_snapshot_bytes")),
    )


def _halves(text: str) -> tuple[str, dict[str, Any]]:
    """Return the words, and the keys after them."""
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        try:
            keys = json.loads(text[start : end + 1])
        except (ValueError, RecursionError):
            keys = None
        if isinstance(keys, dict):
            return text[:start].rstrip(" ,"), keys
    pairs = dict(_OLD_PAIR.findall(text))
    if not pairs:
        return text.strip(), {}
    first = _OLD_PAIR.search(text)
    words = text[: first.start()] if first else text
    return words.split(",", 1)[0].strip(), {key: _parsed(value) for key, value in pairs.items()}


def _parsed(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _first(keys: dict[str, Any], *names: str) -> Any:
    return next((keys[name] for name in names if name in keys), None)


def _number(value: Any) -> float | None:
    """Return a number that is one: not negative, finite, of any JSON type but a boolean."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not 0 <= value <= _LARGEST or not math.isfinite(value):
        return None
    return float(value)


def _integer(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(value)


def _word(value: Any) -> str:
    return value if value in ("idle", "syncing") else ""


def _moment(value: Any) -> datetime | None:
    """Return the time of seconds since 1970; 0 stands for none."""
    seconds = _number(value)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _percent(words: str) -> float | None:
    found = _PERCENT.findall(words)
    return _within_hundred(float(found[-1])) if found else None


def _within_hundred(value: float | None) -> float | None:
    return value if value is not None and value <= 100 else None
