"""What the services hold, as plain data: stores, images, volumes, services, clusters.

Sizes are bytes, times are aware datetimes in UTC. Any field an API may leave out or send
as null is optional here.

What there may be hundreds of thousands of is ``gc=False``: it can be in no cycle, and the
collector's walks over it would be felt at the keyboard.
"""

from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorPool,
    SnapshotSchedule,
)
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Progress

T = TypeVar("T")


class Store(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Glance store (Glance API ref: Stores).

    ``type``, ``pool`` and ``fsid`` are known only where the credentials may read the
    detailed list; ``read_only`` is true of http stores.
    """

    id: str
    description: str = ""
    default: bool = False
    read_only: bool = False
    type: str | None = None
    pool: str | None = None
    fsid: str | None = None


class RbdLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one location of an image, ``rbd://FSID/POOL/IMAGE/snap``, tells of its store.

    Images of the same stores share these: there are few, and hundreds of thousands of images.
    """

    store: str
    fsid: str
    pool: str


class Image(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Glance image (Glance API ref: Images, and the import's ``os_glance_*`` properties).

    ``stores`` hold its data; ``importing_to`` are the stores an import has still to serve;
    ``failed_stores`` those it gave up; ``import_task`` is the task that holds the import lock.
    ``locations`` are those on Ceph, where Glance shows any.
    """

    id: str
    name: str | None = None
    status: str | None = None
    disk_format: str | None = None
    container_format: str | None = None
    size: int | None = None
    virtual_size: int | None = None
    visibility: str | None = None
    owner: str | None = None
    protected: bool = False
    hidden: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    stores: tuple[str, ...] = ()
    importing_to: tuple[str, ...] = ()
    failed_stores: tuple[str, ...] = ()
    import_task: str | None = None
    hash_algorithm: str | None = None
    hash_value: str | None = None
    locations: tuple[RbdLocation, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name, or the id of an image without one."""
        return self.name or self.id


class ImageTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of an image (Glance API ref: ``GET /v2/images/{id}/tasks``).

    ``status`` is pending, processing, success or failure. Success does not mean that
    every store has the image. ``stores`` are the ones the request asked for.
    """

    id: str
    status: str | None = None
    type: str | None = None
    message: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    method: str | None = None
    stores: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether Glance has finished with it, well or not."""
        return self.status in ("success", "failure")


class Attachment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a volume is attached."""

    server_id: str
    device: str | None = None


class Volume(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Cinder volume (Cinder API ref: Volumes). ``size`` is in bytes, as everywhere.

    ``image_id`` is the image it was created from, ``host`` its backend
    (``host@backend#pool``, for administrators only).
    """

    id: str
    name: str | None = None
    status: str | None = None
    size: int | None = None
    availability_zone: str | None = None
    host: str | None = None
    project_id: str | None = None
    volume_type: str | None = None
    bootable: bool = False
    encrypted: bool = False
    attachments: tuple[Attachment, ...] = ()
    image_id: str | None = None
    image_name: str | None = None
    snapshot_id: str | None = None
    source_volume_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def label(self) -> str:
        """The name, or the id of a volume without one."""
        return self.name or self.id


class Server(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Nova server, as far as storage needs it (Compute API ref: Servers).

    ``volumes`` are the ids of those attached, ``root_device`` such as "/dev/vda" (told to
    administrators). ``image_id`` is None for one that boots from a volume. ``task_state`` is
    what Nova does with it at the moment. ``flavor`` is its flavor's name.
    """

    id: str
    name: str | None = None
    status: str | None = None
    availability_zone: str | None = None
    host: str | None = None
    project_id: str | None = None
    image_id: str | None = None
    flavor: str | None = None
    volumes: tuple[str, ...] = ()
    root_device: str | None = None
    task_state: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def label(self) -> str:
        """The name, or the id of a server without one."""
        return self.name or self.id


class CinderService(msgspec.Struct, frozen=True, kw_only=True):
    """A Cinder service (Cinder API ref: os-services); ``state`` is up or down."""

    binary: str
    host: str
    availability_zone: str | None = None
    status: str | None = None
    state: str | None = None
    disabled_reason: str | None = None
    updated_at: datetime | None = None


class CinderPool(msgspec.Struct, frozen=True, kw_only=True):
    """A backend pool (Cinder API ref: scheduler-stats/get_pools).

    ``fsid``, ``pool`` and ``conf`` come from the RBD driver's ``location_info``
    ("CLUSTER:CONF:FSID:USER:POOL", cinder/volume/drivers/rbd.py).
    """

    name: str
    backend: str | None = None
    storage_protocol: str | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None
    cluster: str | None = None
    conf: str | None = None
    fsid: str | None = None
    user: str | None = None
    pool: str | None = None


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a Ceph cluster; ``available`` is what a pool can still take."""

    total: int
    used: int
    available: int

    @property
    def used_percent(self) -> float:
        """Used bytes as a percentage of the total; 0 for an empty cluster."""
        return 100.0 * self.used / self.total if self.total else 0.0


class RbdImage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An RBD image of a pool.

    ``snap`` tells whether it has Glance's snapshot of that name; None when not looked at.
    """

    name: str
    size: int | None = None
    snap: bool | None = None
    snap_protected: bool | None = None


class RbdChild(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A clone of an RBD image: where it is, which snapshot it is of, whether it is in the trash."""

    pool: str
    image: str
    snapshot: str = ""
    trashed: bool = False


class ClusterState(msgspec.Struct, frozen=True, kw_only=True):
    """What one site's Ceph cluster said last.

    ``images`` maps the RBD images of the Glance pool by name; None before they were listed.
    ``health`` is Ceph's word (HEALTH_OK …), ``warnings`` its checks in short.
    """

    site: str
    fsid: str | None = None
    health: str | None = None
    warnings: tuple[str, ...] = ()
    capacity: Capacity | None = None
    images: dict[str, RbdImage] | None = None
    images_complete: bool = False


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """What was noticed of one mirrored RBD image in one cluster by looking again and again.

    ``since`` is when it was first seen as it is (with this id, primary or not), None when it was
    so at the first look. ``consistent_at`` is the newest point in time that it was seen to hold
    whole as a secondary, ``behind_since`` when it was first seen behind after that.
    ``gone_since`` is when it was first seen to be gone, None while it is there.
    """

    id: str = ""
    primary: bool = False
    since: datetime | None = None
    consistent_at: datetime | None = None
    behind_since: datetime | None = None
    gone_since: datetime | None = None


class MirroredPool(msgspec.Struct, frozen=True, kw_only=True):
    """A pool with mirroring on, in one cluster.

    ``daemons`` and ``schedules`` are the manager's and None before it told; ``daemons_error`` is
    why it did not tell last time, the others are then its last answer. ``noticed`` and
    ``progress``, the figures of what arrives, are by global id.
    """

    pool: MirrorPool
    images: tuple[MirrorImage, ...] = ()
    daemons: tuple[MirrorDaemon, ...] | None = None
    daemons_error: str = ""
    schedules: tuple[SnapshotSchedule, ...] | None = None
    noticed: dict[str, Noticed] = {}
    progress: dict[str, Progress] = {}


class MirrorState(msgspec.Struct, frozen=True, kw_only=True):
    """Mirroring in one site's cluster: its pools that have mirroring on."""

    site: str
    pools: tuple[MirroredPool, ...] = ()

    def pool(self, name: str) -> MirroredPool | None:
        """Return the mirrored pool called ``name``."""
        return next((pool for pool in self.pools if pool.pool.name == name), None)


class Source(StrEnum):
    """Where a snapshot's rows come from."""

    NONE = "none"
    CACHE = "cache"
    LIVE = "live"


class Snapshot(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """An immutable list from one service, with its age and its error.

    ``generation`` grows with every change; ``complete`` is false while pages still arrive;
    ``taken_at`` is when the newest rows were read. ``error`` is why the last refresh failed
    and ``failing_since`` when it began to; the rows are then the last good ones. ``notice``
    is what the rows leave out although the refresh worked, such as the volumes of other
    projects.
    """

    rows: tuple[T, ...] = ()
    generation: int = 0
    taken_at: datetime | None = None
    complete: bool = False
    source: Source = Source.NONE
    error: str | None = None
    failing_since: datetime | None = None
    notice: str = ""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known at one moment.

    ``clusters`` and ``mirrors`` have one snapshot a site, by site name.
    """

    topology: Topology
    stores: Snapshot[Store] = Snapshot()
    images: Snapshot[Image] = Snapshot()
    volumes: Snapshot[Volume] = Snapshot()
    services: Snapshot[CinderService] = Snapshot()
    servers: Snapshot[Server] = Snapshot()
    clusters: dict[str, Snapshot[ClusterState]] = {}
    mirrors: dict[str, Snapshot[MirrorState]] = {}
    image_tasks: dict[str, ImageTask] = {}
    """The task that holds the import lock, by image id, for images with one."""
