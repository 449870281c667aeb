"""Preconditions of deleting images and copies that are the same for both."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.imports import import_lock
from dcn_console.model.inventory import Image
from dcn_console.model.plans import Check
from dcn_console.model.text import printable
from dcn_console.operations.backups.checks import tasks_check
from dcn_console.operations.base import PlanContext
from dcn_console.operations.images.children import Copy, named_children
from dcn_console.operations.mirror_subject import fine, refused


async def image_checks(services: Services, image: Image, context: PlanContext) -> list[Check]:
    """Refuse for what is protected, being imported, or worked on by another task."""
    checks = []
    name = f"image “{printable(image.label, 60)}”"
    if image.protected:
        way_out = f"openstack image set --unprotected {image.id}"
        checks.append(refused(f"{name} is protected against deletion.", way_out))
    try:
        lock = import_lock(image, await services.glance.tasks(image.id))
    except ServiceError:
        lock = None
    if lock is not None and not lock.is_free(context.now):
        text = f"An import holds {name} (task {lock.task_id})."
        checks.append(refused(text, "Wait until it is over."))
    numbers = [
        task.number
        for task in context.open_tasks
        if any(item.id == image.id for item in task.plan.objects)
    ]
    return [*checks, *tasks_check(numbers, "this image")]


async def clone_checks(services: Services, copy: Copy, *, unknown_forbids: bool) -> list[Check]:
    """Tell who needs the copy, as checks of the whole plan; clones forbid it."""
    if copy.children:
        who = await named_children(services, copy)
        text = f"The copy at {copy.place} is needed by {who}."
        way_out = "Delete them first, or make them independent: rbd flatten."
        return [refused(text, way_out)]
    if copy.is_free:
        return [fine(f"{copy.place}: nothing is a clone of the copy there.")]
    text = f"{copy.place}: whether anything is a clone of the copy there is not known: "
    if unknown_forbids:
        way_out = (
            "Give the site Ceph access (see: dcn-console doctor), or delete that copy first, where "
            "Glance's own refusal loses nothing: dcn-console image delete-copy"
        )
        return [refused(f"{text}{copy.unknown.rstrip('.')}.", way_out)]
    way_out = "Glance itself refuses to delete a copy with clones, and nothing is lost by asking."
    return [fine(f"{text}{copy.unknown} {way_out}", copy.site.name if copy.site else None)]
