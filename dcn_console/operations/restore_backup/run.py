"""A restore from its request to its verified end, and what is cleaned up when it fails."""

from functools import partial

from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.making import ASKED, THERE, VERIFIED, WRONG, cleared
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED
from dcn_console.operations.restore_backup.names import (
    ASK_STEP,
    VERIFY_STEP,
    WATCH_STEP,
)
from dcn_console.operations.restore_backup.plan import Parameters
from dcn_console.operations.restore_backup.server import with_server
from dcn_console.operations.restore_backup.steps import Steps
from dcn_console.operations.restore_backup.verify import verify
from dcn_console.operations.results import StepResult


async def restore_at(context: TargetContext) -> Target:
    """Restore and verify, and make a server of it if wanted.

    A new volume of a failed restore is removed again.
    """
    parameters = parameters_of(context.task.plan, Parameters)
    steps = Steps(context, parameters)
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return _ended(context, asked)
    volume_id = str(asked.data["volume"])
    watched = await context.step(WATCH_STEP, partial(steps.watch, volume_id))
    if watched.outcome == WRONG:
        return _ended(context, await cleared(context, partial(steps.clear, volume_id), watched))
    if watched.outcome != THERE:
        return _ended(context, watched)
    verified = await context.step(VERIFY_STEP, partial(verify, context, parameters, volume_id))
    if verified.outcome == VERIFIED and parameters.server is not None:
        return await with_server(context, parameters.server, volume_id, verified.text)
    left = "" if verified.outcome == VERIFIED else f". The volume ({volume_id}) is left as it is"
    return _ended(context, verified, left)


def _ended(context: TargetContext, result: StepResult, after: str = "") -> Target:
    text = f"{result.text}{after}"
    if result.outcome == VERIFIED:
        return Target(site=context.site, state=TargetState.DONE, verified=text, attempts=1)
    cancelled = result.outcome == CANCELLED
    state = TargetState.CANCELLED if cancelled else TargetState.FAILED
    return Target(site=context.site, state=state, text=text, attempts=1)
