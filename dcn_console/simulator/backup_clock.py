"""How backups get in time where they were sent: scheduler, cinder-backup and its Ceph driver.

Sources: cinder/scheduler/manager.py, cinder/backup/manager.py and drivers/ceph.py.
"""

from msgspec.structs import replace

from dcn_console.simulator.backup_services import backup_site, is_backing_up
from dcn_console.simulator.block_records import (
    BackupRecord,
    TransferKind,
    TransferRecord,
)
from dcn_console.simulator.faults import take_backup_failure
from dcn_console.simulator.messages import (
    BACKUP_BROKEN,
    BACKUP_FORCED_FULL,
    BACKUP_UNSCHEDULED,
    tell,
)
from dcn_console.simulator.mirror_records import SnapshotRecord
from dcn_console.simulator.rbd_content import holding, seen_data, snapshot_data
from dcn_console.simulator.rbd_data import EMPTY, OBJECT, Data, differing
from dcn_console.simulator.records import GIB, RbdRecord, SimulatedSite, VolumeRecord
from dcn_console.simulator.volume_clock import is_served, snapshot_name, take_snapshot
from dcn_console.simulator.volumes import rbd_name
from dcn_console.simulator.world import World

NO_SERVICE = "Service not found for creating backup."
NO_KEYRING = "[errno 13] RADOS permission denied (error connecting to the cluster)"
NO_POINT = (
    "RBD diff op failed - (ret=74 stderr=b'rbd: failed to decode tag\\n\\rImporting image diff: "
    "0% complete...failed.\\nrbd: import-diff failed: (74) Bad message\\n')"
)
"""The snapshot that an increment is counted from is gone at the source."""
EXISTS = "[errno 17] RBD image already exists (error creating image)"
_START_SECONDS = 1.0


def advance_backups(world: World) -> None:
    """Do what is due at ``world.now``: schedule new backups, remove those being deleted."""
    for backup in world.block.changing_backups():
        if (backup.due_at or 0.0) > world.now:
            continue
        if backup.status == "deleting":
            if is_backing_up(world, world.deployment.hub):
                _delete(world, backup)
        else:
            _schedule(world, backup)


def _schedule(world: World, backup: BackupRecord) -> None:
    """Find a cinder-backup in the zone asked for, or in the volume's; then let it begin."""
    volume = world.volumes.get(backup.volume_id)
    site = world.deployment.site(volume.site) if volume else None
    if volume is None or site is None:
        fail_backup(world, backup, f"Volume {backup.volume_id} could not be found.")
        return
    service = backup_site(world, backup.availability_zone or site.availability_zone)
    if service is None:
        fail_backup(world, backup, NO_SERVICE)
        tell(world, BACKUP_UNSCHEDULED, backup.project_id, backup.id)
        return
    found = replace(
        backup, site=service.name, availability_zone=service.availability_zone, due_at=None
    )
    world.block.put_backup(found)
    if not is_backing_up(world, service):
        return
    reason, world.faults = take_backup_failure(world.faults)
    if reason:
        fail_backup(world, found, reason)
    elif site.name in world.faults.keyrings_missing:
        fail_backup(
            world, replace(found, container=found.container or service.backups_pool), NO_KEYRING
        )
        tell(world, BACKUP_BROKEN, found.project_id, found.id)
    elif not is_served(world, site):
        world.block.put_backup(replace(found, due_at=backup.due_at))
    else:
        _begin(world, service, site, volume, found)


def _begin(
    world: World,
    service: SimulatedSite,
    site: SimulatedSite,
    volume: VolumeRecord,
    backup: BackupRecord,
) -> None:
    """Make the RBD image and the snapshots that the transfer needs, and start it."""
    pool = backup.container or service.backups_pool
    if pool not in dict(world.pools(service)):
        fail_backup(world, backup, f"[errno 2] error opening pool '{pool}'")
        return
    if backup.snapshot_id is not None:
        _begin_of_snapshot(world, service, site, volume, replace(backup, container=pool))
        return
    source = world.record(site.name, site.volumes_pool, rbd_name(volume))
    parent = world.block.backups.get(backup.parent_id or "")
    if parent is not None and _is_at_limit(world, source):
        parent = None
        backup = replace(backup, parent_id=None)
        tell(world, BACKUP_FORCED_FULL, backup.project_id, backup.id)
    base = parent.base if parent else f"volume-{volume.id}.backup.{backup.id}"
    point = f"backup.{backup.id}.snap.{world.now:.2f}"
    started = replace(
        backup,
        container=pool,
        base=base,
        point=point,
        volume_name=volume.name,
        volume_metadata=volume.metadata,
        image_metadata=volume.image_metadata,
        updated_at=world.now,
    )
    if source is None:
        fail_backup(world, backup, "[errno 2] RBD image not found (error opening image)")
        return
    data = seen_data(world, site.name, rbd_name(volume), source)
    numbers = data.held()
    before = 0
    if parent is not None:
        known = next((item for item in source.snapshots if item.name == parent.point), None)
        there = world.record(service.name, pool, base)
        if known is None or there is None:
            fail_backup(world, replace(backup, container=pool), NO_POINT)
            return
        numbers, before = differing(data, known.data), there.used
    else:
        world.put_rbd(service, pool, base, _new_base(volume.size * GIB, world.now))
    take_snapshot(world, site, rbd_name(volume), point, protected=False)
    _start(world, service, site, started, data, len(numbers) * OBJECT, before)


def _begin_of_snapshot(
    world: World,
    service: SimulatedSite,
    site: SimulatedSite,
    volume: VolumeRecord,
    backup: BackupRecord,
) -> None:
    """Copy every byte of a snapshot into an RBD image of its own, of which there can be one."""
    pool, base = backup.container or service.backups_pool, f"volume-{volume.id}.backup.base"
    if world.record(service.name, pool, base) is not None:
        fail_backup(world, backup, EXISTS)
        return
    source = world.record(site.name, site.volumes_pool, rbd_name(volume))
    held = next(
        (item for item in source.snapshots if item.name == snapshot_name(backup.snapshot_id or ""))
        if source
        else iter(()),
        None,
    )
    data = EMPTY
    if source is not None and held is not None:
        data = snapshot_data(world, site, rbd_name(volume), source, held.id) or EMPTY
    world.put_rbd(service, pool, base, _new_base(volume.size * GIB, world.now))
    started = replace(
        backup,
        base=base,
        volume_name=volume.name,
        volume_metadata=volume.metadata,
        image_metadata=volume.image_metadata,
        updated_at=world.now,
    )
    _start(world, service, site, started, data, volume.size * GIB, 0)


def _start(
    world: World,
    service: SimulatedSite,
    site: SimulatedSite,
    backup: BackupRecord,
    data: Data,
    total: int,
    before: int,
) -> None:
    world.block.put_backup(backup)
    world.block.put_transfer(
        TransferRecord(
            id=backup.id,
            kind=TransferKind.BACKUP,
            source=site.name,
            target=service.name,
            pool=backup.container or service.backups_pool,
            name=backup.base,
            total=total,
            start_at=world.now + _START_SECONDS,
            object_id=backup.volume_id,
            before=before,
            data=data,
            reader=service.name,
        )
    )


def _new_base(size: int, now: float) -> RbdRecord:
    return RbdRecord(
        size=size,
        used=0,
        snap=False,
        snap_protected=False,
        data=EMPTY,
        created_at=now,
        modified_at=now,
    )


def _is_at_limit(world: World, source: RbdRecord | None) -> bool:
    """Whether backup_ceph_max_snapshots forbids another increment."""
    limit = world.deployment.backup_max_snapshots
    points = [item for item in (source.snapshots if source else ()) if ".snap." in item.name]
    return bool(limit) and len(points) >= limit


def finish_backup(world: World, transfer: TransferRecord) -> None:
    """Note that all data of a backup has arrived."""
    backup = world.block.backups.get(transfer.id)
    world.block.drop_transfer(transfer.id)
    site = world.deployment.site(transfer.target)
    if backup is None or site is None:
        return
    record = world.record(site.name, transfer.pool, transfer.name)
    if record is not None:
        full = holding(replace(record, modified_at=world.now), transfer.data)
        if backup.point:
            number = record.last_snapshot_id + 1
            added = SnapshotRecord(
                id=number,
                name=backup.point,
                size=record.size,
                taken_at=world.now,
                data=transfer.data,
            )
            full = replace(full, last_snapshot_id=number, snapshots=(*record.snapshots, added))
        else:
            full = replace(full, used=record.size)
        world.put_rbd(site, transfer.pool, transfer.name, full)
    world.block.put_backup(replace(backup, status="available", updated_at=world.now))
    parent = world.block.backups.get(backup.parent_id or "")
    if parent is not None:
        world.block.put_backup(replace(parent, dependents=parent.dependents + 1))
    _release(world, backup, "backing-up")


def fail_backup(world: World, backup: BackupRecord, reason: str) -> None:
    """End a backup in error, and let its volume or snapshot be as before."""
    world.block.drop_transfer(backup.id)
    world.block.put_backup(
        replace(backup, status="error", fail_reason=reason, updated_at=world.now, due_at=None)
    )
    _release(world, backup, "error_backing-up")


def _release(world: World, backup: BackupRecord, previous: str) -> None:
    snapshot = world.block.snapshots.get(backup.snapshot_id or "")
    if snapshot is not None:
        world.block.put_snapshot(replace(snapshot, status="available", updated_at=world.now))
    volume = world.volumes.get(backup.volume_id)
    if backup.snapshot_id is None and volume is not None and volume.status == "backing-up":
        status = volume.previous_status or "available"
        world.put_volume(
            replace(volume, status=status, previous_status=previous, updated_at=world.now)
        )


def _delete(world: World, backup: BackupRecord) -> None:
    """Remove a backup; its RBD image goes with the last one in it, the source keeps its point."""
    site = world.deployment.site(backup.site)
    pool = backup.container or ""
    record = world.record(backup.site, pool, backup.base) if site else None
    if site is not None and record is not None:
        kept = tuple(item for item in record.snapshots if item.name != backup.point)
        others = (item.base for item in world.block.backups_of(backup.volume_id) if item != backup)
        if kept or backup.base in others:
            world.put_rbd(site, pool, backup.base, replace(record, snapshots=kept))
        else:
            world.drop_rbd(site, pool, backup.base)
    parent = world.block.backups.get(backup.parent_id or "")
    if parent is not None and parent.dependents:
        world.block.put_backup(replace(parent, dependents=parent.dependents - 1))
    world.block.drop_backup(backup)
