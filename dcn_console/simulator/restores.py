"""Restoring backups: what Cinder checks, what the Ceph driver copies, and how it ends.

Sources: cinder/backup/api.py, manager.py, driver.py (metadata) and drivers/ceph.py.
"""

from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.backup_services import backup_site
from dcn_console.simulator.block_records import BackupRecord, TransferKind, TransferRecord
from dcn_console.simulator.messages import RESTORE_UNATTACHED, tell
from dcn_console.simulator.mirror_records import SnapshotRecord
from dcn_console.simulator.rbd_content import holding
from dcn_console.simulator.rbd_data import EMPTY, OBJECT, Data
from dcn_console.simulator.records import GIB, RbdRecord, SimulatedSite, VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

START_SECONDS = 1.0
"""From the request until the first byte moves."""


def request_restore(world: World, who: Identity, backup_id: str, body: Any) -> VolumeRecord:
    """Begin to restore a backup to a volume that is there; raise Refusal 400 or 404."""
    asked = body.get("restore") if isinstance(body, dict) else None
    if not isinstance(asked, dict) or not asked.get("volume_id"):
        raise Refusal(400, "Invalid input for field/attribute restore: volume_id is needed here.")
    backup = visible_backup(world, who, backup_id)
    if backup.status != "available":
        raise Refusal(400, "Invalid backup: Backup status must be available")
    volume = world.volumes.get(str(asked["volume_id"]))
    if volume is None or not (who.is_admin or volume.project_id == who.project_id):
        raise Refusal(404, f"Volume {asked['volume_id']} could not be found.")
    if volume.status != "available":
        raise Refusal(400, "Invalid volume: Volume to be restored to must be available")
    if backup.size > volume.size:
        raise Refusal(
            400,
            f"Invalid volume: volume size {volume.size} is too small to restore backup of size "
            f"{backup.size}.",
        )
    world.put_volume(replace(volume, status="restoring-backup", updated_at=world.now))
    begin_restore(world, backup, world.volumes[volume.id])
    return world.volumes[volume.id]


def visible_backup(world: World, who: Identity, backup_id: str) -> BackupRecord:
    """Return a backup that the user may see; raise Refusal 404."""
    backup = world.block.backups.get(backup_id)
    if backup is None or not (who.is_admin or backup.project_id == who.project_id):
        raise Refusal(404, f"Backup {backup_id} could not be found.")
    return backup


def begin_restore(world: World, backup: BackupRecord, volume: VolumeRecord) -> None:
    """Send a backup's data to a volume whose RBD image is there; raise Refusal 404.

    Into an empty RBD image only what the backup holds is written (export-diff); over anything
    else, and from a backup of a Cinder snapshot, every byte is.
    """
    service = backup_site(world, backup.availability_zone)
    site = world.deployment.site(volume.site)
    if service is None or site is None:
        raise Refusal(404, "Service cinder-backup could not be found.")
    name = f"volume-{volume.id}"
    there = world.record(site.name, site.volumes_pool, name)
    data = stored_data(world, service, backup)
    is_differential = (
        bool(backup.point) and volume.id != backup.volume_id and (there is None or not there.used)
    )
    total = len(data.held()) * OBJECT if is_differential else backup.size * GIB
    world.block.put_backup(
        replace(backup, status="restoring", restored_to=volume.id, updated_at=world.now)
    )
    world.block.put_transfer(
        TransferRecord(
            id=backup.id,
            kind=TransferKind.RESTORE,
            source=service.name,
            target=site.name,
            pool=site.volumes_pool,
            name=name,
            total=total,
            start_at=world.now + START_SECONDS,
            object_id=volume.id,
            before=there.used if there is not None else 0,
            data=data,
            reader=service.name,
        )
    )


def stored_data(world: World, service: SimulatedSite, backup: BackupRecord) -> Data:
    """What a backup holds."""
    base = world.record(service.name, service.backups_pool, backup.base)
    if base is None:
        return EMPTY
    points = (item.data for item in base.snapshots if item.name == backup.point)
    return next(points, base.data or EMPTY)


def finish_restore(world: World, transfer: TransferRecord) -> None:
    """Let the volume hold what the backup does, metadata included."""
    backup = world.block.backups.get(transfer.id)
    volume = world.volumes.get(transfer.object_id)
    site = world.deployment.site(transfer.target)
    world.block.drop_transfer(transfer.id)
    if backup is None:
        return
    world.block.put_backup(
        replace(backup, status="available", restored_to="", updated_at=world.now)
    )
    if volume is None or site is None:
        return
    if site.name in world.faults.keyrings_missing:
        _fail(world, backup, volume)
        return
    record = world.record(site.name, transfer.pool, transfer.name)
    if record is not None:
        world.put_rbd(site, transfer.pool, transfer.name, _filled(record, transfer, backup, world))
    world.put_volume(_described(replace(volume, status="available"), backup, world.now))


def _filled(
    record: RbdRecord, transfer: TransferRecord, backup: BackupRecord, world: World
) -> RbdRecord:
    full = holding(replace(record, parent=None, modified_at=world.now), transfer.data)
    if transfer.total == backup.size * GIB:
        return replace(full, used=max(full.used, min(record.size, transfer.total)))
    number = record.last_snapshot_id + 1
    point = SnapshotRecord(
        id=number,
        name=backup.point,
        size=backup.size * GIB,
        taken_at=world.now,
        data=transfer.data,
    )
    return replace(full, last_snapshot_id=number, snapshots=(*record.snapshots, point))


def _described(volume: VolumeRecord, backup: BackupRecord, now: float) -> VolumeRecord:
    """The volume with the metadata that the driver kept beside the backup, where there was any."""
    metadata = backup.volume_metadata or volume.metadata
    known = volume.metadata.get("src_backup_id")
    if backup.volume_id != volume.id or (known and known != backup.id):
        metadata = {**metadata, "src_backup_id": backup.id}
    name = volume.name
    if not name or name.startswith("restore_backup_"):
        name = backup.volume_name or name
    changed = replace(volume, name=name, metadata=metadata, updated_at=now)
    if backup.image_metadata:
        changed = replace(changed, image_metadata=backup.image_metadata, bootable=True)
    return changed


def _fail(world: World, backup: BackupRecord, volume: VolumeRecord) -> None:
    world.put_volume(replace(volume, status="error_restoring", updated_at=world.now))
    tell(world, RESTORE_UNATTACHED, backup.project_id, backup.id)
