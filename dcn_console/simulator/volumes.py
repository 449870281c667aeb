"""Creating and deleting volumes, and how they get there in time (Cinder's RBD driver)."""

from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.mirror_clock import notice
from dcn_console.simulator.rbd_data import ENCRYPTED, Data, Layer, objects_of
from dcn_console.simulator.records import (
    GIB,
    ImageRecord,
    RbdParent,
    RbdRecord,
    SimulatedSite,
    VolumeRecord,
)
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

CLONE_SECONDS = 0.8
"""A copy-on-write clone, or an empty volume, is there within a second."""
DELETE_SECONDS = 0.8
NAME_LIMIT = 255
CLONE_BYTES = 4 * 1024**2
"""What a fresh clone takes up."""


def visible_volume(world: World, who: Identity, volume_id: str) -> VolumeRecord:
    """Return a volume that the user may see; raise Refusal 404."""
    volume = world.volumes.get(volume_id)
    if volume is None or not (who.is_admin or volume.project_id == who.project_id):
        raise Refusal(404, f"Volume {volume_id} could not be found.")
    return volume


def create_volume(world: World, who: Identity, body: Any) -> VolumeRecord:
    """Create a volume, empty or from an image; raise Refusal 400 or 404."""
    asked = body.get("volume") if isinstance(body, dict) else None
    if not isinstance(asked, dict):
        raise Refusal(400, "'volume' is a required property")
    site = _site(world, asked.get("availability_zone"))
    image = _image(world, who, asked.get("imageRef"))
    size = _size(asked.get("size"), image)
    name = asked.get("name")
    if name is not None and len(str(name)) > NAME_LIMIT:
        raise Refusal(
            400,
            f"Invalid input for field/attribute name. Value: {name}. '{name}' is too long",
        )
    volume = VolumeRecord(
        id=world.new_identifier("volume"),
        site=site.name,
        project_id=who.project_id,
        user_id=who.user.id,
        size=size,
        name=name,
        description=asked.get("description"),
        status="creating",
        metadata=dict(asked.get("metadata") or {}),
        multiattach=bool(asked.get("multiattach", False)),
        created_at=world.now,
        updated_at=world.now,
        due_at=world.now + CLONE_SECONDS,
    )
    if image is not None:
        volume = _from_image(world, site, volume, image)
    world.put_volume(volume)
    return volume


def _site(world: World, zone: object) -> SimulatedSite:
    if zone is None:
        return world.deployment.hub
    site = world.deployment.site_of_zone(str(zone))
    if site is None:
        raise Refusal(400, f"Availability zone '{zone}' is invalid.")
    return site


def _image(world: World, who: Identity, reference: object) -> ImageRecord | None:
    if not reference:
        return None
    image = world.images.get(str(reference))
    if image is None or not who.may_see_image(image):
        raise Refusal(400, "Invalid image identifier or unable to access requested image.")
    if image.status != "active":
        raise Refusal(400, f"Invalid input received: Image {image.id} is not active. (HTTP 400)")
    return image


def _size(asked: object, image: ImageRecord | None) -> int:
    if not str(asked).isdigit() or not int(str(asked)):
        raise Refusal(
            400,
            f"Invalid input for field/attribute size. Value: {asked}. It must be an integer of "
            "1 or more",
        )
    size = int(str(asked))
    needed = -(-(image.size or 0) // GIB) if image else 0
    if needed > size:
        raise Refusal(
            400,
            f"Invalid input received: Size of specified image {needed}GB is larger than "
            f"volume size {size}GB. (HTTP 400)"
        )  # fmt: skip
    return size


def _from_image(
    world: World, site: SimulatedSite, volume: VolumeRecord, image: ImageRecord
) -> VolumeRecord:
    """A raw image with a copy at the site is cloned, any other is copied in full."""
    local = world.rbd(site, site.images_pool).get(image.id)
    is_clone = image.disk_format == "raw" and site.store in image.stores and local is not None
    seconds = CLONE_SECONDS if is_clone else CLONE_SECONDS + (image.size or 0) / site.bandwidth
    return replace(
        volume,
        clone_of=image.id if is_clone else None,
        image_metadata=image_metadata(image),
        used=CLONE_BYTES if is_clone else image.size or 0,
        due_at=world.now + seconds,
    )


def image_metadata(image: ImageRecord) -> dict[str, str]:
    """What Cinder copies of an image to a volume, os_glance properties of the moment included."""
    known = {
        "image_id": image.id,
        "image_name": image.name or "",
        "checksum": image.checksum or "",
        "container_format": image.container_format or "",
        "disk_format": image.disk_format or "",
        "min_disk": str(image.min_disk),
        "min_ram": str(image.min_ram),
        "size": str(image.size or 0),
    }
    if image.importing_to is not None:
        known["os_glance_importing_to_stores"] = ",".join(image.importing_to)
        known["os_glance_failed_import"] = ",".join(image.failed_stores or ())
    return known | {key: str(value) for key, value in image.properties.items()}


def delete_volume(world: World, who: Identity, volume_id: str) -> None:
    """Begin to delete a volume; raise Refusal 400 or 404."""
    volume = visible_volume(world, who, volume_id)
    if volume.attachments or volume.status not in ("available", "error"):
        raise Refusal(
            400,
            "Invalid volume: Volume status must be available or error or error_restoring or "
            "error_extending or error_managing and must not be migrating, attached, belong to "
            "a group, have snapshots or be disassociated from snapshots after volume transfer.",
        )
    world.put_volume(
        replace(volume, status="deleting", updated_at=world.now, due_at=world.now + DELETE_SECONDS)
    )


def advance_volumes(world: World) -> None:
    """Finish what is due at ``world.now``; at a site whose cluster is dead nothing ends."""
    for volume in world.changing_volumes():
        site = world.deployment.site(volume.site)
        if site is None or volume.due_at is None or volume.due_at > world.now:
            continue
        if world.is_blocked(site) or world.is_unconnectable(site):
            continue
        if volume.status == "deleting":
            _drop_data(world, site, rbd_name(volume))
            world.drop_volume(volume.id)
            continue
        world.put_rbd(site, site.volumes_pool, rbd_name(volume), rbd_record(volume, site))
        world.put_volume(
            replace(
                volume,
                status="available",
                bootable=volume.bootable or bool(volume.image_metadata),
                updated_at=world.now,
                due_at=None,
            )
        )


def rbd_name(volume: VolumeRecord) -> str:
    """The name of a volume's RBD image."""
    return f"volume-{volume.id}"


def _drop_data(world: World, site: SimulatedSite, name: str) -> None:
    """Remove the RBD image; a mirrored one's copies elsewhere go with it."""
    mirroring = world.mirroring(site.name, site.volumes_pool, name)
    world.drop_rbd(site, site.volumes_pool, name)
    if mirroring is not None:
        notice(world, site.volumes_pool, name, mirroring.global_id, world.now)


def rbd_record(volume: VolumeRecord, site: SimulatedSite) -> RbdRecord:
    """The RBD image of a volume: a clone if the volume is one."""
    parent = None
    if volume.clone_of is not None:
        parent = RbdParent(pool=site.images_pool, image=volume.clone_of, snapshot="snap")
    data = None
    if volume.encrypted:
        seed = f"{ENCRYPTED}{rbd_name(volume)}"
        data = Data((Layer(seed, objects_of(volume.used)),))
    return RbdRecord(
        size=volume.size * GIB,
        used=volume.used,
        snap=False,
        snap_protected=False,
        parent=parent,
        data=data,
        created_at=volume.created_at,
        modified_at=volume.updated_at,
    )
