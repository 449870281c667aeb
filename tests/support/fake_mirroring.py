"""Clusters that mirror to each other, in memory and moved by a clock: for tests of operations.

They behave as measured on Ceph 16.2: a daemon acts after a while, reports lag behind, a demotion
must arrive before the other side can be promoted, two histories that part are a split-brain, and
a resync makes the RBD image vanish before it comes back with another id.
"""

from collections.abc import Callable
from datetime import datetime

from fake_dcn import MIB, Clock
from fake_mirror_state import Held, Plant, follows, is_behind
from msgspec.structs import replace

from dcn_console.model.mirroring import (
    MirrorMode,
    ReplayState,
    ReplayStatus,
)

POOL = "volumes"
IMAGE = "volume-1"
OBJECT = 4 * MIB


class World:
    """All clusters, and the daemons between them. Seconds below are those of the daemons."""

    replay_seconds = 3.0
    create_seconds = 4.0
    sync_seconds = 6.0
    resync_seconds = 30.0
    report_seconds = 10.0

    def __init__(self, *sites: str, clock: Clock | None = None) -> None:
        """Mirror both ways between the first two of ``sites``; the others only receive."""
        self.clock = clock or Clock()
        self.plants = {site: Plant(site) for site in sites}
        self.writes: list[str] = []
        """Every change asked of a facade, in order: "dcn0 promote volume-1"."""
        self.after_write: Callable[[str], None] = lambda write: None
        self._since: dict[tuple[str, str, str, str], tuple[str, datetime]] = {}
        self._made = 0
        hub, *edges = sites
        for edge in edges:
            self.connect(hub, edge)
        if edges:
            self.connect(edges[0], hub)

    def connect(self, source: str, receiver: str) -> None:
        self.plants[receiver].receives_from.append(source)
        self.plants[source].sends_to.append(receiver)

    def name_of(self, site: str) -> str:
        """Return what a cluster calls itself."""
        return self.plants[site].site_name or site

    def disconnect(self, source: str, receiver: str) -> None:
        self.plants[receiver].receives_from.remove(source)
        self.plants[source].sends_to.remove(receiver)

    def make(self, site: str, name: str = IMAGE, *, size: int = 4 * OBJECT) -> Held:
        """Make an RBD image with some data, not mirrored."""
        held = Held(id=self.new_id(), size=size, created_at=self.clock.now)
        held.data = {0: f"first of {name}", 2: f"third of {name}"}
        held.modified_at = self.clock.now
        self.plants[site].images[POOL, name] = held
        return held

    def make_mirrored(
        self, site: str, mode: MirrorMode = MirrorMode.JOURNAL, name: str = IMAGE
    ) -> Held:
        """Make one whose primary is ``site``, and let it arrive everywhere."""
        held = self.make(site, name)
        self.enable(site, POOL, name, mode)
        self.settle()
        return held

    def held(self, site: str, name: str = IMAGE, pool: str = POOL) -> Held:
        return self.plants[site].images[pool, name]

    def write(self, site: str, number: int, content: str, name: str = IMAGE) -> None:
        """Write as a server would, to whoever is primary."""
        held = self.held(site, name)
        assert held.primary or held.mode is None
        held.data[number] = content
        held.written += 1
        held.modified_at = self.clock.now

    def enable(self, site: str, pool: str, name: str, mode: MirrorMode) -> None:
        held = self.plants[site].images[pool, name]
        held.mode, held.primary = mode, True
        held.global_id = held.global_id or f"global-{held.id}"
        held.history = [f"promoted {site} {self.new_id()}"]
        if mode is MirrorMode.JOURNAL:
            held.features |= 64
        else:
            held.take("primary", self.clock.now)

    def new_id(self) -> str:
        self._made += 1
        return f"id{self._made}"

    def settle(self, seconds: int = 150) -> None:
        """Let time pass, one second at a time."""
        for _ in range(seconds):
            self.clock.forward(1)
            self.move()

    def move(self) -> None:
        """Let every daemon do what is due."""
        for plant in self.plants.values():
            if not (plant.daemon and plant.reachable):
                continue
            for source in plant.receives_from:
                if self.plants[source].reachable:
                    keys = {*plant.images, *self.plants[source].images}
                    for pool, name in sorted(keys):
                        self._serve(plant, self.plants[source], pool, name)
            last = plant.reported_at
            if last is None or (self.clock.now - last).total_seconds() >= self.report_seconds:
                plant.reported_at = self.clock.now
                self._report(plant)

    def _serve(self, receiver: Plant, source: Plant, pool: str, name: str) -> None:
        mine = receiver.images.get((pool, name))
        theirs = source.images.get((pool, name))
        job = self._job(mine, theirs)
        key = (receiver.site, source.site, pool, name)
        began = self._since.get(key)
        if began is None or began[0] != job:
            began = (job, self.clock.now)
            self._since[key] = began
        seconds = (self.clock.now - began[1]).total_seconds()
        if job == "sync" and mine is not None:
            mine.copied = min(mine.size, int(mine.size * seconds / self.sync_seconds))
        if job and seconds >= getattr(self, f"{job}_seconds"):
            self._do(job, receiver, mine, theirs, (pool, name))

    @staticmethod
    def _job(mine: Held | None, theirs: Held | None) -> str:
        if mine is None:
            return "create" if theirs is not None and theirs.mode and theirs.primary else ""
        if mine.mode is None or mine.primary:
            return ""
        if theirs is None or theirs.mode is None:
            return "replay" if theirs is not None else ""
        if mine.resync_asked:
            return "resync"
        if not follows(mine, theirs):
            return ""
        if mine.syncing:
            return "sync"
        return "replay" if is_behind(mine, theirs) else ""

    def _do(
        self,
        job: str,
        receiver: Plant,
        mine: Held | None,
        theirs: Held | None,
        key: tuple[str, str],
    ) -> None:
        if job == "create" and theirs is not None:
            made = Held(id=self.new_id(), size=theirs.size, created_at=self.clock.now)
            made.mode, made.global_id, made.syncing = theirs.mode, theirs.global_id, True
            made.history = list(theirs.history[:1])
            made.features = theirs.features | (1024 if theirs.mode is MirrorMode.SNAPSHOT else 0)
            receiver.images[key] = made
        elif job == "resync" or theirs is None or theirs.mode is None:
            del receiver.images[key]
        elif mine is not None:
            self._receive(mine, theirs)

    def _receive(self, mine: Held, theirs: Held) -> None:
        mine.syncing, mine.copied = False, mine.size
        mine.history = list(theirs.history)
        newest = theirs.newest
        if mine.mode is MirrorMode.SNAPSHOT and newest is not None:
            mine.data = dict(theirs.frozen[newest.id])
            state = "non-primary-demoted" if newest.state.endswith("demoted") else "non-primary"
            mine.take(state, newest.taken_at or self.clock.now, newest.id)
        else:
            mine.data, mine.written = dict(theirs.data), theirs.written
            mine.replay_snapshots(theirs)
        mine.modified_at = self.clock.now

    def _report(self, plant: Plant) -> None:
        for (pool, name), mine in plant.images.items():
            if mine.mode is None:
                continue
            for source in plant.receives_from:
                theirs = self.plants[source].images.get((pool, name))
                mine.status = self._status(mine, theirs)
                if theirs is not None and self.plants[source].reachable:
                    theirs.remote[plant.site] = mine.status

    def _status(self, mine: Held, theirs: Held | None) -> ReplayStatus:
        def said(state: ReplayState, text: str) -> ReplayStatus:
            return ReplayStatus(state=state, up=True, description=text, reported_at=self.clock.now)

        if mine.primary:
            return said(ReplayState.STOPPED, "local image is primary")
        if theirs is not None and not follows(mine, theirs) and theirs.primary:
            return said(ReplayState.ERROR, "split-brain")
        if theirs is None or not theirs.primary:
            return said(ReplayState.UNKNOWN, "remote image is not primary")
        if mine.mode is MirrorMode.JOURNAL and mine.syncing:
            percent = 100.0 * mine.copied / mine.size
            text = f"bootstrapping, IMAGE_SYNC/COPY_IMAGE {percent:.0f}%"
            return replace(said(ReplayState.SYNCING, text), percent=percent)
        replaying = said(ReplayState.REPLAYING, "replaying")
        if mine.mode is MirrorMode.JOURNAL:
            return replace(replaying, entries_behind=theirs.written - mine.written)
        here, there = mine.newest, theirs.newest
        return replace(
            replaying,
            replay="syncing" if mine.syncing or is_behind(mine, theirs) else "idle",
            local_snapshot_at=here.taken_at if here else None,
            remote_snapshot_at=there.taken_at if there else None,
        )
