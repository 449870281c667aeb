"""The simulator's clock: it can run faster than real time and jump ahead, never back."""

import time
from collections.abc import Callable


class Clock:
    """Seconds since the epoch, ``scale`` of them in every real second.

    ``monotonic`` is the real clock it counts with.
    """

    def __init__(
        self,
        start: float,
        scale: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._start = start
        self._since = monotonic()
        self._scale = scale

    @property
    def scale(self) -> float:
        """How many seconds pass in one real second."""
        return self._scale

    def now(self) -> float:
        """Return the time."""
        return self._start + (self._monotonic() - self._since) * self._scale

    def advance(self, seconds: float) -> None:
        """Jump ahead; raise ValueError for a negative step."""
        if seconds < 0:
            raise ValueError("The simulator's clock does not go back.")
        self._start += seconds

    def run_at(self, scale: float) -> None:
        """Change the scale; raise ValueError for a negative one."""
        if scale < 0:
            raise ValueError("The simulator's clock does not go back.")
        self._start = self.now()
        self._since = self._monotonic()
        self._scale = scale
