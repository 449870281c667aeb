"""What is wrong with mirroring and shows by itself. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from dcn_console.inventory.findings import clock
from dcn_console.model.findings import (
    BOTH_PRIMARY,
    BOTH_SECONDARY,
    MIRROR_DAEMON_DEAD,
    MIRROR_ERROR,
    MIRROR_LAG,
    MIRROR_ORPHAN,
    NO_PEER_COPY,
    SPLIT_BRAIN,
    Finding,
    Severity,
)
from dcn_console.model.mirror_rows import MirrorCondition, MirrorPair, MirrorRow, PairSide
from dcn_console.model.text import count, printable

SHOWN_SINGLY = 5
"""Up to so many RBD images with the same trouble are named one by one on the home page."""

_ALARMS = {
    MirrorCondition.SPLIT_BRAIN: (
        SPLIT_BRAIN,
        "Compare when each side was last written to, keep a copy of the one to give up, then "
        "resync that one.",
    ),
    MirrorCondition.BOTH_PRIMARY: (
        BOTH_PRIMARY,
        "Stop whatever writes to the side to give up, and demote it: then it shows what differs.",
    ),
    MirrorCondition.DEMOTED: (BOTH_SECONDARY, "Promote the side that is to be written to."),
    MirrorCondition.ORPHAN: (
        MIRROR_ORPHAN,
        "Promote it if it is the last copy, else switch its mirroring off.",
    ),
    MirrorCondition.NO_PEER_COPY: (
        NO_PEER_COPY,
        "Look at the pool's peers and at the log of the rbd-mirror daemon there.",
    ),
    MirrorCondition.DAEMON_DEAD: (
        MIRROR_DAEMON_DEAD,
        "Start the rbd-mirror daemon there, or see its log.",
    ),
    MirrorCondition.ERROR: (
        MIRROR_ERROR,
        "The log of the rbd-mirror daemon there tells more.",
    ),
}

_EXPECTED_IN_A_TASK = frozenset(
    {MirrorCondition.DEMOTED, MirrorCondition.ORPHAN, MirrorCondition.NO_PEER_COPY}
)


def row_findings(
    row: MirrorRow, *, lagging: bool, in_task: bool, settling: bool, stranded: bool = False
) -> tuple[Finding, ...]:
    """Return what is wrong with one mirrored RBD image.

    ``in_task`` is whether a task of ours is changing it, ``settling`` whether its primary has
    vanished only now, as when mirroring is switched off; ``stranded`` whether its copy receives
    from another site than the primary's.
    """
    condition = row.condition
    if condition in _ALARMS:
        if in_task and condition in _EXPECTED_IN_A_TASK:
            return ()
        if settling and condition is MirrorCondition.ORPHAN:
            return ()
        if stranded and condition is MirrorCondition.ORPHAN:
            return (_stranded(row),)
        kind, way_out = _ALARMS[condition]
        return (_of_row(row, kind, Severity.ERROR, f"{condition}: {row.text}", way_out),)
    if lagging:
        return (_lag(row),)
    return ()


def pair_findings(
    pair: MirrorPair,
    rows: Sequence[MirrorRow],
    receiving: Sequence[PairSide],
    dead: Collection[str],
) -> tuple[Finding, ...]:
    """Return what is wrong with a mirrored pool between two sites.

    ``rows`` are its RBD images, ``receiving`` the sides that take some in, ``dead`` the sites
    where no rbd-mirror daemon works. Trouble that many RBD images share is one finding.
    """
    found = []
    for side in receiving:
        if side.reachable and side.site in dead:
            found.append(_no_daemon(pair, side))
        found.extend(_complaints(pair, side))
    gathered = (_shared(pair, kind, few) for kind, few in _by_kind(rows).items())
    return (*found, *(one for one in gathered if one is not None))


def single_findings(pair: MirrorPair | None, rows: Sequence[MirrorRow]) -> Iterator[Finding]:
    """Return the findings of single RBD images that those of their pair do not cover."""
    covered: set[str] = set()
    if pair is not None:
        covered = {kind for kind, few in _by_kind(rows).items() if len(few) > SHOWN_SINGLY}
        covered.update(one.kind for one in pair.findings if one.kind == MIRROR_DAEMON_DEAD)
    for row in rows:
        for finding in row.findings:
            if finding.kind not in covered:
                yield finding


def _of_row(row: MirrorRow, kind: str, severity: Severity, what: str, way_out: str) -> Finding:
    return Finding(
        kind=kind,
        severity=severity,
        key=row.key,
        site=row.destination.site or row.source.site or None,
        text=f"“{printable(row.label)}” (pool {printable(row.pool)}), "
        f"{_between(row.source.site, row.destination.site)}: {what}.",
        way_out=way_out,
    )


def _stranded(row: MirrorRow) -> Finding:
    """Tell of a copy that a relocation left behind at a third site; it harms nobody by itself."""
    site = printable(row.destination.site)
    return _of_row(
        row,
        MIRROR_ORPHAN,
        Severity.WARNING,
        f"{row.condition}: {row.text}",
        f"Relocate it back to a site that {site} receives from, or remove that copy, which Ceph "
        f"never does: rbd mirror image disable --force at {site}, then rbd rm.",
    )


def _lag(row: MirrorRow) -> Finding:
    since = _clock(row.consistent_at, row.reported_at)
    behind = f", {row.behind} behind" if row.behind else ""
    return _of_row(
        row,
        MIRROR_LAG,
        Severity.WARNING,
        f"lagging{behind}: the newest that arrived whole is of {since}",
        "See whether the line between the sites keeps up, and whether scheduled mirror snapshots "
        "are taken.",
    )


def _clock(moment: datetime | None, now: datetime | None) -> str:
    return clock(moment, now or moment) if moment is not None else "an unknown time"


def _between(first: str, second: str) -> str:
    return f"{first or 'elsewhere'} → {second or 'elsewhere'}"


def _no_daemon(pair: MirrorPair, side: PairSide) -> Finding:
    return Finding(
        kind=MIRROR_DAEMON_DEAD,
        severity=Severity.ERROR,
        key=pair.key,
        site=side.site,
        text=f"Pool {printable(pair.pool)}, {pair.direction}: no rbd-mirror daemon runs at "
        f"{side.site}.",
        way_out="Start the rbd-mirror daemon there, or see its log.",
    )


def _complaints(pair: MirrorPair, side: PairSide) -> Iterator[Finding]:
    for daemon in side.daemons or ():
        for problem in daemon.problems:
            yield Finding(
                kind=MIRROR_ERROR,
                severity=Severity.WARNING,
                key=pair.key,
                site=side.site,
                text=f"Pool {printable(pair.pool)}, {pair.direction}: rbd-mirror daemon "
                f"{printable(daemon.name, 80)} at {side.site} says: {printable(problem, 200)}.",
                way_out="Its log tells more.",
            )


def _by_kind(rows: Iterable[MirrorRow]) -> dict[str, list[MirrorRow]]:
    found: dict[str, list[MirrorRow]] = {}
    for row in rows:
        for finding in row.findings:
            found.setdefault(finding.kind, []).append(row)
    return found


def _shared(pair: MirrorPair, kind: str, rows: Sequence[MirrorRow]) -> Finding | None:
    if len(rows) <= SHOWN_SINGLY:
        return None
    first = next(one for one in rows[0].findings if one.kind == kind)
    names = ", ".join(f"“{printable(row.label, 40)}”" for row in rows[:3])
    what = kind.removeprefix("mirror-").replace("-", " ")
    return Finding(
        kind=kind,
        severity=first.severity,
        key=pair.key,
        site=first.site,
        text=f"Pool {printable(pair.pool)}, {pair.direction}: "
        f"{count(len(rows), 'RBD image')} with {what}: {names} and others.",
        way_out=first.way_out,
    )
