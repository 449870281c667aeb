"""The simulator's imports move through time as Glance's do."""

from typing import Any

import pytest
from msgspec.structs import replace

from dcn_console.simulator.building import build_scenario
from dcn_console.simulator.faults import Faults
from dcn_console.simulator.import_outcome import abandon_all, with_data
from dcn_console.simulator.import_requests import request_import
from dcn_console.simulator.imports import advance_imports
from dcn_console.simulator.records import (
    MIB,
    ImageRecord,
    Phase,
    RbdRecord,
    ReadOnlyStore,
    SimulatedSite,
    TaskRecord,
)
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

START = 1_795_000_000.0
SIZE = 100 * MIB
SPEED = 10.0 * MIB
STAGED = 0.2 + 10.0
"""When an image of 100 MiB has been staged at 10 MiB a second; each store takes ten more."""


@pytest.fixture
def world() -> World:
    """A cloud of three sites whose home has one image of 100 MiB."""
    contents = build_scenario(
        "empty",
        now=START,
        sites=("home", "north", "south"),
        bandwidth=SPEED,
        read_only_stores=(ReadOnlyStore(id="web"),),
    )
    world = World(contents)
    add_image(world, "one")
    return world


def add_image(world: World, image_id: str, *stores: str, **fields: Any) -> ImageRecord:
    image = ImageRecord(
        id=image_id,
        name=image_id,
        status="active",
        visibility="public",
        owner=world.deployment.projects[0].id,
        disk_format="raw",
        container_format="bare",
        stores=stores or ("home",),
        created_at=START,
        updated_at=START,
    )
    image = replace(with_data(image, SIZE), **fields)
    for store in image.stores:
        world.put_rbd(site(world, store), "images", image_id, RbdRecord(size=SIZE, used=SIZE))
    world.put_image(image)
    return image


def site(world: World, name: str) -> SimulatedSite:
    found = world.deployment.site(name)
    assert found is not None
    return found


def admin(world: World) -> Identity:
    return Identity(user=world.deployment.users[0], project=world.deployment.projects[0])


def member(world: World) -> Identity:
    return Identity(user=world.deployment.users[1], project=world.deployment.projects[1])


def ask(world: World, *stores: str, image: str = "one", **body: Any) -> TaskRecord:
    request = {"method": {"name": "copy-image"}, "stores": list(stores), **body}
    request.setdefault("all_stores_must_succeed", False)
    task = request_import(world, admin(world), image, request)
    assert task is not None
    return task


def pass_time(world: World, seconds: float) -> None:
    advance_imports(world, world.now + seconds)


def task_now(world: World, task: TaskRecord) -> TaskRecord:
    found = world.task(task.id)
    assert found is not None
    return found


def used(world: World, name: str, image: str = "one") -> int | None:
    record = world.rbd_image(site(world, name), "images", image)
    return None if record is None else record.used


def test_a_copy_is_staged_unseen_and_then_serves_one_store_after_another(world: World) -> None:
    task = ask(world, "south", "north")
    assert world.image("one").import_task == task.id
    assert world.image("one").importing_to is None
    pass_time(world, 1.0)
    assert task_now(world, task).status == "processing"
    assert world.image("one").importing_to == ("north", "south")
    pass_time(world, STAGED - 1.5)
    assert (used(world, "south"), used(world, "north")) == (None, None)
    pass_time(world, 5.5)
    assert used(world, "south") == pytest.approx(SIZE / 2, rel=0.01)
    assert used(world, "north") is None
    assert task_now(world, task).message == ""
    pass_time(world, 5.1)
    assert world.image("one").stores == ("home", "south")
    assert world.image("one").importing_to == ("north",)
    assert task_now(world, task).message == "Copied 100 MiB"
    pass_time(world, 10.0)
    image = world.image("one")
    assert image.stores == ("home", "south", "north")
    assert (image.import_task, image.importing_to, image.failed_stores) == (None, (), ())
    assert task_now(world, task).status == "success"
    record = world.rbd_image(site(world, "north"), "images", "one")
    assert record == RbdRecord(size=SIZE, used=SIZE)


def test_the_message_is_refreshed_once_a_minute(world: World) -> None:
    add_image(world, "big", size=10 * SIZE)
    task = ask(world, "north", image="big")
    pass_time(world, 0.2 + 100 + 59.0)
    assert task_now(world, task).message == ""
    pass_time(world, 2.0)
    assert task_now(world, task).message == "Copied 600 MiB"
    heard = task_now(world, task).updated_at
    pass_time(world, 30.0)
    assert task_now(world, task).updated_at == heard


def test_a_step_of_any_size_ends_in_the_same_state(world: World) -> None:
    other = World(world.contents())
    task = ask(world, "north", "south")
    ask(other, "north", "south")
    pass_time(world, 500.0)
    for _ in range(5000):
        pass_time(other, 0.1)
    assert world.image("one").stores == other.image("one").stores == ("home", "north", "south")
    finished = task_now(world, task)
    assert finished.updated_at == pytest.approx(START + STAGED + 20.0, abs=0.01)


def test_copies_to_one_site_share_its_bandwidth(world: World) -> None:
    add_image(world, "two")
    ask(world, "north")
    ask(world, "north", image="two")
    pass_time(world, 39.0)
    assert "north" not in world.image("one").stores
    pass_time(world, 2.0)
    assert "north" in world.image("one").stores
    assert "north" in world.image("two").stores


def test_a_dead_osd_stops_the_copy_and_the_stores_behind_it_until_it_is_back(world: World) -> None:
    task = ask(world, "north", "south")
    pass_time(world, STAGED + 3.0)
    world.faults = Faults(osd_down={"north": world.now})
    pass_time(world, 3600.0)
    assert used(world, "north") == pytest.approx(SIZE * 0.3, rel=0.01)
    assert world.image("one").stores == ("home",)
    assert task_now(world, task).status == "processing"
    world.faults = Faults()
    pass_time(world, 17.5)
    assert world.image("one").stores == ("home", "north", "south")


def test_a_dead_mon_fails_the_store_when_the_connection_times_out(world: World) -> None:
    world.deployment = replace(world.deployment, connect_timeout_seconds=5.0)
    world.faults = Faults(mon_down={"north": world.now})
    task = ask(world, "north", "south")
    pass_time(world, STAGED + 9.0)
    assert world.image("one").failed_stores == ()
    pass_time(world, 12.0)
    image = world.image("one")
    assert image.stores == ("home", "south")
    assert image.failed_stores == ("north",)
    assert task_now(world, task).status == "success"


def test_a_failed_store_does_not_keep_the_others_from_success(world: World) -> None:
    world.faults = Faults(failing_stores=("north",))
    task = ask(world, "north", "south")
    pass_time(world, 60.0)
    image = world.image("one")
    assert image.stores == ("home", "south")
    assert (image.failed_stores, image.importing_to, image.import_task) == (("north",), (), None)
    assert task_now(world, task).status == "success"
    assert used(world, "north") is None
    world.faults = Faults()
    ask(world, "north")
    pass_time(world, 60.0)
    assert world.image("one").failed_stores == ()
    assert "north" in world.image("one").stores


def test_when_all_must_succeed_one_failed_store_reverts_all(world: World) -> None:
    world.faults = Faults(failing_stores=("south",))
    task = ask(world, "north", "south", all_stores_must_succeed=True)
    pass_time(world, 60.0)
    image = world.image("one")
    assert image.stores == ("home",)
    assert used(world, "north") is None
    failed = task_now(world, task)
    assert (failed.status, failed.message) == ("failure", "Task failed due to Internal Error")
    assert image.import_task is None


def test_a_read_only_store_is_accepted_and_fails_after_the_staging(world: World) -> None:
    task = ask(world, "web")
    pass_time(world, STAGED + 1.0)
    assert task_now(world, task).status == "success"
    assert world.image("one").failed_stores == ("web",)
    assert world.image("one").stores == ("home",)


def test_an_image_whose_data_is_gone_cannot_be_copied(world: World) -> None:
    world.drop_rbd(site(world, "home"), "images", "one")
    task = ask(world, "north")
    pass_time(world, 1.0)
    assert task_now(world, task).status == "failure"
    assert world.image("one").import_task is None
    assert world.image("one").importing_to == ("north",)


def test_an_image_without_central_copy_is_staged_from_an_edge(world: World) -> None:
    add_image(world, "edge-only", "south")
    ask(world, "north", image="edge-only")
    pass_time(world, 30.0)
    assert world.image("edge-only").stores == ("south", "north")


def test_a_full_cluster_fails_its_store(world: World) -> None:
    north = site(world, "north")
    full = replace(north, other_bytes=north.total_bytes - SIZE // 2)
    sites = tuple(full if item is north else item for item in world.deployment.sites)
    world.deployment = replace(world.deployment, sites=sites)
    ask(world, "north")
    pass_time(world, 60.0)
    assert world.image("one").failed_stores == ("north",)
    assert used(world, "north") is None


def test_the_lock_of_a_dead_task_can_be_taken_over_after_an_hour(world: World) -> None:
    stale = ask(world, "north", "south")
    pass_time(world, STAGED + 4.0)
    assert abandon_all(world) == 1
    pass_time(world, 3000.0)
    assert task_now(world, stale).status == "processing"
    assert used(world, "north") == pytest.approx(SIZE * 0.4, rel=0.01)
    with pytest.raises(Refusal, match="Image has active task") as refused:
        ask(world, "south")
    assert refused.value.status == 409
    pass_time(world, 700.0)
    fresh = ask(world, "north", "south")
    assert task_now(world, stale).status == "failure"
    pass_time(world, 60.0)
    image = world.image("one")
    assert task_now(world, fresh).status == "success"
    assert image.failed_stores == ("north",), "the leftover RBD image blocks its store"
    assert image.stores == ("home", "south")


def test_the_lock_of_a_forgotten_task_can_be_taken_over_at_once(world: World) -> None:
    stale = ask(world, "north")
    abandon_all(world)
    world.drop_task(stale.id)
    assert ask(world, "south").phase is Phase.PENDING


def test_deleting_the_image_ends_its_task(world: World) -> None:
    task = ask(world, "north")
    pass_time(world, 3.0)
    world.drop_image("one")
    pass_time(world, 60.0)
    assert task_now(world, task).status == "failure"


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"stores": ["home"]}, 400, "already present at store 'home'"),
        ({"stores": ["nowhere"]}, 409, "nowhere"),
        ({"stores": ["north"], "method": {}}, 400, "'name' field"),
        ({"stores": ["north"], "method": {"name": "magic"}}, 400, "Unknown import method"),
        ({"stores": ["north"], "all_stores": "yes"}, 400, "must be boolean"),
        ({"method": {"name": "web-download", "uri": "http://x"}}, 409, "active"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    world: World, body: dict[str, Any], status: int, sentence: str
) -> None:
    request = {"method": {"name": "copy-image"}, **body}
    with pytest.raises(Refusal, match=sentence) as refused:
        request_import(world, admin(world), "one", request)
    assert refused.value.status == status
    assert world.active_tasks() == ()


def test_copy_image_is_for_administrators(world: World) -> None:
    request = {"method": {"name": "copy-image"}, "stores": ["north"]}
    with pytest.raises(Refusal) as refused:
        request_import(world, member(world), "one", request)
    assert refused.value.status == 403
    with pytest.raises(Refusal) as missing:
        request_import(world, admin(world), "nothing", request)
    assert missing.value.status == 404


def test_all_stores_of_an_image_that_is_everywhere_makes_no_task(world: World) -> None:
    image = add_image(world, "all", "home", "north", "south")
    world.put_image(replace(image, stores=(*image.stores, "web")))
    request = {"method": {"name": "copy-image"}, "all_stores": True}
    assert request_import(world, admin(world), "all", request) is None
    assert world.image("all").import_task is None


def test_web_download_fills_a_queued_image_and_a_missing_source_puts_it_back(world: World) -> None:
    empty = {"status": "queued", "size": None, "hash_value": None}
    add_image(world, "new", **empty)
    world.put_image(replace(world.image("new"), stores=()))
    for current in world.deployment.sites:
        world.drop_rbd(current, "images", "new")
    broken = {"name": "web-download", "uri": "http://example.org/nothing"}
    failed = ask(world, "home", "north", image="new", method=broken)
    pass_time(world, 1.0)
    image = world.image("new")
    assert (image.status, image.failed_stores) == ("queued", ("home", "north"))
    assert task_now(world, failed).status == "failure"
    good = {"name": "web-download", "uri": "http://example.org/disk.qcow2"}
    ask(world, "home", "north", image="new", method=good)
    pass_time(world, 1.0)
    assert world.image("new").status == "importing"
    pass_time(world, 60.0)
    image = world.image("new")
    assert (image.status, image.stores) == ("active", ("home", "north"))
    assert image.size == world.deployment.web_image_bytes


def test_contents_survive_being_saved_in_mid_copy(world: World) -> None:
    ask(world, "north", "south")
    pass_time(world, STAGED + 5.0)
    restored = World(world.contents())
    pass_time(restored, 16.0)
    assert restored.image("one").stores == ("home", "north", "south")
    assert world.image("one").stores == ("home",)
