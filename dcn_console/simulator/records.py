"""What the simulated cloud holds: plain frozen records.

Sizes are bytes and bandwidths bytes a second; times are seconds since the epoch on the
simulator's own clock.
"""

from enum import StrEnum
from typing import Any

import msgspec

from dcn_console.model.sites import Role
from dcn_console.simulator.mirror_records import MirrorRecord, SnapshotRecord
from dcn_console.simulator.rbd_data import Data

KIB = 1024
MIB = 1024**2
GIB = 1024**3
TIB = 1024**4

COPY_IMAGE = "copy-image"
WEB_DOWNLOAD = "web-download"
GLANCE_DIRECT = "glance-direct"
IMPORT_METHODS = (GLANCE_DIRECT, WEB_DOWNLOAD, COPY_IMAGE)


class SimulatedSite(msgspec.Struct, frozen=True, kw_only=True):
    """One place with its Glance store, availability zone and Ceph cluster.

    ``other_bytes`` is what the cluster holds besides the pools that are simulated.
    ``bandwidth`` is how fast Glance writes into this site's store, ``staging_bandwidth`` how
    fast it reads from it, ``read_bandwidth`` how fast an agent reads an RBD image.
    """

    name: str
    role: Role
    store: str
    availability_zone: str
    cluster: str
    fsid: str
    store_description: str = ""
    backend: str = ""
    images_pool: str = "images"
    volumes_pool: str = "volumes"
    backups_pool: str = "backups"
    total_bytes: int = 4 * TIB
    other_bytes: int = 0
    bandwidth: float = 16.0 * MIB
    staging_bandwidth: float = 16.0 * MIB
    read_bandwidth: float = 400.0 * MIB

    @property
    def volume_host(self) -> str:
        """Cinder's host@backend of this site."""
        return f"{self.name}@{self.backend or self.cluster}"

    @property
    def volume_pool(self) -> str:
        """Cinder's host@backend#pool of this site."""
        return f"{self.volume_host}#{self.backend or self.cluster}"


class ReadOnlyStore(msgspec.Struct, frozen=True, kw_only=True):
    """A Glance store of type http: it takes no data (glance/api/v2/discovery.py)."""

    id: str
    description: str = ""


class ProjectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Keystone project of the default domain."""

    id: str
    name: str


class UserRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Keystone user of the default domain; ``roles`` maps a project's id to role names."""

    id: str
    name: str
    password: str
    default_project_id: str
    roles: dict[str, tuple[str, ...]] = {}


class Content(StrEnum):
    """What bytes stand behind an image."""

    MADE_UP = "made-up"
    """None: its hash is invented, and its data cannot be downloaded."""
    SYNTHETIC = "synthetic"
    """Bytes computed from the image's id."""
    KEPT = "kept"
    """Bytes that a client uploaded."""


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Glance image.

    ``importing_to`` and ``failed_stores`` are None until the first import set them, as the
    properties are absent before it.
    """

    id: str
    name: str | None = None
    status: str = "queued"
    visibility: str = "shared"
    owner: str | None = None
    disk_format: str | None = None
    container_format: str | None = None
    size: int | None = None
    virtual_size: int | None = None
    checksum: str | None = None
    hash_algorithm: str | None = None
    hash_value: str | None = None
    min_disk: int = 0
    min_ram: int = 0
    protected: bool = False
    hidden: bool = False
    created_at: float = 0.0
    updated_at: float = 0.0
    stores: tuple[str, ...] = ()
    importing_to: tuple[str, ...] | None = None
    failed_stores: tuple[str, ...] | None = None
    import_task: str | None = None
    properties: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    content: Content = Content.MADE_UP


class Phase(StrEnum):
    """Where an import task stands; Glance itself shows only its status."""

    PENDING = "pending"
    FETCHING = "fetching"
    """Copying the data to the staging folder: invisible from outside."""
    UPLOADING = "uploading"
    """Writing to the first of the remaining stores."""
    ABANDONED = "abandoned"
    """Its glance-api died: nobody works on it, and the lock stays."""
    OVER = "over"


ACTIVE_PHASES = frozenset({Phase.PENDING, Phase.FETCHING, Phase.UPLOADING})


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Glance import task.

    ``request`` is the import's body as it was asked, ``stores`` those it was resolved to,
    ``remaining`` those not dealt with yet, the current one first. ``done`` counts the bytes
    of the current phase, ``waited`` the seconds a connection has been hanging,
    ``since_report`` the seconds since the last message.
    """

    id: str
    image_id: str
    owner: str
    user_id: str
    request_id: str
    method: str
    request: dict[str, Any]
    stores: tuple[str, ...]
    remaining: tuple[str, ...]
    created_at: float
    updated_at: float
    status: str = "pending"
    phase: Phase = Phase.PENDING
    message: str = ""
    expires_at: float | None = None
    source_site: str | None = None
    size: int = 0
    done: float = 0.0
    waited: float = 0.0
    since_report: float = 0.0

    @property
    def must_succeed(self) -> bool:
        """Whether one failed store reverts all of them (Glance's default)."""
        return bool(self.request.get("all_stores_must_succeed", True))


class RbdParent(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot that an RBD image is a copy-on-write clone of."""

    pool: str
    image: str
    snapshot: str


DEFAULT_FEATURES = 61
"""What librbd gives a new RBD image (rbd_default_features)."""


class RbdRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An RBD image of a pool; ``corrupt`` makes its data differ from the Glance image's.

    ``data`` None is data in its first ``used`` bytes, made from its name; ``id`` "" is one made
    from site and name. ``metadata`` is what ``rbd image-meta`` shows.
    """

    size: int
    used: int
    snap: bool = True
    snap_protected: bool = True
    corrupt: bool = False
    id: str = ""
    features: int = DEFAULT_FEATURES
    flags: int = 0
    parent: RbdParent | None = None
    data: Data | None = None
    metadata: dict[str, str] = {}
    created_at: float = 0.0
    modified_at: float = 0.0
    last_snapshot_id: int = 3
    snapshots: tuple[SnapshotRecord, ...] = ()
    mirroring: MirrorRecord | None = None


class AttachmentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A volume's attachment to a server."""

    id: str
    server_id: str
    host: str
    device: str
    attached_at: float


class VolumeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Cinder volume; ``size`` is in GiB, as in Cinder.

    ``due_at`` is when a volume in creating, extending or deleting gets there,
    ``previous_status`` what it goes back to, ``new_size`` what it is extended to; ``clone_of``
    is the image whose RBD image is its parent.
    """

    id: str
    site: str
    project_id: str
    user_id: str
    size: int
    created_at: float
    updated_at: float
    name: str | None = None
    description: str | None = None
    status: str = "available"
    previous_status: str | None = None
    bootable: bool = False
    encrypted: bool = False
    multiattach: bool = False
    volume_type: str = "__DEFAULT__"
    metadata: dict[str, str] = {}
    image_metadata: dict[str, str] = {}
    attachments: tuple[AttachmentRecord, ...] = ()
    snapshot_id: str | None = None
    source_volume_id: str | None = None
    clone_of: str | None = None
    new_size: int = 0
    used: int = 0
    due_at: float | None = None

    def device_on(self, server_id: str) -> str:
        """The device that it is on a server, "" when it is not attached to it."""
        found = (item.device for item in self.attachments if item.server_id == server_id)
        return next(found, "")


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Nova server, as far as storage needs it.

    ``due_at`` is when its ``task_state`` ("powering-on", "spawning", …) is over. ``root_volume``
    is the volume it is to boot from once it is spawned; ``networks`` and ``groups`` are the ids
    and names it was given, ``fault`` why it is in error.
    """

    id: str
    name: str
    project_id: str
    user_id: str
    availability_zone: str
    host: str
    created_at: float
    status: str = "ACTIVE"
    flavor: str = "m1.small"
    image_id: str | None = None
    task_state: str | None = None
    due_at: float | None = None
    updated_at: float = 0.0
    root_volume: str = ""
    root_device: str = "/dev/vda"
    key_name: str | None = None
    networks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    fault: str = ""
