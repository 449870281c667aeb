"""An import from its source to its verified end: the hub's part, and the edges' after it."""

from functools import partial
from pathlib import Path

from dcn_console.model.errors import ServiceError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.names import VERIFIED
from dcn_console.operations.import_image.conversion import Conversion
from dcn_console.operations.import_image.fetching import Fetching
from dcn_console.operations.import_image.names import (
    CLEAR_STEP,
    CONVERT_STEP,
    FETCH_STEP,
    SEND_STEP,
    VERIFY_STEP,
)
from dcn_console.operations.import_image.own_image import OwnImage
from dcn_console.operations.import_image.parameters import Parameters
from dcn_console.operations.import_image.proof import prove
from dcn_console.operations.import_image.sending import Sending
from dcn_console.operations.import_image.source import LocalFile
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.spreading import spread


async def import_at(context: TargetContext) -> Target:
    """Do the context's site's part of the task."""
    parameters = parameters_of(context.task.plan, Parameters)
    own = OwnImage(context, parameters)
    if context.site != parameters.hub:
        return await spread(context, parameters.hub, own.find)
    conversion = Conversion(context, parameters)
    ended = await _import(context, parameters, own, conversion)
    conversion.clear()
    return ended


async def _import(
    context: TargetContext, parameters: Parameters, own: OwnImage, conversion: Conversion
) -> Target:
    path: Path | None = None
    if parameters.file is None:
        fetching = Fetching(context, own, parameters)
        arrived = await context.step(FETCH_STEP, fetching.fetch)
    else:
        ready = await _ready(context, parameters.file, conversion)
        if ready.outcome != DONE:
            return await _ended(context, own, ready)
        path = Path(str(ready.data["path"]))
        sending = Sending(context, own, path, int(ready.data["size"]), int(ready.data["changed"]))
        arrived = await context.step(SEND_STEP, sending.send)
    if arrived.outcome != DONE:
        return await _ended(context, own, arrived)
    image_id = str(arrived.data["image"])
    proved = await context.step(VERIFY_STEP, partial(prove, context, parameters, image_id, path))
    return await _ended(context, own, proved, image_id)


async def _ready(context: TargetContext, file: LocalFile, conversion: Conversion) -> StepResult:
    """Return DONE with the path and size of what is to be sent."""
    if conversion.is_wanted:
        return await context.step(CONVERT_STEP, conversion.convert)
    return StepResult(
        outcome=DONE, data={"path": file.path, "size": file.size, "changed": file.changed}
    )


async def _ended(
    context: TargetContext, own: OwnImage, result: StepResult, image_id: str = ""
) -> Target:
    """Return the last state, after everything of ours was removed but a verified image."""
    good = result.outcome == VERIFIED
    keep = image_id if good else ""
    cleared = await context.step(CLEAR_STEP, partial(_clear, own, keep))
    left = "" if cleared.outcome == DONE else f". But {cleared.text}"
    if good:
        text = f"image {image_id}: {result.text}{left}"
        return Target(site=context.site, state=TargetState.DONE, verified=text, attempts=1)
    cancelled = result.outcome == CANCELLED
    state = TargetState.CANCELLED if cancelled else TargetState.FAILED
    return Target(site=context.site, state=state, text=f"{result.text}{left}", attempts=1)


async def _clear(own: OwnImage, keep: str) -> StepResult:
    try:
        left = await own.discard_all_but(keep)
    except ServiceError as error:
        left = [f"whether anything is left of it is not known: {error.message}"]
    if left:
        return StepResult(outcome=REFUSED, text="; ".join(left))
    return StepResult(outcome=DONE, text="nothing else is left of it")
