"""A comparison with one secondary, with the temporary snapshot that it may need around it."""

from functools import partial

from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, look_at
from dcn_console.operations.parameters import parameters_of
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
from dcn_console.operations.verify_mirror.temporary import TemporarySnapshot

_ENDS = {SAME: TargetState.DONE, CANCELLED: TargetState.CANCELLED}


async def verify_at(context: TargetContext) -> Target:
    """Compare the primary with the secondary at the context's site."""
    parameters = parameters_of(context.task.plan, Parameters)
    if not parameters.snapshot:
        compared = await context.step(COMPARE_STEP, partial(_compare, context, parameters))
        return _ended(context.site, compared)
    topology = context.services.topology
    source, destination = topology.site(parameters.source), topology.site(context.site)
    snapshot = TemporarySnapshot(context, parameters.subject, source, destination)
    try:
        result = await context.step(SNAPSHOT_STEP, snapshot.take)
        if result.outcome == READY:
            look = partial(_compare, context, parameters, snapshot)
            result = await context.step(COMPARE_STEP, look)
    except DcnError as error:
        result = StepResult(outcome=DIFFERENT, text=str(error))
    removed = await context.step(REMOVE_STEP, snapshot.remove)
    return _ended(context.site, result, "" if removed.outcome == REMOVED else removed.text)


async def _compare(
    context: TargetContext, parameters: Parameters, snapshots: TemporarySnapshot | None = None
) -> StepResult:
    """Compare both sides as they are now, or at temporary snapshots."""
    services, topology = context.services, context.services.topology
    pair = Pair(
        parameters.subject,
        await look_at(services, parameters.subject, topology.site(parameters.source)),
        await look_at(services, parameters.subject, topology.site(context.site)),
    )
    return await compare(pair, parameters.check, parameters.percent, context, snapshots=snapshots)


def _ended(site: str, result: StepResult, left: str = "") -> Target:
    state = _ENDS.get(result.outcome, TargetState.FAILED)
    text = f"{result.text}. {left}" if left else result.text
    if state is TargetState.DONE:
        return Target(site=site, state=state, verified=text, attempts=1)
    return Target(site=site, state=state, text=text, attempts=1)
