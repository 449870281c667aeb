"""What rbd-mirror daemons report on an RBD image: state and text, refreshed now and then.

The words and the JSON behind them are those of 16.2.15 (rbd_mirror/ImageReplayer.cc and
rbd_mirror/image_replayer/{journal,snapshot}/Replayer.cc).
"""

import hashlib
import json
from typing import Any

from dcn_console.model.mirroring import MirrorMode
from dcn_console.simulator.mirror_records import ReplayPhase, ReplayRecord, Report
from dcn_console.simulator.rbd_data import OBJECT, objects_of, partly
from dcn_console.simulator.world import World

ENTRY_BYTES = 8192
"""What one journal entry of a write holds."""
_FIXED = {
    ReplayPhase.PRIMARY: ("stopped", "local image is primary"),
    ReplayPhase.NOT_PRIMARY: ("unknown", "remote image is not primary"),
    ReplayPhase.SPLIT_BRAIN: ("error", "split-brain"),
}
_JOURNAL_SPLIT_BRAIN = "split-brain detected"
"""What journal mode says instead."""
IMMEDIATE = frozenset({*_FIXED, ReplayPhase.FAILED})
"""What a daemon reports as soon as it comes to it."""


def is_up(world: World, replay: ReplayRecord, now: float) -> bool:
    """Whether the report counts as one of a daemon that lives."""
    died = died_at(world, replay.site)
    return died is None or now - died < world.deployment.mirroring.gone


def died_at(world: World, site: str) -> float | None:
    """When a site's daemon ceased to work: it died, or its own cluster did."""
    faults = world.faults
    times = (faults.mirror_down.get(site), faults.osd_down.get(site), faults.mon_down.get(site))
    return min((at for at in times if at is not None), default=None)


def report_of(world: World, replay: ReplayRecord, now: float) -> Report | None:
    """Return the newest report on an RBD image, None before the first."""
    died = died_at(world, replay.site)
    end = now if died is None else min(now, died)
    at = _report_time(world, replay, end)
    if at < replay.since:
        if replay.phase not in IMMEDIATE or replay.since > end:
            return replay.shown
        at = replay.since
    if replay.phase is ReplayPhase.WAITING:
        return None
    return Report(*described(world, replay, at), at)


def _report_time(world: World, replay: ReplayRecord, now: float) -> float:
    times = world.deployment.mirroring
    interval = times.short_report if replay.phase in IMMEDIATE else times.report
    digest = hashlib.blake2b("/".join(replay.key).encode(), digest_size=4).digest()
    phase = int.from_bytes(digest, "big") / (1 << 32) * interval
    return (now - phase) // interval * interval + phase


def described(world: World, replay: ReplayRecord, at: float) -> tuple[str, str]:
    """Return state and text of what a daemon does at a time since ``replay.since``."""
    if replay.phase is ReplayPhase.SPLIT_BRAIN and _mode(world, replay) is MirrorMode.JOURNAL:
        return "error", _JOURNAL_SPLIT_BRAIN
    if replay.phase in _FIXED:
        return _FIXED[replay.phase]
    if replay.phase is ReplayPhase.FAILED:
        return "error", replay.text
    if replay.phase is ReplayPhase.SYNCING:
        share = _objects_share(world, replay, at)
        return "syncing", f"bootstrapping, IMAGE_SYNC/COPY_IMAGE {share}%"
    content = (
        _journal_content(world, replay, at)
        if _mode(world, replay) is MirrorMode.JOURNAL
        else _snapshot_content(replay, at)
    )
    return "replaying", f"replaying, {json.dumps(content, sort_keys=True, separators=(',', ':'))}"


def _mode(world: World, replay: ReplayRecord) -> MirrorMode:
    for site in (replay.site, replay.origin):
        mirroring = world.mirroring(site, replay.pool, replay.name)
        if mirroring is not None:
            return mirroring.mode
    return MirrorMode.SNAPSHOT


def entries_behind(replay: ReplayRecord, at: float) -> float:
    """Return how many journal entries are left to replay."""
    waiting = sum(write.entries for write in replay.pending) - replay.replayed
    return max(0.0, waiting - replay.rate * max(0.0, at - replay.since))


def _journal_content(world: World, replay: ReplayRecord, at: float) -> dict[str, Any]:
    behind = round(entries_behind(replay, at))
    origin = world.mirroring(replay.origin, replay.pool, replay.name)
    newest = origin.entries if origin else 0
    speed = replay.rate if behind else 0.0
    content: dict[str, Any] = {
        "bytes_per_second": round(speed * ENTRY_BYTES, 2),
        "entries_behind_primary": behind,
        "entries_per_second": round(speed, 2),
        "non_primary_position": _position(newest - behind),
        "primary_position": _position(newest),
    }
    if speed:
        content["seconds_until_synced"] = round(behind / speed)
    return content


def _position(entry: int) -> dict[str, int]:
    return {"entry_tid": entry, "object_number": entry % 4, "tag_tid": 1} if entry > 0 else {}


def _snapshot_content(replay: ReplayRecord, at: float) -> dict[str, Any]:
    content: dict[str, Any] = {
        "bytes_per_second": 0.0,
        "bytes_per_snapshot": float(replay.last_bytes),
        "last_snapshot_bytes": replay.last_bytes,
        "last_snapshot_sync_seconds": int(replay.last_seconds),
        "replay_state": "idle",
    }
    if replay.local_at is not None:
        content["local_snapshot_timestamp"] = int(replay.local_at)
    if replay.remote_at is not None:
        content["remote_snapshot_timestamp"] = int(replay.remote_at)
    if replay.sync is not None:
        done = sync_done(replay, at)
        left = replay.sync.total - done
        content |= {
            "bytes_per_second": round(replay.rate, 2),
            "replay_state": "syncing",
            "syncing_percent": int(100 * done / replay.sync.total) if replay.sync.total else 100,
            "syncing_snapshot_timestamp": int(replay.sync.taken_at),
        }
        if replay.rate:
            content["seconds_until_synced"] = int(left / replay.rate)
    elif replay.last_seconds:
        content["bytes_per_second"] = round(replay.last_bytes / replay.last_seconds, 2)
    return content


def sync_done(replay: ReplayRecord, at: float) -> float:
    """Return the bytes that a sync has copied."""
    if replay.sync is None:
        return 0.0
    moved = replay.rate * max(0.0, at - replay.since)
    return min(float(replay.sync.total), replay.sync.done + moved)


def _objects_share(world: World, replay: ReplayRecord, at: float) -> int:
    """The percentage that COPY_IMAGE shows: objects passed of all, holes included."""
    record = world.record(replay.origin, replay.pool, replay.name)
    if replay.sync is None or record is None or not record.size:
        return 0
    copied = int(sync_done(replay, at) / OBJECT)
    _, reached = partly(replay.sync.target, replay.sync.base, copied)
    return min(100, int(100 * reached / objects_of(record.size)))
