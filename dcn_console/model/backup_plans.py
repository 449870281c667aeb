"""Backup plans: which volumes are backed up how often, and which of them are due or overdue.

Pure: the volumes and backups are given, and so is the time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec
from msgspec import Meta

from dcn_console.model.backup_chains import GOOD, chain_of, data_time, last_good, newest
from dcn_console.model.inventory import Volume
from dcn_console.model.sites import Topology
from dcn_console.model.storage import Backup

AT_WORK = frozenset({"creating", "restoring", "deleting", "backing-up"})
"""Statuses of a backup that Cinder is busy with."""
EARLY_SHARE = 0.05
EARLIEST = timedelta(minutes=15)
"""A backup is due a little early: timers jitter, and a daily one must not slip a day."""
GRACE_SHARE = 0.25
SHORTEST_GRACE = timedelta(hours=1)
"""How much later than wanted a backup may be before it is overdue."""


class BackupPlan(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Volumes to back up regularly: those that all given selectors fit.

    ``volumes`` is a pattern of names as a shell's (``db-*``), ``metadata`` what a volume must
    carry, ``site`` where it is. ``every`` is in hours. ``keep`` is how many good backups of a
    volume stay, 0 for all. After a full backup ``incremental_of`` increments are made before the
    next full one.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    volumes: str = ""
    metadata: dict[str, str] = {}
    site: str = ""
    every: Annotated[float, Meta(gt=0, le=8784)]
    keep: Annotated[int, Meta(ge=0, le=1000)] = 0
    incremental_of: Annotated[int, Meta(ge=0, le=1000)] = 0

    @property
    def interval(self) -> timedelta:
        """The time from one backup to the next."""
        return timedelta(hours=self.every)

    @property
    def selects_something(self) -> bool:
        """Whether any selector is given."""
        return bool(self.volumes or self.metadata or self.site)


class DueState(StrEnum):
    """How a volume stands against its plan."""

    OVERDUE = "overdue"
    """The last good backup is older than the plan wants, by more than the grace, or missing."""
    DUE = "due"
    RUNNING = "running"
    """Cinder is at work on one."""
    OK = "ok"


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A volume of a plan.

    ``last_good`` is its newest backup that can be restored, ``age_seconds`` how old the data of
    that is; None without one. ``incremental`` is whether the next one builds on it. ``failed`` is
    why the newest one failed, "" when it did not.
    """

    plan: BackupPlan
    volume: Volume
    state: DueState
    last_good: Backup | None = None
    age_seconds: float | None = None
    incremental: bool = False
    failed: str = ""


def selected(
    plan: BackupPlan,
    volumes: Iterable[Volume],
    topology: Topology,
    marked: Collection[str] | None = None,
) -> tuple[Volume, ...]:
    """Return the volumes that ``plan`` is about.

    ``marked`` are the ids of those that carry the plan's metadata, None while nobody knows: then
    a plan with metadata selects nothing.
    """
    if not plan.selects_something:
        return ()
    found = []
    for volume in volumes:
        if plan.volumes and not fnmatchcase(volume.name or "", plan.volumes):
            continue
        if plan.metadata and (marked is None or volume.id not in marked):
            continue
        if plan.site:
            zone = volume.availability_zone
            site = topology.in_availability_zone(zone) if zone else None
            if site is None or site.name != plan.site:
                continue
        found.append(volume)
    return tuple(found)


def due(plan: BackupPlan, volume: Volume, backups: Sequence[Backup], now: datetime) -> Due:
    """Judge one volume; ``backups`` are its own, in any order."""
    good = last_good(backups)
    last = newest(backups)
    age = max(timedelta(0), now - data_time(good)) if good is not None else None
    failed = ""
    if last is not None and (last.status or "").startswith("error"):
        failed = last.fail_reason or "Cinder does not say why"
    return Due(
        plan=plan,
        volume=volume,
        state=_state(plan, volume, backups, age, now),
        last_good=good,
        age_seconds=age.total_seconds() if age is not None else None,
        incremental=_builds_on(plan, good, last, backups),
        failed=failed,
    )


def all_due(
    plans: Sequence[BackupPlan],
    volumes: Iterable[Volume],
    backups: Iterable[Backup],
    topology: Topology,
    now: datetime,
    marked: Mapping[str, Collection[str]] | None = None,
) -> tuple[Due, ...]:
    """Judge every volume of every plan, the longest overdue first.

    A volume of several plans is judged by each. ``marked`` has, by a plan's name, the ids of the
    volumes that carry its metadata.
    """
    known = tuple(volumes)
    of_volume: dict[str, list[Backup]] = {}
    for backup in backups:
        if backup.volume_id is not None:
            of_volume.setdefault(backup.volume_id, []).append(backup)
    found = [
        due(plan, volume, of_volume.get(volume.id, ()), now)
        for plan in plans
        for volume in selected(plan, known, topology, (marked or {}).get(plan.name))
    ]
    return tuple(sorted(found, key=_urgency))


def overdue(dues: Iterable[Due]) -> tuple[Due, ...]:
    """Return those that somebody should hear of."""
    return tuple(one for one in dues if one.state is DueState.OVERDUE)


def to_run(dues: Iterable[Due]) -> tuple[Due, ...]:
    """Return what is to be backed up now, each volume once: by the plan most behind."""
    chosen: dict[str, Due] = {}
    for one in sorted(dues, key=_urgency):
        if one.state in (DueState.OVERDUE, DueState.DUE):
            chosen.setdefault(one.volume.id, one)
    return tuple(chosen.values())


def _state(
    plan: BackupPlan,
    volume: Volume,
    backups: Sequence[Backup],
    age: timedelta | None,
    now: datetime,
) -> DueState:
    interval = plan.interval
    late = interval + max(interval * GRACE_SHARE, SHORTEST_GRACE)
    waited = age
    if waited is None and volume.created_at is not None:
        waited = now - volume.created_at
    is_late = waited is None or waited > late
    if any(one.status in AT_WORK for one in backups):
        return DueState.RUNNING
    if is_late:
        return DueState.OVERDUE
    early = min(interval * EARLY_SHARE, EARLIEST)
    return DueState.DUE if age is None or age >= interval - early else DueState.OK


def _builds_on(
    plan: BackupPlan, good: Backup | None, last: Backup | None, backups: Sequence[Backup]
) -> bool:
    """Whether the next backup is an increment: Cinder builds on the newest one alone."""
    if plan.incremental_of == 0 or good is None or last is None or last.id != good.id:
        return False
    chain = chain_of(good, backups)
    increments = sum(1 for node in chain if node.backup.incremental and node.backup.status == GOOD)
    return good.snapshot_id is None and increments < plan.incremental_of


def _urgency(one: Due) -> tuple[bool, bool, float, str, str]:
    """Order the overdue first, those never backed up before all, then by how far behind."""
    behind = (
        float("inf")
        if one.age_seconds is None
        else one.age_seconds / one.plan.interval.total_seconds()
    )
    return (
        one.state is not DueState.OVERDUE,
        one.state is not DueState.DUE,
        -behind,
        one.volume.label,
        one.plan.name,
    )
