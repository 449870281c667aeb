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

from dcn_console.model.clusters import (
    Capacity,
    ClusterState,
    MirroredPool,
    MirrorState,
    Noticed,
    RbdChild,
    RbdImage,
)
from dcn_console.model.sites import Topology
from dcn_console.model.storage import Backup, VolumeSnapshot

__all__ = [
    "Attachment",
    "Capacity",
    "CinderPool",
    "CinderService",
    "ClusterState",
    "Image",
    "ImageTask",
    "Inventory",
    "MirrorState",
    "MirroredPool",
    "Noticed",
    "RbdChild",
    "RbdImage",
    "RbdLocation",
    "Server",
    "Snapshot",
    "Source",
    "Store",
    "Volume",
]

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
    what Nova does with it at the moment. ``flavor`` is its flavor's name. ``doomed_volumes`` are
    those that Nova deletes together with it, ``fault`` is why it failed, in Nova's words.
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
    doomed_volumes: tuple[str, ...] = ()
    fault: str | None = None

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


class MarkedVolumes(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of the volumes that carry the metadata of the backup plan called ``plan``."""

    plan: str
    volume_ids: tuple[str, ...] = ()


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
    snapshots: Snapshot[VolumeSnapshot] = Snapshot()
    backups: Snapshot[Backup] = Snapshot()
    marked: Snapshot[MarkedVolumes] = Snapshot()
    clusters: dict[str, Snapshot[ClusterState]] = {}
    mirrors: dict[str, Snapshot[MirrorState]] = {}
    image_tasks: dict[str, ImageTask] = {}
    """The task that holds the import lock, by image id, for images with one."""
