"""A new volume from its request to its verified end, and what is cleaned up when it fails."""

from functools import partial

from msgspec.structs import replace

from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import Target
from dcn_console.operations.base import TargetContext
from dcn_console.operations.create_volume.names import (
    ASK_STEP,
    CLEAR_STEP,
    VERIFY_STEP,
    WATCH_STEP,
)
from dcn_console.operations.create_volume.parameters import Parameters
from dcn_console.operations.create_volume.steps import Steps
from dcn_console.operations.create_volume.verify import verify
from dcn_console.operations.making import ASKED, CLEARED, THERE, WRONG
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import REFUSED, target_of
from dcn_console.operations.results import StepResult


async def create_at(context: TargetContext) -> Target:
    """Create and verify; a volume that Cinder could not make is removed again."""
    parameters = parameters_of(context.task.plan, Parameters)
    steps = Steps(context, parameters)
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return target_of(context, asked)
    volume_id = str(asked.data["volume"])
    watched = await context.step(WATCH_STEP, partial(steps.watch, volume_id))
    if watched.outcome == WRONG:
        return target_of(context, await cleared(context, steps, volume_id, watched))
    if watched.outcome != THERE:
        return target_of(context, watched)
    verified = await context.step(VERIFY_STEP, partial(verify, context, parameters, volume_id))
    if verified.outcome == REFUSED:
        text = f"{verified.text}. The volume ({volume_id}) is left as it is"
        verified = replace(verified, text=text)
    return target_of(context, verified)


async def cleared(
    context: TargetContext, steps: Steps, volume_id: str, failed: StepResult
) -> StepResult:
    """Clean up after ``failed`` and return it as REFUSED, with what is left."""
    try:
        result = await context.step(CLEAR_STEP, partial(steps.clear, volume_id))
    except DcnError as error:
        result = StepResult(outcome=WRONG, text=str(error))
    left = "" if result.outcome == CLEARED else f". {result.text}"
    return StepResult(outcome=REFUSED, text=f"{failed.text}{left}")
