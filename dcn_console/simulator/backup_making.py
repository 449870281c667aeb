"""Backups that were made before: for scenarios and tests."""

from collections.abc import Iterable

from msgspec.structs import replace

from dcn_console.simulator.block_records import BackupRecord
from dcn_console.simulator.mirror_records import SnapshotRecord
from dcn_console.simulator.rbd_content import holding
from dcn_console.simulator.rbd_data import EMPTY, Data
from dcn_console.simulator.records import GIB, RbdRecord, SimulatedSite, VolumeRecord


def made_backup(
    identifier: str,
    service: SimulatedSite,
    volume: VolumeRecord,
    at: float,
    parent: BackupRecord | None = None,
) -> BackupRecord:
    """Return an available backup of a volume, taken at ``at``; with ``parent`` an increment."""
    base = parent.base if parent else f"volume-{volume.id}.backup.{identifier}"
    return BackupRecord(
        id=identifier,
        volume_id=volume.id,
        project_id=volume.project_id,
        user_id=volume.user_id,
        size=volume.size,
        created_at=at,
        updated_at=at + 60.0,
        data_at=at,
        availability_zone=service.availability_zone,
        site=service.name,
        container=service.backups_pool,
        parent_id=parent.id if parent else None,
        volume_name=volume.name,
        volume_metadata=volume.metadata,
        image_metadata=volume.image_metadata,
        base=base,
        point=f"backup.{identifier}.snap.{at:.2f}",
    )


def with_point(record: RbdRecord, backup: BackupRecord, data: Data) -> RbdRecord:
    """Return an RBD image with a backup's snapshot, whose content is ``data``."""
    number = record.last_snapshot_id + 1
    point = SnapshotRecord(
        id=number, name=backup.point, size=record.size, taken_at=backup.created_at, data=data
    )
    return replace(record, last_snapshot_id=number, snapshots=(*record.snapshots, point))


def base_of(backups: Iterable[BackupRecord], data: Data) -> RbdRecord | None:
    """Return the RBD image that a chain of backups lies in, all with the same ``data``."""
    record: RbdRecord | None = None
    for backup in backups:
        if record is None:
            bare = RbdRecord(
                size=backup.size * GIB,
                used=0,
                snap=False,
                snap_protected=False,
                data=EMPTY,
                created_at=backup.created_at,
                modified_at=backup.updated_at,
            )
            record = holding(bare, data)
        record = with_point(record, backup, data)
    return record
