"""Comparing both sides of a mirrored RBD image at the same point in time."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from dcn_console.model.errors import AgentError, ClusterUnreachable, RbdImageNotFound
from dcn_console.model.requests import ContentCheck
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import count, format_bytes
from dcn_console.operations.base import TargetContext
from dcn_console.operations.interrupting import Interrupted
from dcn_console.operations.mirror_sides import Pair
from dcn_console.operations.results import StepResult
from dcn_console.operations.verify_mirror.names import CANCELLED, DIFFERENT, READY, SAME, UNSETTLED
from dcn_console.operations.verify_mirror.objects import as_data, named, sample
from dcn_console.operations.verify_mirror.points import (
    Hindrance,
    Point,
    look_again,
    point_of,
    reported_after,
)
from dcn_console.operations.verify_mirror.reading import Reader
from dcn_console.operations.verify_mirror.temporary import TemporarySnapshot

T = TypeVar("T")
CHUNK = 256
"""Objects of one look: 1 GiB of them at 4 MiB each. The point has to stand only so long."""
POINT_SECONDS = 180.0
"""How long a point is waited for: daemons report, and replay after a promotion, within 30 s."""
PAUSE_SECONDS = 3.0
REPORT_SECONDS = 60.0
"""How long a newer report of a daemon is waited for; they come every 10 to 30 s."""
TRIES = 8
"""So often what differs is read again while the point moves on."""
LONGEST_PAUSE_SECONDS = 30.0
AGENT_TRIES = 5
"""So often an agent may be lost or not start before that is an error."""


class _Ended(Exception):
    """The comparison is over with ``result``."""

    def __init__(self, result: StepResult) -> None:
        super().__init__(result.text)
        self.result = result


@dataclass
class _Scope:
    """What is compared: ``numbers`` of the ``used`` objects that hold data at either side."""

    numbers: tuple[int, ...]
    used: int
    object_size: int
    size: int
    seed: str


async def compare(
    pair: Pair,
    check: ContentCheck,
    percent: float,
    context: TargetContext,
    *,
    snapshots: TemporarySnapshot | None = None,
) -> StepResult:
    """Compare the two sides; returns SAME, DIFFERENT, UNSETTLED or CANCELLED.

    Reads only, unless it is given ``snapshots``, of which the first is at both sides; what differs
    there is compared at further ones. Objects that hold data at either side are hashed at both;
    those equal are settled, and the others are read again as long as the point they were read at
    did not stand. A cluster that does not answer is waited
    for; raises ClusterError for what a cluster refuses. ``data`` of the result tells the seed of a
    sample, the numbers compared, and the differing objects with their byte ranges.
    """
    comparison = _Comparison(pair, context, snapshots)
    try:
        return await comparison.run(check, percent)
    except _Ended as end:
        return end.result
    except Interrupted:
        return StepResult(outcome=CANCELLED, text="cancelled while comparing")


class _Comparison:
    def __init__(
        self, pair: Pair, context: TargetContext, snapshots: TemporarySnapshot | None
    ) -> None:
        self._pair = pair
        self._context = context
        self._snapshots = snapshots
        self._points: list[str] = []

    async def run(self, check: ContentCheck, percent: float) -> StepResult:
        point = await self._point()
        scope = await self._patiently(lambda: self._scope(point, check, percent))
        if check is ContentCheck.METADATA:
            return self._same(scope, check, percent)
        reader = Reader(
            self._context,
            self._pair,
            scope.object_size,
            len(scope.numbers),
        )
        different: list[int] = []
        for start in range(0, len(scope.numbers), CHUNK):
            chunk = scope.numbers[start : start + CHUNK]
            different += await self._differing(reader, chunk)
            reader.settled(len(chunk))
        if different:
            return self._result(DIFFERENT, self._differ(scope, different), scope, different)
        return self._same(scope, check, percent)

    async def _scope(self, point: Point, check: ContentCheck, percent: float) -> _Scope:
        """List what holds data; ends the comparison when the sizes differ."""
        subject = self._pair.subject
        here = await self._pair.source.cluster.content.used_objects(
            subject.pool, subject.image, point.source
        )
        there = await self._pair.destination.cluster.content.used_objects(
            subject.pool, subject.image, point.destination
        )
        used = tuple(sorted({*here.numbers, *there.numbers}))
        if (here.size, here.object_size) != (there.size, there.object_size):
            raise _Ended(
                StepResult(
                    outcome=DIFFERENT,
                    text=f"{self._pair.source.name} has {here.size} bytes in objects of "
                    f"{here.object_size}, {self._pair.destination.name} has {there.size} in "
                    f"objects of {there.object_size}",
                )
            )
        seed = secrets.token_hex(8)
        share = {ContentCheck.METADATA: 0.0, ContentCheck.FULL: 100.0}.get(check, percent)
        return _Scope(sample(used, share, seed), len(used), here.object_size, here.size, seed)

    async def _differing(self, reader: Reader, numbers: Sequence[int]) -> list[int]:
        """Return the objects of a chunk that differ for good."""
        left, wrong = list(numbers), list[int]()
        before: dict[int, str] = {}
        point = await self._point()
        for _ in range(TRIES):
            read_at = self._context.now()
            hashes = await self._hashes(reader, left, point)
            if hashes is not None:
                here, there = hashes
                left = [number for number in left if here[number] != there[number]]
                if not point.exact:
                    wrong += [number for number in left if before.get(number) == here[number]]
                    left = [number for number in left if number not in wrong]
                    before = {number: here[number] for number in left}
                if not left:
                    self._blame_client(point, wrong)
                    return sorted(wrong)
            after = await self._next_point(point, read_at)
            if after.mark == point.mark and point.exact and hashes is not None:
                return left
            point = after
        if wrong:
            return sorted(wrong)
        raise _Ended(
            self._result(
                UNSETTLED,
                f"{self._pair.source.name} is written to too often to compare: "
                f"{count(len(left), 'object')} changed each of {TRIES} times. Stop what writes, or "
                "take mirror snapshots less often, and verify again",
            )
        )

    async def _next_point(self, point: Point, read_at: datetime) -> Point:
        """Return where to read again what differed: a newer point, where one can be had."""
        if self._snapshots is not None:
            renewed = await self._patiently(self._snapshots.renew)
            if renewed.outcome != READY:
                raise _Ended(renewed)
        return await self._point(None if point.exact or self._snapshots else read_at)

    async def _hashes(
        self, reader: Reader, numbers: Sequence[int], point: Point
    ) -> tuple[dict[int, str], dict[int, str]] | None:
        """Hash ``numbers`` at both sides, or return None when a snapshot went away meanwhile."""
        try:
            return await self._patiently(lambda: reader.hashes(numbers, point))
        except RbdImageNotFound:
            return None

    async def _point(self, reported_since: datetime | None = None) -> Point:
        """Wait until there is a point to compare at.

        With ``reported_since`` also, for a while, until the destination has reported after it.
        """
        began = self._context.now()
        while True:
            self._heed_cancel()
            pair = await self._patiently(lambda: look_again(self._context.services, self._pair))
            found = point_of(pair, self._snapshots.name if self._snapshots else "")
            waited = self._context.now() - began
            if isinstance(found, Point):
                fresh = reported_since is None or reported_after(pair.destination, reported_since)
                if fresh or waited >= timedelta(seconds=REPORT_SECONDS):
                    if found.words not in self._points:
                        self._points.append(found.words)
                    return found
                text = f"waiting for the next report of the daemon at {pair.destination.name}"
            else:
                self._give_up(found, waited)
                text = found.text
            self._context.show(TargetState.VERIFYING, text)
            await self._context.wait(PAUSE_SECONDS)

    def _give_up(self, found: Hindrance, waited: timedelta) -> None:
        """End the comparison when no point will come."""
        if found.lasting or waited >= timedelta(seconds=POINT_SECONDS):
            text = f"there is no common point to compare at: {found.text}"
            raise _Ended(self._result(UNSETTLED, text))

    def _blame_client(self, point: Point, wrong: Sequence[int]) -> None:
        """End the comparison of what differs while a client may hold written data back."""
        if wrong and point.source_in_use:
            text = (
                f"{self._pair.source.name} is in use, and what its client holds back cannot be "
                "compared. Verify it by itself: a temporary snapshot then settles it"
            )
            raise _Ended(self._result(UNSETTLED, text))

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do ``act``, again while a cluster does not answer."""
        failures, pause = 0, PAUSE_SECONDS
        while True:
            self._heed_cancel()
            try:
                return await act()
            except (ClusterUnreachable, AgentError) as error:
                failures = failures + 1 if isinstance(error, AgentError) else 0
                if failures >= AGENT_TRIES:
                    raise
                self._context.show(TargetState.WAITING, error.message)
            await self._context.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _heed_cancel(self) -> None:
        if self._context.cancelled():
            raise Interrupted

    def _same(self, scope: _Scope, check: ContentCheck, percent: float) -> StepResult:
        names = f"{self._pair.source.name} and {self._pair.destination.name}"
        at = self._at()
        if check is ContentCheck.METADATA:
            text = (
                f"{names} have {format_bytes(scope.size)} each, {count(scope.used, 'object')} "
                f"in use {at}; no data was compared"
            )
        elif check is ContentCheck.FULL:
            text = f"all {count(len(scope.numbers), 'object')} in use are the same at {names} {at}"
        else:
            text = (
                f"{len(scope.numbers)} of {count(scope.used, 'object')} in use ({percent:g} %, "
                f"seed {scope.seed}) are the same at {names} {at}"
            )
        return self._result(SAME, text, scope)

    def _differ(self, scope: _Scope, different: Sequence[int]) -> str:
        words = named(different, scope.object_size, scope.size)
        return (
            f"{self._pair.source.name} and {self._pair.destination.name}: {words}, of "
            f"{len(scope.numbers)} compared {self._at()}. Resync {self._pair.destination.name}"
        )

    def _at(self) -> str:
        """Say at which points was compared."""
        if len(self._points) == 1:
            return f"at {self._points[0]}"
        return f"at {self._points[0]} to {self._points[-1]}" if self._points else ""

    def _result(
        self,
        outcome: str,
        text: str,
        scope: _Scope | None = None,
        different: Sequence[int] = (),
    ) -> StepResult:
        if scope is None:
            return StepResult(outcome=outcome, text=text)
        data = {
            "seed": scope.seed,
            "objects_in_use": scope.used,
            "objects_compared": len(scope.numbers),
            "object_size": scope.object_size,
            "different_objects": len(different),
            "different": as_data(different, scope.object_size, scope.size),
            "points": self._points[:1] + self._points[1:][-1:],
        }
        return StepResult(outcome=outcome, text=text, data=data)
