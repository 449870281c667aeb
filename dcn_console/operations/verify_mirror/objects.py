"""Which objects to read, and what to say of those that differ."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Any

from dcn_console.model.text import count

MOST_NAMED = 10
"""So many objects a sentence names; the data of the step holds more."""
MOST_KEPT = 1000


def sample(numbers: Sequence[int], percent: float, seed: str) -> tuple[int, ...]:
    """Return ``percent`` of ``numbers``, at least one of any, in order.

    Which ones is random, and the same for the same ``seed``: those whose SHA-256 with the seed
    comes first.
    """
    wanted = min(len(numbers), math.ceil(len(numbers) * percent / 100.0))
    shuffled = sorted(
        numbers, key=lambda number: hashlib.sha256(f"{seed}/{number}".encode()).digest()
    )
    return tuple(sorted(shuffled[:wanted]))


def byte_range(number: int, object_size: int, size: int) -> tuple[int, int]:
    """Return the first byte and the one after the last of an object; all in bytes."""
    return number * object_size, min((number + 1) * object_size, size)


def named(numbers: Sequence[int], object_size: int, size: int) -> str:
    """Return objects with their byte ranges in words, the first few of many."""
    shown = []
    for number in numbers[:MOST_NAMED]:
        start, end = byte_range(number, object_size, size)
        shown.append(f"{number} (bytes {start} to {end - 1})")
    more = len(numbers) - len(shown)
    rest = f" and {more} more" if more > 0 else ""
    differ = "differs" if len(numbers) == 1 else "differ"
    return f"{count(len(numbers), 'object')} {differ}: {', '.join(shown)}{rest}"


def as_data(numbers: Iterable[int], object_size: int, size: int) -> list[dict[str, Any]]:
    """Return objects with their byte ranges as plain data, no more than MOST_KEPT."""
    kept = []
    for number in tuple(numbers)[:MOST_KEPT]:
        start, end = byte_range(number, object_size, size)
        kept.append({"object": number, "first_byte": start, "last_byte": end - 1})
    return kept
