"""Asking for backups and for their end: what Cinder checks first (cinder/backup/api.py)."""

from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.backup_services import backup_site
from dcn_console.simulator.block_records import BackupRecord, VolumeSnapshotRecord
from dcn_console.simulator.quotas import reserve_backup
from dcn_console.simulator.records import VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.restores import visible_backup
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volumes import check_name, visible_volume
from dcn_console.simulator.world import World

SCHEDULE_SECONDS = 0.6
"""From the request until the scheduler has found a service, or none."""
DELETE_SECONDS = 1.0
METADATA_MINOR = 43
ZONE_MINOR = 51


def create_backup(world: World, who: Identity, body: Any, minor: int) -> BackupRecord:
    """Begin a backup of a volume or a snapshot; raise Refusal 400, 404 or 413."""
    asked = body.get("backup") if isinstance(body, dict) else None
    if not isinstance(asked, dict) or not asked.get("volume_id"):
        raise Refusal(
            400,
            "Invalid input for field/attribute backup. 'volume_id' is a required property",
        )
    check_name(asked.get("name"))
    _refuse_unknown(asked, minor)
    volume = visible_volume(world, who, str(asked["volume_id"]))
    snapshot = _snapshot(world, who, volume, asked.get("snapshot_id"))
    if snapshot is None:
        _check_volume(volume, is_forced=_is_true(asked.get("force")))
    reserve_backup(world, who.project_id, volume.size)
    parent = None
    if _is_true(asked.get("incremental")):
        parent = _parent(world, who, volume, snapshot)
    backup = BackupRecord(
        id=world.new_identifier("backup"),
        volume_id=volume.id,
        project_id=who.project_id,
        user_id=who.user.id,
        size=volume.size,
        created_at=world.now,
        updated_at=world.now,
        data_at=snapshot.created_at if snapshot else world.now,
        name=asked.get("name"),
        description=asked.get("description"),
        status="creating",
        availability_zone=asked.get("availability_zone"),
        container=asked.get("container"),
        parent_id=parent.id if parent else None,
        snapshot_id=snapshot.id if snapshot else None,
        metadata={str(key): str(text) for key, text in (asked.get("metadata") or {}).items()},
        due_at=world.now + SCHEDULE_SECONDS,
    )
    if snapshot is not None:
        world.block.put_snapshot(replace(snapshot, status="backing-up", updated_at=world.now))
    else:
        world.put_volume(
            replace(
                volume,
                status="backing-up",
                previous_status=volume.status,
                updated_at=world.now,
            )
        )
    world.block.put_backup(backup)
    return backup


def _is_true(asked: object) -> bool:
    return str(asked).lower() in ("true", "1", "yes", "on", "t", "y")


def _refuse_unknown(asked: dict[str, Any], minor: int) -> None:
    newer = {"metadata": METADATA_MINOR, "availability_zone": ZONE_MINOR}
    for key, needed in newer.items():
        if key in asked and minor < needed:
            raise Refusal(
                400,
                "Invalid input for field/attribute backup. Additional properties are not "
                f"allowed ('{key}' was unexpected)",
            )


def _snapshot(
    world: World, who: Identity, volume: VolumeRecord, identifier: object
) -> VolumeSnapshotRecord | None:
    if not identifier:
        return None
    snapshot = world.block.snapshots.get(str(identifier))
    if snapshot is None or not (who.is_admin or snapshot.project_id == who.project_id):
        raise Refusal(404, f"Snapshot {identifier} could not be found.")
    if snapshot.volume_id != volume.id:
        raise Refusal(
            400,
            f"Invalid volume: Volume {volume.id} does not match with snapshot.volume_id "
            f"{snapshot.volume_id}.",
        )
    if snapshot.status != "available":
        raise Refusal(
            400,
            "Invalid snapshot: Snapshot to be backed up must be available, but the current "
            f'status is "{snapshot.status}".',
        )
    return snapshot


def _check_volume(volume: VolumeRecord, *, is_forced: bool) -> None:
    if volume.status not in ("available", "in-use"):
        raise Refusal(
            400,
            "Invalid volume: Volume to be backed up must be available or in-use, but the "
            f'current status is "{volume.status}".',
        )
    if volume.status == "in-use" and not is_forced:
        raise Refusal(400, "Invalid volume: Backing up an in-use volume must use the force flag.")


def _parent(
    world: World, who: Identity, volume: VolumeRecord, snapshot: VolumeSnapshotRecord | None
) -> BackupRecord:
    """The newest backup that an increment builds on, whatever its status; raise Refusal 400."""
    known = [
        item for item in world.block.backups_of(volume.id) if item.project_id == who.project_id
    ]
    if not known:
        raise Refusal(400, "Invalid backup: No backups available to do an incremental backup.")
    latest = max(
        known,
        key=lambda item: (
            item.data_at if snapshot is None or item.data_at < snapshot.created_at else 0.0
        ),
    )
    if latest.status != "available":
        raise Refusal(
            400,
            "Invalid backup: The parent backup must be available for incremental backup.",
        )
    return latest


def delete_backup(world: World, who: Identity, backup_id: str) -> None:
    """Begin to delete a backup; raise Refusal 400 or 404.

    One that was asked for in a zone without a service can never be deleted: 404.
    """
    backup = visible_backup(world, who, backup_id)
    if backup.status not in ("available", "error"):
        raise Refusal(400, "Invalid backup: Backup status must be available or error")
    if any(item.parent_id == backup.id for item in world.block.backups_of(backup.volume_id)):
        raise Refusal(400, "Invalid backup: Incremental backups exist for this backup.")
    if backup_site(world, backup.availability_zone) is None:
        raise Refusal(404, "Service cinder-backup could not be found.")
    world.block.put_backup(
        replace(backup, status="deleting", updated_at=world.now, due_at=world.now + DELETE_SECONDS)
    )


def change_backup(
    world: World, who: Identity, backup_id: str, body: Any, minor: int
) -> BackupRecord:
    """Change a backup's name, description or metadata; raise Refusal 400, 404."""
    backup = visible_backup(world, who, backup_id)
    asked = body.get("backup") if isinstance(body, dict) else None
    if not isinstance(asked, dict) or not asked:
        raise Refusal(400, "Invalid input for field/attribute backup.")
    check_name(asked.get("name"))
    _refuse_unknown({key: asked[key] for key in asked if key == "metadata"}, minor)
    changes: dict[str, Any] = {key: asked[key] for key in ("name", "description") if key in asked}
    if "metadata" in asked:
        changes["metadata"] = {str(key): str(text) for key, text in asked["metadata"].items()}
    changed: BackupRecord = replace(backup, updated_at=world.now, **changes)
    world.block.put_backup(changed)
    return changed
