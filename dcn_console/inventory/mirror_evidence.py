"""What is known of one mirrored RBD image at two sites, laid out for the judgement. Pure."""

from datetime import datetime, timedelta

import msgspec

from dcn_console.model.inventory import Noticed
from dcn_console.model.mirroring import (
    MirrorImage,
    MirrorMode,
    ReplayState,
    ReplayStatus,
    SnapshotSchedule,
)
from dcn_console.model.tasks import Progress

REPORT_GRACE = timedelta(minutes=2)
"""A daemon reports every 10 to 30 s; a report older than this is that of a dead one."""
START_GRACE = timedelta(seconds=90)
"""How long a daemon may take to find what was enabled, promoted or demoted (measured: 30 s)."""
RESYNC_GRACE = timedelta(minutes=3)
"""How long an RBD image may be gone in a resync before it counts as lost."""
LAG_GRACE = timedelta(seconds=60)
"""How long a secondary in journal mode may be behind before that is worth a warning."""
MISSED_SNAPSHOTS = 2
"""After so many intervals of its schedule a mirror snapshot is overdue."""

_REPORTED_ONCE = frozenset({ReplayState.ERROR, ReplayState.STOPPED, ReplayState.UNKNOWN})
_UNITS = {"d": 86400, "h": 3600, "m": 60}
_LONGEST = 10 * 365 * 86400


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """One site's part of a mirrored pool, as far as all its RBD images share it.

    ``site`` is "" for a side that is none of our sites. ``reachable`` is whether the cluster
    answered last; ``asked`` whether its list was ever read; ``fault`` why it does not answer.
    ``frozen_at`` is set for rows of an earlier run: they are judged as of then. ``receives`` is
    whether the pool takes in RBD images of the other side, None when that cannot be told;
    ``daemons`` whether any rbd-mirror daemon works there. ``schedules`` are the pool's and its
    RBD images' together, None when the manager did not tell. ``silent`` are further sites of ours
    that have the pool and cannot be asked: the primary may be at one of them.
    """

    site: str
    reachable: bool = True
    asked: bool = True
    fault: str = ""
    frozen_at: datetime | None = None
    receives: bool | None = None
    daemons: bool | None = None
    schedules: tuple[SnapshotSchedule, ...] | None = None
    silent: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One RBD image at one of two sites. ``image`` is None where it is not, or not known.

    ``noticed`` is what looking again and again told, ``reported`` what this side's daemon
    reported to the other side's cluster, ``progress`` the measured figures of what arrives.
    """

    around: Surroundings
    image: MirrorImage | None = None
    noticed: Noticed | None = None
    reported: ReplayStatus | None = None
    progress: Progress | None = None

    @property
    def site(self) -> str:
        """The site's name."""
        return self.around.site

    @property
    def status(self) -> ReplayStatus | None:
        """The last report of this side's own daemon, None when there has been none."""
        status = self.image.status if self.image is not None else None
        return None if status is None or status.reported_at is None else status

    @property
    def primary(self) -> bool | None:
        """Whether this side can be written to, as last seen."""
        return self.image.primary if self.image is not None else None

    @property
    def known(self) -> bool:
        """Whether the cluster answers and its list was read."""
        return self.around.reachable and self.around.asked

    @property
    def missing(self) -> bool:
        """Whether the cluster says that it has no such RBD image."""
        return self.known and self.image is None

    def moment(self, now: datetime) -> datetime:
        """The moment to judge this side at."""
        return self.around.frozen_at or now

    def is_attended(self, now: datetime) -> bool:
        """Whether a living daemon holds this side.

        One that replays reports again and again, one that cannot only once (measured on 16.2).
        """
        status = self.status
        if status is None or status.reported_at is None or not status.up:
            return False
        return status.state in _REPORTED_ONCE or (
            self.moment(now) - status.reported_at < REPORT_GRACE
        )

    @property
    def promoted_since(self) -> datetime | None:
        """When it was first seen to be primary, None if it was so at the first look."""
        return self.noticed.since if self.noticed is not None and self.primary else None

    def changed_lately(self, now: datetime) -> bool:
        """Whether it was enabled, promoted or demoted so lately that no daemon need have seen."""
        since = self.noticed.since if self.noticed is not None else None
        return since is not None and self.moment(now) - since < START_GRACE

    def gone_lately(self, now: datetime, grace: timedelta = RESYNC_GRACE) -> bool:
        """Whether the RBD image was there a short while ago."""
        since = self.noticed.gone_since if self.noticed is not None else None
        return since is not None and self.moment(now) - since < grace

    @property
    def consistent_at(self) -> datetime | None:
        """The newest point in time that this side holds whole as a secondary."""
        if self.image is None or self.image.primary:
            return None
        known = [caught_up_at(self.status, self.image.mode)]
        if self.noticed is not None and self.noticed.id == self.image.id:
            known.append(self.noticed.consistent_at)
        return max((moment for moment in known if moment is not None), default=None)

    @property
    def first_copy_complete(self) -> bool | None:
        """Whether the first copy has arrived whole here, None when nothing tells."""
        if self.image is None:
            return None
        status = self.status
        if self.consistent_at is not None:
            return True
        if status is None:
            return None
        if status.state is ReplayState.SYNCING:
            return False
        if status.state is ReplayState.REPLAYING:
            return mode_of(self.image.mode, status) is MirrorMode.JOURNAL
        return None


def mode_of(mode: MirrorMode | None, status: ReplayStatus | None) -> MirrorMode | None:
    """Return the mode, told by what is reported where the cluster did not say."""
    if mode is not None or status is None:
        return mode
    if status.entries_behind is not None:
        return MirrorMode.JOURNAL
    if status.replay or status.remote_snapshot_at or status.local_snapshot_at:
        return MirrorMode.SNAPSHOT
    return None


def caught_up_at(status: ReplayStatus | None, mode: MirrorMode | None) -> datetime | None:
    """Return the newest point that a secondary held whole by this report, None if it tells none.

    In snapshot mode that is the newest mirror snapshot that arrived, in journal mode the moment
    of a report of nothing left to replay.
    """
    if status is None or status.reported_at is None:
        return None
    kind = mode_of(mode, status)
    if kind is MirrorMode.SNAPSHOT:
        return status.local_snapshot_at
    if status.state is ReplayState.REPLAYING and status.entries_behind == 0:
        return status.reported_at
    return None


def is_behind(status: ReplayStatus | None, mode: MirrorMode | None) -> bool:
    """Whether a report says that a secondary lacks something it knows of."""
    if status is None or status.state is not ReplayState.REPLAYING:
        return False
    if mode_of(mode, status) is MirrorMode.SNAPSHOT:
        arrived = status.local_snapshot_at is not None
        newest = status.local_snapshot_at == status.remote_snapshot_at
        return not (arrived and newest and status.replay != "syncing")
    return status.entries_behind != 0


def interval_seconds(interval: str) -> float | None:
    """Return the seconds of Ceph's "15m", "2h" or "1d"; None for anything else.

    Source: pybind/mgr/rbd_support/schedule.py.
    """
    number, unit = interval.strip()[:-1], interval.strip()[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 9:
        return None
    seconds = int(number) * _UNITS[unit]
    return float(seconds) if 0 < seconds <= _LONGEST else None


def applying(
    schedules: tuple[SnapshotSchedule, ...] | None, image: str
) -> tuple[SnapshotSchedule, ...] | None:
    """Return the schedules by which mirror snapshots of an RBD image are taken."""
    if schedules is None:
        return None
    return tuple(one for one in schedules if one.image is None or one.image == image)
