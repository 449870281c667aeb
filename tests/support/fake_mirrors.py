"""Believable mirroring between three sites, in every condition, for tests of the console."""

import random
from collections import Counter
from datetime import datetime, timedelta

from fake_data import GIB, MIB, NOW
from msgspec.structs import replace

from dcn_console.model.findings import (
    BOTH_SECONDARY,
    MIRROR_DAEMON_DEAD,
    MIRROR_LAG,
    NO_PEER_COPY,
    SPLIT_BRAIN,
    Finding,
    Severity,
)
from dcn_console.model.mirror_rows import (
    Judgement,
    MirrorCondition,
    MirrorPair,
    MirrorRow,
    MirrorSide,
    PairSide,
)
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorMode,
    MirrorPeer,
    PeerDirection,
    PoolMode,
    ReplayState,
    ReplayStatus,
    SnapshotSchedule,
)
from dcn_console.model.rows import Rows, VolumeRow
from dcn_console.model.tasks import Progress, ProgressSource

CONDITIONS: tuple[tuple[MirrorCondition, MirrorMode], ...] = (
    (MirrorCondition.IN_SYNC, MirrorMode.SNAPSHOT),
    (MirrorCondition.SYNCING, MirrorMode.SNAPSHOT),
    (MirrorCondition.SPLIT_BRAIN, MirrorMode.SNAPSHOT),
    (MirrorCondition.REPLAYING, MirrorMode.JOURNAL),
    (MirrorCondition.NO_PEER_COPY, MirrorMode.SNAPSHOT),
    (MirrorCondition.IN_SYNC, MirrorMode.JOURNAL),
    (MirrorCondition.DAEMON_DEAD, MirrorMode.SNAPSHOT),
    (MirrorCondition.DEMOTED, MirrorMode.SNAPSHOT),
    (MirrorCondition.RESYNCING, MirrorMode.JOURNAL),
    (MirrorCondition.STARTING, MirrorMode.SNAPSHOT),
)
"""The first mirrored volumes; all others are in sync."""

_TEXTS = {
    MirrorCondition.IN_SYNC: "the mirror snapshot of 12:00 is there",
    MirrorCondition.SYNCING: "the first copy is under way",
    MirrorCondition.REPLAYING: "12 journal entries behind",
    MirrorCondition.SPLIT_BRAIN: "dcn0 said split-brain: its data and central's have parted",
    MirrorCondition.DEMOTED: "neither side can be written to, in the middle of a task",
    MirrorCondition.DAEMON_DEAD: "last report of dcn1's daemon at 11:21",
    MirrorCondition.RESYNCING: "it has vanished from dcn1, whose daemon makes it anew",
    MirrorCondition.STARTING: "the daemon at central has not taken it up yet",
    MirrorCondition.NO_PEER_COPY: "dcn0 does not have it",
}
_STATES = {
    MirrorCondition.SPLIT_BRAIN: (ReplayState.ERROR, "split-brain"),
    MirrorCondition.DEMOTED: (ReplayState.UNKNOWN, "remote image is not primary"),
    MirrorCondition.DAEMON_DEAD: (ReplayState.REPLAYING, "replaying"),
    MirrorCondition.SYNCING: (ReplayState.SYNCING, "bootstrapping, IMAGE_SYNC/COPY_IMAGE 42%"),
    MirrorCondition.STARTING: (ReplayState.STARTING_REPLAY, "starting replay"),
}
_FINDINGS = {
    MirrorCondition.SPLIT_BRAIN: (
        SPLIT_BRAIN,
        Severity.ERROR,
        "{name} is in split-brain: central and dcn0 were both written to since they parted.",
        "Decide which side's data to give up, then resync that side (M y).",
    ),
    MirrorCondition.DEMOTED: (
        BOTH_SECONDARY,
        Severity.WARNING,
        "{name} can be written to nowhere: both sides are secondary.",
        "Wait for the task, or promote one side.",
    ),
    MirrorCondition.DAEMON_DEAD: (
        MIRROR_DAEMON_DEAD,
        Severity.ERROR,
        "No rbd-mirror daemon at dcn1 has reported {name} since 11:21.",
        "Start the rbd-mirror daemon at dcn1.",
    ),
    MirrorCondition.NO_PEER_COPY: (
        NO_PEER_COPY,
        Severity.WARNING,
        "{name} is mirrored, and dcn0 does not have it.",
        "Look at the daemon's log at dcn0.",
    ),
}
_ARRIVING = {
    MirrorCondition.SYNCING: (ProgressSource.RBD_IMAGE, 0.42, 88 * MIB),
    MirrorCondition.RESYNCING: (ProgressSource.RBD_IMAGE, 0.07, 61 * MIB),
}


def mirror_row(
    number: int,
    volume: VolumeRow,
    condition: MirrorCondition = MirrorCondition.IN_SYNC,
    mode: MirrorMode = MirrorMode.SNAPSHOT,
    now: datetime = NOW,
) -> MirrorRow:
    """A volume mirrored from where it lives, in a condition."""
    home = volume.site or "central"
    peer = ("dcn1" if number % 4 == 0 else "dcn0") if home == "central" else "central"
    if condition in (MirrorCondition.DAEMON_DEAD, MirrorCondition.RESYNCING):
        peer = "dcn1"
    if condition in (MirrorCondition.SPLIT_BRAIN, MirrorCondition.NO_PEER_COPY):
        peer = "dcn0"
    size = volume.volume.size
    state, description = _STATES.get(condition, (ReplayState.REPLAYING, "replaying"))
    gone = condition in (MirrorCondition.NO_PEER_COPY, MirrorCondition.RESYNCING)
    demoted = condition is MirrorCondition.DEMOTED
    lag = 45 + 37 * (number % 17)
    consistent = {
        MirrorCondition.SYNCING: None,
        MirrorCondition.STARTING: None,
        MirrorCondition.RESYNCING: None,
        MirrorCondition.NO_PEER_COPY: None,
        MirrorCondition.SPLIT_BRAIN: None,
        MirrorCondition.DAEMON_DEAD: now - timedelta(minutes=44),
        MirrorCondition.REPLAYING: now - timedelta(seconds=8),
    }.get(condition, now - timedelta(seconds=lag))
    reported = now - timedelta(
        minutes=43 if condition is MirrorCondition.DAEMON_DEAD else 0, seconds=4 + number % 23
    )
    progress = None
    if condition in _ARRIVING:
        source, share, rate = _ARRIVING[condition]
        done = int((size or GIB) * share)
        progress = Progress(
            source=source,
            done=done,
            total=size,
            rate=rate,
            seconds_left=((size or GIB) - done) / rate,
            measured_at=now - timedelta(seconds=1),
        )
    well = condition in (MirrorCondition.IN_SYNC, MirrorCondition.REPLAYING)
    text = _TEXTS[condition]
    name = volume.volume.label
    finding = _FINDINGS.get(condition)
    row = MirrorRow(
        pool="volumes",
        image=f"volume-{volume.key}",
        global_id=f"{number:08x}-9f00-4a2b-9c1d-{number:012x}",
        size=size,
        mode=mode,
        source=MirrorSide(
            site=home,
            exists=True,
            primary=not demoted,
            image_id=f"1f{number:04x}a27b",
            status=ReplayStatus(
                state=ReplayState.STOPPED,
                up=True,
                description="local image is primary",
                reported_at=now - timedelta(seconds=11),
            ),
        ),
        destination=MirrorSide(
            site=peer,
            exists=not gone,
            primary=None if gone else False,
            image_id="" if gone else f"8c{number:04x}55e0",
            status=None
            if gone
            else ReplayStatus(
                state=state,
                up=condition is not MirrorCondition.DAEMON_DEAD,
                description=description,
                reported_at=reported,
                replay="idle" if well and mode is MirrorMode.SNAPSHOT else "",
                local_snapshot_at=consistent if mode is MirrorMode.SNAPSHOT else None,
                remote_snapshot_at=consistent if mode is MirrorMode.SNAPSHOT else None,
                entries_behind=12 if condition is MirrorCondition.REPLAYING else None,
                bytes_per_second=2.5 * MIB if condition is MirrorCondition.REPLAYING else None,
                last_snapshot_bytes=18 * MIB if well and mode is MirrorMode.SNAPSHOT else None,
            ),
        ),
        condition=condition,
        text=text,
        volume_id=volume.key,
        volume_name=volume.volume.name,
        progress=progress,
        behind="12 entries" if condition is MirrorCondition.REPLAYING else "",
        consistent_at=consistent,
        reported_at=None if gone else reported,
        protected=Judgement(holds=well, why=text),
        peer_ready=Judgement(
            holds=well or condition is MirrorCondition.DAEMON_DEAD,
            why=f"whole as of {consistent:%H:%M:%S}" if consistent else text,
        ),
        schedules=(SnapshotSchedule(interval="15m"),) if mode is MirrorMode.SNAPSHOT else (),
        task=21 if demoted else None,
    )
    if finding is None:
        return row
    kind, severity, words, way_out = finding
    found = Finding(
        kind=kind,
        severity=severity,
        key=row.key,
        site=peer,
        text=words.format(name=name),
        way_out=way_out,
    )
    return replace(row, findings=(found,))


def pair_side(
    site: str, *, receives: PeerDirection | None, other: str, daemons: int, schedule: str = ""
) -> PairSide:
    """One side of a pair, with as many daemons as wanted."""
    return PairSide(
        site=site,
        site_name=f"ceph-{site}",
        mode=PoolMode.IMAGE,
        peer=None
        if receives is None
        else MirrorPeer(
            uuid=f"peer-of-{site}",
            site_name=f"ceph-{other}",
            direction=receives,
            mirror_uuid=f"mirror-{other}",
            client_name="client.rbd-mirror-peer",
        ),
        daemons=tuple(
            MirrorDaemon(
                name=f"{4100 + index}",
                hostname=f"{site}-hci-{index}",
                version="16.2.15",
                leader=index == 0,
            )
            for index in range(daemons)
        ),
        schedules=(SnapshotSchedule(interval=schedule),) if schedule else (),
    )


def pairs_of(mirrors: tuple[MirrorRow, ...]) -> tuple[MirrorPair, ...]:
    """Central with dcn0 both ways, and with dcn1 one way, whose daemon is dead."""
    made = (
        MirrorPair(
            pool="volumes",
            sides=(
                pair_side(
                    "central", receives=PeerDirection.BOTH, other="dcn0", daemons=1, schedule="15m"
                ),
                pair_side("dcn0", receives=PeerDirection.BOTH, other="central", daemons=2),
            ),
            ends=("central", "dcn0"),
            sign="↔",
        ),
        MirrorPair(
            pool="volumes",
            sides=(
                pair_side("central", receives=None, other="dcn1", daemons=1, schedule="15m"),
                pair_side("dcn1", receives=PeerDirection.RECEIVE, other="central", daemons=0),
            ),
            ends=("central", "dcn1"),
            sign="→",
            findings=(
                Finding(
                    kind=MIRROR_DAEMON_DEAD,
                    severity=Severity.ERROR,
                    key="volumes/central/dcn1",
                    site="dcn1",
                    text="No rbd-mirror daemon works at dcn1: nothing arrives there.",
                    way_out="Start the rbd-mirror daemon at dcn1.",
                ),
            ),
        ),
    )
    return tuple(
        replace(
            pair,
            counts=dict(
                Counter(
                    row.condition
                    for row in mirrors
                    if {row.source.site, row.destination.site} == {side.site for side in pair.sides}
                )
            ),
        )
        for pair in made
    )


def with_mirrors(rows: Rows, number: int = 38, now: datetime = NOW) -> Rows:
    """The rows with their first volumes mirrored; some of them have something wrong."""
    choice = random.Random(5)
    mirrors: list[MirrorRow] = []
    volumes = list(rows.volumes)
    places = [place for place, row in enumerate(volumes) if row.site in ("central", "dcn0")]
    for index, place in enumerate(places[:number]):
        volume = volumes[place]
        if index < len(CONDITIONS):
            condition, mode = CONDITIONS[index]
        else:
            condition, mode = MirrorCondition.IN_SYNC, choice.choice(tuple(MirrorMode))
        row = mirror_row(index, volume, condition, mode, now)
        if index == 12:
            late = Finding(
                kind=MIRROR_LAG,
                severity=Severity.WARNING,
                key=row.key,
                site=row.destination.site,
                text=f"{row.label} at {row.destination.site} is 41 min behind.",
                way_out="Look at the link between the sites.",
            )
            row = replace(row, findings=(late,), consistent_at=now - timedelta(minutes=41))
        mirrors.append(row)
        volumes[place] = replace(volume, mirrors=(row,))
    made = tuple(mirrors)
    pairs = pairs_of(made)
    return replace(
        rows,
        volumes=tuple(volumes),
        mirrors=made,
        pairs=pairs,
        findings=(
            *rows.findings,
            *(finding for row in made for finding in row.findings),
            *(finding for pair in pairs for finding in pair.findings),
        ),
    )
