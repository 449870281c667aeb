"""What Ceph clusters say of mirroring, as plain data.

Sizes are bytes, times are aware datetimes in UTC, percentages run from 0 to 100. Words are
those of ``rbd mirror``. Any field that a daemon may leave out is optional.
"""

from datetime import datetime
from enum import StrEnum

import msgspec


class MirrorMode(StrEnum):
    """How one RBD image is mirrored (librbd, ``rbd_mirror_image_mode_t``)."""

    JOURNAL = "journal"
    SNAPSHOT = "snapshot"


class PoolMode(StrEnum):
    """Which RBD images of a pool are mirrored (librbd, ``rbd_mirror_mode_t``).

    ``POOL`` mirrors every RBD image that has the journaling feature, ``IMAGE`` those that
    were enabled one by one.
    """

    DISABLED = "disabled"
    IMAGE = "image"
    POOL = "pool"


class PeerDirection(StrEnum):
    """What a pool's peer is for, seen from the pool that has it."""

    RECEIVE = "rx-only"
    SEND = "tx-only"
    BOTH = "rx-tx"

    @property
    def receives(self) -> bool:
        """Whether RBD images come from that peer."""
        return self is not PeerDirection.SEND


class ReplayState(StrEnum):
    """What an rbd-mirror daemon reports of one RBD image (``mirror_image_status_state_t``)."""

    UNKNOWN = "unknown"
    ERROR = "error"
    SYNCING = "syncing"
    STARTING_REPLAY = "starting_replay"
    REPLAYING = "replaying"
    STOPPING_REPLAY = "stopping_replay"
    STOPPED = "stopped"


class MirrorPeer(msgspec.Struct, frozen=True, kw_only=True):
    """A peer of a pool. ``mirror_uuid`` is how the peer's pool calls itself, "" until met."""

    uuid: str
    site_name: str = ""
    direction: PeerDirection = PeerDirection.BOTH
    mirror_uuid: str = ""
    client_name: str = ""


class MirrorPool(msgspec.Struct, frozen=True, kw_only=True):
    """Mirroring of one pool in one cluster.

    ``site_name`` is the name that the cluster gave itself for mirroring, ``mirror_uuid`` how
    its pool is known to daemons elsewhere.
    """

    name: str
    mode: PoolMode = PoolMode.DISABLED
    site_name: str = ""
    mirror_uuid: str = ""
    peers: tuple[MirrorPeer, ...] = ()


class MirrorDaemon(msgspec.Struct, frozen=True, kw_only=True):
    """An rbd-mirror daemon, as the cluster's manager knows it.

    ``problems`` are what it complains of about the asked pool, in its own words; ``leader``
    is whether it leads there.
    """

    name: str
    hostname: str = ""
    version: str = ""
    leader: bool = False
    problems: tuple[str, ...] = ()


class ReplayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One side's report on one RBD image, written by its rbd-mirror daemon.

    ``description`` is the daemon's text without its JSON tail; ``up`` whether a daemon holds
    the RBD image; ``reported_at`` the report's age: daemons write every 10 to 30 s.
    Journal mode fills ``entries_behind``, ``entries_per_second``; snapshot mode
    ``replay`` ("idle" or "syncing"), the time stamps of the newest mirror snapshot that is
    here (``local_snapshot_at``) and at the primary (``remote_snapshot_at``),
    ``syncing_percent`` and ``last_snapshot_bytes``. ``percent`` is the progress of a journal
    mode's first copy. Source: rbd_mirror/image_replayer/{journal,snapshot}/Replayer.cc.
    """

    state: ReplayState = ReplayState.UNKNOWN
    up: bool = False
    description: str = ""
    reported_at: datetime | None = None
    percent: float | None = None
    bytes_per_second: float | None = None
    seconds_until_synced: float | None = None
    entries_behind: int | None = None
    entries_per_second: float | None = None
    replay: str = ""
    local_snapshot_at: datetime | None = None
    remote_snapshot_at: datetime | None = None
    syncing_percent: float | None = None
    last_snapshot_bytes: int | None = None


class RemoteStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a peer's daemon reported to this cluster about an RBD image it received."""

    mirror_uuid: str
    status: ReplayStatus = ReplayStatus()


class MirrorImage(msgspec.Struct, frozen=True, kw_only=True):
    """An RBD image with mirroring on, in one cluster.

    ``global_id`` is the same on every side. ``primary`` is whether this side may be written
    to; ``enabled`` is false while mirroring is being switched on or off. ``status`` is None
    where no daemon reports, as on a primary without a receiving daemon.
    """

    name: str
    id: str = ""
    global_id: str = ""
    mode: MirrorMode | None = None
    primary: bool = False
    enabled: bool = True
    status: ReplayStatus | None = None
    remote: tuple[RemoteStatus, ...] = ()

    @property
    def primary_heard_at(self) -> datetime | None:
        """When the daemon of a primary elsewhere last reported here; None if none does.

        The daemon here goes on saying that no journal entry is missing, for as long as it lives,
        while it reaches the primary no more (seen on Ceph 16.2).
        """
        told = [
            one.status.reported_at
            for one in self.remote
            if one.status.description == "local image is primary" and one.status.reported_at
        ]
        return max(told, default=None)


class MirrorSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A mirror snapshot of an RBD image (librbd, ``MirrorSnapshotNamespace``).

    ``state`` is "primary", "primary-demoted", "non-primary" or "non-primary-demoted".
    On a side that is not primary ``primary_snapshot_id`` names the primary's snapshot whose
    data arrives, ``complete`` whether it is all there, ``copied_objects`` how much is.
    Its own data may be that from before the sync: what arrived is in the head.
    """

    id: int
    state: str
    complete: bool = True
    primary_snapshot_id: int | None = None
    copied_objects: int | None = None
    taken_at: datetime | None = None


class ImageSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that somebody made of an RBD image."""

    id: int
    name: str
    size: int = 0
    protected: bool = False
    taken_at: datetime | None = None


class RbdParent(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot that an RBD image is a copy-on-write clone of."""

    pool: str
    image: str
    snapshot: str


class Watcher(msgspec.Struct, frozen=True, kw_only=True):
    """A client that has an RBD image open for writing."""

    address: str
    client: str = ""


class RbdDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one RBD image that opening it tells.

    ``features`` and ``flags`` are librbd's bit masks; ``object_size`` is in bytes;
    ``modified_at`` when it was last written to, as far as librbd keeps it.
    ``mirroring`` is None when it is not mirrored.
    """

    name: str
    id: str = ""
    size: int = 0
    object_size: int = 4 << 20
    features: int = 0
    flags: int = 0
    parent: RbdParent | None = None
    children: int = 0
    watchers: tuple[Watcher, ...] = ()
    lock_owner: str = ""
    created_at: datetime | None = None
    modified_at: datetime | None = None
    snapshots: tuple[ImageSnapshot, ...] = ()
    mirror_snapshots: tuple[MirrorSnapshot, ...] = ()
    mirroring: MirrorImage | None = None


class SyncProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a sync has arrived in the RBD image at the receiving side, in bytes.

    ``done`` is None when the RBD image does not tell. ``total`` is its size.
    """

    done: int | None
    total: int


class SnapshotSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When mirror snapshots are taken; ``image`` is None for a whole pool's.

    ``interval`` is Ceph's text: a number and d, h or m, as in "15m".
    """

    interval: str
    start_time: str = ""
    image: str | None = None


FEATURE_LAYERING = 1
FEATURE_EXCLUSIVE_LOCK = 4
FEATURE_OBJECT_MAP = 8
FEATURE_FAST_DIFF = 16
FEATURE_DEEP_FLATTEN = 32
FEATURE_JOURNALING = 64
FEATURE_NON_PRIMARY = 1024
FLAG_OBJECT_MAP_INVALID = 1
"""Bits of librbd's feature and flag masks (include/rbd/features.h, include/rbd/librbd.h)."""
