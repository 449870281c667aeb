"""An image of a volume from the upload to its verified copies at every site."""

from collections.abc import Awaitable, Callable
from functools import partial

from msgspec.structs import replace

from dcn_console.model.tasks import Target
from dcn_console.operations.base import TargetContext
from dcn_console.operations.making import ASKED, THERE, WRONG, cleared
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.upload_volume.names import (
    ASK_STEP,
    COMPARE_STEP,
    NAME_STEP,
    WATCH_STEP,
)
from dcn_console.operations.upload_volume.plan import RAW, Parameters
from dcn_console.operations.upload_volume.scratch import Scratch
from dcn_console.operations.upload_volume.spread import spread
from dcn_console.operations.upload_volume.steps import Steps


async def upload_from(context: TargetContext) -> Target:
    """Upload the volume, or a clone of it while it is in use, and bring the image to its sites."""
    parameters = parameters_of(context.task.plan, Parameters)
    return target_of(context, await upload(context, parameters))


async def upload(
    context: TargetContext,
    parameters: Parameters,
    snapshotted: Callable[[], Awaitable[None]] | None = None,
) -> StepResult:
    """Upload as ``parameters`` say, in a task of any kind: DONE, REFUSED or CANCELLED.

    ``snapshotted`` is called once the volume itself is not needed any more, because there is a
    snapshot of it or none could be had; without a scratch volume, at the end.
    """
    if not parameters.scratch:
        uploaded = await _upload(context, parameters, parameters.volume_id)
        if snapshotted is not None:
            await snapshotted()
        return await spread(context, parameters.name, parameters.sites, uploaded)
    scratch = Scratch(context, parameters)
    result = await scratch.make(snapshotted)
    if result.outcome == DONE:
        result = await _upload(context, parameters, scratch.volume_id)
    elif result.outcome == WRONG:
        result = replace(result, outcome=REFUSED)
    left = await scratch.remove()
    result = await spread(context, parameters.name, parameters.sites, result)
    if left:
        outcome = REFUSED if result.outcome == DONE else result.outcome
        result = replace(result, outcome=outcome, text=f"{result.text}. {left}")
    return result


async def _upload(context: TargetContext, parameters: Parameters, volume_id: str) -> StepResult:
    """Bring the data to Glance: DONE with the image's id and size, REFUSED or CANCELLED."""
    steps = Steps(context, parameters, volume_id)
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return asked
    image_id = str(asked.data["image"])
    watched = await context.step(WATCH_STEP, partial(steps.watch, image_id))
    if watched.outcome == WRONG:
        return await cleared(context, partial(steps.clear, image_id), watched)
    if watched.outcome != THERE:
        return watched
    named = await context.step(NAME_STEP, partial(steps.name, image_id))
    data = {"image": image_id, "size": named.data.get("size")}
    if named.outcome != DONE or parameters.disk_format != RAW:
        return replace(named, data=data)
    stores = tuple(named.data.get("stores", ()))
    compared = await context.step(COMPARE_STEP, partial(steps.compare, image_id, stores))
    if compared.outcome != DONE:
        text = f"{named.text}; but {compared.text}. The image ({image_id}) is left as it is"
        return replace(compared, text=text, data=data)
    return replace(named, text=f"{named.text}; {compared.text}", data=data)
