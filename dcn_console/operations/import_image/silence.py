"""Whether Glance is still at work on what it fetches: one that died tells nobody.

A Glance that is started again knows nothing of what it was at, and its task stays "processing"
for ever (seen with Glance 25.1). While it downloads nothing stirs either, so how long silence may
last depends on whether there is a reason for doubt.
"""

from collections.abc import Hashable
from datetime import datetime

LASTING_SECONDS = 120.0
"""How long nothing may stir once Glance is back from being away."""
DOUBTED_SECONDS = 600.0
"""The same when a runner died: Glance may have died with it, and nobody saw it away."""
UNSEEN_SECONDS = 6 * 3600.0
"""The same without any reason for doubt: a Glance back within two looks was not seen away either.
Longer than a large image takes over a slow line."""


class DownloadSilence:
    """The time without a sign of life, and how much of it is too much.

    ``runner_died`` says that nobody looked for a while before the first look.
    """

    def __init__(self, *, runner_died: bool = False) -> None:
        self._runner_died = runner_died
        self._was_away = False
        self._since: datetime | None = None
        self._limit = UNSEEN_SECONDS
        self._sign: Hashable = None

    @property
    def doubt(self) -> str:
        """Why a lack of signs is heeded soon, "" while there is no reason to."""
        if self._limit == LASTING_SECONDS:
            return "It was away meanwhile"
        if self._limit == DOUBTED_SECONDS:
            return "A runner died meanwhile, and perhaps Glance too"
        return ""

    def away(self) -> None:
        """Take note that Glance did not answer."""
        self._was_away = True

    def lasts(self, sign: Hashable, now: datetime) -> bool:
        """Whether it is to be given up; ``sign`` is a different one whenever work goes on."""
        if self._was_away:
            self._since, self._limit = now, LASTING_SECONDS
        elif self._since is None or sign != self._sign:
            self._since = now
            self._limit = DOUBTED_SECONDS if self._runner_died else UNSEEN_SECONDS
        self._was_away = self._runner_died = False
        self._sign = sign
        return (now - self._since).total_seconds() >= self._limit
