"""A snapshot of a primary that its journal brings to a secondary, while a task needs it."""

from dcn_console.model.errors import ClusterError, RbdImageExists, RbdImageNotFound
from dcn_console.model.requests import RbdSubject
from dcn_console.model.sites import Site
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, label_of, look_at
from dcn_console.operations.patience import look_until_done
from dcn_console.operations.results import StepResult
from dcn_console.operations.verify_mirror.names import READY, REMOVED
from dcn_console.operations.verify_mirror.points import Point, point_of

ARRIVAL_SECONDS = 300.0
"""How long the snapshot may take to be replayed."""


class TemporarySnapshot:
    """The snapshots of one target of a task: taken in one step, removed in another.

    ``name`` is that of the newest one. A snapshot under writes holds at the secondary what the
    journal has, at the primary what had been written by then (measured on 16.2: up to all that
    was in flight, tens of writes), so a comparison may need one after another.
    """

    def __init__(
        self, context: TargetContext, subject: RbdSubject, source: Site, destination: Site
    ) -> None:
        self._context = context
        self._subject = subject
        self._source = source
        self._destination = destination
        index = context.task.plan.targets.index(context.site)
        self._prefix = f"dcn-console.{context.task.id}.{index}."
        self.name = f"{self._prefix}0"

    async def take(self) -> StepResult:
        """Take the first one and wait until it was replayed; READY then."""
        return await self._arrived()

    async def renew(self) -> StepResult:
        """Take another, which gets a name of its own, and wait until it was replayed."""
        older = await self._ours()
        last = max((_number(name) for name in older), default=0)
        self.name = f"{self._prefix}{last + 1}"
        result = await self._arrived()
        for name in older:
            if _number(name) > 0:
                await self._remove(name)
        return result

    async def _arrived(self) -> StepResult:
        began = self._context.now()

        async def look() -> StepResult | None:
            pair = await self._pair()
            if isinstance(point_of(pair, self.name), Point):
                text = f"snapshot {self.name} is at both sides"
                return StepResult(outcome=READY, text=text)
            detail = pair.source.detail
            if detail is None:
                raise RbdImageNotFound(f"{self._source.name} has no “{label_of(self._subject)}”.")
            if all(one.name != self.name for one in detail.snapshots):
                await self._create()
            waited = (self._context.now() - began).total_seconds()
            if waited > ARRIVAL_SECONDS:
                raise ClusterError(
                    f"The snapshot did not arrive at {self._destination.name} within "
                    f"{ARRIVAL_SECONDS:.0f} s.",
                    way_out="See how far it is behind: dcn-console mirror status",
                )
            text = f"snapshot {self.name} on its way to {self._destination.name}"
            self._context.show(TargetState.RUNNING, text)
            return None

        return await look_until_done(
            self._context, look, cancelled="cancelled before the snapshot had arrived"
        )

    async def remove(self) -> StepResult:
        """Remove all at the primary, which is replayed; REMOVED then, also when cancelled."""
        where = f"{self._subject.pool}/{self._subject.image}@{self._prefix}*"

        async def look() -> StepResult | None:
            left = await self._ours()
            if not left:
                return StepResult(outcome=REMOVED, text="temporary snapshots are gone")
            for name in left:
                await self._remove(name)
            return None

        return await look_until_done(
            self._context,
            look,
            cancelled=f"{where} may be left at {self._source.name}: remove it with rbd snap rm",
            at_least_once=True,
        )

    async def _ours(self) -> list[str]:
        """Return the names of our snapshots at the primary."""
        side = await look_at(self._context.services, self._subject, self._source)
        if side.error is not None:
            raise side.error
        snapshots = side.detail.snapshots if side.detail is not None else ()
        return [one.name for one in snapshots if one.name.startswith(self._prefix)]

    async def _remove(self, name: str) -> None:
        content = self._context.services.clusters[self._source.name].content
        await content.remove_snapshot(self._subject.pool, self._subject.image, name)

    async def _create(self) -> None:
        content = self._context.services.clusters[self._source.name].content
        try:
            await content.create_snapshot(self._subject.pool, self._subject.image, self.name)
        except RbdImageExists:
            self._context.log(f"snapshot {self.name} was there already")

    async def _pair(self) -> Pair:
        services = self._context.services
        source = await look_at(services, self._subject, self._source)
        destination = await look_at(services, self._subject, self._destination)
        for side in (source, destination):
            if side.error is not None:
                raise side.error
        return Pair(self._subject, source, destination)


def _number(name: str) -> int:
    """Return which of our snapshots it is."""
    last = name.rpartition(".")[2]
    return int(last) if last.isdecimal() else 0
