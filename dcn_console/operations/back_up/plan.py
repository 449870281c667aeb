"""The plan of a backup: full or incremental, whether it can work, what goes afterwards."""

import shlex
from datetime import datetime

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.backup_chains import GOOD, BackupNode, to_drop
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.requests import RbdSubject
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import BackUpVolumes
from dcn_console.model.text import count, format_age, format_bytes, printable
from dcn_console.operations.back_up.names import (
    ASK_STEP,
    DROP_STEP,
    NAME,
    VERIFY_STEP,
    WATCH_STEP,
)
from dcn_console.operations.back_up.scene import (
    Base,
    Scene,
    base_of,
    bytes_to_move,
    look_at_scene,
    pool_for,
    room_at_hub,
)
from dcn_console.operations.backups.checks import (
    BACKUP_SERVICE,
    TO_ANOTHER_ZONE,
    WITH_METADATA,
    backup_quota_checks,
    service_checks,
    tasks_check,
    version_checks,
)
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_subject import STEADY, fine, refused, task_at_work, warned
from dcn_console.operations.volumes.scene import see_or_mend


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup needs to know.

    ``incremental`` is what is made, ``wanted_incremental`` what was asked for. ``chain`` is the
    full backup that it builds on, and ``since`` the snapshot of the backup before it. ``total`` are
    the bytes to come, None when not known. ``drop`` are the ids of the older backups that
    may go afterwards, so that ``keep`` stay. ``pool`` is where it will go, "" when not known,
    and ``home`` the volume's site, "" for none.
    """

    volume_id: str
    label: str
    name: str
    zone: str = ""
    incremental: bool = False
    wanted_incremental: bool = False
    snapshot_id: str | None = None
    chain: str = ""
    since: str = ""
    pool: str = ""
    home: str = ""
    total: int | None = None
    keep: int | None = None
    drop: tuple[str, ...] = ()


async def plan_backup(
    services: Services, request: BackUpVolumes, volume_id: str, context: PlanContext
) -> Plan:
    """Plan to back up one volume of ``request`` to the hub.

    Reads only. Raises ObjectNotFound for a volume or snapshot that is not there, UsageError
    without a hub or for a number to keep below one.
    """
    if request.keep is not None and request.keep < 1:
        raise UsageError(
            "At least one backup has to be kept.", way_out="Keep more.", option="--keep 1"
        )
    scene = await look_at_scene(services, volume_id, request.snapshot_id)
    label = printable(scene.volume.label, 60)
    zone = scene.hub.availability_zone or ""
    checks = [*_state_checks(scene), *_busy(scene, context)]
    if zone:
        doing = "nothing can be backed up"
        checks += await service_checks(services, BACKUP_SERVICE, zone, doing)
        checks += await version_checks(services, TO_ANOTHER_ZONE, "a backup to the hub's zone")
    else:
        checks.append(warned(f"{scene.hub.name} has no availability zone: Cinder chooses one."))
        checks += await version_checks(services, WITH_METADATA, "a backup that carries our mark")
    checks += await backup_quota_checks(services, scene.volume.size)
    base: Base | None = None
    if request.incremental and scene.snapshot is None:
        base, found = await base_of(services, scene)
        checks += found
    checks += _snapshot_checks(scene, wanted_incremental=request.incremental)
    total, found = await bytes_to_move(services, scene, base)
    checks += found
    pool = await pool_for(services, scene.backups)
    checks += await room_at_hub(services, scene.hub, pool, total)
    dropped = _dropped(scene, request.keep, incremental=base is not None, now=context.now)
    checks += _drop_checks(dropped, request.keep, context.now)
    parameters = Parameters(
        volume_id=volume_id,
        label=label,
        name=printable(request.name, 255) or f"{label} {context.now:%Y-%m-%d %H:%M}",
        zone=zone,
        incremental=base is not None,
        wanted_incremental=request.incremental,
        snapshot_id=request.snapshot_id,
        chain=base.chain if base is not None else "",
        since=base.snapshot if base is not None else "",
        pool=pool,
        home=scene.site.name if scene.site is not None else "",
        total=total,
        keep=request.keep,
        drop=tuple(node.backup.id for node in dropped),
    )
    rate = context.rate_to(scene.hub.name)
    return Plan(
        operation=NAME,
        title=f"back up {label} → {scene.hub.name}",
        objects=(ObjectReference(kind="volume", id=volume_id, name=label),),
        targets=(scene.hub.name,),
        checks=tuple(checks),
        steps=_steps(scene, parameters),
        commands=_commands(scene, parameters, dropped),
        bytes_to_move=total,
        estimate_seconds=total / rate if rate and total is not None else None,
        estimate_basis="by the last transfers there" if rate and total is not None else "",
        parameters=msgspec.to_builtins(parameters),
        irreversible=_irreversible(dropped),
        made_at=context.now,
    )


def _state_checks(scene: Scene) -> list[Check]:
    volume, snapshot = scene.volume, scene.snapshot
    name = f"“{printable(volume.label, 60)}”"
    checks = []
    if scene.site is None:
        zone = printable(volume.availability_zone or "none", 60)
        checks.append(warned(f"{name} is in zone {zone}, which is no site's."))
    if snapshot is not None:
        if snapshot.volume_id != volume.id:
            checks.append(refused(f"The snapshot is not one of volume {name}."))
        elif snapshot.status != "available":
            checks.append(refused(f"The snapshot is {snapshot.status}, not available."))
    elif volume.status not in STEADY:
        checks.append(
            refused(
                f"{name} is {volume.status}; only a volume that is available or in use can be "
                "backed up.",
                see_or_mend(volume),
            )
        )
    elif volume.status == "in-use":
        checks.append(
            fine(
                f"{name} is in use: the backup holds it as after a power cut. Stop the server "
                "first where that is not enough."
            )
        )
    if volume.encrypted:
        text = f"{name} is encrypted: a restored volume needs the same key from the key manager."
        checks.append(warned(text))
    return checks


def _busy(scene: Scene, context: PlanContext) -> list[Check]:
    subject = RbdSubject(pool="", image="", volume_id=scene.volume.id)
    number = task_at_work(subject, context)
    return tasks_check([number] if number is not None else [], "this volume")


def _snapshot_checks(scene: Scene, *, wanted_incremental: bool) -> list[Check]:
    """Tell what the Ceph driver does with snapshots (cinder/backup/drivers/ceph.py)."""
    if scene.snapshot is None:
        return []
    checks = []
    others = [one for one in scene.backups if one.snapshot_id is not None]
    if others:
        text = (
            f"There is a backup of a snapshot of this volume already (“{others[0].label}”), and "
            "Cinder's Ceph driver can keep only one: a second fails."
        )
        way_out = "Back up the volume itself, or delete that backup first."
        checks.append(refused(text, way_out))
    size = format_bytes(scene.volume.size)
    text = f"A backup of a snapshot is always a full one and moves every byte, {size}."
    checks.append(warned(text) if wanted_incremental else fine(text))
    return checks


def _dropped(
    scene: Scene, keep: int | None, *, incremental: bool, now: datetime
) -> tuple[BackupNode, ...]:
    """Return what goes once the new backup is there and good."""
    if keep is None:
        return ()
    snapshot = scene.snapshot
    new = Backup(
        id="",
        status=GOOD,
        volume_id=scene.volume.id,
        project_id=scene.backups[0].project_id if scene.backups else None,
        snapshot_id=snapshot.id if snapshot is not None else None,
        incremental=incremental,
        data_at=snapshot.created_at if snapshot is not None else now,
    )
    return tuple(node for node in to_drop([*scene.backups, new], keep) if node.backup.id)


def _drop_checks(dropped: tuple[BackupNode, ...], keep: int | None, now: datetime) -> list[Check]:
    if keep is None:
        return []
    if not dropped:
        return [fine(f"No older backup goes: {keep} are to stay, and chains go only whole.")]
    names = ", ".join(
        f"“{printable(node.backup.label, 40)}” ({format_age(node.backup.created_at, now)} old)"
        for node in dropped
    )
    backups = count(len(dropped), "older backup")
    return [warned(f"{backups} will be deleted once the new one is verified: {names}.")]


def _irreversible(dropped: tuple[BackupNode, ...]) -> str:
    return f"{count(len(dropped), 'older backup')} will be gone for good" if dropped else ""


def _steps(scene: Scene, parameters: Parameters) -> tuple[PlannedStep, ...]:
    hub = scene.hub.name
    kind = "an incremental" if parameters.incremental else "a full"
    of = "snapshot" if parameters.snapshot_id else "volume"
    steps = (
        PlannedStep(
            name=ASK_STEP,
            text=f"ask Cinder for {kind} backup of the {of}",
            site=hub,
            undo="the new backup can be deleted",
        ),
        PlannedStep(
            name=WATCH_STEP, text=f"watch its bytes arrive in its RBD image at {hub}", site=hub
        ),
        PlannedStep(
            name=VERIFY_STEP,
            text="see that it is what was asked for, and compare some of its data with the volume",
            site=hub,
        ),
    )
    if not parameters.drop:
        return steps
    text = f"delete {count(len(parameters.drop), 'older backup')}, newest first"
    return (*steps, PlannedStep(name=DROP_STEP, text=text, site=hub))


def _commands(
    scene: Scene, parameters: Parameters, dropped: tuple[BackupNode, ...]
) -> tuple[str, ...]:
    words = ["cinder", "--os-volume-api-version", TO_ANOTHER_ZONE, "backup-create"]
    words += ["--name", parameters.name]
    if parameters.zone:
        words += ["--availability-zone", parameters.zone]
    if parameters.incremental:
        words.append("--incremental")
    if scene.volume.status == "in-use":
        words.append("--force")
    if parameters.snapshot_id:
        words += ["--snapshot-id", parameters.snapshot_id]
    words.append(parameters.volume_id)
    deletions = (f"openstack volume backup delete {node.backup.id}" for node in dropped)
    return (shlex.join(words), *deletions)
