"""The plan of a restore: where to, whether it can work, and what would be overwritten."""

import shlex
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from dcn_console.inventory.services import Services
from dcn_console.model.backup_chains import GOOD, chain_of
from dcn_console.model.errors import ClusterError, RbdImageNotFound, UsageError
from dcn_console.model.inventory import Volume
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.requests import ContentCheck, RbdSubject
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import RestoreBackup
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.checks import (
    BACKUP_SERVICE,
    FROM_BACKUP,
    VOLUME_SERVICE,
    service_checks,
    tasks_check,
    version_checks,
    volume_quota_checks,
)
from dcn_console.operations.backups.where import image_of, kept, site_of, used_at
from dcn_console.operations.base import PlanContext
from dcn_console.operations.create_server.plan import Parameters as NewServer
from dcn_console.operations.create_server.plan import command
from dcn_console.operations.mirror_room import room_checks
from dcn_console.operations.mirror_subject import fine, refused, task_at_work, warned
from dcn_console.operations.restore_backup.names import ASK_STEP, NAME, VERIFY_STEP, WATCH_STEP
from dcn_console.operations.restore_backup.server import (
    offering,
    plan_of_server,
    server_steps,
)
from dcn_console.operations.volumes.scene import see_or_mend


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore needs to know.

    ``volume_id`` is the volume to write over, None for a new one called ``name``. ``total`` are the
    bytes to come, ``countable`` whether they can be counted in the target's RBD image. ``server``
    is what is made of the volume afterwards, None for nothing.
    """

    backup_id: str
    label: str
    name: str
    zone: str
    volume_id: str | None = None
    size: int | None = None
    total: int | None = None
    countable: bool = False
    check: ContentCheck = ContentCheck.SAMPLED
    percent: float = 5.0
    server: NewServer | None = None


async def plan_restore(services: Services, request: RestoreBackup, context: PlanContext) -> Plan:
    """Plan to restore a backup to a new volume at a site, or over an existing one.

    Reads only. A server without a flavor is refused, with the parameter "offers" as the plan of
    a server has it. Raises ObjectNotFound for what is not there, UsageError when it is not said
    where, or for a site without an availability zone.
    """
    backup = await services.cinder.backups.backup(request.backup_id)
    existing = await services.cinder.volume(request.volume_id) if request.volume_id else None
    site = _site(services, request, existing)
    zone = site.availability_zone or ""
    label = printable(backup.label, 60)
    if request.server.strip() and not request.flavor:
        return await offering(services, f"restore {label}", _objects(backup, existing), context)
    checks = [*_state_checks(backup, existing), *_busy(request, context)]
    if backup.availability_zone:
        checks += await service_checks(
            services, BACKUP_SERVICE, backup.availability_zone, "nothing can be restored"
        )
    checks += await service_checks(
        services, VOLUME_SERVICE, zone, f"no volume at {site.name} can be written"
    )
    if existing is None:
        checks += await version_checks(services, FROM_BACKUP, "a volume of a backup in any zone")
        checks += await volume_quota_checks(services, backup.size)
    total, found = await _total(services, backup, existing)
    checks += found
    countable = await _countable(services, site, existing)
    cluster = services.clusters.get(site.name)
    if cluster is not None and site.cluster is not None and existing is None:
        checks += await room_checks(cluster, site, site.cluster.volumes_pool, total)
    server, found = await plan_of_server(services, request, backup, site)
    checks += found
    name = printable(request.name, 255) or label
    parameters = Parameters(
        backup_id=backup.id,
        label=label,
        name=name if existing is None else printable(existing.label, 255),
        zone=zone,
        volume_id=request.volume_id,
        size=backup.size,
        total=total,
        countable=countable,
        check=request.check,
        percent=request.sample_percent,
        server=server,
    )
    rate = context.rate_to(site.name)
    over = f"over {printable(existing.label, 60)} at " if existing is not None else ""
    return Plan(
        operation=NAME,
        title=f"restore {label} → {over}{site.name}{_and_server(server)}",
        objects=_objects(backup, existing),
        targets=(site.name,),
        checks=tuple(checks),
        steps=_steps(parameters, site),
        commands=_commands(parameters),
        bytes_to_move=total,
        estimate_seconds=total / rate if rate and total is not None else None,
        estimate_basis="by the last transfers there" if rate and total is not None else "",
        parameters=msgspec.to_builtins(parameters),
        typed_name=existing.label if existing is not None else "",
        irreversible=(
            f"what “{printable(existing.label, 60)}” holds now will be overwritten"
            if existing is not None
            else ""
        ),
        made_at=context.now,
    )


def _site(services: Services, request: RestoreBackup, existing: Volume | None) -> Site:
    if existing is not None:
        site = site_of(services, existing)
        if site is None:
            zone = printable(existing.availability_zone or "none", 60)
            raise UsageError(f"The volume is in zone {zone}, which is no site's.")
        return site
    if not request.site:
        raise UsageError(
            "It is not said where to restore to.",
            way_out="Name a site for a new volume, or a volume to write over.",
        )
    site = services.topology.site(request.site)
    if not site.availability_zone:
        raise UsageError(f"Site {site.name} has no availability zone, so no volumes.")
    return site


def _objects(backup: Backup, existing: Volume | None) -> tuple[ObjectReference, ...]:
    label = printable(backup.label, 60)
    objects = (ObjectReference(kind="backup", id=backup.id, name=label),)
    if existing is None:
        return objects
    name = printable(existing.label, 60)
    return (*objects, ObjectReference(kind="volume", id=existing.id, name=name))


def _state_checks(backup: Backup, existing: Volume | None) -> list[Check]:
    checks = []
    if backup.status != GOOD:
        way_out = ""
        if backup.status == "restoring":
            way_out = f"One that hangs: openstack volume backup set --state available {backup.id}"
        checks.append(refused(f"The backup is {backup.status}, not available.", way_out))
    if backup.encrypted:
        text = "The backup is of an encrypted volume: its key must still be in the key manager."
        checks.append(warned(text))
    if existing is None:
        return checks
    name = f"“{printable(existing.label, 60)}”"
    if existing.status != "available":
        way_out = "Detach it first." if existing.attachments else see_or_mend(existing)
        checks.append(
            refused(
                f"{name} is {existing.status}; only an available volume can be written over.",
                way_out,
            )
        )
    if backup.size is not None and existing.size is not None and existing.size < backup.size:
        have, need = format_bytes(existing.size), format_bytes(backup.size)
        checks.append(
            refused(
                f"{name} has {have}, the backup needs {need}.",
                f"Extend it first: openstack volume set --size {backup.size >> 30} {existing.id}",
            )
        )
    if existing.encrypted != backup.encrypted:
        text = f"Of {name} and the volume that was backed up only one is encrypted."
        checks.append(refused(text, "Restore to a new volume instead."))
    return checks


def _busy(request: RestoreBackup, context: PlanContext) -> list[Check]:
    if request.volume_id is None:
        return []
    subject = RbdSubject(pool="", image="", volume_id=request.volume_id)
    number = task_at_work(subject, context)
    return tasks_check([number] if number is not None else [], "this volume")


async def _total(
    services: Services, backup: Backup, existing: Volume | None
) -> tuple[int | None, list[Check]]:
    """Return the bytes that will be written; a backup whose data is gone is refused."""
    backups = await services.cinder.backups.of_volume(backup.volume_id or "")
    broken = _broken(backup, backups)
    try:
        place = await kept(services, backup, backups)
        used = await used_at(place) if place is not None else None
    except RbdImageNotFound as error:
        return None, [*broken, refused(error.message, error.way_out)]
    except ClusterError as error:
        text = f"Whether the backup's data is all there is not known: {error.message}"
        return None, [*broken, warned(text, error.way_out)]
    if place is None:
        return None, broken
    checks = [*broken, fine(f"The backup holds {format_bytes(used)} at {place.site}.")]
    if existing is not None or not place.snapshot:
        checks.append(fine("Cinder copies every byte here, holes too."))
        return backup.size, checks
    return used, checks


def _broken(backup: Backup, backups: Sequence[Backup]) -> list[Check]:
    """Warn of an increment without the backup that it builds on, as far as times tell that."""
    if not any(node.is_broken for node in chain_of(backup, backups) if node.backup.id == backup.id):
        return []
    return [
        warned(
            "The backup is an increment, and no good backup that it could build on is there: "
            "Cinder can hardly restore it.",
            "See: dcn-console backup list. Restore an earlier one, or make a full backup.",
        )
    ]


async def _countable(services: Services, site: Site, existing: Volume | None) -> bool:
    """Whether what arrives can be told from what is there: only in an empty RBD image."""
    cluster = services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return False
    if existing is None:
        return True
    try:
        return await cluster.used_bytes(site.cluster.volumes_pool, image_of(existing.id)) == 0
    except ClusterError:
        return False


def _steps(parameters: Parameters, site: Site) -> tuple[PlannedStep, ...]:
    if parameters.volume_id is None:
        ask = f"ask Cinder for a volume “{parameters.name}” of the backup in zone {parameters.zone}"
        undo = "the new volume can be deleted"
    else:
        ask, undo = f"ask Cinder to write the backup over “{parameters.name}”", ""
    looks = {
        ContentCheck.METADATA: "zone and size are right",
        ContentCheck.SAMPLED: f"zone and size are right, and {parameters.percent:g} % of the data",
        ContentCheck.FULL: "zone, size and all the data are right",
    }
    steps = (
        PlannedStep(name=ASK_STEP, text=ask, site=site.name, undo=undo),
        PlannedStep(name=WATCH_STEP, text=f"watch the bytes arrive at {site.name}", site=site.name),
        PlannedStep(
            name=VERIFY_STEP,
            text=f"see that {looks[parameters.check]}; boot flag and image metadata as before",
            site=site.name,
        ),
    )
    more = server_steps(parameters.server, site) if parameters.server is not None else ()
    return (*steps, *more)


def _and_server(server: NewServer | None) -> str:
    return f", server {printable(server.name, 60)} of it" if server is not None else ""


def _commands(parameters: Parameters) -> tuple[str, ...]:
    server = parameters.server
    if server is None:
        return (_command(parameters),)
    known = server.volume_id or "NEW_VOLUME_ID"
    return (_command(parameters), command(replace(server, volume_id=known)))


def _command(parameters: Parameters) -> str:
    if parameters.volume_id is not None:
        words = ["openstack", "volume", "backup", "restore", "--force"]
        return shlex.join([*words, parameters.backup_id, parameters.volume_id])
    words = ["cinder", "--os-volume-api-version", FROM_BACKUP, "create"]
    words += ["--backup-id", parameters.backup_id, "--availability-zone", parameters.zone]
    return shlex.join([*words, "--name", parameters.name])
