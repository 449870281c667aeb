"""An image that comes into being at the hub, and the edges it goes on to: central first.

The plan's targets are the hub and then the edges. Each edge waits until the hub's part is done,
and brings the image to itself as an image copy does.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from dcn_console.model.errors import UsageError
from dcn_console.model.inventory import Image
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import until_answered
from dcn_console.operations.copy_image.subject import subject_at
from dcn_console.operations.copy_image.target import bring
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult

CENTRAL_STEP = "central"
LOOK_SECONDS = 2.0


async def spread(
    context: TargetContext,
    hub: str,
    find: Callable[[], Awaitable[Image | None]],
    verify: VerifyLevel = VerifyLevel.METADATA,
) -> Target:
    """Wait for the part of the task at ``hub``, then copy the image that ``find`` returns."""
    central = await context.step(CENTRAL_STEP, partial(_central, context, hub, find))
    if central.outcome != DONE:
        cancelled = central.outcome == CANCELLED
        state = TargetState.CANCELLED if cancelled else TargetState.FAILED
        return Target(site=context.site, state=state, text=central.text)
    try:
        subject = subject_at(
            context,
            image_id=str(central.data["image"]),
            image_name=str(central.data["name"]),
            size=central.data["size"],
            verify=verify,
        )
    except UsageError as error:
        return Target(site=context.site, state=TargetState.FAILED, text=str(error))
    return await bring(context, subject)


async def _central(
    context: TargetContext, hub: str, find: Callable[[], Awaitable[Image | None]]
) -> StepResult:
    """Wait until the image is at the hub; DONE with its id, REFUSED or CANCELLED."""

    async def look() -> StepResult | None:
        there = context.standing(hub)
        if there is None or (there.state.is_over and there.state is not TargetState.DONE):
            return StepResult(outcome=REFUSED, text=f"nothing to copy: it did not work at {hub}")
        if there.state is not TargetState.DONE:
            context.show(TargetState.WAITING, f"{hub} comes first")
            return None
        image = await find()
        if image is None:
            return StepResult(outcome=REFUSED, text="the image was deleted meanwhile")
        return StepResult(
            outcome=DONE,
            text=f"the image is at {hub}",
            data={"image": image.id, "name": printable(image.label, 255), "size": image.size},
        )

    return await until_answered(
        context, look, cancelled="cancelled before anything was copied", seconds=LOOK_SECONDS
    )
