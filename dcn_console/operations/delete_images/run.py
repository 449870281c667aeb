"""Deleting an image everywhere, only while every copy is known to have no clones.

Glance deletes store by store, and where a copy has clones it answers 409 after the other stores'
copies are gone (seen with Glance 25.1 and 33).
"""

from functools import partial

from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceUnreachable
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import until_answered
from dcn_console.operations.delete_images.plan import DELETE_STEP, ROOM_STEP, Parameters
from dcn_console.operations.images.children import look_at_copies, named_children
from dcn_console.operations.images.remains import room_after
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, target_of
from dcn_console.operations.results import StepResult


async def delete_everywhere(context: TargetContext) -> Target:
    """Delete the image, and see what it leaves at each site."""
    parameters = parameters_of(context.task.plan, Parameters)
    deleted = await context.step(DELETE_STEP, partial(_delete, context, parameters))
    if deleted.outcome != DONE:
        return target_of(context, deleted)
    return target_of(context, await context.step(ROOM_STEP, partial(_room, context, parameters)))


async def _delete(context: TargetContext, parameters: Parameters) -> StepResult:
    async def look() -> StepResult | None:
        try:
            return await _look(context, parameters.image_id)
        except ObjectNotFound:
            return StepResult(outcome=DONE, text="the image is gone from Glance")

    return await until_answered(context, look, cancelled="cancelled before it was deleted")


async def _look(context: TargetContext, image_id: str) -> StepResult | None:
    """Delete the image when that is safe. Raises ObjectNotFound once it is gone."""
    services = context.services
    image = await services.glance.image(image_id)
    for copy in await look_at_copies(services, image):
        if copy.children:
            who = await named_children(services, copy)
            return StepResult(
                outcome=REFUSED, text=f"nothing was deleted: {copy.place} needs it for {who}"
            )
        if not copy.is_free:
            text = (
                f"nothing was deleted: whether anything at {copy.place} is a clone of the image "
                f"is not known: {copy.unknown}"
            )
            return StepResult(outcome=REFUSED, text=text)
    context.show(TargetState.RUNNING, "Glance deletes the image")
    try:
        await services.glance.images.delete(image_id)
    except ServiceUnreachable as error:
        context.log(f"{error.message} Looking whether it was deleted all the same.")
    except HttpError as error:
        return await _refused(context, image_id, error)
    return None


async def _refused(context: TargetContext, image_id: str, error: HttpError) -> StepResult:
    """Say what Glance refused, and which copies are left: some may be gone already."""
    left = (await context.services.glance.image(image_id)).stores
    text = f"Glance did not delete the image: {error} Copies left: {', '.join(left) or 'none'}"
    return StepResult(outcome=REFUSED, text=text)


async def _room(context: TargetContext, parameters: Parameters) -> StepResult:
    services = context.services
    said = [
        await room_after(services, services.topology.site(site), parameters.image_id)
        for site in parameters.sites
    ]
    return StepResult(outcome=DONE, text="; ".join(["the image is gone from Glance", *said]))
