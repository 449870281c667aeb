"""Mirroring in time: daemons look, schedules take snapshots, clients write."""

from msgspec.structs import replace

from dcn_console.model.mirroring import MirrorMode
from dcn_console.simulator.mirror_motion import is_answering, rebased, resume
from dcn_console.simulator.mirror_progress import settle
from dcn_console.simulator.mirror_records import (
    MirrorRecord,
    MirrorSnapshotRecord,
    ReplayPhase,
    ReplayRecord,
    WriteRecord,
    WriterRecord,
)
from dcn_console.simulator.mirror_replay import step
from dcn_console.simulator.rbd_content import data_of, holding, seen_data
from dcn_console.simulator.rbd_data import objects_of
from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.world import World

_CATCH_UP = 3600.0
"""Seconds of schedules and writers that are made up for after a jump of the clock."""
_PENDING = 40
"""Writes kept apart for a replay that stands still; more are joined."""
_SNAPSHOTS = 3
"""Mirror snapshots that a primary keeps (librbd removes those that every peer has)."""


def advance_mirrors(world: World, now: float) -> None:
    """Let everything happen that is due until ``now``, in order."""
    for at, due in world.mirrors.pop_due(now):
        if isinstance(due, ReplayRecord):
            step(world, due, at)
        elif isinstance(due, WriterRecord):
            _let_write(world, due, max(at, now - _CATCH_UP))
        else:
            _run_schedules(world, *due, max(at, now - _CATCH_UP))


def settle_image(world: World, pool: str, name: str, now: float) -> None:
    """Write down what has arrived of an RBD image, before somebody looks at it."""
    global_id = next(
        (
            mirroring.global_id
            for site in world.deployment.sites
            if (mirroring := world.mirroring(site.name, pool, name)) is not None
        ),
        None,
    )
    if global_id is not None:
        for replay in world.mirrors.replays_of(pool, global_id):
            settle(world, replay, now)


def notice(
    world: World, pool: str, name: str, global_id: str, now: float, delay: float | None = None
) -> None:
    """Let the daemons of all sites look at an RBD image in a moment, as something changed."""
    at = now + (world.deployment.mirroring.look if delay is None else delay)
    for site in world.deployment.sites:
        source = world.mirrors.source(site.name, pool)
        if source is None:
            continue
        replay = world.mirrors.replay(site.name, pool, global_id)
        if replay is None:
            known = (world.mirroring(place, pool, name) for place in (site.name, source.site))
            if not any(item is not None and item.global_id == global_id for item in known):
                continue
            replay = ReplayRecord(
                site=site.name,
                pool=pool,
                name=name,
                global_id=global_id,
                origin=source.site,
                since=now,
            )
        due = at if replay.next_at is None else min(at, replay.next_at)
        world.mirrors.put_replay(replace(replay, next_at=due))


def reconsider(world: World, now: float) -> None:
    """Stop what faults stop at once, and let everybody look again soon."""
    delay = world.deployment.mirroring.look
    for replay in world.mirrors.replays():
        settled = settle(world, replay, now)
        if settled.sync is not None or settled.pending:
            resume(world, settled, now)
            settled = world.mirrors.replay(*settled.key) or settled
        due = now + delay if settled.next_at is None else min(now + delay, settled.next_at)
        world.mirrors.put_replay(replace(settled, next_at=due))


def write(
    world: World,
    site: SimulatedSite,
    pool: str,
    name: str,
    changes: dict[int, str],
    entries: int,
    now: float,
) -> None:
    """Write objects of an RBD image that may be written to; its followers come to lag."""
    record = world.record(site.name, pool, name)
    if record is None:
        return
    changed = replace(holding(record, data_of(name, record).changed(changes)), modified_at=now)
    mirroring = record.mirroring
    if mirroring is not None:
        changed = replace(
            changed, mirroring=replace(mirroring, entries=mirroring.entries + entries)
        )
    world.put_rbd(site, pool, name, changed)
    if mirroring is None or mirroring.mode is not MirrorMode.JOURNAL:
        return
    for replay in world.mirrors.replays_of(pool, mirroring.global_id):
        if replay.origin == site.name and replay.phase in (
            ReplayPhase.SYNCING,
            ReplayPhase.REPLAYING,
        ):
            _add(world, replay, WriteRecord(entries, changes), now)


def _add(world: World, replay: ReplayRecord, written: WriteRecord, now: float) -> None:
    replay = rebased(world, settle(world, replay, now), now)
    pending = (*replay.pending, written)
    if len(pending) > _PENDING:
        *kept, one, two = pending
        joined = WriteRecord(one.entries + two.entries, one.changes | two.changes)
        pending = (*kept, joined)
    replay = replace(replay, pending=pending)
    if replay.sync is None:
        resume(world, replay, now)
    else:
        world.mirrors.put_replay(replay)


def take_snapshot(
    world: World, site: SimulatedSite, pool: str, name: str, now: float, state: str = "primary"
) -> int:
    """Take a mirror snapshot of a primary in snapshot mode; return its id."""
    record = world.record(site.name, pool, name)
    if record is None or record.mirroring is None:
        raise LookupError(f"{name} is not mirrored at {site.name}.")
    number = record.last_snapshot_id + 1
    mark = MirrorSnapshotRecord(
        id=number,
        state=state,
        taken_at=now,
        data=seen_data(world, site.name, name, record),
    )
    mirroring = record.mirroring
    snapshots = (*mirroring.snapshots, mark)[-_SNAPSHOTS:]
    changed = replace(
        record, last_snapshot_id=number, mirroring=replace(mirroring, snapshots=snapshots)
    )
    world.put_rbd(site, pool, name, changed)
    notice(world, pool, name, mirroring.global_id, now, delay=0.5)
    return number


def _let_write(world: World, writer: WriterRecord, now: float) -> None:
    """Let a client write once, if its server runs and its RBD image is primary."""
    site = world.deployment.site(writer.site)
    record = world.record(writer.site, writer.pool, writer.name)
    if site is None or record is None:
        world.mirrors.drop_writer(writer.site, writer.pool, writer.name)
        return
    server = world.servers.get(writer.server_id)
    runs = not writer.server_id or (server is not None and server.status == "ACTIVE")
    count = writer.count
    if runs and _is_writable(record.mirroring) and is_answering(world, site.name):
        count += 1
        number = 1 + count % max(1, min(writer.objects, objects_of(record.size) - 1))
        changes = {number: f"{writer.name}/{count}"}
        write(world, site, writer.pool, writer.name, changes, writer.entries, now)
    world.mirrors.put_writer(replace(writer, count=count, due_at=now + writer.seconds))


def _is_writable(mirroring: MirrorRecord | None) -> bool:
    return mirroring is None or mirroring.primary


def _run_schedules(world: World, site_name: str, pool: str, now: float) -> None:
    """Take the snapshots that are due; the mgr of the site must live for it."""
    site = world.deployment.site(site_name)
    record = world.mirrors.pool(site_name, pool)
    due = [schedule for schedule in record.schedules if schedule.due_at <= now]
    later = tuple(
        replace(schedule, due_at=now + schedule.seconds) if schedule in due else schedule
        for schedule in record.schedules
    )
    world.mirrors.put_pool(site_name, pool, replace(record, schedules=later))
    works = site is not None and site_name not in world.faults.mgr_down
    if site is None or not works or not is_answering(world, site_name):
        return
    names = {schedule.image for schedule in due}
    chosen = world.rbd(site, pool) if None in names else {name: None for name in names if name}
    for name in list(chosen):
        if _is_snapshot_primary(world.record(site_name, pool, str(name))):
            take_snapshot(world, site, pool, str(name), now)


def _is_snapshot_primary(record: RbdRecord | None) -> bool:
    mirroring = record.mirroring if record else None
    return mirroring is not None and mirroring.primary and mirroring.mode is MirrorMode.SNAPSHOT
