"""A new volume from its request to its verified end, and what is cleaned up when it fails."""

from functools import partial

from msgspec.structs import replace

from dcn_console.model.tasks import Target
from dcn_console.operations.base import TargetContext
from dcn_console.operations.create_volume.names import (
    ASK_STEP,
    VERIFY_STEP,
    WATCH_STEP,
)
from dcn_console.operations.create_volume.parameters import Parameters
from dcn_console.operations.create_volume.steps import Steps
from dcn_console.operations.create_volume.verify import verify
from dcn_console.operations.making import ASKED, THERE, WRONG, cleared
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import REFUSED, target_of


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
        return target_of(context, await cleared(context, partial(steps.clear, volume_id), watched))
    if watched.outcome != THERE:
        return target_of(context, watched)
    verified = await context.step(VERIFY_STEP, partial(verify, context, parameters, volume_id))
    if verified.outcome == REFUSED:
        text = f"{verified.text}. The volume ({volume_id}) is left as it is"
        verified = replace(verified, text=text)
    return target_of(context, verified)
