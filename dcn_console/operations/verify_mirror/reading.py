"""Hashing the same objects at both sides at once, with the bytes shown as they are read."""

import asyncio
import time
from collections.abc import Callable, Sequence

from dcn_console.model.rate import RateMeter
from dcn_console.model.tasks import Progress, ProgressSource, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.interrupting import interruptible
from dcn_console.operations.mirror_sides import Pair, Side
from dcn_console.operations.verify_mirror.points import Point

Hashes = dict[int, str]


class Reader:
    """Reads objects of both sides; ``total`` is how many there are to compare."""

    def __init__(
        self,
        context: TargetContext,
        pair: Pair,
        object_size: int,
        total: int,
    ) -> None:
        self._context = context
        self._pair = pair
        self._object_size = object_size
        self._total = total
        self._done = 0
        self._rate = RateMeter()

    async def hashes(self, numbers: Sequence[int], point: Point) -> tuple[Hashes, Hashes]:
        """Return the hashes of ``numbers`` at the source and at the destination.

        Raises ClusterError, RbdImageNotFound also for a snapshot that is gone, and Interrupted.
        """
        parts = {"source": 0, "destination": 0}

        def progress_of(name: str) -> Callable[[int, int], None]:
            def on_progress(done: int, total: int) -> None:
                parts[name] = done
                self._show(sum(parts.values()) / 2)

            return on_progress

        source = asyncio.ensure_future(
            self._hash(self._pair.source, numbers, point.source, progress_of("source"))
        )
        destination = asyncio.ensure_future(
            self._hash(
                self._pair.destination, numbers, point.destination, progress_of("destination")
            )
        )
        both = asyncio.gather(source, destination)
        try:
            here, there = await interruptible(self._context, both)
        finally:
            for one in (source, destination):
                one.cancel()
            await asyncio.gather(source, destination, return_exceptions=True)
        return here, there

    def settled(self, number: int) -> None:
        """Count ``number`` objects as compared."""
        self._done += number
        self._show(0)

    async def _hash(
        self,
        side: Side,
        numbers: Sequence[int],
        snapshot: int | None,
        on_progress: Callable[[int, int], None],
    ) -> Hashes:
        subject = self._pair.subject
        return await side.cluster.content.hash_objects(
            subject.pool, subject.image, numbers, snapshot, on_progress
        )

    def _show(self, more: float) -> None:
        total = self._total * self._object_size
        done = min(total, int((self._done + more) * self._object_size))
        self._rate.add(time.monotonic(), done)
        progress = Progress(
            source=ProgressSource.READ_BACK,
            done=done,
            total=total,
            rate=self._rate.rate(),
            seconds_left=self._rate.seconds_left(total),
            measured_at=self._context.now(),
        )
        names = f"{self._pair.source.name} and {self._pair.destination.name}"
        self._context.show(TargetState.VERIFYING, f"comparing {names}", progress)
