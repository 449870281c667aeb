"""What Cinder keeps besides volumes: snapshots, backups, messages, quotas, and data on its way.

Sizes called ``size`` are in GiB, as in Cinder, all other amounts are bytes; times are seconds
since the epoch on the simulator's clock.
"""

from enum import StrEnum

import msgspec

from dcn_console.simulator.rbd_data import EMPTY, Data

UNLIMITED = -1
"""Cinder's word for a quota without a limit."""


class VolumeSnapshotRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Cinder snapshot; ``due_at`` is when one in creating or deleting gets there."""

    id: str
    volume_id: str
    project_id: str
    user_id: str
    size: int
    created_at: float
    updated_at: float
    name: str | None = None
    description: str | None = None
    status: str = "available"
    metadata: dict[str, str] = {}
    due_at: float | None = None


class BackupRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Cinder backup of the Ceph driver.

    ``site`` is where its cinder-backup runs, "" while no service has it; ``base`` the RBD image
    that it lies in, shared by a chain, and ``point`` its snapshot there and at the source (""
    for a backup of a Cinder snapshot, which has the RBD image for itself). ``volume_name``,
    ``volume_metadata`` and ``image_metadata`` are the volume's at that time. ``restored_to`` is
    the volume that it is being restored to.
    """

    id: str
    volume_id: str
    project_id: str
    user_id: str
    size: int
    created_at: float
    updated_at: float
    data_at: float
    name: str | None = None
    description: str | None = None
    status: str = "available"
    availability_zone: str | None = None
    site: str = ""
    container: str | None = None
    parent_id: str | None = None
    snapshot_id: str | None = None
    dependents: int = 0
    fail_reason: str | None = None
    metadata: dict[str, str] = {}
    volume_name: str | None = None
    volume_metadata: dict[str, str] = {}
    image_metadata: dict[str, str] = {}
    base: str = ""
    point: str = ""
    restored_to: str = ""
    due_at: float | None = None


class MessageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What Cinder tells a user about an object (cinder/message)."""

    id: str
    project_id: str
    request_id: str
    resource_type: str
    resource_id: str
    event_id: str
    text: str
    created_at: float
    level: str = "ERROR"


class QuotaRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The quotas of a project; UNLIMITED where there is none."""

    volumes: int = UNLIMITED
    gigabytes: int = UNLIMITED
    per_volume_gigabytes: int = UNLIMITED
    snapshots: int = UNLIMITED
    backups: int = UNLIMITED
    backup_gigabytes: int = UNLIMITED


class TransferKind(StrEnum):
    """What data is on its way for."""

    BACKUP = "backup"
    RESTORE = "restore"
    UPLOAD = "upload"
    """A volume becoming an image."""
    COPY = "copy"
    """A volume filled in full: of an image that cannot be cloned, or of another volume."""


class TransferRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Data on its way into an RBD image; ``id`` is that of the backup, image or volume it is for.

    ``object_id`` is the other end: the volume that a backup is restored to, or that an image is
    made of. ``data`` is what the RBD image holds in the end, ``before`` its used bytes at the
    beginning. ``start_at`` is when the first byte moves. A transfer with ``reader`` waits for
    ever while cinder-backup of that site is dead.
    """

    id: str
    kind: TransferKind
    source: str
    target: str
    pool: str
    name: str
    total: int
    start_at: float
    object_id: str = ""
    done: float = 0.0
    before: int = 0
    data: Data = EMPTY
    reader: str = ""


class BlockContents(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything of it at one moment; ``quotas`` by project.

    ``trash`` has the names that RBD images in the trash had, by "SITE/POOL".
    """

    snapshots: tuple[VolumeSnapshotRecord, ...] = ()
    backups: tuple[BackupRecord, ...] = ()
    messages: tuple[MessageRecord, ...] = ()
    transfers: tuple[TransferRecord, ...] = ()
    quotas: dict[str, QuotaRecord] = {}
    trash: dict[str, tuple[str, ...]] = {}
