"""Rates and time left from the figures of a running transfer."""

from collections import deque

WINDOW_SECONDS = 15.0


class RateMeter:
    """Bytes per second over the last quarter of a minute.

    Feed it with ``add`` whenever a figure arrives; a figure below the last one (a transfer
    that began anew) starts it over.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, at: float, count: int) -> None:
        """Take ``count`` bytes seen at the moment ``at``, in seconds of a steady clock."""
        if self._samples and count < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((at, count))
        while len(self._samples) > 2 and at - self._samples[0][0] > WINDOW_SECONDS:
            self._samples.popleft()

    def rate(self) -> float | None:
        """Return bytes per second, or None before two figures have come."""
        if len(self._samples) < 2:
            return None
        (began, first), (ended, last) = self._samples[0], self._samples[-1]
        return (last - first) / (ended - began) if ended > began else None

    def seconds_left(self, total: int | None) -> float | None:
        """Return the seconds until ``total`` bytes at this rate, or None when it cannot be told."""
        rate = self.rate()
        if total is None or not rate or not self._samples:
            return None
        return max(0.0, (total - self._samples[-1][1]) / rate)
