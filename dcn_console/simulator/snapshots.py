"""Creating and deleting snapshots of volumes (cinder/volume/api.py)."""

from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.block_records import VolumeSnapshotRecord
from dcn_console.simulator.quotas import reserve_snapshot
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volumes import check_name, visible_volume
from dcn_console.simulator.world import World

CREATE_SECONDS = 0.6
DELETE_SECONDS = 0.6
_NO_FORCE_MINOR = 66
"""From here on the in-use need no force, and force=false is refused."""


def visible_snapshot(world: World, who: Identity, snapshot_id: str) -> VolumeSnapshotRecord:
    """Return a snapshot that the user may see; raise Refusal 404."""
    snapshot = world.block.snapshots.get(snapshot_id)
    if snapshot is None or not (who.is_admin or snapshot.project_id == who.project_id):
        raise Refusal(404, f"Snapshot {snapshot_id} could not be found.")
    return snapshot


def create_snapshot(world: World, who: Identity, body: Any, minor: int) -> VolumeSnapshotRecord:
    """Begin to take a snapshot; raise Refusal 400, 404 or 413."""
    asked = body.get("snapshot") if isinstance(body, dict) else None
    if not isinstance(asked, dict) or not asked.get("volume_id"):
        raise Refusal(
            400,
            "Invalid input for field/attribute snapshot. 'volume_id' is a required property",
        )
    check_name(asked.get("name"))
    is_forced = str(asked.get("force", "false")).lower() in ("true", "1", "yes", "on")
    if minor >= _NO_FORCE_MINOR and "force" in asked and not is_forced:
        raise Refusal(
            400,
            "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward "
            "compatability, however, when the 'force' flag is passed with a value evaluating to "
            "True, it is silently ignored.",
        )
    volume = visible_volume(world, who, str(asked["volume_id"]))
    may_be_used = is_forced or minor >= _NO_FORCE_MINOR
    allowed = ("available", "in-use") if may_be_used else ("available",)
    if volume.status not in allowed:
        raise Refusal(
            400,
            f"Invalid volume: Volume {volume.id} status must be {', '.join(allowed)}, but "
            f"current status is: {volume.status}.",
        )
    reserve_snapshot(world, who.project_id, volume.size)
    snapshot = VolumeSnapshotRecord(
        id=world.new_identifier("snapshot"),
        volume_id=volume.id,
        project_id=who.project_id,
        user_id=who.user.id,
        size=volume.size,
        name=asked.get("name"),
        description=asked.get("description"),
        status="creating",
        metadata={str(key): str(text) for key, text in (asked.get("metadata") or {}).items()},
        created_at=world.now,
        updated_at=world.now,
        due_at=world.now + CREATE_SECONDS,
    )
    world.block.put_snapshot(snapshot)
    return snapshot


def delete_snapshot(world: World, who: Identity, snapshot_id: str) -> None:
    """Begin to delete a snapshot; raise Refusal 400 or 404."""
    snapshot = visible_snapshot(world, who, snapshot_id)
    if snapshot.status not in ("available", "error"):
        raise Refusal(
            400,
            "Invalid snapshot: Snapshot status must be available or error and must not be part "
            "of a group.",
        )
    world.block.put_snapshot(
        replace(
            snapshot,
            status="deleting",
            updated_at=world.now,
            due_at=world.now + DELETE_SECONDS,
        )
    )


def change_snapshot(
    world: World, who: Identity, snapshot_id: str, body: Any
) -> VolumeSnapshotRecord:
    """Change a snapshot's name or description; raise Refusal 400 or 404."""
    snapshot = visible_snapshot(world, who, snapshot_id)
    asked = body.get("snapshot") if isinstance(body, dict) else None
    if not isinstance(asked, dict) or not asked:
        raise Refusal(400, "Invalid input for field/attribute snapshot.")
    check_name(asked.get("name"))
    changes: dict[str, Any] = {key: asked[key] for key in ("name", "description") if key in asked}
    changed: VolumeSnapshotRecord = replace(snapshot, updated_at=world.now, **changes)
    world.block.put_snapshot(changed)
    return changed
