"""How Cinder shows volumes, encoded once for each state of a record and kind of caller."""

from typing import Any, NamedTuple

import msgspec

from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.records import SimulatedSite, VolumeRecord
from dcn_console.simulator.times import micro


class Audience(NamedTuple):
    """Who a volume is shown to: an administrator or not, by which microversion and address."""

    is_admin: bool
    minor: int
    base: str
    project_id: str


def volume_view(deployment: Deployment, volume: VolumeRecord, audience: Audience) -> dict[str, Any]:
    """Return a volume in detail (cinder/api/v3/views/volumes.py)."""
    site = deployment.site(volume.site) or deployment.hub
    view: dict[str, Any] = {
        "id": volume.id,
        "status": volume.status,
        "size": volume.size,
        "availability_zone": site.availability_zone,
        "created_at": micro(volume.created_at),
        "updated_at": micro(volume.updated_at),
        "name": volume.name,
        "description": volume.description,
        "volume_type": volume.volume_type,
        "snapshot_id": volume.snapshot_id,
        "source_volid": volume.source_volume_id,
        "metadata": volume.metadata,
        "links": _links(volume, audience),
        "user_id": volume.user_id,
        "bootable": str(volume.bootable).lower(),
        "encrypted": volume.encrypted,
        "replication_status": None,
        "consistencygroup_id": None,
        "multiattach": volume.multiattach,
        "attachments": [_attachment(volume, audience, index)
                        for index in range(len(volume.attachments))],
        "os-vol-tenant-attr:tenant_id": volume.project_id,
    }  # fmt: skip
    if volume.image_metadata:
        view["volume_image_metadata"] = volume.image_metadata
    if audience.is_admin:
        view |= {
            "migration_status": None,
            "os-vol-mig-status-attr:migstat": None,
            "os-vol-mig-status-attr:name_id": None,
            "os-vol-host-attr:host": site.volume_pool,
        }
    return view | _newer(deployment, site, volume, audience)


def _newer(
    deployment: Deployment, site: SimulatedSite, volume: VolumeRecord, audience: Audience
) -> dict[str, Any]:
    """What microversions since 3.0 added to a volume."""
    dice = Dice(deployment.seed)
    added: list[tuple[int, bool, str, Any]] = [
        (13, False, "group_id", None),
        (21, True, "provider_id", None),
        (48, False, "shared_targets", False),
        (48, False, "service_uuid", dice.identifier(f"cinder-volume/{site.name}")),
        (61, True, "cluster_name", None),
        (63, False, "volume_type_id", dice.identifier(f"volume type/{volume.volume_type}")),
        (65, False, "consumes_quota", True),
    ]
    return {
        key: value
        for minor, is_for_admins, key, value in added
        if audience.minor >= minor and (audience.is_admin or not is_for_admins)
    }


def _links(volume: VolumeRecord, audience: Audience) -> list[dict[str, str]]:
    path = f"{audience.project_id}/volumes/{volume.id}"
    return [
        {"rel": "self", "href": f"{audience.base}/volume/v3/{path}"},
        {"rel": "bookmark", "href": f"{audience.base}/volume/{path}"},
    ]


def _attachment(volume: VolumeRecord, audience: Audience, index: int) -> dict[str, Any]:
    attachment = volume.attachments[index]
    return {
        "id": volume.id,
        "attachment_id": attachment.id,
        "volume_id": volume.id,
        "server_id": attachment.server_id,
        "host_name": attachment.host if audience.is_admin else None,
        "device": attachment.device,
        "attached_at": micro(attachment.attached_at),
    }


def short_view(volume: VolumeRecord, audience: Audience) -> dict[str, Any]:
    """Return a volume's id, name and links."""
    return {"id": volume.id, "name": volume.name, "links": _links(volume, audience)}


class VolumeEncodings:
    """The JSON of each volume, kept for the audience that asked last."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._encoder = msgspec.json.Encoder()
        self._audience: Audience | None = None
        self._known: dict[str, tuple[VolumeRecord, bytes]] = {}

    def encode(self, volume: VolumeRecord, audience: Audience) -> bytes:
        """Return a volume's JSON in detail."""
        if audience != self._audience:
            self._known.clear()
            self._audience = audience
        known = self._known.get(volume.id)
        if known is not None and known[0] is volume:
            return known[1]
        encoded = self._encoder.encode(volume_view(self._deployment, volume, audience))
        self._known[volume.id] = (volume, encoded)
        return encoded
