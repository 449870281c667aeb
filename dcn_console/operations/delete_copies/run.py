"""Deleting an image's copy at one site."""

from functools import partial

from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceUnreachable
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered
from dcn_console.operations.delete_copies.plan import DELETE_STEP, Parameters
from dcn_console.operations.images.children import look_at_copy, named_children
from dcn_console.operations.images.remains import room_after
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, target_of
from dcn_console.operations.results import StepResult


async def delete_at(context: TargetContext) -> Target:
    """Delete the copy at the context's site, and see what it leaves."""
    parameters = parameters_of(context.task.plan, Parameters)
    return target_of(
        context, await context.step(DELETE_STEP, partial(_delete, context, parameters))
    )


async def _delete(context: TargetContext, parameters: Parameters) -> StepResult:
    async def look() -> StepResult | None:
        return await _look(context, parameters.image_id)

    result = await until_answered(context, look, cancelled="cancelled before it was deleted")
    if result.outcome == GONE:
        text = f"image “{parameters.image_name}” does not exist any more"
        return StepResult(outcome=REFUSED, text=text)
    return result


async def _look(context: TargetContext, image_id: str) -> StepResult | None:
    """Delete the copy when that is safe; DONE once Glance does not list it."""
    services = context.services
    site = services.topology.site(context.site)
    image = await services.glance.image(image_id)
    if site.store is None or site.store not in image.stores:
        room = await room_after(services, site, image_id)
        return StepResult(outcome=DONE, text=f"Glance lists no copy at {site.name}; {room}")
    if set(image.stores) == {site.store}:
        text = f"{site.name} has the last copy by now; it is not deleted"
        return StepResult(outcome=REFUSED, text=text)
    copy = await look_at_copy(services, image, site.store)
    if copy.children:
        who = await named_children(services, copy)
        return StepResult(
            outcome=REFUSED, text=f"nothing was deleted: {copy.place} needs it for {who}"
        )
    context.show(TargetState.RUNNING, f"Glance deletes the copy at {site.name}")
    try:
        await services.glance.images.delete_copy(site.store, image_id)
    except ObjectNotFound:
        return None
    except ServiceUnreachable as error:
        context.log(f"{error.message} Looking whether it was deleted all the same.")
    except HttpError as error:
        return StepResult(outcome=REFUSED, text=f"Glance did not delete the copy: {error}")
    return None
