"""Bytes arriving in an RBD image, as progress with rate and time left.

Cinder and Glance tell no percentage. What can be counted is what the RBD image holds already; its
size says nothing, for it has that from the start.
"""

import time

from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.rate import RateMeter
from dcn_console.model.tasks import Progress, ProgressSource
from dcn_console.operations.base import TargetContext

SHORTEST_SECONDS = 1.0
"""A transfer measured for less tells no rate worth remembering."""


class Transfer:
    """The figures of one transfer, whoever counts them; ``last`` is the newest, None before any."""

    def __init__(self, context: TargetContext) -> None:
        self._context = context
        self._rate = RateMeter()
        self._began: float | None = None
        self._first_bytes = 0
        self.last: Progress | None = None

    def take(self, source: ProgressSource, done: int, total: int | None) -> Progress:
        """Take ``done`` bytes counted now, of ``total``; return the progress."""
        now = time.monotonic()
        if self._began is None:
            self._began, self._first_bytes = now, done
        self._rate.add(now, done)
        self.last = Progress(
            source=source,
            done=done,
            total=total,
            rate=self._rate.rate(),
            seconds_left=self._rate.seconds_left(total),
            measured_at=self._context.now(),
        )
        return self.last

    def finish(self, size: int | None) -> None:
        """Remember the rate for later estimates, now that all ``size`` bytes are there."""
        if self._began is None or size is None:
            return
        seconds = time.monotonic() - self._began
        arrived = size - self._first_bytes
        if seconds >= SHORTEST_SECONDS and arrived > 0:
            self._context.record_transfer(arrived, seconds)


class Arriving(Transfer):
    """Counts what arrives in one RBD image at ``site``.

    ``total`` are the bytes to come, None when not known. ``since`` is a snapshot of the RBD image:
    only what was written after it counts. Without Ceph access there, or when the count fails, the
    time that the plan estimated from earlier ones is all there is to go by.
    """

    def __init__(
        self,
        context: TargetContext,
        site: str,
        pool: str,
        name: str,
        total: int | None,
        *,
        since: str = "",
    ) -> None:
        super().__init__(context)
        self._site = site
        self._pool = pool
        self._name = name
        self.total = total
        self._since = since
        self._started = context.now()
        self._complaint = ""

    async def measure(self) -> Progress | None:
        """Return the newest figure, None while the RBD image is not there or nobody can tell."""
        cluster = self._context.services.clusters.get(self._site)
        if cluster is not None and self._name:
            try:
                used = await self._count()
            except RbdImageNotFound:
                return None
            except ClusterError as error:
                self._complain(f"cannot measure: {error.message}")
            else:
                done = used if self.total is None else min(used, self.total)
                return self.take(ProgressSource.RBD_IMAGE, done, self.total)
        return self._by_history()

    async def _count(self) -> int:
        cluster = self._context.services.clusters[self._site]
        return await cluster.used_bytes(self._pool, self._name, since=self._since)

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            self._complaint = text
            self._context.log(text)

    def _by_history(self) -> Progress | None:
        estimate = self._context.task.plan.estimate_seconds
        if estimate is None:
            return None
        now = self._context.now()
        elapsed = (now - self._started).total_seconds()
        return Progress(
            source=ProgressSource.HISTORY,
            total=self.total,
            seconds_left=max(0.0, estimate - elapsed),
            measured_at=now,
        )
