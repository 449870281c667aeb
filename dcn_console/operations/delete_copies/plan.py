"""The plan of deleting copies: whether the image stays, who needs the copy, what becomes free."""

import shlex
from collections.abc import Sequence

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.inventory import Image
from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.sites import Site
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.images.checks import clone_checks, image_checks
from dcn_console.operations.images.children import look_at_copy
from dcn_console.operations.mirror_subject import fine, refused, warned

NAME = "image-delete-copy"
DELETE_STEP = "delete"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The image whose copies go."""

    image_id: str
    image_name: str


async def plan_copies(
    services: Services, image_id: str, sites: Sequence[str], context: PlanContext
) -> Plan:
    """Plan to delete one image's copies at ``sites``. Reads only.

    Raises ObjectNotFound without the image, UsageError for an unknown site.
    """
    image = await services.glance.image(image_id)
    wanted = [services.topology.site(name) for name in dict.fromkeys(sites)]
    read_only = {store.id for store in await services.glance.stores() if store.read_only}
    checks = await image_checks(services, image, context)
    targets: list[Site] = []
    skipped: dict[str, str] = {}
    for site in wanted:
        if site.store is None or site.store not in image.stores:
            skipped[site.name] = "has no copy"
        elif site.store in read_only:
            skipped[site.name] = "its store is read-only"
        else:
            found = await _site_checks(services, image, site)
            checks += found
            against = next((one for one in found if one.outcome is Outcome.REFUSED), None)
            if against is None:
                targets.append(site)
            else:
                skipped[site.name] = against.text
    checks += _staying(services, image, targets)
    return _plan(image, targets, skipped, checks, context)


async def _site_checks(services: Services, image: Image, site: Site) -> list[Check]:
    copy = await look_at_copy(services, image, site.store or "")
    checks = await clone_checks(services, copy, unknown_forbids=False)
    checks = [msgspec.structs.replace(check, site=site.name) for check in checks]
    if site.is_hub:
        text = (
            f"{site.name} has the central copy: without it Glance copies on from an edge, over "
            "the slow lines, and the hub has nothing to boot from."
        )
        checks.append(warned(text, site=site.name))
    return checks


def _staying(services: Services, image: Image, targets: list[Site]) -> list[Check]:
    """Refuse what would leave no copy, and say where copies stay."""
    going = {site.store for site in targets}
    left = [store for store in image.stores if store not in going]
    if targets and not left:
        return [
            refused(
                "That would leave no copy at all.",
                "To delete the image everywhere: dcn-console image delete",
            )
        ]
    names = []
    for store in left:
        site = services.topology.with_store(store)
        names.append(site.name if site is not None else f"store {printable(store, 60)}")
    return [fine(f"Copies stay at {', '.join(names)}.")] if targets else []


def _plan(
    image: Image,
    targets: list[Site],
    skipped: dict[str, str],
    checks: list[Check],
    context: PlanContext,
) -> Plan:
    name = printable(image.label, 60)
    names = ", ".join(site.name for site in targets)
    room = f", {format_bytes(image.size)}" if image.size else ""
    room += " each" if room and len(targets) > 1 else ""
    copies = "the copies" if len(targets) > 1 else "the copy"
    return Plan(
        operation=NAME,
        title=f"delete copy of {name} at {names or 'no site'}",
        objects=(ObjectReference(kind="image", id=image.id, name=name),),
        targets=tuple(site.name for site in targets),
        skipped=skipped,
        checks=tuple(checks),
        steps=tuple(
            PlannedStep(
                name=DELETE_STEP,
                text=f"delete the copy at {site.name}, unless something became a clone of it",
                site=site.name,
                undo="the image can be copied there again",
            )
            for site in targets
        ),
        commands=tuple(
            f"glance stores-delete --store {shlex.quote(site.store or '')} {image.id}"
            for site in targets
        ),
        parameters=msgspec.to_builtins(Parameters(image_id=image.id, image_name=name)),
        typed_name=image.label if targets else "",
        irreversible=f"{copies} at {names} will be gone{room}" if targets else "",
        made_at=context.now,
    )
