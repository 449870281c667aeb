"""Comparing two RBD images, each at one moment, object by object."""

import hashlib
import math
import secrets
import time
from collections.abc import Callable, Sequence

from dcn_console.model.rate import RateMeter
from dcn_console.model.requests import ContentCheck
from dcn_console.model.tasks import Progress, ProgressSource, TargetState
from dcn_console.model.text import count, format_bytes
from dcn_console.operations.backups.where import Place
from dcn_console.operations.base import TargetContext
from dcn_console.operations.interrupting import Interrupted, interruptible
from dcn_console.operations.patience import CANCELLED, REFUSED, look_until_done
from dcn_console.operations.results import StepResult
from dcn_console.operations.verify_mirror.names import DIFFERENT, SAME
from dcn_console.operations.verify_mirror.objects import as_data, named, sample

CHUNK = 64
"""Objects hashed between two looks at whether the task was cancelled."""
READ_BYTES = 4 << 20
"""Most that an agent reads for one answer, and the unit where the object sizes differ."""


async def compare_places(
    context: TargetContext,
    first: Place,
    second: Place,
    check: ContentCheck,
    percent: float,
    *,
    most: int | None = None,
) -> StepResult:
    """Compare what ``second`` holds with ``first``; SAME, DIFFERENT, REFUSED or CANCELLED.

    ``second`` may be larger: only what ``first`` has room for is compared. ``percent`` of the
    objects that hold data at either are read for a sample, ``most`` of them at most. A cluster that
    does not answer is waited for.
    """
    comparison = _Comparison(context, first, second)
    cancelled = "cancelled while comparing"
    try:
        return await look_until_done(
            context, lambda: comparison.look(check, percent, most), cancelled=cancelled
        )
    except Interrupted:
        return StepResult(outcome=CANCELLED, text=cancelled)


class _Comparison:
    """One comparison; what is settled is not read again after a cluster was away."""

    def __init__(self, context: TargetContext, first: Place, second: Place) -> None:
        self._context = context
        self._first = first
        self._second = second
        same_objects = first.object_size == second.object_size
        self._unit = first.object_size if same_objects else READ_BYTES
        self._seed = secrets.token_hex(8)
        self._numbers: tuple[int, ...] | None = None
        self._in_use = 0
        self._compared = 0
        self._different: list[int] = []
        self._rate = RateMeter()

    async def look(self, check: ContentCheck, percent: float, most: int | None) -> StepResult:
        first, second = self._first, self._second
        if second.size < first.size:
            text = (
                f"{second.words} has {format_bytes(second.size)}, {first.words} has "
                f"{format_bytes(first.size)}"
            )
            return StepResult(outcome=DIFFERENT, text=text)
        if check is ContentCheck.METADATA:
            size = format_bytes(second.size)
            text = f"its size is right ({size}); comparing the data is no part of this step"
            return StepResult(outcome=SAME, text=text)
        if self._numbers is None:
            self._context.show(TargetState.VERIFYING, self._doing())
            self._numbers = await self._chosen(check, percent, most)
        while self._compared < len(self._numbers):
            chunk = self._numbers[self._compared : self._compared + CHUNK]
            here = await self._hashes(first, chunk, 0.0)
            there = await self._hashes(second, chunk, 0.5)
            self._different += [one for one in chunk if here[one] != there[one]]
            self._compared += len(chunk)
            self._show(0.0)
        return self._result(check, len(self._numbers))

    async def _chosen(
        self, check: ContentCheck, percent: float, most: int | None
    ) -> tuple[int, ...]:
        used = sorted({*await self._used(self._first), *await self._used(self._second)})
        inside = [number for number in used if number * self._unit < self._first.size]
        self._in_use = len(inside)
        share = 100.0 if check is ContentCheck.FULL else percent
        if most is not None and inside:
            share = min(share, 100.0 * most / len(inside))
        return sample(inside, share, self._seed)

    async def _used(self, place: Place) -> set[int]:
        """Return the units that hold data."""
        found = await interruptible(
            self._context,
            place.cluster.content.used_objects(place.pool, place.image, place.snapshot_id),
        )
        if found.object_size == self._unit:
            return set(found.numbers)
        units: set[int] = set()
        for number in found.numbers:
            start, end = number * found.object_size, (number + 1) * found.object_size
            units.update(range(start // self._unit, math.ceil(end / self._unit)))
        return units

    async def _hashes(self, place: Place, numbers: Sequence[int], already: float) -> dict[int, str]:
        """Hash units of one place; ``already`` is the share of this chunk read before."""
        whole = place.object_size == self._unit and place.size == self._first.size
        if whole:
            return await interruptible(
                self._context,
                place.cluster.content.hash_objects(
                    place.pool,
                    place.image,
                    numbers,
                    place.snapshot_id,
                    self._showing(len(numbers), already),
                ),
            )
        hashes = {}
        for position, number in enumerate(numbers):
            hashes[number] = await interruptible(self._context, self._hash(place, number))
            self._show(len(numbers) * already + position / 2)
        return hashes

    async def _hash(self, place: Place, number: int) -> str:
        """Hash one unit, cut where the smaller of the two ends."""
        start = number * self._unit
        end = min(start + self._unit, self._first.size)
        total = hashlib.sha256()
        for offset in range(start, end, READ_BYTES):
            total.update(
                await place.cluster.content.read(
                    place.pool,
                    place.image,
                    offset,
                    min(READ_BYTES, end - offset),
                    place.snapshot_id,
                )
            )
        return total.hexdigest()

    def _showing(self, chunk: int, already: float) -> Callable[[int, int], None]:
        return lambda done, total: self._show(chunk * already + done / 2)

    def _doing(self) -> str:
        return f"comparing {self._second.site} with {self._first.site}"

    def _show(self, more: float) -> None:
        total = len(self._numbers or ()) * self._unit
        done = min(total, int((self._compared + more) * self._unit))
        self._rate.add(time.monotonic(), done)
        progress = Progress(
            source=ProgressSource.READ_BACK,
            done=done,
            total=total,
            rate=self._rate.rate(),
            seconds_left=self._rate.seconds_left(total),
            measured_at=self._context.now(),
        )
        self._context.show(TargetState.VERIFYING, self._doing(), progress)

    def _result(self, check: ContentCheck, compared: int) -> StepResult:
        first, second = self._first, self._second
        data = {
            "seed": self._seed,
            "objects_in_use": self._in_use,
            "objects_compared": compared,
            "different_objects": len(self._different),
            "different": as_data(self._different, self._unit, first.size),
        }
        if self._different:
            words = named(self._different, self._unit, first.size)
            text = f"{second.words} is not what {first.words} holds: {words}"
            return StepResult(outcome=DIFFERENT, text=text, data=data)
        if check is ContentCheck.FULL or compared == self._in_use:
            text = f"all {count(compared, 'object')} in use are the same"
        else:
            text = f"{compared} of {count(self._in_use, 'object')} in use are the same"
        return StepResult(outcome=SAME, text=f"{text} as at {first.site}", data=data)


__all__ = ["CANCELLED", "DIFFERENT", "REFUSED", "SAME", "compare_places"]
