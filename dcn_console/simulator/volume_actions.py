"""What is done to a volume that is there (cinder/api/contrib/volume_actions.py and neighbours)."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.quotas import reserve_growth
from dcn_console.simulator.records import VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volume_uploads import begin_upload
from dcn_console.simulator.volumes import check_name, delete_volume, visible_volume
from dcn_console.simulator.world import World

EXTEND_SECONDS = 0.6
_IN_USE_MINOR = 42
_STATUSES = (
    "creating", "available", "deleting", "error", "error_deleting", "error_managing", "managing",
    "attaching", "in-use", "detaching", "maintenance", "restoring-backup", "error_restoring",
    "reserved", "awaiting-transfer", "backing-up", "error_backing-up", "error_extending",
    "downloading", "uploading", "retyping", "extending",
)  # fmt: skip
_KEY_LIMIT = 255


def act_on_volume(
    world: World, who: Identity, volume_id: str, body: Any, minor: int
) -> dict[str, Any] | None:
    """Do what a request to a volume's action says; return the answer's content, None for none.

    Raises Refusal 400, 403, 404 or 413.
    """
    volume = visible_volume(world, who, volume_id)
    names = list(body) if isinstance(body, dict) else []
    if len(names) != 1 or names[0] not in _ACTIONS:
        raise Refusal(400, f"There is no such action: {', '.join(map(str, names))}")
    asked = body[names[0]]
    return _ACTIONS[names[0]](world, who, volume, asked if isinstance(asked, dict) else {}, minor)


def _extend(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> None:
    text = str(asked.get("new_size"))
    if not text.isdigit() or not int(text):
        raise Refusal(400, f"Invalid input for field/attribute new_size. Value: {text}.")
    size, more = int(text), int(text) - volume.size
    if more <= 0:
        raise Refusal(
            400,
            "Invalid input received: New size for extend must be greater than current size. "
            f"(current: {volume.size}, extended: {size}).",
        )
    is_attached = minor >= _IN_USE_MINOR and volume.status == "in-use"
    expected = "in-use" if is_attached else "available"
    if volume.status != expected:
        raise Refusal(
            400,
            f"Invalid volume: Volume {volume.id} status must be '{{'status': '{expected}'}}' to "
            f"extend, currently {volume.status}.",
        )
    reserve_growth(world, volume.project_id, size, more)
    world.put_volume(
        replace(
            volume,
            status="extending",
            previous_status=volume.status,
            new_size=size,
            updated_at=world.now,
            due_at=world.now + EXTEND_SECONDS,
        )
    )


def _upload(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> dict[str, Any]:
    image = begin_upload(world, who, volume, asked, minor)
    answer = {
        "id": volume.id,
        "updated_at": None,
        "status": "uploading",
        "display_description": volume.description,
        "size": volume.size,
        "volume_type": {"name": volume.volume_type},
        "image_id": image.id,
        "container_format": image.container_format,
        "disk_format": image.disk_format,
        "image_name": image.name,
    }
    if minor >= 1:
        answer |= {"protected": image.protected, "visibility": image.visibility}
    return {"os-volume_upload_image": answer}


def _set_bootable(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> None:
    bootable = str(asked.get("bootable")).lower()
    if bootable not in ("true", "false", "1", "0"):
        raise Refusal(400, "Invalid input for field/attribute bootable.")
    is_bootable = bootable in ("true", "1")
    world.put_volume(replace(volume, bootable=is_bootable, updated_at=world.now))


def _image_metadata(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> dict[str, Any]:
    if not volume.image_metadata:
        raise Refusal(404, f"Glance metadata for volume/snapshot {volume.id} cannot be found.")
    return {"metadata": volume.image_metadata}


def _set_image_metadata(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> dict[str, Any]:
    changed = {**volume.image_metadata, **checked_metadata(asked)}
    world.put_volume(replace(volume, image_metadata=changed, updated_at=world.now))
    return {"metadata": changed}


def _unset_image_metadata(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> None:
    key = str(asked.get("key"))
    if key not in volume.image_metadata:
        raise Refusal(404, "Metadata item was not found.")
    left = {name: text for name, text in volume.image_metadata.items() if name != key}
    world.put_volume(replace(volume, image_metadata=left, updated_at=world.now))


def _reset(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> None:
    administrators_only(who, "volume_extension:volume_admin_actions:reset_status")
    status = str(asked.get("status"))
    if status not in _STATUSES:
        raise Refusal(400, f"Invalid input for field/attribute status. Value: {status}.")
    world.block.drop_transfer(volume.id)
    world.put_volume(replace(volume, status=status, updated_at=world.now, due_at=None))


def _force_delete(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> None:
    administrators_only(who, "volume_extension:volume_admin_actions:force_delete")
    delete_volume(world, who, volume.id, force=True)


def administrators_only(who: Identity, policy: str) -> None:
    """Raise Refusal 403 in Cinder's words unless an administrator asks."""
    if not who.is_admin:
        raise Refusal(403, f"Policy doesn't allow {policy} to be performed.")


def checked_metadata(asked: object) -> dict[str, str]:
    """Return the metadata of a body; raise Refusal 400."""
    metadata = asked.get("metadata") if isinstance(asked, dict) else None
    if not isinstance(metadata, dict):
        raise Refusal(400, "Invalid input for field/attribute metadata.")
    for key, text in metadata.items():
        if not key or len(key) > _KEY_LIMIT or len(str(text)) > _KEY_LIMIT:
            raise Refusal(400, f"Invalid input for field/attribute metadata. Value: {key}.")
    return {str(key): str(text) for key, text in metadata.items()}


def change_volume(world: World, who: Identity, volume_id: str, body: Any) -> VolumeRecord:
    """Change a volume's name, description or metadata; raise Refusal 400 or 404."""
    volume = visible_volume(world, who, volume_id)
    asked = body.get("volume") if isinstance(body, dict) else None
    if not isinstance(asked, dict) or not asked:
        raise Refusal(400, "Invalid input for field/attribute volume.")
    check_name(asked.get("name"))
    changes: dict[str, Any] = {key: asked[key] for key in ("name", "description") if key in asked}
    if "metadata" in asked:
        changes["metadata"] = checked_metadata(asked)
    changed: VolumeRecord = replace(volume, updated_at=world.now, **changes)
    world.put_volume(changed)
    return changed


_Action = Callable[[World, Identity, VolumeRecord, dict[str, Any], int], dict[str, Any] | None]
_ACTIONS: dict[str, _Action] = {
    "os-extend": _extend,
    "os-volume_upload_image": _upload,
    "os-set_bootable": _set_bootable,
    "os-show_image_metadata": _image_metadata,
    "os-set_image_metadata": _set_image_metadata,
    "os-unset_image_metadata": _unset_image_metadata,
    "os-reset_status": _reset,
    "os-force_delete": _force_delete,
}
