"""What the simulated clusters keep of mirroring: plain frozen records.

Times are seconds since the epoch on the simulator's clock, rates are bytes or journal entries a
second. Words are librbd's.
"""

from enum import StrEnum

import msgspec

from dcn_console.model.mirroring import MirrorMode, PeerDirection, PoolMode
from dcn_console.simulator.rbd_data import Data

PEER_CLIENT = "rbd-mirror-peer"
"""Who connects to a peer's cluster (librbd, api/Mirror.cc, ``peer_bootstrap_create``)."""
CLOSED = "-"
"""How a lineage's entry begins that a demotion made."""


class SnapshotRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A snapshot that a client made."""

    id: int
    name: str
    size: int
    taken_at: float
    data: Data
    protected: bool = False


class MirrorSnapshotRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mirror snapshot (librbd, ``MirrorSnapshotNamespace``).

    On a side that is not primary ``data`` is what was there before the sync: what arrives goes
    to the head.
    """

    id: int
    state: str
    taken_at: float
    data: Data
    complete: bool = True
    primary_snapshot_id: int | None = None
    copied_objects: int | None = None


class MirrorRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Mirroring of an RBD image at one site.

    ``lineage`` is the chain of promotions and demotions behind its data: a side can follow
    another whose lineage continues its own, and is in split-brain with any other.
    ``entries`` counts what the journal has taken; ``resync_at`` is when the daemon will throw this
    side away.
    """

    global_id: str
    mode: MirrorMode
    primary: bool
    lineage: tuple[str, ...]
    resync_at: float | None = None
    entries: int = 0
    snapshots: tuple[MirrorSnapshotRecord, ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether the last primary was demoted, so that any side may be promoted."""
        return self.lineage[-1].startswith(CLOSED)


class PeerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A peer of a pool; ``site`` is the simulated site whose cluster it is."""

    uuid: str
    site: str
    site_name: str
    direction: PeerDirection
    mirror_uuid: str = ""
    client_name: str = ""


class ScheduleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """When mirror snapshots are taken; ``image`` None is the whole pool.

    ``due_at`` is the next time.
    """

    interval: str
    seconds: float
    due_at: float
    image: str | None = None


class MirrorPoolRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Mirroring of a pool of one cluster."""

    uuid: str
    mode: PoolMode = PoolMode.DISABLED
    peers: tuple[PeerRecord, ...] = ()
    schedules: tuple[ScheduleRecord, ...] = ()


class ReplayPhase(StrEnum):
    """What an rbd-mirror daemon does with one RBD image."""

    WAITING = "waiting"
    """It has not been taken up yet."""
    PRIMARY = "primary"
    SYNCING = "syncing"
    """The first copy of journal mode; snapshot mode only replays."""
    REPLAYING = "replaying"
    NOT_PRIMARY = "not-primary"
    """No side is primary that it could follow."""
    SPLIT_BRAIN = "split-brain"
    FAILED = "failed"


class Report(msgspec.Struct, frozen=True):
    """What a daemon wrote about an RBD image: state, text, and when."""

    state: str
    text: str
    at: float


class WriteRecord(msgspec.Struct, frozen=True):
    """Journal entries that are to be replayed, and the objects that they change."""

    entries: int
    changes: dict[int, str]


class SyncRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A copy of the objects in which ``base`` differs from ``target``.

    ``total`` and ``done`` are bytes, ``done`` as of the replay's ``since``. Snapshot mode knows
    the snapshot's ids on both sides and when it was taken.
    """

    target: Data
    base: Data
    total: int
    started_at: float
    done: float = 0.0
    primary_snapshot_id: int | None = None
    snapshot_id: int | None = None
    taken_at: float = 0.0


class ReplayRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The work of one site's daemon on one RBD image.

    Since ``since`` it does the same at ``rate`` (0 while something stops it), and looks again at
    ``next_at`` (None: when something happens). ``shown`` is what it had reported before.
    ``origin`` is the site that it receives from. ``pending`` are journal entries to replay.
    The last fields are of the newest snapshot that arrived.
    """

    site: str
    pool: str
    name: str
    global_id: str
    origin: str
    phase: ReplayPhase = ReplayPhase.WAITING
    since: float = 0.0
    next_at: float | None = None
    rate: float = 0.0
    shown: Report | None = None
    text: str = ""
    sync: SyncRecord | None = None
    pending: tuple[WriteRecord, ...] = ()
    replayed: float = 0.0
    last_bytes: int = 0
    last_seconds: float = 0.0
    local_at: float | None = None
    remote_at: float | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others."""
        return (self.site, self.pool, self.global_id)


class WriterRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A client that writes to a primary RBD image every ``seconds``, ``entries`` at a time.

    It changes one of its first ``objects`` objects each time; ``server_id`` is the server that
    must run for it, "" for none.
    """

    site: str
    pool: str
    name: str
    seconds: float
    entries: int
    due_at: float
    objects: int = 16
    server_id: str = ""
    count: int = 0
