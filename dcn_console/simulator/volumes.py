"""Creating and deleting volumes (cinder/volume/api.py, and the RBD driver)."""

from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.block_records import TransferKind, TransferRecord
from dcn_console.simulator.quotas import reserve_volume
from dcn_console.simulator.rbd_content import data_of
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
from dcn_console.simulator.restores import begin_restore
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volume_sources import Source, site_for, size_of, source_of
from dcn_console.simulator.world import World

CLONE_SECONDS = 0.8
"""A copy-on-write clone, or an empty volume, is there within a second."""
DELETE_SECONDS = 0.8
NAME_LIMIT = 255
CLONE_BYTES = 4 * 1024**2
"""What a clone takes up that a system was started from once."""
DELETABLE = ("available", "error", "error_restoring", "error_extending", "error_managing")


def visible_volume(world: World, who: Identity, volume_id: str) -> VolumeRecord:
    """Return a volume that the user may see; raise Refusal 404."""
    volume = world.volumes.get(volume_id)
    if volume is None or not (who.is_admin or volume.project_id == who.project_id):
        raise Refusal(404, f"Volume {volume_id} could not be found.")
    return volume


def create_volume(world: World, who: Identity, body: Any, minor: int = 0) -> VolumeRecord:
    """Create a volume, empty or from a source; raise Refusal 400, 404 or 413."""
    asked = body.get("volume") if isinstance(body, dict) else None
    if not isinstance(asked, dict):
        raise Refusal(400, "'volume' is a required property")
    check_name(asked.get("name"))
    source = source_of(world, who, asked, minor)
    size = size_of(asked.get("size"), source)
    site = site_for(world, asked.get("availability_zone"), source)
    reserve_volume(world, who.project_id, size)
    volume = VolumeRecord(
        id=world.new_identifier("volume"),
        site=site.name,
        project_id=who.project_id,
        user_id=who.user.id,
        size=size,
        name=asked.get("name"),
        description=asked.get("description"),
        status="creating",
        metadata={str(key): str(text) for key, text in (asked.get("metadata") or {}).items()},
        multiattach=bool(asked.get("multiattach", False)),
        created_at=world.now,
        updated_at=world.now,
        due_at=world.now + CLONE_SECONDS,
    )
    world.put_volume(_made_of(world, site, volume, source))
    return world.volumes[volume.id]


def check_name(name: object) -> None:
    """Raise Refusal 400 for a name that is too long."""
    if name is not None and len(str(name)) > NAME_LIMIT:
        raise Refusal(
            400,
            f"Invalid input for field/attribute name. Value: {name}. '{name}' is too long",
        )


def _made_of(
    world: World, site: SimulatedSite, volume: VolumeRecord, source: Source
) -> VolumeRecord:
    """Begin to fill the volume with what its source holds."""
    if source.image is not None:
        return _from_image(world, site, volume, source.image)
    if source.backup is not None:
        world.put_rbd(site, site.volumes_pool, rbd_name(volume), rbd_record(volume, site))
        world.put_volume(replace(volume, due_at=None))
        begin_restore(world, source.backup, world.volumes[volume.id])
        return world.volumes[volume.id]
    origin = source.volume
    if source.snapshot is not None:
        origin = world.volumes.get(source.snapshot.volume_id)
    return replace(
        volume,
        snapshot_id=source.snapshot and source.snapshot.id,
        source_volume_id=source.volume and source.volume.id,
        image_metadata=dict(origin.image_metadata) if origin else {},
        bootable=bool(origin and origin.bootable),
    )


def _from_image(
    world: World, site: SimulatedSite, volume: VolumeRecord, image: ImageRecord
) -> VolumeRecord:
    """A raw image with a copy at the site is cloned, any other is copied in full."""
    local = world.rbd(site, site.images_pool).get(image.id)
    filled = replace(volume, image_metadata=image_metadata(image))
    if image.disk_format == "raw" and site.store in image.stores and local is not None:
        return replace(filled, clone_of=image.id)
    size = image.size or 0
    data = Data((Layer(image.id, objects_of(size)),)) if size else Data()
    if image.disk_format != "raw":
        data = Data((Layer(f"converted/{image.id}", objects_of(size)),))
    elif local is not None:
        data = data_of(image.id, local)
    world.put_rbd(site, site.volumes_pool, rbd_name(volume), rbd_record(volume, site))
    world.block.put_transfer(
        TransferRecord(
            id=volume.id,
            kind=TransferKind.COPY,
            source=_holder(world, image, site).name,
            target=site.name,
            pool=site.volumes_pool,
            name=rbd_name(volume),
            total=size,
            start_at=world.now + CLONE_SECONDS,
            data=data,
        )
    )
    return replace(filled, due_at=None)


def _holder(world: World, image: ImageRecord, site: SimulatedSite) -> SimulatedSite:
    """The site that the bytes of an image come from: the volume's own if it can be."""
    stores = sorted(image.stores, key=lambda store: store != site.store)
    found = (world.deployment.site_of_store(store) for store in stores)
    return next((item for item in found if item is not None), world.deployment.hub)


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


def delete_volume(
    world: World, who: Identity, volume_id: str, *, cascade: bool = False, force: bool = False
) -> None:
    """Begin to delete a volume; raise Refusal 400 or 404."""
    volume = visible_volume(world, who, volume_id)
    snapshots = world.block.snapshots_of(volume_id)
    is_clean = not snapshots
    if cascade:
        allowed = ("available", "error", "deleting")
        is_clean = all(item.status in allowed for item in snapshots)
    if volume.attachments or not is_clean or not (force or volume.status in DELETABLE):
        raise Refusal(
            400,
            "Invalid volume: Volume status must be available or error or error_restoring or "
            "error_extending or error_managing and must not be migrating, attached, belong to "
            "a group, have snapshots, awaiting a transfer, or be disassociated from snapshots "
            "after volume transfer.",
        )
    for snapshot in snapshots:
        world.block.put_snapshot(replace(snapshot, status="deleting", updated_at=world.now))
    world.block.drop_transfer(volume_id)
    world.put_volume(
        replace(volume, status="deleting", updated_at=world.now, due_at=world.now + DELETE_SECONDS)
    )


def rbd_name(volume: VolumeRecord) -> str:
    """The name of a volume's RBD image."""
    return f"volume-{volume.id}"


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
