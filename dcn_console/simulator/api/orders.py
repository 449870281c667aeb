"""What the simulator's own API can be told: faults, the clock, and things to add or harm."""

from typing import TypeVar

import msgspec
from starlette.requests import Request

from dcn_console.simulator.api.exchange import engine_of, json_body
from dcn_console.simulator.block_records import QuotaRecord
from dcn_console.simulator.faults import AgentFault, ApiFault
from dcn_console.simulator.records import DEFAULT_FEATURES, MIB, SimulatedSite
from dcn_console.simulator.refusals import Refusal

T = TypeVar("T")


class FaultOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The faults that shall be on; what is left out is off."""

    osd_down: tuple[str, ...] = ()
    mon_down: tuple[str, ...] = ()
    mgr_down: tuple[str, ...] = ()
    mirror_down: tuple[str, ...] = ()
    volume_down: tuple[str, ...] = ()
    backup_down: tuple[str, ...] = ()
    keyrings_missing: tuple[str, ...] = ()
    backup_failures: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    failing_stores: tuple[str, ...] = ()
    api: tuple[ApiFault, ...] = ()
    agents: tuple[AgentFault, ...] = ()


class ClockOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Jump ahead by ``advance`` seconds, or run at ``time_scale``, or both."""

    advance: float = 0.0
    time_scale: float | None = None


class LatencyOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Delays by service in real seconds; "" is every service."""

    seconds: dict[str, float]


class ImageOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An active image to add; its owner is the administrators' project, its data synthetic."""

    name: str | None
    stores: tuple[str, ...]
    size: int = 8 * MIB
    disk_format: str = "raw"
    visibility: str = "public"
    id: str = ""


class VolumeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An available volume to add; ``size`` is in GiB, ``used`` in bytes.

    ``clone_of`` is the id of an image that it is a copy-on-write clone of.
    """

    name: str | None
    site: str
    size: int = 1
    id: str = ""
    used: int = 0
    clone_of: str | None = None
    encrypted: bool = False
    bootable: bool = False
    metadata: dict[str, str] = {}


class BackupOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A backup of a volume to add, ``age`` seconds old; with ``parent`` an increment of that.

    It holds what the volume holds now. With ``fail_reason`` it is in error.
    """

    volume_id: str
    name: str | None = None
    age: float = 0.0
    parent: str = ""
    fail_reason: str = ""
    metadata: dict[str, str] = {}


class QuotaOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The quotas of a project in Cinder, by its name; those left out are unlimited."""

    project: str
    quota: QuotaRecord


class ServerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A running server to add, and the ids of available volumes to attach to it.

    ``root`` is the volume that it booted from; without one it has a disk of its own, of the
    image ``image``.
    """

    name: str
    site: str
    volumes: tuple[str, ...] = ()
    root: str = ""
    image: str = ""
    status: str = "ACTIVE"
    metadata: dict[str, str] = {}


class RbdOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Remove an RBD image of a site's pool, trash it, take its snapshot, or corrupt its data."""

    site: str
    name: str
    pool: str = ""
    action: str = "remove"


class RbdImageOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An RBD image of ``size`` bytes to add to the volumes' pool, or ``pool``.

    Its first ``objects`` hold data. With ``parent`` it is a clone of the RBD image of that name
    in the same pool.
    """

    site: str
    name: str
    size: int
    objects: int = 0
    features: int = DEFAULT_FEATURES
    pool: str = ""
    parent: str = ""


class WriteOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of an RBD image to write, made from ``seed``; "" discards them.

    ``entries`` is how many journal entries that is. With ``every`` the client goes on for ever:
    it writes one object every so many seconds, while the server of ``server_id`` runs.
    """

    site: str
    name: str
    pool: str = ""
    objects: tuple[int, ...] = ()
    seed: str = ""
    entries: int = 4
    every: float = 0.0
    server_id: str = ""


async def order_of(request: Request, kind: type[T]) -> T:
    """Return the body as one of the orders; raise Refusal 400."""
    try:
        return msgspec.convert(await json_body(request), kind)
    except msgspec.ValidationError as error:
        raise Refusal(400, str(error)) from error


def site_of(request: Request, name: str) -> SimulatedSite:
    """Return the site called ``name``; raise Refusal 404."""
    site = engine_of(request).world.deployment.site(name)
    if site is None:
        raise Refusal(404, f"There is no site “{name}”.")
    return site
