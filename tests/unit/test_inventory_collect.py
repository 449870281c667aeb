"""Reading the inventory once: parts wanted, failures kept apart, tenants told what is missing."""

import asyncio
import importlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from fake_clusters import FakeCluster
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.ceph.cluster import Cluster
from dcn_console.clouds.glance import Glance
from dcn_console.config.settings import Settings
from dcn_console.inventory.collect import (
    BACKUPS,
    CLUSTERS,
    COPIES,
    IMAGES,
    MIRRORS,
    SERVERS,
    SNAPSHOTS,
    STORES,
    VOLUMES,
    collect,
)
from dcn_console.inventory.services import Services, connect
from dcn_console.model.inventory import RbdImage, Snapshot, Store
from dcn_console.model.mirroring import MirrorDaemon, MirrorImage, MirrorPool, PoolMode
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology

TOPOLOGY = Topology(
    sites=(
        Site(name="paris", role=Role.HUB, store="s-p", cluster=ClusterAccess(conf="x")),
        Site(name="lyon", store="s-l", cluster=ClusterAccess(conf="y")),
    )
)


@pytest.fixture(autouse=True, scope="module")
def imported() -> None:
    """Import the SDK beforehand: that alone may take longer than these tests' time limits."""
    for name in ("openstack.connection", "keystoneauth1.identity.v3"):
        importlib.import_module(name)


@pytest.fixture
def stub() -> Iterator[StubOpenstack]:
    with stub_openstack() as served:
        image = {"id": "i1", "status": "active", "stores": "s-p,s-l", "size": 5}
        hidden = {"id": "i2", "os_hidden": True, "stores": "s-p"}

        def images(asked: Asked) -> Said:
            return Said(200, {"images": [hidden if "os_hidden" in asked.query else image]})

        served.on("GET /image/v2/images", images)
        served.on("GET /image/v2/images/i1", Said(200, image))
        served.on("GET /image/v2/info/stores", Said(200, {"stores": [{"id": "s-p"}]}))
        detail = {"stores": [{"id": "s-p", "type": "rbd"}]}
        served.on("GET /image/v2/info/stores/detail", Said(200, detail))
        served.on("GET /volume/v3/volumes/detail", Said(200, {"volumes": [{"id": "v1"}]}))
        served.on("GET /volume/v3/os-services", Said(403, {"forbidden": {"message": "no"}}))
        yield served


@asynccontextmanager
async def opened(
    stub: StubOpenstack, folder: Path, **clusters: FakeCluster
) -> AsyncIterator[Services]:
    settings = Settings(
        cloud="stub",
        clouds_file=str(stub.write_clouds_yaml(folder)),
        topology=TOPOLOGY,
        request_timeout_seconds=60.0,
    )
    cloud = await connect(settings)
    services = Services.with_cloud(settings, cloud, cast("dict[str, Cluster]", clusters))
    try:
        yield services
    finally:
        await services.close()


async def test_everything_is_read(
    stub: StubOpenstack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dcn_console.inventory.collect.DETAIL_GRACE", 60.0)
    lyon = FakeCluster("i1")
    async with opened(stub, tmp_path, paris=FakeCluster("i1", "i2"), lyon=lyon) as services:
        inventory = await collect(services)
    assert [image.id for image in inventory.images.rows] == ["i1", "i2"]
    assert inventory.images.complete
    assert inventory.stores.rows[0].type == "rbd"
    assert [volume.id for volume in inventory.volumes.rows] == ["v1"]
    assert set(inventory.clusters["lyon"].rows[0].images or ()) == {"i1"}
    assert inventory.servers.notice
    assert lyon.closed


async def test_snapshots_and_backups_are_read_and_may_fail_alone(
    stub: StubOpenstack, tmp_path: Path
) -> None:
    stub.on("GET /volume/v3/snapshots/detail", Said(500, {"message": "broken"}))
    stub.on("GET /volume/v3/backups/detail", Said(200, {"backups": [{"id": "b1"}]}))
    async with opened(stub, tmp_path) as services:
        inventory = await collect(services, frozenset({SNAPSHOTS, BACKUPS, SERVERS}))
    assert [backup.id for backup in inventory.backups.rows] == ["b1"]
    assert inventory.backups.complete
    assert "broken" in (inventory.snapshots.error or "")
    assert not inventory.snapshots.complete
    assert "no compute service" in inventory.servers.notice
    assert inventory.volumes == Snapshot()


async def test_only_what_is_wanted_is_asked(stub: StubOpenstack, tmp_path: Path) -> None:
    async with opened(stub, tmp_path, paris=FakeCluster()) as services:
        inventory = await collect(services, frozenset({IMAGES}))
    assert inventory.volumes == Snapshot()
    assert inventory.clusters == {}
    assert not any("volume" in path or "stores" in path for path in stub.paths_asked())


async def test_what_fails_is_an_error_in_its_own_snapshot(
    stub: StubOpenstack, tmp_path: Path
) -> None:
    stub.on("GET /volume/v3/volumes/detail", Said(500, {"message": "broken"}))
    lyon = FakeCluster()
    lyon.error = "no answer"
    async with opened(stub, tmp_path, paris=FakeCluster(), lyon=lyon) as services:
        inventory = await collect(services)
    assert "broken" in (inventory.volumes.error or "")
    assert inventory.clusters["lyon"].error == "no answer"
    assert inventory.clusters["lyon"].rows == ()
    assert inventory.images.error is None
    assert inventory.clusters["paris"].error is None


async def test_pages_that_had_arrived_survive_a_failure(
    stub: StubOpenstack, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Said:
        if "marker" in asked.query:
            return Said(500, {"message": "broken"})
        return Said(200, {"images": [{"id": "i1"}], "next": "/v2/images?marker=i1"})

    stub.on("GET /image/v2/images", answer)
    async with opened(stub, tmp_path) as services:
        inventory = await collect(services, frozenset({IMAGES}))
    assert [image.id for image in inventory.images.rows] == ["i1"]
    assert not inventory.images.complete
    assert "broken" in (inventory.images.error or "")


async def test_a_copy_that_is_gone_is_marked(stub: StubOpenstack, tmp_path: Path) -> None:
    wanted = frozenset({IMAGES, COPIES})
    async with opened(stub, tmp_path, lyon=FakeCluster("other")) as services:
        inventory = await collect(services, wanted)
    known = inventory.clusters["lyon"].rows[0].images or {}
    assert known["i1"] == RbdImage(name="i1", size=None, snap=False)


async def test_a_copy_removed_meanwhile_is_not_gone(stub: StubOpenstack, tmp_path: Path) -> None:
    stub.on("GET /image/v2/images/i1", Said(200, {"id": "i1", "stores": "s-p"}))
    async with opened(stub, tmp_path, lyon=FakeCluster()) as services:
        inventory = await collect(services, frozenset({IMAGES, COPIES}))
    assert "i1" not in (inventory.clusters["lyon"].rows[0].images or {})


async def test_hung_details_hold_nothing_up(
    stub: StubOpenstack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def hang(_asked: Asked) -> Said:
        stub.closing.wait(60)
        answered.set()
        return Said(200, {"stores": []})

    async def patient(glance: Glance) -> tuple[Store, ...]:
        return await glance.stores_detail(timeout=60)

    stub.on("GET /image/v2/info/stores/detail", hang)
    monkeypatch.setattr("dcn_console.inventory.collect.detailed_stores", patient)
    async with opened(stub, tmp_path) as services:
        inventory = await collect(services, frozenset({STORES, IMAGES}))
        assert not answered.is_set()
    assert [store.id for store in inventory.stores.rows] == ["s-p"]


async def test_a_tenant_is_told_what_is_left_out(stub: StubOpenstack, tmp_path: Path) -> None:
    stub.roles = ("member",)
    async with opened(stub, tmp_path) as services:
        inventory = await collect(services)
    assert "Only volumes of project operations" in inventory.volumes.notice
    assert "Cinder's services" in inventory.services.notice
    assert inventory.services.error is None


async def test_the_lock_of_an_image_is_read_with_it(stub: StubOpenstack, tmp_path: Path) -> None:
    images = [{"id": f"i{n}", "os_glance_import_task": f"t{n}"} for n in (1, 2, 3)]
    stub.on(
        "GET /image/v2/images",
        lambda asked: Said(200, {"images": [] if "os_hidden" in asked.query else images}),
    )
    stub.on(
        "GET /image/v2/images/i1/tasks",
        Said(200, {"tasks": [{"id": "t0"}, {"id": "t1", "status": "processing"}]}),
    )
    stub.on("GET /image/v2/images/i2/tasks", Said(200, {"tasks": []}))
    async with opened(stub, tmp_path) as services:
        inventory = await collect(services, frozenset({IMAGES}))
    assert inventory.image_tasks["i1"].status == "processing"
    assert inventory.image_tasks["i2"].status is None, "its record is gone"
    assert "i3" not in inventory.image_tasks, "its tasks could not be read"


async def test_giving_up_leaves_nothing_running(stub: StubOpenstack, tmp_path: Path) -> None:
    lyon = FakeCluster()
    lyon.hanging = True
    async with opened(stub, tmp_path, lyon=lyon) as services:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await collect(services, frozenset({CLUSTERS, VOLUMES}))
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in others if not task.done()]


async def test_mirroring_is_read_with_what_the_manager_tells(
    stub: StubOpenstack, tmp_path: Path
) -> None:
    paris, lyon = FakeCluster(), FakeCluster()
    for cluster in (paris, lyon):
        cluster.mirroring.pools["volumes"] = MirrorPool(name="volumes", mode=PoolMode.IMAGE)
        cluster.mirroring.mirrored["volumes"] = [MirrorImage(name="volume-v1", global_id="g")]
    paris.mirroring.running = (MirrorDaemon(name="d"),)
    lyon.mirroring.manager_error = "no active manager"
    async with opened(stub, tmp_path, paris=paris, lyon=lyon) as services:
        inventory = await collect(services, frozenset({MIRRORS}))
    assert inventory.images == Snapshot()
    assert inventory.clusters == {}
    there = {site: one.rows[0].pools[0] for site, one in inventory.mirrors.items()}
    assert there["paris"].daemons == paris.mirroring.running
    assert (there["lyon"].daemons, there["lyon"].daemons_error) == (None, "no active manager")
    assert [image.name for image in there["lyon"].images] == ["volume-v1"]
    assert inventory.mirrors["lyon"].error is None


async def test_mirroring_of_a_site_that_does_not_answer_is_an_error_there(
    stub: StubOpenstack, tmp_path: Path
) -> None:
    lyon = FakeCluster()
    lyon.error = "no answer"
    async with opened(stub, tmp_path, paris=FakeCluster(), lyon=lyon) as services:
        inventory = await collect(services, frozenset({MIRRORS}))
    assert inventory.mirrors["lyon"].error == "no answer"
    assert inventory.mirrors["lyon"].rows == ()
    assert inventory.mirrors["paris"].rows[0].pools == ()
