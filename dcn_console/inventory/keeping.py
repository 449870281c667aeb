"""Keeping the objects that did not change from one list to the next, and finding those that did.

A list that was read or joined again mostly has the same objects at the same places, so places
are compared first, and rows are looked up by their keys only where that fails. Pure.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter, is_
from typing import Generic, Protocol, TypeVar


class Identified(Protocol):
    """A row of a service's list."""

    @property
    def id(self) -> str:
        """The id, which never changes."""


class Keyed(Protocol):
    """A joined row."""

    @property
    def key(self) -> str:
        """What tells the row from others."""


H = TypeVar("H", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R", bound=Identified)
K = TypeVar("K", bound=Keyed)

_key: Callable[[Keyed], str] = attrgetter("key")


def changes(old: Sequence[R], new: Sequence[R]) -> tuple[list[R], list[R]]:
    """Return the old rows that went or were replaced, and the new ones that came or replaced."""
    if old is new:
        return [], []
    shorter = min(len(old), len(new))
    start = next((index for index in range(shorter) if old[index] is not new[index]), shorter)
    most = shorter - start
    end = next((index for index in range(most) if old[-1 - index] is not new[-1 - index]), most)
    before = {row.id: row for row in old[start : len(old) - end]}
    after = {row.id: row for row in new[start : len(new) - end]}
    gone = [row for key, row in before.items() if after.get(key) is not row]
    came = [row for key, row in after.items() if before.get(key) is not row]
    return gone, came


def touched(old: Sequence[Identified], new: Sequence[Identified]) -> set[str]:
    """Return the ids of the rows that came or went, or are other objects than before."""
    return {row.id for rows in changes(old, new) for row in rows}


def same_tuple(old: tuple[T, ...], new: tuple[T, ...]) -> tuple[T, ...]:
    """Return ``old`` when ``new`` holds the same objects."""
    return old if len(old) == len(new) and all(map(is_, old, new)) else new


def same_rows(old: tuple[K, ...], new: Iterable[K]) -> tuple[K, ...]:
    """Return the new rows, each one that equals an old row being that old object."""
    before = Before(old, _key)
    kept = []
    for index, row in enumerate(new):
        known = before.find(index, row.key)
        kept.append(known if known is not None and known == row else row)
    return same_tuple(old, tuple(kept))


class Before(Generic[T, H]):
    """Finds the row of a key among old rows, which is mostly at the place of the new one."""

    def __init__(self, rows: Sequence[T], key: Callable[[T], H]) -> None:
        self._rows = rows
        self._key = key
        self._known: dict[H, T] | None = None

    def find(self, index: int, key: H) -> T | None:
        """Return the old row with that key; ``index`` is where the new one is."""
        if index < len(self._rows):
            row = self._rows[index]
            if self._key(row) == key:
                return row
        if self._known is None:
            self._known = {self._key(row): row for row in self._rows}
        return self._known.get(key)
