"""Protected or not, ready to take over or not, and why: derived from the judgement. Pure."""

from datetime import datetime

from dcn_console.inventory.findings import clock
from dcn_console.inventory.mirror_case import Case, lag_from
from dcn_console.inventory.mirror_evidence import Evidence
from dcn_console.inventory.mirror_judgement import not_asked, place, says_split_brain
from dcn_console.model.mirror_rows import Judgement, MirrorCondition
from dcn_console.model.mirroring import MirrorMode, ReplayState
from dcn_console.model.text import count

WORKING = frozenset({MirrorCondition.IN_SYNC, MirrorCondition.REPLAYING})
"""Conditions in which changes at the primary arrive at the other side."""

_COPYING = frozenset({MirrorCondition.SYNCING, MirrorCondition.STARTING, MirrorCondition.RESYNCING})


def protected(case: Case, condition: MirrorCondition, text: str) -> Judgement:
    """Return whether what is written at the primary is being carried over now, and why (not)."""
    frozen = _frozen_at(case)
    if condition is MirrorCondition.UNKNOWN:
        return Judgement(holds=None, why=text)
    if condition is MirrorCondition.DEMOTED:
        return Judgement(holds=False, why="no side is primary: nothing can be written")
    if condition not in WORKING:
        return Judgement(holds=False, why=_not_working(case, condition, text))
    if frozen is not None:
        return Judgement(holds=None, why=f"{text}, as of {clock(frozen, case.now)}")
    if case.mode is MirrorMode.SNAPSHOT:
        return _protected_by_snapshots(case, text)
    return Judgement(holds=True, why=text)


def _not_working(case: Case, condition: MirrorCondition, text: str) -> str:
    complete = case.destination.first_copy_complete
    if condition not in _COPYING or complete:
        return text
    if complete is None:
        return f"nothing tells that the first copy is complete: {text}"
    return f"the first copy is not complete: {text}"


def peer_ready(case: Case, condition: MirrorCondition) -> Judgement:
    """Return whether the destination could take over now, as of when, and why (not)."""
    side = case.destination
    if not side.known:
        return Judgement(holds=None, why=not_asked(side))
    if says_split_brain(side) or says_split_brain(case.source):
        return Judgement(holds=False, why="split-brain: each side holds what the other lacks")
    if condition is MirrorCondition.BOTH_PRIMARY:
        return Judgement(holds=False, why=f"{place(side)} is primary already, and so is the other")
    if side.image is None:
        return Judgement(holds=False, why=f"{place(side)} does not have it")
    if side.around.frozen_at is not None:
        asked = clock(side.around.frozen_at, case.now)
        return Judgement(holds=None, why=f"{place(side)} was last asked at {asked}")
    if _came_from_elsewhere(case):
        return Judgement(holds=False, why=f"what it holds is not from {place(case.source)}")
    return _ready_with(case, side, condition)


def newest_whole(case: Case, condition: MirrorCondition) -> datetime | None:
    """Return the newest point in time that the destination holds whole, None when not known.

    In split-brain, with two primaries, or when it came from elsewhere, its data is no earlier
    state of the source's.
    """
    if condition in (MirrorCondition.SPLIT_BRAIN, MirrorCondition.BOTH_PRIMARY):
        return None
    if _came_from_elsewhere(case):
        return None
    return _whole_at(case)


def _whole_at(case: Case) -> datetime | None:
    """In journal mode no later than the primary was heard of, where it cannot be asked."""
    side = case.destination
    whole = side.consistent_at
    if whole is None or side.image is None or case.source.known:
        return whole
    if case.mode is not MirrorMode.JOURNAL:
        return whole
    heard = side.image.primary_heard_at
    return min(whole, heard) if heard is not None else None


def _came_from_elsewhere(case: Case) -> bool:
    return case.destination.around.receives is False and bool(case.source.primary)


def _frozen_at(case: Case) -> datetime | None:
    sides = (case.source, case.destination)
    return min((side.around.frozen_at for side in sides if side.around.frozen_at), default=None)


def _protected_by_snapshots(case: Case, text: str) -> Judgement:
    whole = case.destination.consistent_at
    at = clock(whole, case.now) if whole is not None else "an unknown time"
    schedules = case.schedules
    if schedules is None:
        return Judgement(holds=None, why=f"{text}; the schedules are not known")
    if not schedules:
        return Judgement(holds=False, why=f"no schedule: only what was there at {at}")
    lag = lag_from(case)
    if lag is not None and case.now >= lag:
        every = min(schedules, key=lambda one: len(one.interval)).interval
        if case.shortest_interval is not None:
            every = _shown(case.shortest_interval)
        return Judgement(holds=False, why=f"due every {every}, none has arrived since {at}")
    return Judgement(holds=True, why=text)


def _shown(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h")):
        if seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds / 60:.0f}m"


def _ready_with(case: Case, side: Evidence, condition: MirrorCondition) -> Judgement:
    """Judge a destination that has the RBD image and can be asked."""
    complete = side.first_copy_complete
    if complete is False:
        return Judgement(holds=False, why="the first copy has not arrived whole")
    if complete is None:
        if condition in _COPYING:
            return Judgement(holds=False, why="nothing tells that the first copy has arrived")
        return Judgement(holds=None, why="when it last held everything is not known")
    whole = _whole_at(case)
    reason = _reservation(condition)
    if whole is not None:
        why = f"whole as of {clock(whole, case.now)}"
        return Judgement(holds=True, why=why + (f"; {reason}" if reason else ""))
    status = side.status
    told = status is not None and status.state is ReplayState.REPLAYING
    why = "in the order of writes, to a point that is not known"
    if told and status is not None and status.entries_behind:
        behind = count(status.entries_behind, "journal entry", "journal entries")
        at = f" at {clock(status.reported_at, case.now)}" if status.reported_at else ""
        why = f"all but {behind}{at}, in the order of writes"
    return Judgement(holds=True, why=why + (f"; {reason}" if reason else ""))


def _reservation(condition: MirrorCondition) -> str:
    match condition:
        case MirrorCondition.DAEMON_DEAD:
            return "the daemon is dead, nothing newer arrives"
        case MirrorCondition.ERROR:
            return "replication fails, nothing newer arrives"
        case MirrorCondition.UNKNOWN:
            return "the primary cannot be asked"
        case MirrorCondition.ORPHAN:
            return "it has no primary"
        case _:
            return ""
