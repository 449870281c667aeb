"""The plan of a copy: what is there already, what stands in the way, what will move."""

import asyncio
from collections.abc import Sequence

import msgspec

from dcn_console.clouds.glance import COPY_IMAGE
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, ClusterUnreachable, ServiceError
from dcn_console.model.inventory import Image
from dcn_console.model.plans import (
    Check,
    ObjectReference,
    Outcome,
    Plan,
    PlannedStep,
    VerifyLevel,
)
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.copy_image.checks import (
    image_checks,
    may_copy_checks,
    room_check,
    site_refusal,
)
from dcn_console.operations.copy_image.commands import equivalent_commands
from dcn_console.operations.copy_image.observe import Observation, observe
from dcn_console.operations.copy_image.subject import Parameters

NAME = "copy-image"


async def plan_copy(
    services: Services,
    image_id: str,
    sites: Sequence[str] | None,
    verify: VerifyLevel,
    context: PlanContext,
) -> Plan:
    """Plan to copy one image to ``sites``, or to every edge lacking it when None.

    Reads only. Raises UsageError for an unknown site and ServiceError when Glance cannot be
    asked; a cluster that cannot be asked is a warning in the plan.
    """
    topology = services.topology
    wanted = topology.edges if sites is None else tuple(topology.site(name) for name in sites)
    seen = await observe(services, image_id, context.now)
    stores = {store.id: store for store in await services.glance.stores()}
    checks = [*image_checks(seen, services), *await method_check(services)]
    skipped: dict[str, str] = {}
    targets: list[Site] = []
    for site in wanted:
        reason = _nothing_to_do(site, seen, context)
        refusal = site_refusal(site, stores)
        if reason:
            skipped[site.name] = reason
        elif refusal is not None:
            skipped[site.name] = refusal.text
            checks.append(refusal)
        else:
            targets.append(site)
    looked = await asyncio.gather(*(look_at(services, site, seen.image) for site in targets))
    for site, found in zip(tuple(targets), looked, strict=True):
        checks.extend(found)
        refused = next((check for check in found if check.outcome is Outcome.REFUSED), None)
        if refused is not None:
            targets.remove(site)
            skipped[site.name] = refused.text
    return _plan(seen, tuple(targets), skipped, checks, verify, context)


def _nothing_to_do(site: Site, seen: Observation, context: PlanContext) -> str:
    if site.store is not None and seen.has_copy(site.store):
        return "has it already"
    for task in context.open_tasks:
        target = task.target(site.name)
        if (
            task.plan.operation == NAME
            and target is not None
            and not target.state.is_over
            and any(item.id == seen.image.id for item in task.plan.objects)
        ):
            return f"task {task.number} is copying it there"
    return ""


async def method_check(services: Services) -> list[Check]:
    """Refuse where Glance does not offer to copy between stores, warn where it may forbid it."""
    try:
        methods = await services.glance.import_methods()
    except ServiceError as error:
        return [Check(outcome=Outcome.WARNING, text=f"Import methods unknown: {error.message}")]
    if COPY_IMAGE in methods:
        return may_copy_checks(services)
    return [
        Check(
            outcome=Outcome.REFUSED,
            text="This Glance does not offer the import method copy-image.",
            way_out="Add it to enabled_import_methods in glance-api.conf.",
        )
    ]


async def look_at(services: Services, site: Site, image: Image) -> list[Check]:
    """Check the site's cluster: whether it answers, has room, and no remains of an old try."""
    cluster = services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return [
            Check(
                outcome=Outcome.OK,
                site=site.name,
                text=f"{site.name}: free space and progress unknown, no Ceph access configured.",
            )
        ]
    pool = site.cluster.images_pool
    try:
        await cluster.probe(pool)
        status = await cluster.status()
    except ClusterUnreachable as error:
        return [
            Check(
                outcome=Outcome.WARNING,
                site=site.name,
                text=f"{site.name} does not answer; its copy will wait until it does. "
                f"({error.message})",
            )
        ]
    except ClusterError as error:
        return [
            Check(
                outcome=Outcome.WARNING,
                site=site.name,
                text=f"{site.name}: free space unknown. {error.message}",
                way_out=error.way_out,
            )
        ]
    return room_check(site, pool, status, image)


def _plan(
    seen: Observation,
    targets: tuple[Site, ...],
    skipped: dict[str, str],
    checks: list[Check],
    verify: VerifyLevel,
    context: PlanContext,
) -> Plan:
    image = seen.image
    name = printable(image.label, 60)
    names = tuple(site.name for site in targets)
    size = image.size
    estimate, basis = _estimate(size, names, context)
    parameters = Parameters(
        image_id=image.id, image_name=printable(image.label, 255), size=size, verify=verify
    )
    return Plan(
        operation=NAME,
        title=f"copy {name} → {', '.join(names) or 'nowhere'}",
        objects=(ObjectReference(kind="image", id=image.id, name=name),),
        targets=names,
        skipped=skipped,
        checks=tuple(checks),
        steps=_steps(targets, verify),
        commands=equivalent_commands(image, targets) if targets else (),
        bytes_to_move=None if size is None else size * len(targets),
        estimate_seconds=estimate,
        estimate_basis=basis,
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


def _estimate(
    size: int | None, sites: tuple[str, ...], context: PlanContext
) -> tuple[float | None, str]:
    """Estimate from earlier transfers; staging takes about as long as one store (measured)."""
    rates = {site: context.rate_to(site) for site in sites}
    if size is None or not sites:
        return None, ""
    unknown = [site for site, rate in rates.items() if not rate]
    if unknown:
        return None, f"no estimate: no earlier copy to {', '.join(unknown)} to go by"
    seconds = [size / rate for rate in rates.values() if rate]
    staging = sum(seconds) / len(seconds)
    return sum(seconds) + staging, "by the last copies there; a third of it or more is staging"


def _steps(targets: tuple[Site, ...], verify: VerifyLevel) -> tuple[PlannedStep, ...]:
    looks = {
        VerifyLevel.NONE: "see that Glance lists the store",
        VerifyLevel.METADATA: "see that Glance lists the store and the RBD image is whole",
        VerifyLevel.DEEP: "read the copy back and compare its hash",
    }
    if not targets:
        return ()
    sites = ", ".join(site.name for site in targets)
    return (
        PlannedStep(name="probe", text=f"see that each of {sites} answers and has room"),
        PlannedStep(
            name="ask",
            text="ask Glance once for all sites that answer; the others wait and are asked for "
            "alone. An unfinished RBD image that an interrupted copy left is removed first",
        ),
        PlannedStep(name="watch", text="watch Glance stage the image, then fill store by store"),
        *(
            PlannedStep(name="verify", site=site.name, text=f"{site.name}: {looks[verify]}")
            for site in targets
        ),
    )
