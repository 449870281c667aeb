"""The plan of a validation: everything that will be made, what it needs, what is left out."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError, UsageError
from dcn_console.model.image_requests import ImportImage
from dcn_console.model.plans import Check, ObjectReference, Plan
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.sites import Site
from dcn_console.model.storage import Allowance
from dcn_console.model.text import format_bytes, format_duration, printable
from dcn_console.operations.backups.checks import allowance_checks
from dcn_console.operations.backups.where import hub_of
from dcn_console.operations.base import PlanContext
from dcn_console.operations.copy_image.checks import site_refusal
from dcn_console.operations.copy_image.plan import method_check
from dcn_console.operations.create_server.offers import offers
from dcn_console.operations.import_image.disk_checks import disk_checks
from dcn_console.operations.import_image.parameters import scratch_parent
from dcn_console.operations.import_image.plan import parameters_for
from dcn_console.operations.mirror_room import room_checks
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.validate_site.commands import equivalent_commands
from dcn_console.operations.validate_site.lacks import Lacks
from dcn_console.operations.validate_site.names import BACKUP_STEPS, NAME, RESTORE, SERVER
from dcn_console.operations.validate_site.parameters import Parameters
from dcn_console.operations.validate_site.planned_steps import planned_steps

GIB = 1 << 30
_MOST_IMAGE_BYTES = 1 << 30
_SHORTEST_SECONDS = 10.0


async def plan_validation(
    services: Services,
    request: ValidateSite,
    context: PlanContext,
    earlier: tuple[str, ...] = (),
) -> Plan:
    """Plan to validate one edge. Reads only.

    Asked what there is to put the server on, the plan has no targets and only tells that: in the
    parameter "offers" as the plan of a server has it, without that where there are no servers.

    Raises UsageError for a site that cannot be validated and for what makes no sense,
    ObjectNotFound for an image that is not there, ServiceError when Glance does not answer.
    """
    hub, site = hub_of(services), _edge(services, request.site)
    if request.offers:
        return await _offering(services, site, context)
    second = _second(services, request, site)
    _sense(request)
    image = await _image(services, request)
    lacks = Lacks(services, site, second, hub)
    await lacks.servers(request.flavor, request.network, without=request.without_server)
    await lacks.storage()
    lacks.sites()
    parameters = Parameters(
        site=site.name,
        second_site=second.name if second is not None else "",
        hub=hub.name,
        cloud=services.settings.cloud,
        image_path=request.image_path,
        image_id=request.image_id,
        image_name=image.name,
        image_bytes=image.size,
        volume_bytes=image.volume,
        scratch="" if request.image_path or request.image_id else str(scratch_parent()),
        flavor=lacks.flavor,
        network=lacks.network,
        without_server=request.without_server,
        keep=request.keep,
        step_seconds=request.step_seconds,
        skipped=lacks.skipped,
        earlier=earlier,
    )
    facts = _facts(parameters, lacks)
    parameters = msgspec.structs.replace(parameters, facts=facts)
    moved = _moved(parameters)
    checks = [
        *await _store_checks(services, hub, site),
        *image.checks,
        *lacks.checks,
        *await _quota_checks(services, parameters),
        *await _room(services, parameters, moved),
        *_other_checks(request, context),
    ]
    total = sum(moved.values())
    estimate = _estimate(moved, context)
    steps = planned_steps(parameters)
    return Plan(
        operation=NAME,
        title=f"validate site {site.name}",
        objects=(ObjectReference(kind="site", id=site.name, name=site.name),),
        targets=(site.name,),
        checks=tuple(checks),
        steps=steps,
        commands=equivalent_commands(services, parameters),
        bytes_to_move=total,
        estimate_seconds=estimate,
        estimate_basis=(
            "by the last transfers there, and what services take to answer" if estimate else ""
        ),
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


async def _offering(services: Services, site: Site, context: PlanContext) -> Plan:
    parameters, checks = {}, [warned("The catalogue of the cloud has no compute service.")]
    if services.nova is not None:
        found, checks = await offers(services)
        parameters = {"offers": msgspec.to_builtins(found)}
    return Plan(
        operation=NAME,
        title=f"validate site {site.name}",
        objects=(ObjectReference(kind="site", id=site.name, name=site.name),),
        targets=(),
        checks=tuple(checks),
        parameters=parameters,
        made_at=context.now,
    )


def _edge(services: Services, name: str) -> Site:
    site = services.topology.site(name)
    if site.is_hub:
        edges = ", ".join(one.name for one in services.topology.edges) or "none"
        raise UsageError(f"{name} is the hub; an edge is validated.", way_out=f"Edges: {edges}.")
    if site.store is None:
        raise UsageError(f"{name} has no Glance store.", way_out="Check: dcn-console doctor")
    if not site.availability_zone:
        raise UsageError(f"{name} has no availability zone, so no volumes.")
    return site


def _second(services: Services, request: ValidateSite, site: Site) -> Site | None:
    """Return where to restore: as asked for, else another edge, else the hub."""
    topology = services.topology
    if request.second_site:
        chosen = topology.site(request.second_site)
        if chosen.name == site.name:
            raise UsageError("The second site must be another one.")
        if not chosen.availability_zone:
            raise UsageError(f"{chosen.name} has no availability zone, so no volumes.")
        return chosen
    others = [one for one in topology.edges if one.name != site.name]
    others += [topology.hub] if topology.hub is not None else []
    return next((one for one in others if one.availability_zone and not one.read_only), None)


def _sense(request: ValidateSite) -> None:
    if request.image_path and request.image_id:
        raise UsageError("Say either a file or an image of the cloud.")
    if not 1 << 20 <= request.image_bytes <= _MOST_IMAGE_BYTES:
        raise UsageError("The image that is made has between 1 MiB and 1 GiB.")
    if request.step_seconds < _SHORTEST_SECONDS:
        raise UsageError(f"A step is given up after {_SHORTEST_SECONDS:.0f} seconds at least.")


class _Image(msgspec.Struct, frozen=True, kw_only=True):
    """The image that is used; sizes in bytes."""

    name: str = ""
    size: int
    volume: int
    checks: tuple[Check, ...] = ()


async def _image(services: Services, request: ValidateSite) -> _Image:
    if request.image_id:
        found = await services.glance.image(request.image_id)
        label = printable(found.label, 60)
        size = found.virtual_size or found.size or 0
        checks = [fine(f"Image “{label}” is used, {format_bytes(size)}; it stays.")]
        if found.status != "active":
            checks.append(refused(f"Image “{label}” is {found.status}, not active."))
        return _Image(
            name=found.label, size=found.size or 0, volume=_whole(size), checks=tuple(checks)
        )
    if request.image_path:
        asked = ImportImage(name="validation", path=request.image_path)
        found_checks, length = await disk_checks(parameters_for(services, asked))
        size = length or 0
        return _Image(size=size, volume=_whole(size), checks=tuple(found_checks))
    text = f"An image of {format_bytes(request.image_bytes)} of random bytes is made for it."
    return _Image(
        size=request.image_bytes, volume=_whole(request.image_bytes), checks=(fine(text),)
    )


def _whole(size: int) -> int:
    return max(1, -(-size // GIB)) * GIB


def _facts(parameters: Parameters, lacks: Lacks) -> dict[str, str]:
    image = f"{format_bytes(parameters.image_bytes)} of random bytes, made for it"
    if parameters.image_path:
        image = f"file {printable(parameters.image_path, 200)}"
    elif parameters.image_id:
        image = f"image “{printable(parameters.image_name, 60)}” of the cloud"
    facts = {"image": image, "volume": format_bytes(parameters.volume_bytes)}
    if SERVER not in parameters.skipped and lacks.flavor_name:
        facts["flavor"] = lacks.flavor_name
        facts["network"] = parameters.network or "none"
    facts["a step is given up after"] = format_duration(parameters.step_seconds)
    return facts


def _moved(parameters: Parameters) -> dict[str, int]:
    """Return the bytes that go to each site."""
    size = parameters.image_bytes
    moved = {parameters.hub: parameters.volume_bytes, parameters.site: size}
    if not parameters.image_id:
        moved[parameters.hub] += size
    if not set(BACKUP_STEPS) & set(parameters.skipped):
        moved[parameters.hub] += size
    if RESTORE not in parameters.skipped:
        second = parameters.second_site
        moved[second] = moved.get(second, 0) + size
    return moved


def _estimate(moved: dict[str, int], context: PlanContext) -> float | None:
    """Return the seconds it may take; None when there were no transfers to go by."""
    rates = {site: context.rate_to(site) for site in moved}
    if not all(rates.values()):
        return None
    return 60.0 + sum(count / (rates[site] or 1.0) for site, count in moved.items())


async def _store_checks(services: Services, hub: Site, site: Site) -> list[Check]:
    stores = {store.id: store for store in await services.glance.stores()}
    checks = [site_refusal(one, stores) for one in (hub, site)]
    found = [refused(one.text, one.way_out) for one in checks if one is not None]
    return [*found, *await method_check(services)]


async def _quota_checks(services: Services, parameters: Parameters) -> list[Check]:
    """Compare the quotas with what is there at most at the same time."""
    size, skipped = parameters.volume_bytes, parameters.skipped
    try:
        quota = await services.cinder.quota()
    except ServiceError as error:
        return [warned(f"Quotas are not known: {error.message}", error.way_out)]
    scratch = SERVER not in skipped
    volumes = 2 if scratch or RESTORE not in skipped else 1
    snapshots = 2 if scratch else 1
    wanted: list[tuple[str, Allowance, int, bool]] = [
        ("volumes", quota.volumes, volumes, False),
        ("gigabytes", quota.volume_bytes, volumes * size, True),
        ("snapshots", quota.snapshots, snapshots, False),
    ]
    if not set(BACKUP_STEPS) <= set(skipped):
        wanted.append(("backups", quota.backups, 1, False))
        wanted.append(("backup_gigabytes", quota.backup_bytes, size, True))
    return [
        check
        for name, allowance, needed, of_bytes in wanted
        for check in allowance_checks(name, allowance, needed, of_bytes=of_bytes)
    ]


async def _room(services: Services, parameters: Parameters, moved: dict[str, int]) -> list[Check]:
    checks: list[Check] = []
    for name, count in moved.items():
        cluster, site = services.clusters.get(name), services.topology.site(name)
        if cluster is None or site.cluster is None:
            checks.append(fine(f"{name}: free space and progress unknown, no Ceph access.", name))
            continue
        at_edge = name == parameters.second_site != parameters.hub
        pool = site.cluster.volumes_pool if at_edge else site.cluster.images_pool
        checks += await room_checks(cluster, site, pool, count)
    return checks


def _other_checks(request: ValidateSite, context: PlanContext) -> list[Check]:
    checks = [
        warned(f"Task {task.number} validates {request.site} already.")
        for task in context.open_tasks
        if task.plan.operation == NAME and request.site in task.plan.targets
    ]
    if request.keep:
        checks.append(warned("Everything that is made is kept; remove it yourself."))
    else:
        checks.append(fine("Everything that is made is removed at the end, whatever happens."))
    return checks
