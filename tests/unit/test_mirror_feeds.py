"""Feeds of mirroring on clusters from memory: what is asked, kept, measured, and what fails."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_clusters import FakeCluster
from mirror_facts import GLOBAL_ID, PEERS, SITES, image, report

from dcn_console.inventory.board import Board
from dcn_console.inventory.cache import load, save
from dcn_console.inventory.mirror_feeds import (
    SHORTEST_PAUSE,
    ArrivalFeed,
    MirrorFeed,
    MirrorManagerFeed,
)
from dcn_console.inventory.mirror_reading import read_manager
from dcn_console.model.errors import ClusterUnreachable
from dcn_console.model.inventory import Inventory, MirroredPool, Snapshot, Source
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorMode,
    MirrorPool,
    PoolMode,
    SnapshotSchedule,
    SyncProgress,
)
from dcn_console.model.tasks import ProgressSource

PARIS, LYON, _ = SITES.sites


def mirroring(site: str, *images: MirrorImage) -> FakeCluster:
    cluster = FakeCluster()
    settings = MirrorPool(
        name="volumes", mode=PoolMode.IMAGE, mirror_uuid=f"uuid-{site}", peers=PEERS[site]
    )
    cluster.mirroring.pools["volumes"] = settings
    cluster.mirroring.mirrored["volumes"] = list(images)
    return cluster


def now_reporting(state: str, **fields: Any) -> MirrorImage:
    status = report(state, reported_at=datetime.now(UTC), **fields)
    return image(status)


class Bench:
    """The feeds of lyon, with paris as the other side."""

    def __init__(self, lyon: FakeCluster, interval: float = 30.0) -> None:
        self.lyon = lyon
        self.paris = mirroring("paris", image(primary=True))
        self.changes = 0
        self.pokes = 0
        self.board = Board(Inventory(topology=SITES), self._changed)
        readers = {"paris": self.paris, "lyon": lyon}
        self.news = 0
        self.feed = MirrorFeed(interval, LYON, lyon, self.board, self._poked, self._told)
        self.hub_feed = MirrorFeed(
            interval, PARIS, self.paris, self.board, lambda: None, lambda: None
        )
        self.manager = MirrorManagerFeed(LYON, lyon, self.board)
        self.arrival = ArrivalFeed(LYON, readers, self.board)

    def _changed(self) -> None:
        self.changes += 1

    def _poked(self) -> None:
        self.pokes += 1

    def _told(self) -> None:
        self.news += 1

    @property
    def snapshot(self) -> Snapshot:  # type: ignore[type-arg]
        return self.board.current().mirrors["lyon"]

    @property
    def pool(self) -> MirroredPool:
        pool: MirroredPool = self.snapshot.rows[0].pools[0]
        return pool


async def test_mirrored_pools_are_read_and_those_that_are_not_are_left_alone() -> None:
    bench = Bench(mirroring("lyon", now_reporting("replaying")))
    await bench.feed.look(thorough=True)
    assert bench.pool.pool.name == "volumes"
    assert bench.pool.images[0].global_id == GLOBAL_ID
    assert bench.pool.noticed[GLOBAL_ID].since is None
    assert bench.snapshot.source is Source.LIVE
    assert bench.pokes == 1
    await bench.feed.look(thorough=False)
    assert bench.pokes == 1
    assert bench.lyon.mirroring.asked == {"pool": 3, "images": 2}


async def test_a_cluster_without_mirroring_is_asked_now_and_then_only() -> None:
    bench = Bench(FakeCluster())
    for _ in range(5):
        await bench.feed.look(thorough=False)
    assert bench.lyon.mirroring.asked == {"pool": 2}
    assert bench.snapshot.rows[0].pools == ()
    assert bench.changes == 1
    bench.lyon.mirroring.pools = dict(mirroring("lyon").mirroring.pools)
    await bench.feed.look(thorough=True)
    assert bench.pool.pool.mode is PoolMode.IMAGE


async def test_a_pool_that_is_not_there_is_no_error() -> None:
    lyon = mirroring("lyon", now_reporting("replaying"))
    lyon.pool_names = ("volumes",)
    bench = Bench(lyon)
    await bench.feed.look(thorough=True)
    assert bench.snapshot.error is None
    assert len(bench.snapshot.rows[0].pools) == 1


async def test_what_did_not_change_is_the_same_object_and_news_have_a_beginning() -> None:
    bench = Bench(mirroring("lyon", now_reporting("replaying")))
    await bench.feed.look(thorough=True)
    before = bench.pool
    await bench.feed.look(thorough=True)
    assert bench.pool.images[0] is before.images[0]
    bench.lyon.mirroring.mirrored["volumes"].append(image(None, global_id="g2"))
    await bench.feed.look(thorough=False)
    assert bench.pool.images[0] is before.images[0]
    assert bench.pool.noticed["g2"].since is not None
    assert bench.news == 1
    await bench.feed.look(thorough=False)
    assert bench.news == 1
    bench.lyon.mirroring.mirrored["volumes"] = []
    await bench.feed.look(thorough=False)
    assert bench.pool.noticed[GLOBAL_ID].gone_since is not None
    assert bench.news == 2


async def test_it_looks_often_only_while_something_moves() -> None:
    bench = Bench(mirroring("lyon", now_reporting("replaying", entries_behind=0)))
    await bench.feed.look(thorough=True)
    assert bench.feed.interval == 30.0
    bench.lyon.mirroring.mirrored["volumes"] = [now_reporting("replaying", entries_behind=4)]
    await bench.feed.look(thorough=False)
    assert bench.feed.interval == SHORTEST_PAUSE
    assert Bench(FakeCluster(), 0.5).feed.interval == SHORTEST_PAUSE


async def test_a_failure_keeps_the_last_good_rows() -> None:
    bench = Bench(mirroring("lyon", now_reporting("replaying")))
    await bench.feed.look(thorough=True)
    bench.lyon.error = "no answer"
    with pytest.raises(ClusterUnreachable):
        await bench.feed.look(thorough=False)
    bench.feed.fail("no answer")
    assert bench.snapshot.error == "no answer"
    assert bench.pool.images
    bench.lyon.error = None
    await bench.feed.look(thorough=False)
    assert bench.snapshot.error is None
    assert bench.pool.noticed[GLOBAL_ID].since is None


class TestManager:
    """Daemons and schedules come from the manager, which may be down."""

    async def test_daemons_and_schedules_are_kept_when_it_fails_later(self) -> None:
        lyon = mirroring("lyon")
        lyon.mirroring.running = (MirrorDaemon(name="d"),)
        lyon.mirroring.planned = (SnapshotSchedule(interval="15m"),)
        bench = Bench(lyon)
        await bench.feed.look(thorough=True)
        await bench.manager.look(thorough=False)
        assert bench.pool.daemons == lyon.mirroring.running
        assert bench.pool.schedules == lyon.mirroring.planned
        lyon.mirroring.manager_error = "no active manager"
        await bench.manager.look(thorough=False)
        assert bench.pool.daemons == lyon.mirroring.running
        assert bench.pool.daemons_error == "no active manager"
        await bench.feed.look(thorough=True)
        assert bench.pool.daemons_error == "no active manager"
        assert bench.snapshot.error is None

    async def test_one_that_hangs_is_given_up(self) -> None:
        lyon = mirroring("lyon")
        lyon.mirroring.manager_hangs = True
        word = await read_manager(lyon.mirroring, "volumes", 0.05)
        assert (word.daemons, word.schedules) == (None, None)
        assert "no answer" in word.error

    async def test_it_is_not_asked_without_mirroring_or_while_the_cluster_fails(self) -> None:
        bench = Bench(FakeCluster())
        await bench.manager.look(thorough=True)
        await bench.feed.look(thorough=True)
        await bench.manager.look(thorough=True)
        assert not bench.lyon.mirroring.asked.keys() & {"daemons", "schedules"}


class TestArrival:
    """What arrives is measured at the receiving side."""

    async def test_a_first_copy_in_journal_mode_is_measured_against_what_the_primary_holds(
        self,
    ) -> None:
        bench = Bench(mirroring("lyon", now_reporting("syncing", percent=3.0)))
        bench.paris.used["volume-v1"] = 800
        bench.lyon.mirroring.arrived["volume-v1"] = SyncProgress(done=200, total=1000)
        await bench.hub_feed.look(thorough=True)
        await bench.feed.look(thorough=True)
        await bench.arrival.look(thorough=False)
        figures = bench.pool.progress[GLOBAL_ID]
        assert (figures.done, figures.total) == (200, 800)
        assert figures.source is ProgressSource.RBD_IMAGE
        bench.lyon.mirroring.arrived["volume-v1"] = SyncProgress(done=600, total=1000)
        await bench.arrival.look(thorough=False)
        figures = bench.pool.progress[GLOBAL_ID]
        assert figures.done == 600
        assert figures.rate is not None
        assert figures.rate > 0
        assert figures.seconds_left is not None

    async def test_a_primary_that_cannot_be_asked_leaves_the_size_as_total(self) -> None:
        bench = Bench(mirroring("lyon", now_reporting("syncing")))
        bench.lyon.mirroring.arrived["volume-v1"] = SyncProgress(done=200, total=1000)
        await bench.feed.look(thorough=True)
        await bench.arrival.look(thorough=False)
        assert bench.pool.progress[GLOBAL_ID].total == 1000

    async def test_a_delta_in_snapshot_mode_is_a_position_in_the_rbd_image(self) -> None:
        delta = now_reporting("replaying", replay="syncing", remote_snapshot_at=datetime.now(UTC))
        lyon = mirroring("lyon", image(delta.status, mode=MirrorMode.SNAPSHOT))
        lyon.mirroring.arrived["volume-v1"] = SyncProgress(done=500, total=1000)
        bench = Bench(lyon)
        await bench.feed.look(thorough=True)
        await bench.arrival.look(thorough=False)
        figures = bench.pool.progress[GLOBAL_ID]
        assert (figures.source, figures.percent) == (ProgressSource.MIRROR_SNAPSHOT, 50.0)

    async def test_what_has_arrived_or_vanished_shows_no_figures(self) -> None:
        bench = Bench(mirroring("lyon", now_reporting("syncing")))
        bench.lyon.mirroring.arrived["volume-v1"] = SyncProgress(done=1, total=9)
        await bench.feed.look(thorough=True)
        await bench.arrival.look(thorough=False)
        assert bench.pool.progress
        bench.lyon.mirroring.mirrored["volumes"] = [now_reporting("replaying", entries_behind=0)]
        await bench.feed.look(thorough=False)
        await bench.arrival.look(thorough=False)
        assert bench.pool.progress == {}

    async def test_an_rbd_image_that_vanishes_meanwhile_is_no_failure(self) -> None:
        bench = Bench(mirroring("lyon", now_reporting("syncing")))
        await bench.feed.look(thorough=True)
        await bench.arrival.look(thorough=False)
        assert bench.pool.progress == {}

    async def test_calm_costs_nothing(self) -> None:
        bench = Bench(mirroring("lyon", now_reporting("replaying", entries_behind=0)))
        await bench.feed.look(thorough=True)
        changes = bench.changes
        for _ in range(3):
            await bench.arrival.look(thorough=False)
        assert bench.lyon.mirroring.asked["progress"] == 0
        assert bench.changes == changes

    async def test_of_many_each_has_its_turn(self) -> None:
        images = [
            image(report("syncing", reported_at=datetime.now(UTC)), global_id=f"g{number}")
            for number in range(40)
        ]
        bench = Bench(mirroring("lyon", *images))
        bench.lyon.mirroring.arrived["volume-v1"] = SyncProgress(done=1, total=9)
        await bench.feed.look(thorough=True)
        for _ in range(3):
            await bench.arrival.look(thorough=False)
        assert set(bench.pool.progress) == {f"g{number}" for number in range(40)}
        assert bench.lyon.mirroring.asked["progress"] == 48


async def test_a_hanging_manager_delays_no_rbd_image() -> None:
    lyon = mirroring("lyon", now_reporting("replaying"))
    lyon.mirroring.manager_hangs = True
    bench = Bench(lyon)
    await bench.feed.look(thorough=True)
    hanging = asyncio.create_task(bench.manager.look(thorough=True))
    async with asyncio.timeout(60):
        await lyon.mirroring.hung.wait()
        await bench.feed.look(thorough=True)
    assert bench.pool.images
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_the_cache_gives_back_what_was_known_as_of_then(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bench = Bench(mirroring("lyon", now_reporting("syncing", percent=3.0)))
    await bench.feed.look(thorough=True)
    path = tmp_path_factory.mktemp("cache") / "inventory"
    save(bench.board.current(), path, "lab")
    loaded = load(path, "lab")
    assert loaded is not None
    assert loaded.mirrors["lyon"].rows == bench.snapshot.rows
    assert loaded.mirrors["lyon"].source is Source.CACHE
    assert loaded.mirrors["lyon"].taken_at == bench.snapshot.taken_at
