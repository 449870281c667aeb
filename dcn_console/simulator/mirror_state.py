"""Everything the simulated clusters know of mirroring, and what is due when."""

import heapq
from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from dcn_console.model.mirroring import PeerDirection
from dcn_console.simulator.mirror_records import (
    MirrorPoolRecord,
    PeerRecord,
    ReplayRecord,
    WriterRecord,
)

ReplayKey = tuple[str, str, str]
PoolKey = tuple[str, str]


class MirrorContents(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Mirroring as it is saved: pools by site and name, names of sites where they were set."""

    pools: dict[str, dict[str, MirrorPoolRecord]] = {}
    site_names: dict[str, str] = {}
    replays: tuple[ReplayRecord, ...] = ()
    writers: tuple[WriterRecord, ...] = ()


class Mirrors:
    """Pools, replays and writers; ``changed`` is called whenever one of them is replaced."""

    def __init__(self, contents: MirrorContents, changed: Callable[[], None]) -> None:
        self.site_names = dict(contents.site_names)
        self._changed = changed
        self._pools = {site: dict(pools) for site, pools in contents.pools.items()}
        self._replays: dict[ReplayKey, ReplayRecord] = {}
        self._by_image: dict[PoolKey, dict[str, ReplayRecord]] = {}
        self._writers: dict[ReplayKey, WriterRecord] = {}
        self._due: list[tuple[float, str, ReplayKey]] = []
        for replay in contents.replays:
            self.put_replay(replay)
        for writer in contents.writers:
            self.put_writer(writer)
        for site, pools in self._pools.items():
            for pool in pools:
                self._note_schedules(site, pool)

    def contents(self) -> MirrorContents:
        """Return everything as one frozen record."""
        return MirrorContents(
            pools={site: dict(pools) for site, pools in self._pools.items()},
            site_names=dict(self.site_names),
            replays=tuple(self._replays.values()),
            writers=tuple(self._writers.values()),
        )

    def pool(self, site: str, pool: str) -> MirrorPoolRecord:
        """Return a pool's mirroring, disabled if nobody set it up."""
        return self._pools.get(site, {}).get(pool) or MirrorPoolRecord(uuid="")

    def put_pool(self, site: str, pool: str, record: MirrorPoolRecord) -> None:
        """Replace a pool's mirroring."""
        self._pools.setdefault(site, {})[pool] = record
        self._note_schedules(site, pool)
        self._changed()

    def receivers(self, site: str, pool: str) -> tuple[str, ...]:
        """Return the sites whose daemons pull that pool from ``site``."""
        return tuple(
            other
            for other, pools in self._pools.items()
            if other != site
            and pool in pools
            and any(peer.site == site and peer.direction.receives for peer in pools[pool].peers)
        )

    def source(self, site: str, pool: str) -> PeerRecord | None:
        """Return the one peer that a site receives the pool from."""
        peers = self.pool(site, pool).peers
        return next((peer for peer in peers if peer.direction.receives), None)

    def learn(self, site: str, pool: str, other: str, new_uuid: str) -> None:
        """Let ``site`` list a receiving peer, as that one's daemon does when it first connects.

        A peer that is listed already becomes known by its mirror UUID, and one that was only
        received from is now known to receive as well (measured on 16.2).
        """
        uuid = self.pool(other, pool).uuid
        record = self.pool(site, pool)
        known = next((peer for peer in record.peers if peer.site == other), None)
        if known is None:
            name = self.site_names.get(other, other)
            added = PeerRecord(
                uuid=new_uuid,
                site=other,
                site_name=name,
                direction=PeerDirection.SEND,
                mirror_uuid=uuid,
            )
            self.put_pool(site, pool, replace(record, peers=(*record.peers, added)))
        elif known.mirror_uuid != uuid or known.direction is PeerDirection.RECEIVE:
            sends = known.direction is PeerDirection.SEND
            met = replace(
                known,
                mirror_uuid=uuid,
                direction=PeerDirection.SEND if sends else PeerDirection.BOTH,
            )
            peers = tuple(met if peer is known else peer for peer in record.peers)
            self.put_pool(site, pool, replace(record, peers=peers))

    def rename(self, site: str, name: str) -> None:
        """Let a cluster call itself ``name``; the sites that its daemons ping learn it."""
        self.site_names[site] = name
        for other, pools in list(self._pools.items()):
            for pool, record in list(pools.items()):
                if other in {
                    peer.site for peer in self.pool(site, pool).peers if peer.direction.receives
                }:
                    peers = tuple(
                        replace(peer, site_name=name) if peer.site == site else peer
                        for peer in record.peers
                    )
                    self.put_pool(other, pool, replace(record, peers=peers))

    def replay(self, site: str, pool: str, global_id: str) -> ReplayRecord | None:
        """Return what a site's daemon does with an RBD image."""
        return self._replays.get((site, pool, global_id))

    def replays(self) -> tuple[ReplayRecord, ...]:
        """Return all replays."""
        return tuple(self._replays.values())

    def replays_of(self, pool: str, global_id: str) -> tuple[ReplayRecord, ...]:
        """Return what all daemons do with an RBD image."""
        return tuple(self._by_image.get((pool, global_id), {}).values())

    def put_replay(self, replay: ReplayRecord) -> None:
        """Add a replay or replace it."""
        self._replays[replay.key] = replay
        self._by_image.setdefault((replay.pool, replay.global_id), {})[replay.site] = replay
        if replay.next_at is not None:
            heapq.heappush(self._due, (replay.next_at, "replay", replay.key))
        self._changed()

    def drop_replay(self, replay: ReplayRecord) -> None:
        """Forget a replay."""
        self._replays.pop(replay.key, None)
        self._by_image.get((replay.pool, replay.global_id), {}).pop(replay.site, None)
        self._changed()

    def put_writer(self, writer: WriterRecord) -> None:
        """Let a client write, or replace it."""
        key = (writer.site, writer.pool, writer.name)
        self._writers[key] = writer
        heapq.heappush(self._due, (writer.due_at, "writer", key))
        self._changed()

    def drop_writer(self, site: str, pool: str, name: str) -> None:
        """Let a client write no more."""
        if self._writers.pop((site, pool, name), None) is not None:
            self._changed()

    def pop_due(self, now: float) -> Iterator[tuple[float, ReplayRecord | WriterRecord | PoolKey]]:
        """Yield what is due until ``now`` in the order of time: replays, writers, pools.

        Whoever gets one puts it back with its next time, or it is not due again.
        """
        while self._due and self._due[0][0] <= now:
            at, kind, key = heapq.heappop(self._due)
            if kind == "replay":
                replay = self._replays.get(key)
                if replay is not None and replay.next_at == at:
                    yield at, replay
            elif kind == "writer":
                writer = self._writers.get(key)
                if writer is not None and writer.due_at == at:
                    yield at, writer
            else:
                site, pool, _ = key
                schedules = self.pool(site, pool).schedules
                if any(schedule.due_at <= at for schedule in schedules):
                    yield at, (site, pool)

    def _note_schedules(self, site: str, pool: str) -> None:
        due = [schedule.due_at for schedule in self.pool(site, pool).schedules]
        if due:
            heapq.heappush(self._due, (min(due), "pool", (site, pool, "")))
