"""The refresher on a scripted cloud and scripted clusters: streaming, failures, imports, stop."""

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from fake_clusters import FakeCluster
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.ceph.cluster import Cluster
from dcn_console.config.settings import Settings
from dcn_console.inventory.join import rows
from dcn_console.inventory.refresh import Refresher
from dcn_console.model.backup_plans import BackupPlan
from dcn_console.model.errors import ClusterUnreachable
from dcn_console.model.inventory import (
    Capacity,
    Image,
    Inventory,
    RbdImage,
    Snapshot,
    Source,
)
from dcn_console.model.rows import Placement
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology

IMAGES = "GET /image/v2/images"
PATIENCE_SECONDS = 60.0
"""Nothing here should take as long; it only ends a test that would hang."""
TOPOLOGY = Topology(
    sites=(
        Site(name="paris", role=Role.HUB, store="s-p", availability_zone="p"),
        Site(name="lyon", store="s-l", availability_zone="l", cluster=ClusterAccess(conf="x")),
        Site(name="nice", store="s-n", availability_zone="n", cluster=ClusterAccess(conf="y")),
    )
)


class Cloudlet:
    """The images of the scripted Glance."""

    def __init__(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, list[dict[str, Any]]] = {}
        self.page_size = 1000

    def put(self, identity: str, **fields: Any) -> None:
        base = {
            "id": identity,
            "name": identity,
            "status": "active",
            "disk_format": "raw",
            "stores": "s-p",
            "size": 5,
            "updated_at": "2026-11-21T09:00:00Z",
        }
        self.images[identity] = base | fields

    def serve(self, stub: StubOpenstack) -> None:
        stub.on("GET /image/v2/info/stores", Said(200, {"stores": [{"id": "s-p"}, {"id": "s-l"}]}))
        stub.on(
            "GET /image/v2/info/stores/detail",
            Said(200, {"stores": [{"id": "s-p", "type": "rbd"}, {"id": "s-l", "type": "rbd"}]}),
        )
        stub.on("GET /volume/v3/volumes/detail", Said(200, {"volumes": []}))
        stub.on("GET /volume/v3/os-services", Said(403, {"forbidden": {"message": "policy"}}))
        stub.on(IMAGES, self._list)
        for identity in ("i1", "i2", "i3", "i4"):
            stub.on(f"GET /image/v2/images/{identity}", self._show)
            stub.on(f"GET /image/v2/images/{identity}/tasks", self._tasks)

    def _list(self, asked: Asked) -> Said:
        hidden = asked.query.get("os_hidden") == "true"
        since = asked.query.get("updated_at", "gte:").removeprefix("gte:")
        found = [
            image
            for image in self.images.values()
            if bool(image.get("os_hidden")) == hidden and image["updated_at"] >= since
        ]
        start = int(asked.query.get("marker", "0"))
        body: dict[str, Any] = {"images": found[start : start + self.page_size]}
        if start + self.page_size < len(found):
            body["next"] = f"/v2/images?limit=1000&marker={start + self.page_size}" + (
                "&os_hidden=true" if hidden else ""
            )
        return Said(200, body)

    def _show(self, asked: Asked) -> Said:
        image = self.images.get(asked.path.rsplit("/", 1)[1])
        return Said(200, image) if image else Said(404, {"message": "No image found"})

    def _tasks(self, asked: Asked) -> Said:
        return Said(200, {"tasks": self.tasks.get(asked.path.split("/")[-2], [])})


class Bench:
    """A refresher with everything it stands on."""

    def __init__(self, stub: StubOpenstack, folder: Path) -> None:
        self.stub = stub
        self.glance = Cloudlet()
        self.glance.serve(stub)
        self.lyon = FakeCluster()
        self.nice = FakeCluster()
        self.settings = Settings(
            cloud="stub",
            clouds_file=str(stub.write_clouds_yaml(folder)),
            topology=TOPOLOGY,
            refresh_seconds=1.0,
            request_timeout_seconds=30.0,
        )
        self.changes = 0
        self._changed = threading.Condition()
        self.refresher: Refresher | None = None

    def start(self, cached: Inventory | None = None) -> Refresher:
        clusters = {"lyon": cast(Cluster, self.lyon), "nice": cast(Cluster, self.nice)}
        self.refresher = Refresher(self.settings, self._on_change, cached, clusters=clusters)
        self.refresher.start()
        return self.refresher

    def _on_change(self) -> None:
        with self._changed:
            self.changes += 1
            self._changed.notify_all()

    def until(
        self, holds: Callable[[Inventory], bool], seconds: float = PATIENCE_SECONDS
    ) -> Inventory:
        """Wait for a change that makes ``holds`` true."""
        assert self.refresher is not None
        deadline = time.monotonic() + seconds
        with self._changed:
            while not holds(inventory := self.refresher.current()):
                left = deadline - time.monotonic()
                assert left > 0, f"still {inventory}"
                self._changed.wait(min(left, 0.5))
        return inventory


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with stub_openstack() as stub:
        made = Bench(stub, tmp_path)
        yield made
        if made.refresher is not None:
            made.refresher.stop()


def names(inventory: Inventory) -> list[str]:
    return [image.id for image in inventory.images.rows]


def test_everything_arrives_and_is_complete(bench: Bench) -> None:
    bench.glance.put("i1", stores="s-p,s-l")
    bench.glance.put("i2", os_hidden=True)
    bench.lyon.images["i1"] = RbdImage(name="i1", size=5, snap=True)
    bench.start()
    inventory = bench.until(
        lambda seen: (
            seen.images.complete
            and seen.volumes.complete
            and seen.services.complete
            and bool(seen.stores.rows)
            and seen.stores.rows[0].type == "rbd"
            and all(
                bool(one.rows) and one.rows[0].images_complete for one in seen.clusters.values()
            )
            and len(seen.clusters) == 2
        )
    )
    assert names(inventory) == ["i1", "i2"]
    assert inventory.images.rows[1].hidden
    assert inventory.clusters["lyon"].rows[0].capacity == Capacity(total=100, used=40, available=33)
    assert inventory.services.error is None
    assert all(one.error is None for one in inventory.clusters.values())


def test_backups_and_snapshots_are_read_again_and_again(bench: Bench) -> None:
    backups = [{"id": "b1", "status": "creating", "volume_id": "v1"}]
    bench.stub.on("GET /volume/v3/backups/detail", lambda _: Said(200, {"backups": backups}))
    bench.stub.on("GET /volume/v3/snapshots/detail", Said(200, {"snapshots": [{"id": "n1"}]}))
    bench.start()
    seen = bench.until(lambda now: now.backups.complete and now.snapshots.complete)
    assert [one.status for one in seen.backups.rows] == ["creating"]
    assert "no compute service" in bench.until(lambda now: bool(now.servers.notice)).servers.notice
    backups[0] = {"id": "b1", "status": "available", "volume_id": "v1"}
    seen = bench.until(lambda now: [one.status for one in now.backups.rows] == ["available"])
    backups.clear()
    seen = bench.until(lambda now: not now.backups.rows)
    assert [one.id for one in seen.snapshots.rows] == ["n1"]


def test_the_first_page_shows_before_the_last_has_come(bench: Bench) -> None:
    for number in range(1, 5):
        bench.glance.put(f"i{number}")
    bench.glance.page_size = 2
    go_on = threading.Event()
    listing = bench.stub.routes[IMAGES]

    def slowly(asked: Asked) -> Said:
        if "marker" in asked.query:
            go_on.wait(PATIENCE_SECONDS)
        return listing(asked)

    bench.stub.on(IMAGES, slowly)
    bench.start()
    early = bench.until(lambda seen: bool(seen.images.rows))
    assert names(early) == ["i1", "i2"]
    assert not early.images.complete
    go_on.set()
    assert len(names(bench.until(lambda seen: seen.images.complete))) == 4


def test_cached_rows_stay_until_the_sweep_is_complete(bench: Bench) -> None:
    bench.glance.put("i1")
    old = Image(id="deleted-meanwhile", stores=("s-p",))
    cached = Inventory(
        topology=Topology(), images=Snapshot(rows=(old,), source=Source.CACHE, generation=3)
    )
    refresher = bench.start(cached)
    assert refresher.current().topology == TOPOLOGY
    seen = bench.until(lambda seen: "i1" in names(seen))
    assert names(seen) in (["i1", "deleted-meanwhile"], ["i1"])
    assert names(bench.until(lambda seen: seen.images.complete)) == ["i1"]


def test_a_hung_site_delays_no_other_and_nothing_else(bench: Bench) -> None:
    bench.nice.hanging = True
    bench.glance.put("i1")
    bench.start()
    inventory = bench.until(lambda seen: seen.images.complete and "lyon" in seen.clusters)
    assert "nice" not in inventory.clusters


def test_a_dead_site_shows_since_when_and_recovers(bench: Bench) -> None:
    bench.nice.error = "no answer"
    bench.start()
    failing = bench.until(
        lambda seen: "nice" in seen.clusters and seen.clusters["nice"].error is not None
    )
    since = failing.clusters["nice"].failing_since
    assert failing.clusters["nice"].error == "no answer"
    assert since is not None
    bench.nice.error = None
    healed = bench.until(lambda seen: bool(seen.clusters["nice"].rows))
    assert healed.clusters["nice"].error is None
    assert healed.clusters["nice"].failing_since is None


def test_an_unreachable_cloud_is_an_error_in_its_snapshots_alone(bench: Bench) -> None:
    bench.stub.refuse_credentials = True
    refresher = bench.start()
    inventory = bench.until(
        lambda seen: (
            seen.images.error is not None
            and seen.volumes.error is not None
            and "lyon" in seen.clusters
        )
    )
    assert "401" in (inventory.images.error or "")
    assert inventory.clusters["lyon"].error is None
    bench.stub.refuse_credentials = False
    refresher.refresh()
    assert bench.until(lambda seen: seen.images.complete).images.error is None


def test_a_failing_list_keeps_its_last_good_rows(bench: Bench) -> None:
    bench.glance.put("i1")
    bench.start()
    bench.until(lambda seen: seen.images.complete)
    bench.stub.on(IMAGES, Said(503, {"message": "maintenance"}))
    failing = bench.until(lambda seen: seen.images.error is not None)
    assert names(failing) == ["i1"]
    assert "maintenance" in (failing.images.error or "")


def test_a_deleted_image_disappears(bench: Bench) -> None:
    bench.glance.put("i1")
    bench.glance.put("i2")
    bench.start()
    bench.until(lambda seen: seen.images.complete and len(names(seen)) == 2)
    del bench.glance.images["i1"]
    assert names(bench.until(lambda seen: len(names(seen)) == 1)) == ["i2"]


def test_a_long_list_is_asked_only_for_what_changed(bench: Bench) -> None:
    for number in range(1, 5):
        bench.glance.put(f"i{number}")
    bench.glance.page_size = 2
    bench.start()
    bench.until(lambda seen: seen.images.complete)
    bench.glance.put("i3", name="renamed", updated_at="2026-11-21T10:00:00Z")
    changed = bench.until(lambda seen: any(one.name == "renamed" for one in seen.images.rows))
    assert names(changed) == ["i1", "i2", "i3", "i4"]
    asked = [one for one in bench.stub.asked if one.path == "/image/v2/images"]
    assert asked[-1].query["updated_at"].startswith("gte:2026-11-21T")


def test_a_running_import_is_followed_and_its_lock_explained(bench: Bench) -> None:
    bench.settings = msgspec.structs.replace(bench.settings, refresh_seconds=3600.0)
    importing = {
        "os_glance_import_task": "t1",
        "os_glance_importing_to_stores": "s-l",
        "os_glance_failed_import": "",
    }
    bench.glance.put("i1", **importing)
    bench.glance.tasks["i1"] = [
        {"id": "t0", "status": "success"},
        {"id": "t1", "status": "processing", "message": "Copied 3 MiB"},
    ]
    bench.start()
    seen = bench.until(lambda seen: "i1" in seen.image_tasks)
    assert seen.image_tasks["i1"].message == "Copied 3 MiB"
    cell = rows(seen, (), datetime.now(UTC)).images[0].cell("lyon")
    assert cell is not None
    assert cell.state is Placement.COPYING
    bench.lyon.images["i1"] = RbdImage(name="i1", size=5, snap=True)
    bench.glance.put("i1", stores="s-p,s-l")
    over = bench.until(lambda seen: seen.images.rows[0].stores == ("s-p", "s-l"))
    assert bench.until(lambda seen: not seen.image_tasks).images.taken_at == over.images.taken_at


def test_a_watched_image_is_looked_at_without_waiting_for_the_list(bench: Bench) -> None:
    bench.settings = msgspec.structs.replace(bench.settings, refresh_seconds=3600.0)
    bench.glance.put("i1")
    bench.glance.put("i2")
    refresher = bench.start()
    bench.until(lambda seen: seen.images.complete)
    bench.glance.put("i1", name="renamed")
    refresher.watch(["i1"])
    assert bench.until(lambda seen: seen.images.rows[0].name == "renamed")
    del bench.glance.images["i1"]
    assert names(bench.until(lambda seen: len(names(seen)) == 1)) == ["i2"]


def test_a_copy_without_its_rbd_image_is_gone_only_after_a_second_look(bench: Bench) -> None:
    bench.glance.put("i1", stores="s-p,s-l")
    bench.glance.put("i2", stores="s-p,s-l")
    bench.lyon.images["i2"] = RbdImage(name="i2", size=5, snap=True)
    bench.start()
    seen = bench.until(
        lambda seen: (
            "lyon" in seen.clusters
            and bool(seen.clusters["lyon"].rows)
            and "i1" in (seen.clusters["lyon"].rows[0].images or {})
        )
    )
    joined = rows(seen, (), datetime.now(UTC))
    assert [row.cells[1].state for row in joined.images] == [Placement.GONE, Placement.PRESENT]
    bench.lyon.images["i1"] = RbdImage(name="i1", size=5, snap=True)
    assert bench.refresher is not None
    bench.refresher.refresh()
    bench.until(lambda seen: (seen.clusters["lyon"].rows[0].images or {})["i1"].snap is True)


def test_trouble_with_the_copies_is_a_notice_and_health_still_shows(bench: Bench) -> None:
    async def fail(pool: str) -> AsyncIterator[tuple[RbdImage, ...]]:
        raise ClusterUnreachable(f"{pool}: osd does not answer")
        yield ()

    bench.lyon.rbd_images = fail  # type: ignore[method-assign]
    bench.start()
    seen = bench.until(lambda seen: "lyon" in seen.clusters and bool(seen.clusters["lyon"].notice))
    assert "osd does not answer" in seen.clusters["lyon"].notice
    assert seen.clusters["lyon"].error is None


def test_stop_waits_for_nothing_that_hangs_and_lets_go_of_the_agents(bench: Bench) -> None:
    bench.nice.hanging = True
    answered = threading.Event()

    def hang(_asked: Asked) -> Said:
        bench.stub.closing.wait(PATIENCE_SECONDS)
        answered.set()
        return Said(200, {"images": []})

    bench.stub.on(IMAGES, hang)
    refresher = bench.start()
    bench.until(lambda seen: "lyon" in seen.clusters)
    refresher.stop()
    assert not answered.is_set()
    refresher._thread.join(PATIENCE_SECONDS)
    assert not answered.is_set()
    assert bench.lyon.closed
    assert bench.nice.closed


async def test_the_services_are_shared_with_other_event_loops(bench: Bench) -> None:
    bench.glance.put("i1")
    refresher = bench.start()
    services = await refresher.services()
    assert (await services.glance.image("i1")).id == "i1"
    assert refresher.connected is services


def test_changes_are_told_a_few_times_a_second_at_most(bench: Bench) -> None:
    for number in range(1, 5):
        bench.glance.put(f"i{number}")
    bench.glance.page_size = 1
    started = time.monotonic()
    bench.start()
    bench.until(lambda seen: seen.images.complete and seen.volumes.complete)
    assert bench.changes <= (time.monotonic() - started) * 5 + 2


def test_volumes_of_backup_plans_by_metadata_are_asked_for(bench: Bench) -> None:
    def listed(asked: Asked) -> Said:
        if json.loads(asked.query.get("metadata", "{}")) != {"backup": "yes"}:
            return Said(200, {"volumes": []})
        tagged = {"id": "v1", "metadata": {"backup": "yes", "more": "words"}}
        return Said(200, {"volumes": [tagged, {"id": "v2", "metadata": {"backup": "no"}}]})

    bench.stub.on("GET /volume/v3/volumes/detail", listed)
    plan = BackupPlan(name="tagged", metadata={"backup": "yes"}, every=24.0)
    bench.settings = msgspec.structs.replace(bench.settings, backup_plans=(plan,))
    bench.start()
    found = bench.until(lambda inventory: inventory.marked.complete).marked.rows
    assert [(one.plan, one.volume_ids) for one in found] == [("tagged", ("v1",))]
