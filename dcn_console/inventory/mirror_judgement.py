"""What a mirrored RBD image is doing, judged from what both sides say. Pure.

Neither side's words can be taken alone: "replaying" may be idle and unsynced, split-brain is
told by the demoted side only, a dead daemon's last words stay. The rules are tried in order, the
gravest first; a cluster that cannot be asked makes its side unknown, never missing.
"""

from collections.abc import Callable

from dcn_console.inventory.findings import clock
from dcn_console.inventory.mirror_case import Case
from dcn_console.inventory.mirror_evidence import Evidence
from dcn_console.model.mirror_rows import MirrorCondition
from dcn_console.model.mirroring import MirrorMode, ReplayState, ReplayStatus
from dcn_console.model.text import count, printable

RESYNCS = frozenset({"mirror-resync", "mirror-failback"})
"""Operations of ours that make a secondary vanish and come back."""

_OF_BOTH = frozenset(
    {
        MirrorCondition.BOTH_PRIMARY,
        MirrorCondition.DEMOTED,
        MirrorCondition.ORPHAN,
        MirrorCondition.NO_PEER_COPY,
    }
)
"""What would be wrongly said of two sides that were read at different times."""

Found = tuple[MirrorCondition, str] | None


def condition(case: Case) -> tuple[MirrorCondition, str]:
    """Return what the RBD image is doing, and in a few words why that is said."""
    for rule in _RULES:
        found = rule(case)
        if found is not None:
            return found if case.confirmed or found[0] not in _OF_BOTH else _unconfirmed(case)
    return MirrorCondition.UNKNOWN, "the sides do not tell enough"


def _unconfirmed(case: Case) -> tuple[MirrorCondition, str]:
    return MirrorCondition.UNKNOWN, (
        f"{place(case.source)} and {place(case.destination)} were not both asked since one changed"
    )


def says_split_brain(side: Evidence) -> bool:
    """Whether the newest word of a side's daemon, here or at the other side, is split-brain."""
    own, reported = side.status, side.reported
    if _names(own, "split-brain") or _names(own, "split brain"):
        return True
    if not (_names(reported, "split-brain") or _names(reported, "split brain")):
        return False
    if own is None or own.reported_at is None:
        return True
    return (
        not side.known
        or reported is None
        or reported.reported_at is None
        or reported.reported_at > own.reported_at
    )


def place(side: Evidence) -> str:
    """Return what a side is called in a sentence."""
    return printable(side.site) or "a site that is none of ours"


def not_asked(side: Evidence) -> str:
    """Return why nothing is known of a side."""
    if not side.site:
        return "its other side is none of our sites"
    if not side.around.reachable:
        return f"{place(side)} cannot be asked"
    return f"{place(side)} has not been asked yet"


def _names(status: ReplayStatus | None, word: str) -> bool:
    return status is not None and word in status.description.lower()


def _split_brain(case: Case) -> Found:
    for side, other in ((case.destination, case.source), (case.source, case.destination)):
        if says_split_brain(side):
            last = "" if side.known else " when it was last asked"
            return MirrorCondition.SPLIT_BRAIN, (
                f"{place(side)} said split-brain{last}: its data and {place(other)}'s have parted"
            )
    return None


def _both_primary(case: Case) -> Found:
    source, destination = case.source, case.destination
    if not (source.primary and destination.primary):
        return None
    if source.known and destination.known:
        text = f"{place(source)} and {place(destination)} can both be written to"
        return MirrorCondition.BOTH_PRIMARY, text
    return MirrorCondition.UNKNOWN, (
        f"{not_asked(destination)}; it was primary when last seen, as {place(source)} is"
    )


def _not_known(case: Case) -> Found:
    source, destination = case.source, case.destination
    lost = [side for side in (source, destination) if not side.known]
    if not lost:
        return None
    unreceived = not destination.site and destination.around.receives is False
    if unreceived and source.known and source.primary:
        return MirrorCondition.NO_PEER_COPY, f"nobody receives from {place(source)}"
    text = "; ".join(not_asked(side) for side in lost)
    if destination.known and destination.status is not None:
        text += f"; {place(destination)} says {_said(destination.status)}"
    elif not destination.known and destination.reported is not None:
        at = destination.reported.reported_at
        when = f" at {clock(at, case.now)}" if at is not None else ""
        text += f"; its daemon told {place(source)}{when}: {_said(destination.reported)}"
    return MirrorCondition.UNKNOWN, text


def _missing(case: Case) -> Found:
    source, destination = case.source, case.destination
    if source.missing and not destination.missing:
        text = f"{place(source)} does not have it: there is no primary"
        if destination.status is not None:
            text += f"; {place(destination)} says {_said(destination.status)}"
        return _without_primary(case, MirrorCondition.ORPHAN, text)
    if not destination.missing:
        return None
    if source.primary is False:
        text = f"{place(destination)} does not have it, and no primary"
        return _without_primary(case, MirrorCondition.ORPHAN, text)
    if destination.around.daemons is False:
        return MirrorCondition.DAEMON_DEAD, f"no rbd-mirror daemon works at {place(destination)}"
    if destination.gone_lately(case.now) or case.operation in RESYNCS:
        return MirrorCondition.RESYNCING, (
            f"it has vanished from {place(destination)}, "
            "whose daemon makes it anew from the primary's"
        )
    if source.changed_lately(case.now):
        return MirrorCondition.STARTING, (
            f"the daemon at {place(destination)} has not taken it up yet"
        )
    if destination.around.receives is False:
        return MirrorCondition.NO_PEER_COPY, _does_not_receive(case)
    return MirrorCondition.NO_PEER_COPY, f"{place(destination)} does not have it"


def _both_secondary(case: Case) -> Found:
    if case.source.primary or case.destination.primary:
        return None
    text = "neither side can be written to"
    if case.operation:
        text += ", in the middle of a task"
    return _without_primary(case, MirrorCondition.DEMOTED, text)


def _without_primary(case: Case, what: MirrorCondition, text: str) -> Found:
    """Return what is so without a primary; it may be at a site that cannot be asked."""
    if not case.source.around.silent:
        return what, text
    silent = ", ".join(printable(site) for site in case.source.around.silent)
    return MirrorCondition.UNKNOWN, f"neither side is primary, and {silent} cannot be asked"


def _not_receiving(case: Case) -> Found:
    """What a side that gets its data from elsewhere reports is not about this primary."""
    if case.destination.around.receives is False:
        return MirrorCondition.ORPHAN, f"{_does_not_receive(case)}: nothing new arrives"
    return None


def _not_about_it(case: Case) -> Found:
    """A report from before the source became primary is about what was then."""
    status, since = case.destination.status, case.source.promoted_since
    if status is None or status.reported_at is None or since is None:
        return None
    if status.reported_at >= since or status.state is ReplayState.ERROR:
        return None
    if case.source.changed_lately(case.now):
        return MirrorCondition.STARTING, (
            f"{place(case.destination)} has not reported since {place(case.source)} became primary"
        )
    at = clock(status.reported_at, case.now)
    return MirrorCondition.DAEMON_DEAD, f"last report of {place(case.destination)} at {at}"


def _orphan(case: Case) -> Found:
    if not _names(case.destination.status, "orphan"):
        return None
    return MirrorCondition.ORPHAN, f"{place(case.destination)} says {_said_by(case.destination)}"


def _no_daemon(case: Case) -> Found:
    side = case.destination
    if side.is_attended(case.now):
        return None
    status = side.status
    if case.operation in RESYNCS:
        return MirrorCondition.RESYNCING, f"the daemon at {place(side)} begins it anew"
    if _arrives(side) and status is None:
        return MirrorCondition.SYNCING, f"data arrives at {place(side)}"
    if side.changed_lately(case.now) or case.source.changed_lately(case.now):
        return MirrorCondition.STARTING, f"the daemon at {place(side)} has not reported it yet"
    if status is not None and status.reported_at is not None:
        at = clock(status.reported_at, case.now)
        return MirrorCondition.DAEMON_DEAD, f"last report of {place(side)}'s daemon at {at}"
    if side.around.daemons is not False and (side.noticed is None or side.noticed.since is None):
        text = f"the daemon at {place(side)} has not reported it yet"
        if side.around.daemons:
            return MirrorCondition.STARTING, text
        return MirrorCondition.UNKNOWN, f"{text}; its manager does not tell whether one works"
    return MirrorCondition.DAEMON_DEAD, f"no rbd-mirror daemon at {place(side)} reports it"


def _switching(case: Case) -> Found:
    for side in (case.destination, case.source):
        if side.image is not None and not side.image.enabled:
            text = f"mirroring is being switched on or off at {place(side)}"
            return MirrorCondition.STARTING, text
    return None


def _by_state(case: Case) -> Found:
    side = case.destination
    status = side.status
    if status is None:
        return None
    match status.state:
        case ReplayState.ERROR:
            return MirrorCondition.ERROR, f"{place(side)} says {_said(status)}"
        case ReplayState.SYNCING:
            return MirrorCondition.SYNCING, "the first copy is under way"
        case ReplayState.REPLAYING:
            return _replaying(case, status)
        case ReplayState.STARTING_REPLAY:
            return MirrorCondition.STARTING, f"the daemon at {place(side)} begins to replay"
    if side.changed_lately(case.now) or case.source.changed_lately(case.now):
        return MirrorCondition.STARTING, f"the daemon at {place(side)} has not caught up yet"
    if status.state is ReplayState.STOPPING_REPLAY:
        return MirrorCondition.STARTING, f"the daemon at {place(side)} stops to replay"
    return MirrorCondition.ERROR, f"{place(side)} does not replay: {_said(status)}"


def _replaying(case: Case, status: ReplayStatus) -> Found:
    if case.mode is MirrorMode.SNAPSHOT:
        if status.local_snapshot_at is None:
            if status.replay == "syncing":
                return MirrorCondition.SYNCING, "the first copy is under way"
            return MirrorCondition.SYNCING, "no mirror snapshot has arrived whole yet"
        if status.replay == "syncing":
            return MirrorCondition.REPLAYING, "a newer mirror snapshot arrives"
        if status.local_snapshot_at != status.remote_snapshot_at:
            return MirrorCondition.REPLAYING, "a newer mirror snapshot waits"
        at = clock(status.local_snapshot_at, case.now)
        return MirrorCondition.IN_SYNC, f"the mirror snapshot of {at} is there"
    if status.entries_behind is None:
        return MirrorCondition.REPLAYING, "how far it is behind is not told"
    if status.entries_behind != 0:
        behind = count(status.entries_behind, "journal entry", "journal entries")
        return MirrorCondition.REPLAYING, f"{behind} behind"
    return MirrorCondition.IN_SYNC, "every journal entry is replayed"


def _arrives(side: Evidence) -> bool:
    progress = side.progress
    return progress is not None and bool(progress.done) and progress.done != progress.total


def _does_not_receive(case: Case) -> str:
    source, destination = place(case.source), place(case.destination)
    return f"the pool at {destination} does not receive from {source}"


def _said_by(side: Evidence) -> str:
    return _said(side.status) if side.status is not None else "nothing"


def _said(status: ReplayStatus) -> str:
    return f"“{printable(status.description, 120) or status.state.value}”"


_RULES: tuple[Callable[[Case], Found], ...] = (
    _split_brain,
    _both_primary,
    _not_known,
    _missing,
    _both_secondary,
    _not_receiving,
    _orphan,
    _no_daemon,
    _not_about_it,
    _switching,
    _by_state,
)
