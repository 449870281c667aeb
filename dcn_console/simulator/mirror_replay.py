"""What rbd-mirror daemons do: take RBD images up, copy them, follow them, drop them.

``step`` lets a daemon look at both sides and decide
(rbd_mirror/image_replayer/BootstrapRequest.cc).
"""

from msgspec.structs import replace

from dcn_console.model.mirroring import FEATURE_NON_PRIMARY, MirrorMode
from dcn_console.simulator.mirror_motion import enter, is_answering, pause, rebased, resume
from dcn_console.simulator.mirror_progress import put_local, settle
from dcn_console.simulator.mirror_records import (
    MirrorRecord,
    MirrorSnapshotRecord,
    ReplayPhase,
    ReplayRecord,
    SyncRecord,
    WriteRecord,
)
from dcn_console.simulator.mirror_reports import died_at, report_of
from dcn_console.simulator.rbd_content import data_of, holding, seen_data
from dcn_console.simulator.rbd_data import EMPTY, OBJECT, Data, differing
from dcn_console.simulator.records import RbdRecord
from dcn_console.simulator.world import World

_ENTRIES = 4
"""Journal entries that a changed object counts for when nobody counted them."""
FAILED_TEXT = "error bootstrapping replay"


def step(world: World, replay: ReplayRecord, at: float) -> None:
    """Let a daemon look at both sides at a time, and decide."""
    replay = replace(settle(world, replay, at), next_at=None)
    if died_at(world, replay.site) is not None:
        pause(world, replay, at)
        return
    local = world.record(replay.site, replay.pool, replay.name)
    mine = local.mirroring if local else None
    if mine is not None and mine.primary:
        enter(world, replay, ReplayPhase.PRIMARY, at)
        return
    if not is_answering(world, replay.origin):
        pause(world, replay, at)
        return
    theirs = world.mirroring(replay.origin, replay.pool, replay.name)
    if theirs is None or theirs.global_id != replay.global_id:
        _give_up(world, replay, mine, at)
    elif mine is not None and mine.resync_at is not None and theirs.primary:
        _resync(world, replay, mine.resync_at, at)
    elif local is None:
        if theirs.primary:
            _bootstrap(world, replay, theirs, at)
        else:
            enter(world, replay, ReplayPhase.WAITING, at)
    elif mine is None:
        enter(world, replay, ReplayPhase.FAILED, at, FAILED_TEXT)
    elif theirs.lineage[: len(mine.lineage)] == mine.lineage:
        _follow(world, replay, theirs, at)
    else:
        phase = ReplayPhase.SPLIT_BRAIN if theirs.primary else ReplayPhase.NOT_PRIMARY
        enter(world, replay, phase, at)


def _give_up(world: World, replay: ReplayRecord, mine: MirrorRecord | None, at: float) -> None:
    """The other side is mirrored no more: what followed it is deleted, anything else stays."""
    if mine is not None and replay.phase in (ReplayPhase.SPLIT_BRAIN, ReplayPhase.FAILED):
        enter(world, replay, ReplayPhase.FAILED, at, FAILED_TEXT)
        return
    if mine is not None:
        _drop_local(world, replay)
    world.mirrors.drop_replay(replay)


def _resync(world: World, replay: ReplayRecord, due_at: float, at: float) -> None:
    """Throw this side away when it is time, to begin anew a little later."""
    if at < due_at:
        world.mirrors.put_replay(replace(replay, next_at=due_at))
        return
    _drop_local(world, replay)
    waiting = enter(world, replay, ReplayPhase.WAITING, at)
    world.mirrors.put_replay(replace(waiting, next_at=at + world.deployment.mirroring.look))


def _drop_local(world: World, replay: ReplayRecord) -> None:
    site = world.deployment.site(replay.site)
    if site is not None:
        world.drop_rbd(site, replay.pool, replay.name)


def _origin_record(world: World, replay: ReplayRecord) -> RbdRecord:
    record = world.record(replay.origin, replay.pool, replay.name)
    if record is None:
        raise LookupError(f"{replay.name} is not at {replay.origin}.")
    return record


def _bootstrap(world: World, replay: ReplayRecord, theirs: MirrorRecord, at: float) -> None:
    """Make the RBD image here and begin to copy it."""
    origin = _origin_record(world, replay)
    is_journal = theirs.mode is MirrorMode.JOURNAL
    local = RbdRecord(
        size=origin.size,
        used=0,
        snap=False,
        snap_protected=False,
        id=world.short_identifier(world.new_identifier("rbd")),
        features=origin.features if is_journal else origin.features | FEATURE_NON_PRIMARY,
        data=EMPTY,
        metadata=origin.metadata,
        created_at=at,
        modified_at=at,
        mirroring=MirrorRecord(
            global_id=theirs.global_id, mode=theirs.mode, primary=False, lineage=theirs.lineage
        ),
    )
    put_local(world, replay, local)
    if is_journal:
        target = seen_data(world, replay.origin, replay.name, origin)
        _begin(world, replay, ReplayPhase.SYNCING, _sync(target, EMPTY, at), at)
    else:
        _follow(world, replay, theirs, at)


def _sync(target: Data, base: Data, at: float) -> SyncRecord:
    total = len(differing(target, base)) * OBJECT
    return SyncRecord(target=target, base=base, total=total, started_at=at)


def _begin(
    world: World, replay: ReplayRecord, phase: ReplayPhase, sync: SyncRecord, at: float
) -> None:
    started = replace(
        replay,
        phase=phase,
        since=at,
        sync=sync,
        shown=report_of(world, replay, at),
        text="",
        remote_at=sync.taken_at or None,
    )
    resume(world, started, at)


def _follow(world: World, replay: ReplayRecord, theirs: MirrorRecord, at: float) -> None:
    """Go on as a side that may follow the other; take its lineage once all has arrived."""
    if replay.sync is not None:
        if replay.sync.done < replay.sync.total:
            resume(world, replay, at)
            return
        replay = _synced(world, replay, at)
    if theirs.mode is MirrorMode.SNAPSHOT and _next_snapshot(world, replay, theirs, at):
        return
    if replay.phase is not ReplayPhase.REPLAYING and not replay.pending:
        replay = _with_backlog(world, replay, theirs)
    if replay.pending:
        replay = rebased(world, replay, at)
        resume(world, replace(replay, phase=ReplayPhase.REPLAYING), at)
        return
    local = world.record(replay.site, replay.pool, replay.name)
    if local is not None and local.mirroring is not None:
        adopted = replace(local.mirroring, lineage=theirs.lineage)
        if adopted != local.mirroring:
            put_local(world, replay, replace(local, mirroring=adopted))
    if not theirs.primary:
        enter(world, replay, ReplayPhase.NOT_PRIMARY, at)
    elif replay.phase is ReplayPhase.REPLAYING:
        world.mirrors.put_replay(replace(replay, next_at=None))
    else:
        shown = report_of(world, replay, at)
        moved = replace(replay, phase=ReplayPhase.REPLAYING, since=at, shown=shown, next_at=None)
        world.mirrors.put_replay(moved)


def _with_backlog(world: World, replay: ReplayRecord, theirs: MirrorRecord) -> ReplayRecord:
    """Return a replay that begins with what the other side's journal took before it looked."""
    local = world.record(replay.site, replay.pool, replay.name)
    if theirs.mode is not MirrorMode.JOURNAL or local is None:
        return replay
    newest = seen_data(world, replay.origin, replay.name, _origin_record(world, replay))
    changes = {
        number: newest.seed(number) for number in differing(newest, data_of(replay.name, local))
    }
    backlog = (WriteRecord(len(changes) * _ENTRIES, changes),) if changes else ()
    return replace(replay, pending=backlog)


def _synced(world: World, replay: ReplayRecord, at: float) -> ReplayRecord:
    """End a sync whose data is here."""
    sync = replay.sync
    local = world.record(replay.site, replay.pool, replay.name)
    if sync is None or local is None or local.mirroring is None:
        return replay
    snapshots = tuple(
        replace(snapshot, complete=True) if snapshot.id == sync.snapshot_id else snapshot
        for snapshot in local.mirroring.snapshots
    )[-1:]
    record = holding(local, sync.target)
    put_local(
        world, replay, replace(record, mirroring=replace(local.mirroring, snapshots=snapshots))
    )
    is_snapshot = sync.snapshot_id is not None
    return replace(
        replay,
        phase=ReplayPhase.REPLAYING,
        since=at,
        shown=report_of(world, replay, at),
        sync=None,
        rate=0.0,
        last_bytes=sync.total if is_snapshot else 0,
        last_seconds=max(0.0, at - sync.started_at) if is_snapshot else 0.0,
        local_at=sync.taken_at if is_snapshot else None,
        remote_at=sync.taken_at if is_snapshot else None,
    )


def _next_snapshot(world: World, replay: ReplayRecord, theirs: MirrorRecord, at: float) -> bool:
    """Begin to bring the newest mirror snapshot over; return whether there is one to bring."""
    local = world.record(replay.site, replay.pool, replay.name)
    mine = local.mirroring if local else None
    if local is None or mine is None or not theirs.snapshots:
        return False
    newest = theirs.snapshots[-1]
    here = next((item for item in reversed(mine.snapshots) if item.primary_snapshot_id), None)
    if here is not None and here.primary_snapshot_id == newest.id and here.complete:
        return False
    before = data_of(replay.name, local)
    number = local.last_snapshot_id + 1
    mark = MirrorSnapshotRecord(
        id=number,
        state="non-primary" if newest.state == "primary" else "non-primary-demoted",
        taken_at=at,
        data=before,
        complete=False,
        primary_snapshot_id=newest.id,
        copied_objects=0,
    )
    kept = tuple(snapshot for snapshot in mine.snapshots if snapshot.complete)[-1:]
    mirroring = replace(mine, snapshots=(*kept, mark))
    put_local(world, replay, replace(local, last_snapshot_id=number, mirroring=mirroring))
    sync = replace(
        _sync(newest.data, before, at),
        primary_snapshot_id=newest.id,
        snapshot_id=number,
        taken_at=newest.taken_at,
    )
    _begin(world, replay, ReplayPhase.REPLAYING, sync, at)
    return True
