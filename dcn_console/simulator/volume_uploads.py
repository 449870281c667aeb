"""Making an image of a volume (cinder/volume/api.py, copy_volume_to_image)."""

import hashlib
from typing import Any

import msgspec
from msgspec.structs import replace

from dcn_console.simulator.block_records import TransferKind, TransferRecord
from dcn_console.simulator.image_changes import CONTAINER_FORMATS, DISK_FORMATS
from dcn_console.simulator.rbd_content import seen_data
from dcn_console.simulator.rbd_data import EMPTY, OBJECT, Data, Layer
from dcn_console.simulator.records import GIB, ImageRecord, RbdRecord, VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volumes import rbd_name
from dcn_console.simulator.world import World

_ABOUT_THE_IMAGE = frozenset(
    ("image_id", "image_name", "checksum", "container_format", "disk_format", "min_disk",
     "min_ram", "size", "signature_verified")
)  # fmt: skip


def begin_upload(
    world: World, who: Identity, volume: VolumeRecord, asked: dict[str, Any], minor: int
) -> ImageRecord:
    """Create the image and begin to fill it; raise Refusal 400 or 403.

    It goes to Glance's default store, wherever the volume is, and holds every byte of it.
    """
    if not asked.get("image_name"):
        raise Refusal(400, "Invalid input for field/attribute os-volume_upload_image.")
    disk_format = str(asked.get("disk_format", "raw"))
    container = str(asked.get("container_format", "bare"))
    if disk_format not in DISK_FORMATS or container not in CONTAINER_FORMATS:
        raise Refusal(400, f"Invalid input for field/attribute disk_format. Value: {disk_format}.")
    allowed = ("available", "in-use") if _is_true(asked.get("force")) else ("available",)
    if volume.status not in allowed:
        states = " or ".join(f"'{status}'" for status in allowed)
        raise Refusal(
            400, f"Invalid volume: Volume {volume.id} status must be {states}".replace("'", "")
        )
    visibility = str(asked.get("visibility", "private")) if minor >= 1 else "shared"
    if visibility == "public" and not who.is_admin:
        raise Refusal(
            403, "Policy doesn't allow volume_extension:volume_actions:upload_public to be "
            "performed."
        )  # fmt: skip
    site = world.deployment.site(volume.site) or world.deployment.hub
    source = world.record(site.name, site.volumes_pool, rbd_name(volume))
    data = seen_data(world, site.name, rbd_name(volume), source) if source else EMPTY
    held = len(data.held()) * OBJECT
    total = volume.size * GIB if disk_format == "raw" else held
    image = ImageRecord(
        id=world.new_identifier("image"),
        name=str(asked["image_name"]),
        status="queued",
        visibility=visibility,
        owner=who.project_id,
        disk_format=disk_format,
        container_format=container,
        min_disk=int(volume.image_metadata.get("min_disk", "0") or 0),
        min_ram=int(volume.image_metadata.get("min_ram", "0") or 0),
        protected=_is_true(asked.get("protected")),
        created_at=world.now,
        updated_at=world.now,
        properties={
            key: text
            for key, text in volume.image_metadata.items()
            if key not in _ABOUT_THE_IMAGE and not key.startswith("os_glance")
        },
    )
    store = world.deployment.site_of_store(world.deployment.default_store) or world.deployment.hub
    world.put_image(replace(image, status="saving"))
    partial = RbdRecord(size=total, used=0, snap=False, snap_protected=False, created_at=world.now)
    world.put_rbd(store, store.images_pool, image.id, partial)
    world.put_volume(
        replace(volume, status="uploading", previous_status=volume.status, updated_at=world.now)
    )
    world.block.put_transfer(
        TransferRecord(
            id=image.id,
            kind=TransferKind.UPLOAD,
            source=site.name,
            target=store.name,
            pool=store.images_pool,
            name=image.id,
            total=total,
            start_at=world.now + 1.0 + held / site.read_bandwidth,
            object_id=volume.id,
            data=data if disk_format == "raw" else _packed(data, held),
        )
    )
    return image


def break_uploads(world: World) -> int:
    """End all uploads as the death of a cinder-volume does; return how many there were.

    Glance drops the data and has the image queued again; Cinder has the volume uploading for ever
    (measured on Cinder 21.3).
    """
    broken = [one for one in world.block.transfers if one.kind is TransferKind.UPLOAD]
    for transfer in broken:
        world.block.drop_transfer(transfer.id)
        site = world.deployment.site(transfer.target)
        if site is not None:
            world.drop_rbd(site, transfer.pool, transfer.name)
        image = world.images.get(transfer.id)
        if image is not None:
            world.put_image(replace(image, status="queued", updated_at=world.now))
    return len(broken)


def _packed(data: Data, held: int) -> Data:
    """The bytes of a file in another format than raw."""
    seed = hashlib.sha256(msgspec.json.encode(data)).hexdigest()
    return Data((Layer(f"file/{seed}", held // OBJECT),)) if held else EMPTY


def _is_true(asked: object) -> bool:
    return str(asked).lower() in ("true", "1", "yes", "on")


def finish_upload(world: World, transfer: TransferRecord) -> None:
    """Make the image active, and let the volume be as before."""
    world.block.drop_transfer(transfer.id)
    volume = world.volumes.get(transfer.object_id)
    if volume is not None and volume.status == "uploading":
        status = volume.previous_status or "available"
        world.put_volume(
            replace(volume, status=status, previous_status="uploading", updated_at=world.now)
        )
    image = world.images.get(transfer.id)
    site = world.deployment.site(transfer.target)
    if site is None or image is None:
        return
    content = msgspec.json.encode(transfer.data) + str(transfer.total).encode()
    record = RbdRecord(
        size=transfer.total, used=transfer.total, data=transfer.data, created_at=image.created_at
    )
    world.put_rbd(site, transfer.pool, transfer.name, record)
    world.put_image(
        replace(
            image,
            status="active",
            size=transfer.total,
            virtual_size=transfer.total if image.disk_format == "raw" else None,
            checksum=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            hash_algorithm="sha512",
            hash_value=hashlib.sha512(content).hexdigest(),
            stores=(*image.stores, site.store),
            updated_at=world.now,
        )
    )
