"""A backup from its request to its verified end, and what is cleaned up when it fails."""

from functools import partial

from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.back_up.names import (
    ASK_STEP,
    DROP_STEP,
    VERIFY_STEP,
    WATCH_STEP,
)
from dcn_console.operations.back_up.plan import Parameters
from dcn_console.operations.back_up.steps import Steps
from dcn_console.operations.base import TargetContext
from dcn_console.operations.making import ASKED, CLEARED, THERE, VERIFIED, WRONG, cleared
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED
from dcn_console.operations.results import StepResult


async def back_up_to(context: TargetContext) -> Target:
    """Make the backup; a failed one of our own is removed again."""
    parameters = parameters_of(context.task.plan, Parameters)
    steps = Steps(context, parameters)
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return _ended(context, asked)
    backup_id = str(asked.data["backup"])
    watched = await context.step(WATCH_STEP, partial(steps.watch, backup_id))
    if watched.outcome == WRONG:
        return _ended(context, await cleared(context, partial(steps.clear, backup_id), watched))
    if watched.outcome != THERE:
        return _ended(context, watched)
    verified = await context.step(VERIFY_STEP, partial(steps.verify, backup_id))
    if verified.outcome != VERIFIED or not parameters.drop:
        return _ended(context, verified)
    dropped = await context.step(DROP_STEP, partial(steps.drop, backup_id))
    if dropped.outcome != CLEARED:
        return _ended(context, dropped, f"{verified.text}. But ")
    return _ended(context, verified, after=f"; {dropped.text}")


def _ended(context: TargetContext, result: StepResult, before: str = "", after: str = "") -> Target:
    text = f"{before}{result.text}{after}"
    if result.outcome == VERIFIED:
        return Target(site=context.site, state=TargetState.DONE, verified=text, attempts=1)
    cancelled = result.outcome == CANCELLED
    state = TargetState.CANCELLED if cancelled else TargetState.FAILED
    return Target(site=context.site, state=state, text=text, attempts=1)
