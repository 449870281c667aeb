"""Garbage collection at quiet moments, as one in the middle of a key would be felt.

Python collects whenever enough objects were made, in whatever thread makes them, and holds the
interpreter for all of it: beside 100,000 images and volumes that is up to 120 ms. Nearly all that
the console lets go of is freed without it, being in no cycle, so it can wait.
"""

import gc
import time
from collections.abc import Callable

LOOK_SECONDS = 1.0
"""How often it should be looked whether to collect."""
QUIET_SECONDS = 1.0
"""This long after a key nobody is typing."""
YOUNG_OBJECTS = 1000
"""So many new objects are worth collecting among them."""
MOST_OBJECTS = 200_000
"""With so many new objects it is collected whoever types: some 30 MiB may wait among them."""
FULL_SECONDS = 300.0
"""Between two collections among all objects."""

YOUNG, ALL = 1, 2
"""The generations of ``gc.collect``."""


def _new_objects() -> int:
    return gc.get_count()[0]


class Collector:
    """Decides when to collect while Python's own collecting (``automatic``) is off.

    What the start made is left out of it (``freeze``): it stays to the end, and walking over it
    would be felt at the first key.
    """

    def __init__(
        self,
        collect: Callable[[int], object] = gc.collect,
        freeze: Callable[[], object] = gc.freeze,
        new_objects: Callable[[], int] = _new_objects,
        monotonic: Callable[[], float] = time.monotonic,
        automatic: Callable[[], bool] = gc.isenabled,
    ) -> None:
        self._collect = collect
        self._freeze = freeze
        self._started = False
        self._new_objects = new_objects
        self._monotonic = monotonic
        self._automatic = automatic
        self._key_at = self._full_at = monotonic()

    def key_pressed(self) -> None:
        """Note that somebody is typing."""
        self._key_at = self._monotonic()

    def look(self) -> None:
        """Collect if it is time to, and nobody is typing."""
        if self._automatic():
            return
        now = self._monotonic()
        new = self._new_objects()
        if not self._started:
            self._started = True
            self._freeze()
        elif now - self._key_at < QUIET_SECONDS:
            if new >= MOST_OBJECTS:
                self._collect(YOUNG)
        elif now - self._full_at >= FULL_SECONDS:
            self._full_at = now
            self._collect(ALL)
        elif new >= YOUNG_OBJECTS:
            self._collect(YOUNG)
