"""A snapshot from its request to its verified end; servers that were stopped run again."""

from functools import partial

from msgspec.structs import replace

from dcn_console.model.tasks import Target
from dcn_console.operations.base import TargetContext
from dcn_console.operations.making import ASKED, THERE, WRONG, cleared
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.mirror_steps.servers import start_servers, stop_servers
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.snapshot_volume.names import (
    ASK_STEP,
    START_STEP,
    STOP_STEP,
    VERIFY_STEP,
    WATCH_STEP,
)
from dcn_console.operations.snapshot_volume.plan import Parameters
from dcn_console.operations.snapshot_volume.steps import Steps


async def snapshot_at(context: TargetContext) -> Target:
    """Take and verify the snapshot; whatever comes of it, stopped servers are started again."""
    parameters = parameters_of(context.task.plan, Parameters)
    steps = Steps(context, parameters.volume_id, parameters.name)
    result = await _taken(context, parameters, steps)
    started = await _started(context, parameters)
    if result.outcome == THERE:
        snapshot_id = str(result.data["snapshot"])
        verify = partial(steps.verify, snapshot_id, seen=parameters.seen)
        result = await context.step(VERIFY_STEP, verify)
    if started is None:
        return target_of(context, result)
    outcome = result.outcome if started.outcome == DONE else REFUSED
    text = f"{result.text}; {started.text}"
    return target_of(context, replace(result, outcome=outcome, text=text))


async def _taken(context: TargetContext, parameters: Parameters, steps: Steps) -> StepResult:
    """Stop what runs, and take the snapshot: THERE with its id, REFUSED or CANCELLED."""
    if parameters.servers:
        stop = partial(stop_servers, context, parameters.servers)
        stopped = await context.step(STOP_STEP, stop)
        if stopped.outcome != DONE:
            return stopped
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return asked
    snapshot_id = str(asked.data["snapshot"])
    watched = await context.step(WATCH_STEP, partial(steps.watch, snapshot_id))
    if watched.outcome != WRONG:
        return replace(watched, data={"snapshot": snapshot_id})
    return await cleared(context, partial(steps.clear, snapshot_id), watched)


async def _started(context: TargetContext, parameters: Parameters) -> StepResult | None:
    """Start the servers again, also when the task was cancelled; None without any."""
    if not parameters.servers:
        return None
    firm = Resolute(context, "the server is being started again")
    return await context.step(START_STEP, partial(start_servers, firm, parameters.servers))
