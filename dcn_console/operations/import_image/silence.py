"""Whether Glance is still at work after it was away: one that died tells nobody.

A Glance that is started again knows nothing of what it was at, and its task stays "processing"
for ever (seen with Glance 25.1).
"""

from collections.abc import Hashable
from datetime import datetime

LASTING_SECONDS = 120.0
"""How long nothing may stir once Glance is back. While it downloads nothing does, so this is only
counted when it was away meanwhile."""


class Silence:
    """The time without a sign of life since Glance did not answer."""

    def __init__(self) -> None:
        self._was_away = False
        self._since: datetime | None = None
        self._sign: Hashable = None

    @property
    def is_heeded(self) -> bool:
        """Whether Glance was away and has given no sign of life since."""
        return self._since is not None

    def away(self) -> None:
        """Take note that Glance did not answer."""
        self._was_away = True

    def lasts(self, sign: Hashable, now: datetime) -> bool:
        """Whether it is to be given up; ``sign`` is a different one whenever work goes on."""
        if self._was_away:
            self._was_away, self._since, self._sign = False, now, sign
        elif sign != self._sign:
            self._since = None
        return self._since is not None and (now - self._since).total_seconds() >= LASTING_SECONDS
