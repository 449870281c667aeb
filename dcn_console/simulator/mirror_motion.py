"""How a daemon comes from one phase to another, goes on, and stands still."""

from msgspec.structs import replace

from dcn_console.simulator.capacity import fill
from dcn_console.simulator.mirror_records import ReplayPhase, ReplayRecord
from dcn_console.simulator.mirror_reports import died_at, entries_behind, report_of
from dcn_console.simulator.world import World

_AT_ONCE = 0.2
"""Seconds of a sync that has nothing to copy."""


def is_answering(world: World, name: str) -> bool:
    """Whether a site's cluster answers."""
    site = world.deployment.site(name)
    return site is not None and not (world.is_blocked(site) or world.is_unconnectable(site))


def enter(
    world: World, replay: ReplayRecord, phase: ReplayPhase, at: float, text: str = ""
) -> ReplayRecord:
    """Let a daemon come to a phase and stay there; return the replay."""
    if replay.phase is phase and replay.text == text and not (replay.sync or replay.pending):
        found = replace(replay, next_at=None)
    else:
        shown = None if phase is ReplayPhase.WAITING else report_of(world, replay, at)
        found = ReplayRecord(
            site=replay.site,
            pool=replay.pool,
            name=replay.name,
            global_id=replay.global_id,
            origin=replay.origin,
            phase=phase,
            since=at,
            shown=shown,
            text=text,
        )
    world.mirrors.put_replay(found)
    return found


def rebased(world: World, replay: ReplayRecord, at: float) -> ReplayRecord:
    """Return a settled replay as one that goes on from ``at``; what it reported stays."""
    if replay.since >= at:
        return replay
    return replace(replay, shown=report_of(world, replay, at), since=at)


def resume(world: World, replay: ReplayRecord, at: float) -> None:
    """Move on as fast as the site takes it, and note when that ends."""
    replay = rebased(world, replay, at)
    site = world.deployment.site(replay.site)
    alive = died_at(world, replay.site) is None and is_answering(world, replay.origin)
    rate = 0.0
    if site is not None and alive and fill(world, site).available > 0:
        rate = site.bandwidth if replay.sync else world.deployment.mirroring.entries
    end = None
    if rate and replay.sync is not None:
        left = replay.sync.total - replay.sync.done
        end = at + max(_AT_ONCE, left / rate)
    elif rate and replay.pending:
        end = at + max(_AT_ONCE, entries_behind(replace(replay, rate=0.0), at) / rate)
    world.mirrors.put_replay(replace(replay, rate=rate, next_at=end))


def pause(world: World, replay: ReplayRecord, at: float) -> None:
    """Stop moving; the last report stays."""
    world.mirrors.put_replay(replace(rebased(world, replay, at), rate=0.0))
