"""What has arrived of an RBD image until a moment: written down when somebody looks."""

from msgspec.structs import replace

from dcn_console.simulator.mirror_records import ReplayRecord, SyncRecord
from dcn_console.simulator.mirror_reports import entries_behind, report_of, sync_done
from dcn_console.simulator.rbd_content import data_of, holding
from dcn_console.simulator.rbd_data import OBJECT, partly
from dcn_console.simulator.records import RbdRecord
from dcn_console.simulator.world import World


def settle(world: World, replay: ReplayRecord, at: float) -> ReplayRecord:
    """Write down what has arrived until ``at``; return the replay as it is now."""
    if not replay.rate or at <= replay.since or not (replay.sync or replay.pending):
        return replay
    shown = report_of(world, replay, at)
    local = world.record(replay.site, replay.pool, replay.name)
    done = replay
    if replay.sync is not None:
        done = replace(replay, sync=replace(replay.sync, done=sync_done(replay, at)))
        if local is not None and done.sync is not None:
            put_local(world, replay, _arrived(local, done.sync))
    elif replay.pending:
        left = entries_behind(replay, at)
        whole = sum(write.entries for write in replay.pending)
        done = _replayed(world, replace(replay, replayed=whole - left), local)
    done = replace(done, since=at, shown=shown)
    world.mirrors.put_replay(done)
    return done


def put_local(world: World, replay: ReplayRecord, record: RbdRecord) -> None:
    """Replace the RBD image at the replay's own site."""
    site = world.deployment.site(replay.site)
    if site is not None:
        world.put_rbd(site, replay.pool, replay.name, record)


def _arrived(local: RbdRecord, sync: SyncRecord) -> RbdRecord:
    """Return the RBD image with what a sync has brought so far."""
    copied = sync.total if sync.done >= sync.total else int(sync.done)
    data, reached = partly(sync.target, sync.base, copied // OBJECT)
    record = holding(local, data)
    if local.mirroring is None or sync.snapshot_id is None:
        return record
    snapshots = tuple(
        replace(snapshot, copied_objects=reached) if snapshot.id == sync.snapshot_id else snapshot
        for snapshot in local.mirroring.snapshots
    )
    return replace(record, mirroring=replace(local.mirroring, snapshots=snapshots))


def _replayed(world: World, replay: ReplayRecord, local: RbdRecord | None) -> ReplayRecord:
    """Apply the writes that are replayed whole."""
    changes: dict[int, str] = {}
    pending, replayed = list(replay.pending), replay.replayed
    while pending and replayed >= pending[0].entries - 1e-6:
        write = pending.pop(0)
        replayed = max(0.0, replayed - write.entries)
        changes |= write.changes
    if changes and local is not None:
        put_local(world, replay, holding(local, data_of(replay.name, local).changed(changes)))
    return replace(replay, pending=tuple(pending), replayed=replayed if pending else 0.0)
