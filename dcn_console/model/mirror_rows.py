"""Rows of the mirroring page: both clusters side by side, and what follows from both.

A daemon's words alone mislead: "replaying" may be idle and unsynced, split-brain shows on one
side only, and health can be good while nothing is replicated. So every row holds both sides and
the judgement made of them.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from dcn_console.model.findings import Finding
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorMode,
    MirrorPeer,
    PoolMode,
    ReplayStatus,
    SnapshotSchedule,
)
from dcn_console.model.tasks import Progress


class MirrorCondition(StrEnum):
    """What a mirrored RBD image is doing, judged from both sides. The text is what screens show."""

    IN_SYNC = "in sync"
    """The receiving side has everything up to the newest point it was told of."""
    REPLAYING = "replaying"
    """The receiving side follows and is behind."""
    SYNCING = "syncing"
    """The first copy, or the copy of a resync, has not arrived whole."""
    STARTING = "starting"
    """Enabled, and no daemon has taken it up yet."""
    RESYNCING = "resyncing"
    """A resync was asked for; the RBD image vanishes and comes back."""
    DEMOTED = "both secondary"
    """Neither side can be written to: in the middle of a relocation, or left there."""
    BOTH_PRIMARY = "both primary"
    SPLIT_BRAIN = "split-brain"
    ORPHAN = "orphan"
    """It is there without a primary that any side knows of."""
    NO_PEER_COPY = "not at peer"
    """Mirroring is on and no other site has it."""
    DAEMON_DEAD = "daemon dead"
    """No rbd-mirror daemon reports at the receiving side, or its report is too old."""
    ERROR = "error"
    UNKNOWN = "unknown"
    """A cluster cannot be asked."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and the reason for it; None when it cannot be told."""

    holds: bool | None
    why: str


class MirrorSide(msgspec.Struct, frozen=True, kw_only=True):
    """A mirrored RBD image at one of two sites.

    ``site`` is "" for a side that is none of our sites. ``reachable`` is whether the cluster
    answers, ``exists`` whether it has the RBD image (None when it cannot be asked). ``status`` is
    what its own daemon reports.
    """

    site: str
    reachable: bool = True
    exists: bool | None = None
    primary: bool | None = None
    image_id: str = ""
    status: ReplayStatus | None = None


class MirrorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One RBD image mirrored between two sites.

    ``source`` and ``destination`` are the sides in the direction of the data: the primary
    comes first; without a known one, the side that may be it; else the order of the topology.
    ``volume_id`` and ``volume_name`` are Cinder's, None for an RBD image of no known volume.
    ``progress`` is set while data arrives. ``consistent_at`` is the newest point in time that the
    destination holds whole, so ``now - consistent_at`` is what a failover would lose.
    ``reported_at`` is when the destination's daemon last reported. ``behind`` says how far it is
    behind, in words ("12 entries"). ``task`` is the number of our task at work on it.
    """

    pool: str
    image: str
    global_id: str
    size: int | None = None
    mode: MirrorMode | None = None
    source: MirrorSide
    destination: MirrorSide
    condition: MirrorCondition
    text: str = ""
    volume_id: str | None = None
    volume_name: str | None = None
    progress: Progress | None = None
    behind: str = ""
    consistent_at: datetime | None = None
    reported_at: datetime | None = None
    protected: Judgement
    peer_ready: Judgement
    schedules: tuple[SnapshotSchedule, ...] = ()
    findings: tuple[Finding, ...] = ()
    task: int | None = None

    @property
    def key(self) -> str:
        """Pool, RBD image's global id, and the two sites: the same whichever is primary."""
        first, second = sorted((self.source.site, self.destination.site))
        return f"{self.pool}/{self.global_id}/{first}/{second}"

    @property
    def label(self) -> str:
        """The volume's name, or the RBD image's."""
        return self.volume_name or self.image

    def lag_seconds(self, now: datetime) -> float | None:
        """Seconds since the last consistent point at the destination, None when not known."""
        if self.consistent_at is None:
            return None
        return max(0.0, (now - self.consistent_at).total_seconds())


class PairSide(msgspec.Struct, frozen=True, kw_only=True):
    """A pool's mirroring at one of two sites, with the peer that stands for the other.

    ``peer`` is None when this side does not list the other: a primary never lists a secondary
    that only receives. ``daemons`` is None when the manager did not tell; ``daemons_error`` says
    why.
    """

    site: str
    reachable: bool = True
    site_name: str = ""
    mode: PoolMode | None = None
    peer: MirrorPeer | None = None
    daemons: tuple[MirrorDaemon, ...] | None = None
    daemons_error: str = ""
    schedules: tuple[SnapshotSchedule, ...] = ()


class MirrorPair(msgspec.Struct, frozen=True, kw_only=True):
    """One pool mirrored between two sites.

    ``ends`` are the two sites in the order that ``sign`` tells of: "→" from the first to the
    second, "↔" both ways, "–" neither. ``counts`` are its RBD images by condition.
    """

    pool: str
    sides: tuple[PairSide, PairSide]
    ends: tuple[str, str]
    sign: str
    counts: dict[MirrorCondition, int] = {}
    findings: tuple[Finding, ...] = ()

    @property
    def direction(self) -> str:
        """Which way it goes, in words ("central → dcn0", "central ↔ dcn0")."""
        return f"{self.ends[0]} {self.sign} {self.ends[1]}"

    @property
    def key(self) -> str:
        """Pool and sites."""
        return f"{self.pool}/{self.sides[0].site}/{self.sides[1].site}"
