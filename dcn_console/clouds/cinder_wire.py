"""What Cinder sends of volumes, services and pools, as model data (Cinder API ref, v3)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from dcn_console.clouds.wire import shared, utc
from dcn_console.model.inventory import (
    Attachment,
    CinderPool,
    CinderService,
    Volume,
)

GIB = 1024**3
_PARTS_OF_LOCATION = 5

Gibibytes = Annotated[int, msgspec.Meta(ge=0, lt=2**33)]


class WireAttachment(msgspec.Struct):
    """An entry of a volume's ``attachments``."""

    server_id: str | None = None
    device: str | None = None


class WireImageMetadata(msgspec.Struct):
    """The image a volume was made from; all other keys are ignored."""

    image_id: str | None = None
    image_name: str | None = None


class WireVolume(msgspec.Struct):
    """A volume of ``/volumes/detail``; ``bootable`` is the text "true" or "false"."""

    id: str
    name: str | None = None
    status: str | None = None
    size: Gibibytes | None = None
    availability_zone: str | None = None
    host: str | None = msgspec.field(default=None, name="os-vol-host-attr:host")
    project_id: str | None = msgspec.field(default=None, name="os-vol-tenant-attr:tenant_id")
    volume_type: str | None = None
    bootable: str | bool | None = None
    encrypted: bool | None = None
    attachments: list[WireAttachment] | None = None
    volume_image_metadata: WireImageMetadata | None = None
    snapshot_id: str | None = None
    source_volid: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class WireService(msgspec.Struct):
    """An entry of ``/os-services``."""

    binary: str
    host: str
    zone: str | None = None
    status: str | None = None
    state: str | None = None
    disabled_reason: str | None = None
    updated_at: datetime | None = None


class WirePool(msgspec.Struct):
    """An entry of ``/scheduler-stats/get_pools?detail=true``."""

    name: str
    capabilities: dict[str, Any] | None = None


class WireZone(msgspec.Struct):
    """An entry of ``/os-availability-zone``."""

    name: str = msgspec.field(name="zoneName")
    state: dict[str, Any] | None = msgspec.field(default=None, name="zoneState")


def volume_from(wire: WireVolume) -> Volume:
    """Return the volume that Cinder described, its size in bytes."""
    image = wire.volume_image_metadata
    attachments = wire.attachments
    return Volume(
        id=wire.id,
        name=wire.name or None,
        status=shared(wire.status),
        size=None if wire.size is None else wire.size * GIB,
        availability_zone=shared(wire.availability_zone),
        host=shared(wire.host),
        project_id=shared(wire.project_id),
        volume_type=shared(wire.volume_type),
        bootable=wire.bootable is True or wire.bootable == "true",
        encrypted=bool(wire.encrypted),
        attachments=tuple(
            Attachment(server_id=one.server_id, device=one.device)
            for one in attachments
            if one.server_id
        )
        if attachments
        else (),
        image_id=shared(image.image_id) if image else None,
        image_name=shared(image.image_name) if image else None,
        snapshot_id=wire.snapshot_id,
        source_volume_id=wire.source_volid,
        created_at=utc(wire.created_at),
        updated_at=utc(wire.updated_at),
    )


def service_from(wire: WireService) -> CinderService:
    """Return the service that Cinder described."""
    return CinderService(
        binary=wire.binary,
        host=wire.host,
        availability_zone=wire.zone,
        status=wire.status,
        state=wire.state,
        disabled_reason=wire.disabled_reason,
        updated_at=utc(wire.updated_at),
    )


def pool_from(wire: WirePool) -> CinderPool:
    """Return the pool that Cinder described.

    The RBD driver's ``location_info`` is "CLUSTER:CONF:FSID:USER:POOL"
    (cinder/volume/drivers/rbd.py).
    """
    capabilities = wire.capabilities or {}
    location = str(capabilities.get("location_info") or "").split(":")
    parts = location if len(location) == _PARTS_OF_LOCATION else [""] * _PARTS_OF_LOCATION
    cluster, conf, fsid, user, pool = (part or None for part in parts)
    return CinderPool(
        name=wire.name,
        backend=_text(capabilities.get("volume_backend_name")),
        storage_protocol=_text(capabilities.get("storage_protocol")),
        total_bytes=_bytes(capabilities.get("total_capacity_gb")),
        free_bytes=_bytes(capabilities.get("free_capacity_gb")),
        cluster=cluster,
        conf=conf,
        fsid=fsid,
        user=user,
        pool=pool,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _bytes(gibibytes: Any) -> int | None:
    """Return bytes; None for Cinder's "infinite" and "unknown"."""
    if isinstance(gibibytes, bool) or not isinstance(gibibytes, int | float):
        return None
    return int(gibibytes * GIB) if 0 <= gibibytes < 2**33 else None
