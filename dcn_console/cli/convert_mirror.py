"""Rows of mirroring into the objects of the JSON contract."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from dcn_console.cli.contract_mirror import (
    DaemonObject,
    JudgementObject,
    MirrorObject,
    MirrorScheduleObject,
    MirrorSideObject,
    PeerObject,
    ReplayObject,
    ScheduleObject,
)
from dcn_console.cli.convert import finding_objects, utc
from dcn_console.cli.convert_tasks import progress_object
from dcn_console.inventory.mirror_pairs import Flows, Member
from dcn_console.model.inventory import Inventory, MirroredPool
from dcn_console.model.mirror_rows import Judgement, MirrorRow, MirrorSide
from dcn_console.model.mirroring import MirrorDaemon, MirrorPeer, SnapshotSchedule


def mirror_object(row: MirrorRow, now: datetime) -> MirrorObject:
    """Return the JSON object of a mirrored RBD image."""
    return MirrorObject(
        pool=row.pool,
        image=row.image,
        global_id=row.global_id,
        volume_id=row.volume_id,
        volume_name=row.volume_name,
        size_bytes=row.size,
        mode=row.mode.value if row.mode else None,
        source=_side(row.source),
        destination=_side(row.destination),
        condition=row.condition.value,
        text=row.text,
        progress=progress_object(row.progress),
        behind=row.behind,
        consistent_at=utc(row.consistent_at),
        lag_seconds=row.lag_seconds(now),
        reported_at=utc(row.reported_at),
        protected=_judgement(row.protected),
        peer_ready=_judgement(row.peer_ready),
        schedules=tuple(
            MirrorScheduleObject(
                interval=schedule.interval, start_time=schedule.start_time, image=schedule.image
            )
            for schedule in row.schedules
        ),
        findings=finding_objects(row.findings),
        task=row.task,
    )


class ScheduleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule of one site's cluster."""

    site: str
    pool: str
    schedule: SnapshotSchedule


def schedule_object(row: ScheduleRow) -> ScheduleObject:
    """Return the JSON object of a schedule."""
    return ScheduleObject(
        site=row.site,
        pool=row.pool,
        image=row.schedule.image,
        interval=row.schedule.interval,
        start_time=row.schedule.start_time,
    )


class PeerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A mirrored pool at a site with one of its peers, None for a pool without any."""

    site: str
    pool: MirroredPool
    peer: MirrorPeer | None = None
    peer_site: str | None = None


def peer_rows(inventory: Inventory) -> Iterator[PeerRow]:
    """Yield a row for each peer of each mirrored pool, one for a pool without peers."""
    members: dict[str, list[Member]] = {}
    for site, pool in _pools(inventory):
        members.setdefault(pool.pool.name, []).append(Member(site, pool.pool))
    flows = {name: Flows(found) for name, found in members.items()}
    for site, pool in _pools(inventory):
        known = flows[pool.pool.name].sites_by_peer(site)
        for peer in pool.pool.peers:
            yield PeerRow(site=site, pool=pool, peer=peer, peer_site=known.get(peer.uuid))
        if not pool.pool.peers:
            yield PeerRow(site=site, pool=pool)


def schedule_rows(inventory: Inventory) -> Iterator[ScheduleRow]:
    """Yield the schedules of every site."""
    for site, pool in _pools(inventory):
        for schedule in pool.schedules or ():
            yield ScheduleRow(site=site, pool=pool.pool.name, schedule=schedule)


def peer_object(row: PeerRow) -> PeerObject:
    """Return the JSON object of a pool's peer."""
    pool, peer = row.pool, row.peer
    return PeerObject(
        site=row.site,
        pool=pool.pool.name,
        mode=pool.pool.mode.value,
        site_name=pool.pool.site_name,
        uuid=peer.uuid if peer else None,
        peer=peer.site_name if peer else None,
        peer_site=row.peer_site,
        direction=peer.direction.value if peer else None,
        client_name=peer.client_name if peer else None,
        images=len(pool.images),
        daemons=None if pool.daemons is None else tuple(_daemons(pool.daemons)),
        daemons_error=pool.daemons_error,
    )


def _pools(inventory: Inventory) -> Iterator[tuple[str, MirroredPool]]:
    for site, snapshot in inventory.mirrors.items():
        for state in snapshot.rows:
            for pool in state.pools:
                yield site, pool


def _daemons(daemons: Iterable[MirrorDaemon]) -> Iterator[DaemonObject]:
    for daemon in daemons:
        yield DaemonObject(
            name=daemon.name,
            hostname=daemon.hostname,
            version=daemon.version,
            leader=daemon.leader,
            problems=daemon.problems,
        )


def _judgement(judgement: Judgement) -> JudgementObject:
    return JudgementObject(holds=judgement.holds, why=judgement.why)


def _side(side: MirrorSide) -> MirrorSideObject:
    status = side.status
    return MirrorSideObject(
        site=side.site,
        reachable=side.reachable,
        exists=side.exists,
        primary=side.primary,
        image_id=side.image_id,
        status=None
        if status is None
        else ReplayObject(
            state=status.state.value,
            up=status.up,
            description=status.description,
            reported_at=utc(status.reported_at),
            entries_behind=status.entries_behind,
            syncing_percent=status.syncing_percent,
            last_snapshot_bytes=status.last_snapshot_bytes,
        ),
    )
