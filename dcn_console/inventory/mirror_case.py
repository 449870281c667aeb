"""A mirrored RBD image between two sites: which side gives, when time alone matters. Pure."""

from datetime import datetime, timedelta

import msgspec

from dcn_console.inventory.mirror_evidence import (
    LAG_GRACE,
    MISSED_SNAPSHOTS,
    REPORT_GRACE,
    RESYNC_GRACE,
    START_GRACE,
    Evidence,
    applying,
    interval_seconds,
    is_behind,
    mode_of,
)
from dcn_console.model.mirroring import MirrorMode, SnapshotSchedule


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One mirrored RBD image between two sites, the side that gives first.

    ``operation`` is that of our task at work on it, "" without one. ``confirmed`` is whether each
    side was read after the last change that was seen at the other.
    """

    source: Evidence
    destination: Evidence
    now: datetime
    operation: str = ""
    confirmed: bool = True

    @property
    def mode(self) -> MirrorMode | None:
        """How it is mirrored, None when nothing tells."""
        for side in (self.destination, self.source):
            mode = mode_of(side.image.mode if side.image else None, side.status)
            if mode is not None:
                return mode
        return None

    @property
    def name(self) -> str:
        """The RBD image's name."""
        image = self.source.image or self.destination.image
        return image.name if image is not None else ""

    @property
    def schedules(self) -> tuple[SnapshotSchedule, ...] | None:
        """The schedules that apply at the side that gives; None when they are not known."""
        return applying(self.source.around.schedules, self.name)

    @property
    def shortest_interval(self) -> float | None:
        """Seconds between two scheduled mirror snapshots, None without a schedule."""
        seconds = (interval_seconds(one.interval) for one in self.schedules or ())
        return min((each for each in seconds if each is not None), default=None)


def case_of(
    first: Evidence,
    second: Evidence,
    now: datetime,
    operation: str = "",
    *,
    confirmed: bool = True,
) -> Case:
    """Return the case with the side that gives first.

    That is the primary; of two primaries the one that can be asked; and without a known one
    the side that may be it. Otherwise the order stays.
    """
    if _gives(second) > _gives(first):
        first, second = second, first
    return Case(source=first, destination=second, now=now, operation=operation, confirmed=confirmed)


def _gives(side: Evidence) -> int:
    if side.primary:
        return 3 if side.known else 2
    return 1 if side.image is None else 0


def next_change(case: Case) -> datetime | None:
    """Return the next moment at which time alone may change the judgement."""
    moments: list[datetime | None] = []
    for side in (case.source, case.destination):
        if side.status is not None and side.status.reported_at is not None:
            moments.append(side.status.reported_at + REPORT_GRACE)
        if side.noticed is not None:
            if side.noticed.since is not None:
                moments.append(side.noticed.since + START_GRACE)
            if side.noticed.gone_since is not None:
                moments.append(side.noticed.gone_since + START_GRACE)
                moments.append(side.noticed.gone_since + RESYNC_GRACE)
    moments.append(lag_from(case))
    return min((one for one in moments if one is not None and one > case.now), default=None)


def lag_from(case: Case) -> datetime | None:
    """Return the moment from which the destination counts as lagging, None if it does not.

    In journal mode that is a while after it was last whole, while it is behind; in snapshot mode
    when scheduled mirror snapshots are overdue.
    """
    side = case.destination
    if side.image is None or side.image.primary:
        return None
    if case.mode is MirrorMode.SNAPSHOT:
        seconds = case.shortest_interval
        if seconds is None or side.consistent_at is None:
            return None
        return side.consistent_at + timedelta(seconds=MISSED_SNAPSHOTS * seconds)
    if not is_behind(side.status, case.mode):
        return None
    behind_since = side.noticed.behind_since if side.noticed is not None else None
    since = max((one for one in (side.consistent_at, behind_since) if one), default=None)
    return since + LAG_GRACE if since is not None else side.moment(case.now)
