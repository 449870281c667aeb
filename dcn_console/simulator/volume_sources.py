"""What a new volume is made of: nothing, an image, a snapshot, another volume or a backup.

Sources: cinder/api/v3/volumes.py and cinder/volume/flows/api/create_volume.py.
"""

import json
from typing import Any, NamedTuple

from dcn_console.simulator.block_records import BackupRecord, VolumeSnapshotRecord
from dcn_console.simulator.records import GIB, ImageRecord, SimulatedSite, VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World


class Source(NamedTuple):
    """At most one of these is not None."""

    image: ImageRecord | None = None
    snapshot: VolumeSnapshotRecord | None = None
    volume: VolumeRecord | None = None
    backup: BackupRecord | None = None

    @property
    def size(self) -> int | None:
        """What a volume of it is at least, in GiB; None for an image, which gives no size."""
        return next((item.size for item in self[1:] if item is not None), None)


def source_of(world: World, who: Identity, asked: dict[str, Any], minor: int) -> Source:
    """Return what a request names; raise Refusal 400 or 404."""
    snapshot_id, volume_id = asked.get("snapshot_id"), asked.get("source_volid")
    backup_id = asked.get("backup_id")
    if snapshot_id is not None:
        return Source(snapshot=_snapshot(world, who, str(snapshot_id)))
    if volume_id is not None:
        volume = world.volumes.get(str(volume_id))
        if volume is None or not (who.is_admin or volume.project_id == who.project_id):
            raise Refusal(404, f"Volume {volume_id} could not be found.")
        _check_status("source volume", "volume", volume.status, ("available", "in-use"))
        return Source(volume=volume)
    if backup_id:
        backup = world.block.backups.get(str(backup_id))
        if backup is None or not (who.is_admin or backup.project_id == who.project_id):
            raise Refusal(404, f"Backup {backup_id} could not be found.")
        _check_status("backup", "backup", backup.status, ("available", "restoring"))
        return Source(backup=backup)
    image = _image(world, who, asked.get("imageRef") or asked.get("image_id"))
    held = _snapshot_in(image) if image is not None and minor >= 46 else None
    return Source(snapshot=_snapshot(world, who, held)) if held else Source(image=image)


def _snapshot(world: World, who: Identity, snapshot_id: str) -> VolumeSnapshotRecord:
    snapshot = world.block.snapshots.get(snapshot_id)
    if snapshot is None or not (who.is_admin or snapshot.project_id == who.project_id):
        raise Refusal(404, f"Snapshot {snapshot_id} could not be found.")
    _check_status("snapshot", "snapshot", snapshot.status, ("available",))
    return snapshot


def _check_status(what: str, kind: str, status: str, allowed: tuple[str, ...]) -> None:
    if status not in allowed:
        raise Refusal(
            400,
            f"Invalid {kind}: Originating {what} status must be one of "
            f"'{', '.join(allowed)}' values",
        )


def _image(world: World, who: Identity, reference: object) -> ImageRecord | None:
    if not reference:
        return None
    image = world.images.get(str(reference))
    if image is None or not who.may_see_image(image):
        raise Refusal(400, "Invalid image identifier or unable to access requested image.")
    if image.status != "active":
        raise Refusal(400, f"Invalid input received: Image {image.id} is not active. (HTTP 400)")
    return image


def _snapshot_in(image: ImageRecord) -> str:
    """The snapshot that an image of a volume-backed server stands for, "" for other images."""
    text = image.properties.get("block_device_mapping")
    if not text:
        return ""
    try:
        mappings = json.loads(str(text))
    except ValueError:
        return ""
    for mapping in mappings if isinstance(mappings, list) else ():
        if mapping.get("source_type") == "snapshot" and mapping.get("boot_index") == 0:
            return str(mapping.get("snapshot_id") or "")
    return ""


def size_of(asked: object, source: Source) -> int:
    """Return the size in GiB that is asked for, or that of the source; raise Refusal 400."""
    wanted = source.size if asked is None else asked
    if not str(wanted).isdigit() or not int(str(wanted)):
        raise Refusal(
            400,
            f"Invalid input for field/attribute size. Value: {wanted}. It must be an integer of "
            "1 or more",
        )
    size = int(str(wanted))
    if source.image is not None:
        needed = -(-(source.image.virtual_size or source.image.size or 0) // GIB)
        if needed > size:
            raise Refusal(
                400,
                f"Invalid input received: Size of specified image {needed}GB is larger than "
                f"volume size {size}GB. (HTTP 400)",
            )
        if source.image.min_disk > size:
            raise Refusal(
                400,
                f"Invalid input received: Volume size {size}GB cannot be smaller than the image "
                f"minDisk size {source.image.min_disk}GB. (HTTP 400)",
            )
    if source.size is not None and size < source.size:
        kind = "snapshot" if source.snapshot else "backup" if source.backup else "original volume"
        raise Refusal(
            400,
            f"Invalid input received: Volume size '{size}'GB cannot be smaller than the {kind} "
            f"size {source.size}GB. They must be >= original {kind} size.",
        )
    return size


def site_for(world: World, zone: object, source: Source) -> SimulatedSite:
    """Return the site of the zone asked for, or of the source; raise Refusal 400.

    A clone has to be in the zone of what it is made of (cloned_volume_same_az).
    """
    origin = source.volume
    if source.snapshot is not None:
        origin = world.volumes.get(source.snapshot.volume_id)
    home = world.deployment.site(origin.site) if origin is not None else None
    if zone is None:
        return home or world.deployment.hub
    site = world.deployment.site_of_zone(str(zone))
    if site is None:
        raise Refusal(400, f"Availability zone '{zone}' is invalid.")
    if home is not None and home != site:
        kind = "snapshot" if source.snapshot is not None else "source volume"
        raise Refusal(
            400,
            f"Invalid input received: Volume must be in the same availability zone as the {kind}",
        )
    return site
