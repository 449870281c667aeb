"""Seeing that a runner runs while tasks are open, without starting one again and again."""

import time
from collections.abc import Callable

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 120.0


class Tending:
    """Starts a runner when one is missing; waits longer each time one did not come to life.

    ``is_alive`` tells whether a runner holds the task store, ``start`` starts one.
    """

    def __init__(
        self,
        is_alive: Callable[[], bool],
        start: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_alive = is_alive
        self._start = start
        self._clock = clock
        self._pause = FIRST_PAUSE_SECONDS
        self._not_before = 0.0

    def tend(self) -> None:
        """Start a runner if none is alive and the last start was long enough ago.

        Call it now and then while tasks are open. Raises TaskStoreError when no process can
        be started.
        """
        if self._is_alive():
            self._pause = FIRST_PAUSE_SECONDS
            return
        now = self._clock()
        if now < self._not_before:
            return
        self._not_before = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        self._start()
