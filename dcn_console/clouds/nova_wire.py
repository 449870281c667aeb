"""What Nova sends, and its conversion to the model (Compute API ref)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from dcn_console.clouds.wire import shared, utc
from dcn_console.model.compute import ComputeHost, ComputeQuota, Flavor, KeyPair
from dcn_console.model.inventory import Server
from dcn_console.model.storage import Allowance

MIB = 1024**2
GIB = 1024**3

_Number = Annotated[int, msgspec.Meta(ge=0, lt=2**33)]


class WireAttached(msgspec.Struct):
    """An entry of ``os-extended-volumes:volumes_attached``."""

    id: str | None = None
    delete_on_termination: bool | None = None


class WireFault(msgspec.Struct):
    """Why a server failed, told of one that is shown by itself."""

    message: str | None = None


class WireServer(msgspec.Struct):
    """A server of ``/servers/detail``.

    ``image`` is the empty text for one that boots from a volume; ``flavor`` has an id, and from
    2.47 on the flavor's name instead.
    """

    id: str
    name: str | None = None
    status: str | None = None
    availability_zone: str | None = msgspec.field(default=None, name="OS-EXT-AZ:availability_zone")
    host: str | None = msgspec.field(default=None, name="OS-EXT-SRV-ATTR:host")
    project_id: str | None = msgspec.field(default=None, name="tenant_id")
    image: dict[str, Any] | str | None = None
    flavor: dict[str, Any] | None = None
    volumes: list[WireAttached] | None = msgspec.field(
        default=None, name="os-extended-volumes:volumes_attached"
    )
    root_device: str | None = msgspec.field(default=None, name="OS-EXT-SRV-ATTR:root_device_name")
    task_state: str | None = msgspec.field(default=None, name="OS-EXT-STS:task_state")
    created: datetime | None = None
    updated: datetime | None = None
    fault: WireFault | None = None


class WireMarkedServer(WireServer):
    """A server with its metadata."""

    metadata: dict[str, Any] | None = None


class WireFlavor(msgspec.Struct):
    """A flavor; ``ram`` is in MiB, ``disk`` in GiB."""

    id: str
    name: str | None = None
    vcpus: _Number | None = None
    ram: _Number | None = None
    disk: _Number | None = None


class WireKey(msgspec.Struct):
    """A key pair."""

    name: str
    fingerprint: str | None = None


class WireKeyPair(msgspec.Struct):
    """An entry of ``/os-keypairs``."""

    keypair: WireKey


class WireVolumeAttachment(msgspec.Struct):
    """An entry of ``/servers/ID/os-volume_attachments``."""

    volume_id: str = msgspec.field(name="volumeId")


class WireAbsoluteLimits(msgspec.Struct, rename="camel"):
    """The limits of a project and what it uses; memory in MiB, -1 for no limit."""

    max_total_instances: int = -1
    max_total_cores: int = -1
    max_total_ram: int = msgspec.field(default=-1, name="maxTotalRAMSize")
    total_instances_used: int = 0
    total_cores_used: int = 0
    total_ram_used: int = msgspec.field(default=0, name="totalRAMUsed")


class WireLimits(msgspec.Struct):
    """The body of ``/limits``."""

    absolute: WireAbsoluteLimits = msgspec.field(default_factory=WireAbsoluteLimits)


class WireHost(msgspec.Struct):
    """An entry of ``/os-services`` about a compute host."""

    host: str
    zone: str | None = None
    status: str | None = None
    state: str | None = None


class WireZoneState(msgspec.Struct):
    """Whether a host of a zone is enabled."""

    available: bool = True


class WireZone(msgspec.Struct):
    """An entry of ``/os-availability-zone``."""

    name: str = msgspec.field(name="zoneName")
    state: WireZoneState = msgspec.field(name="zoneState", default_factory=WireZoneState)


def server_from(wire: WireServer) -> Server:
    """Return the server that Nova described."""
    image, flavor = wire.image, wire.flavor or {}
    image_id = image.get("id") if isinstance(image, dict) else None
    name = flavor.get("original_name") or flavor.get("id")
    return Server(
        id=wire.id,
        name=wire.name or None,
        status=shared(wire.status),
        availability_zone=shared(wire.availability_zone) or None,
        host=shared(wire.host),
        project_id=shared(wire.project_id),
        image_id=image_id if isinstance(image_id, str) and image_id else None,
        flavor=shared(name) if isinstance(name, str) else None,
        volumes=tuple(one.id for one in wire.volumes if one.id) if wire.volumes else (),
        root_device=shared(wire.root_device),
        task_state=shared(wire.task_state),
        created_at=utc(wire.created),
        updated_at=utc(wire.updated),
        doomed_volumes=_doomed(wire.volumes) if wire.volumes else (),
        fault=wire.fault.message if wire.fault is not None else None,
    )


def _doomed(volumes: list[WireAttached]) -> tuple[str, ...]:
    return tuple(one.id for one in volumes if one.id and one.delete_on_termination)


def flavor_from(wire: WireFlavor) -> Flavor:
    """Return the flavor that Nova described, memory and disk in bytes."""
    return Flavor(
        id=wire.id,
        name=wire.name or wire.id,
        cores=wire.vcpus or 0,
        memory=(wire.ram or 0) * MIB,
        disk=(wire.disk or 0) * GIB,
    )


def key_from(wire: WireKeyPair) -> KeyPair:
    """Return the key pair that Nova described."""
    return KeyPair(name=wire.keypair.name, fingerprint=wire.keypair.fingerprint or "")


def host_from(wire: WireHost) -> ComputeHost:
    """Return the compute host that Nova described."""
    return ComputeHost(
        name=wire.host,
        availability_zone=shared(wire.zone) or "",
        is_enabled=wire.status != "disabled",
        is_up=wire.state == "up",
    )


def quota_from(wire: WireLimits) -> ComputeQuota:
    """Return the quotas that Nova described."""
    limits = wire.absolute
    return ComputeQuota(
        servers=_allowance(limits.total_instances_used, limits.max_total_instances, 1),
        cores=_allowance(limits.total_cores_used, limits.max_total_cores, 1),
        memory=_allowance(limits.total_ram_used, limits.max_total_ram, MIB),
    )


def _allowance(used: int, allowed: int, unit: int) -> Allowance:
    return Allowance(used=used * unit, allowed=None if allowed < 0 else allowed * unit)
