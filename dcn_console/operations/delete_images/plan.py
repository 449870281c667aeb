"""The plan of deleting an image everywhere: nothing may need any of its copies."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.inventory import Image
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.text import count, format_bytes, printable
from dcn_console.operations.backups.where import hub_of
from dcn_console.operations.base import PlanContext
from dcn_console.operations.images.checks import clone_checks, image_checks
from dcn_console.operations.images.children import Copy, look_at_copies
from dcn_console.operations.mirror_subject import refused

NAME = "image-delete"
DELETE_STEP = "delete"
ROOM_STEP = "room"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The image that goes; ``sites`` had copies when it was planned."""

    image_id: str
    image_name: str
    sites: tuple[str, ...]


async def plan_image(services: Services, image_id: str, context: PlanContext) -> Plan:
    """Plan to delete one image with all its copies. Reads only.

    Raises ObjectNotFound without the image, UsageError without a hub.
    """
    image = await services.glance.image(image_id)
    copies = await look_at_copies(services, image)
    checks = await image_checks(services, image, context)
    for copy in copies:
        checks += await clone_checks(services, copy, unknown_forbids=True)
        checks += _read_only(copy)
    return _plan(services, image, copies, checks, context)


def _read_only(copy: Copy) -> list[Check]:
    if copy.site is None or not copy.site.read_only:
        return []
    name = copy.site.name
    return [refused(f"{name} has a copy, and is read-only in the configuration.")]


def _plan(
    services: Services,
    image: Image,
    copies: tuple[Copy, ...],
    checks: list[Check],
    context: PlanContext,
) -> Plan:
    hub = hub_of(services)
    name = printable(image.label, 60)
    sites = tuple(copy.site.name for copy in copies if copy.site is not None)
    number = count(len(copies), "copy", "copies")
    each = " each" if len(copies) > 1 else ""
    room = f" ({format_bytes(image.size)}{each})" if image.size else ""
    return Plan(
        operation=NAME,
        title=f"delete image {name} everywhere",
        objects=(ObjectReference(kind="image", id=image.id, name=name),),
        targets=(hub.name,),
        checks=tuple(checks),
        steps=(
            PlannedStep(
                name=DELETE_STEP,
                text=f"see once more that nothing is a clone of {number}, then delete the image",
                site=hub.name,
            ),
            PlannedStep(
                name=ROOM_STEP,
                text=f"see what it leaves at {', '.join(sites) or 'no site'}",
                site=hub.name,
            ),
        ),
        commands=(f"openstack image delete {image.id}",),
        parameters=msgspec.to_builtins(Parameters(image_id=image.id, image_name=name, sites=sites)),
        typed_name=image.label,
        irreversible=f"the image and {number}{room} will be gone for good",
        made_at=context.now,
    )
