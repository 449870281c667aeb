"""A comparison with one secondary, with the temporary snapshot that it may need around it."""

from dcn_console.model.errors import (
    ClusterError,
    DcnError,
    RbdImageExists,
    RbdImageNotFound,
)
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, label_of, look_at
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import look_until_done
from dcn_console.operations.results import StepResult
from dcn_console.operations.verify_mirror.compare import compare
from dcn_console.operations.verify_mirror.names import (
    CANCELLED,
    COMPARE_STEP,
    DIFFERENT,
    READY,
    REMOVE_STEP,
    REMOVED,
    SAME,
    SNAPSHOT_STEP,
)
from dcn_console.operations.verify_mirror.plan import Parameters
from dcn_console.operations.verify_mirror.points import Point, point_of

ARRIVAL_SECONDS = 300.0
"""How long the temporary snapshot may take to be replayed."""
_ENDS = {SAME: TargetState.DONE, CANCELLED: TargetState.CANCELLED}


async def verify_at(context: TargetContext) -> Target:
    """Compare the primary with the secondary at the context's site."""
    parameters = parameters_of(context.task.plan, Parameters)
    verification = _Verification(context, parameters)
    if not parameters.snapshot:
        return _ended(context.site, await context.step(COMPARE_STEP, verification.compare))
    try:
        result = await context.step(SNAPSHOT_STEP, verification.take_snapshot)
        if result.outcome == READY:
            result = await context.step(COMPARE_STEP, verification.compare)
    except DcnError as error:
        result = StepResult(outcome=DIFFERENT, text=str(error))
    removed = await context.step(REMOVE_STEP, verification.remove_snapshot)
    return _ended(context.site, result, "" if removed.outcome == REMOVED else removed.text)


class _Verification:
    def __init__(self, context: TargetContext, parameters: Parameters) -> None:
        self._context = context
        self._parameters = parameters
        self._subject = parameters.subject
        self._snapshot = snapshot_name(context) if parameters.snapshot else ""
        topology = context.services.topology
        self._source = topology.site(parameters.source)
        self._destination = topology.site(context.site)

    async def compare(self) -> StepResult:
        """Compare both sides as they are now."""
        return await compare(
            await self._pair(),
            self._parameters.check,
            self._parameters.percent,
            self._context,
            snapshot=self._snapshot,
        )

    async def take_snapshot(self) -> StepResult:
        """Take the temporary snapshot and wait until it was replayed; READY then."""
        began = self._context.now()

        async def look() -> StepResult | None:
            pair = await self._pair()
            for side in (pair.source, pair.destination):
                if side.error is not None:
                    raise side.error
            if isinstance(point_of(pair, self._snapshot), Point):
                text = f"snapshot {self._snapshot} is at both sides"
                return StepResult(outcome=READY, text=text)
            detail = pair.source.detail
            if detail is None:
                raise RbdImageNotFound(f"{self._source.name} has no “{label_of(self._subject)}”.")
            if all(one.name != self._snapshot for one in detail.snapshots):
                await self._create()
            waited = (self._context.now() - began).total_seconds()
            if waited > ARRIVAL_SECONDS:
                raise ClusterError(
                    f"The snapshot did not arrive at {self._destination.name} within "
                    f"{ARRIVAL_SECONDS:.0f} s.",
                    way_out="See how far it is behind: dcn-console mirror status",
                )
            text = f"snapshot {self._snapshot} on its way to {self._destination.name}"
            self._context.show(TargetState.RUNNING, text)
            return None

        return await look_until_done(
            self._context, look, cancelled="cancelled before the snapshot had arrived"
        )

    async def remove_snapshot(self) -> StepResult:
        """Remove the temporary snapshot at the primary; its removal is replayed."""
        where = f"{self._subject.pool}/{self._subject.image}@{self._snapshot}"

        async def look() -> StepResult | None:
            side = await look_at(self._context.services, self._subject, self._source)
            if side.error is not None:
                raise side.error
            if side.detail is None or all(
                one.name != self._snapshot for one in side.detail.snapshots
            ):
                return StepResult(outcome=REMOVED, text=f"snapshot {self._snapshot} is gone")
            await side.cluster.content.remove_snapshot(
                self._subject.pool, self._subject.image, self._snapshot
            )
            return None

        return await look_until_done(
            self._context,
            look,
            cancelled=f"{where} is left at {self._source.name}: remove it with rbd snap rm",
            at_least_once=True,
        )

    async def _create(self) -> None:
        content = self._context.services.clusters[self._source.name].content
        try:
            await content.create_snapshot(self._subject.pool, self._subject.image, self._snapshot)
        except RbdImageExists:
            self._context.log(f"snapshot {self._snapshot} was there already")

    async def _pair(self) -> Pair:
        services = self._context.services
        return Pair(
            self._subject,
            await look_at(services, self._subject, self._source),
            await look_at(services, self._subject, self._destination),
        )


def snapshot_name(context: TargetContext) -> str:
    """Return the name of the snapshot for this target alone."""
    index = context.task.plan.targets.index(context.site)
    return f"dcn-console.{context.task.id}.{index}"


def _ended(site: str, result: StepResult, left: str = "") -> Target:
    state = _ENDS.get(result.outcome, TargetState.FAILED)
    text = f"{result.text}. {left}" if left else result.text
    if state is TargetState.DONE:
        return Target(site=site, state=state, verified=text, attempts=1)
    return Target(site=site, state=state, text=text, attempts=1)
