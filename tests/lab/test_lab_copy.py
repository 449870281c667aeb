"""Copies on real Glance and real Ceph: what is said is compared with what rbd and glance say."""

import os
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from dcn_lab.database import Database
from dcn_lab.lab import Lab, LabSite
from dcn_lab.layout import layout_in
from dcn_lab.workspace import open_workspace
from lab_clients import connect, delete_image
from lab_settings import lab_settings
from lab_tasks import agents, kill_agents, throttled
from real_console import RealConsole, until

from dcn_console.config.write import render
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.tasks import ProgressSource, TargetState, TaskState

MIB = 1024 * 1024
SMALL = 24 * MIB
BIG = 192 * MIB

MakeImage = Callable[[int], str]


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[RealConsole]:
    console = RealConsole(write_config(lab, tmp_path / "config.toml"), tmp_path / "state")
    yield console
    console.close()


def write_config(lab: Lab, path: Path, cloud: str = "") -> Path:
    settings = lab_settings(lab, cloud, user="admin")
    path.write_text(render(settings))
    return path


@pytest.fixture
def make_image(lab: Lab, tmp_path: Path) -> Iterator[MakeImage]:
    made: list[str] = []

    def make(size: int) -> str:
        data = tmp_path / "data"
        data.write_bytes(os.urandom(size))
        created = lab.openstack(
            "image", "create", "--disk-format", "raw", "--container-format", "bare",
            "--file", str(data), f"copy-test-{uuid.uuid4().hex[:8]}", "-f", "json",
        )  # fmt: skip
        data.unlink()
        made.append(created["id"])
        return str(created["id"])

    yield make
    connection = connect(lab, lab.cloud)
    for image_id in made:
        delete_image(lab, connection, image_id)


def glance_tasks(lab: Lab, image_id: str) -> list[dict[str, object]]:
    """Return the image's copy tasks as Glance's database has them."""
    statement = (
        "SELECT t.id, t.status FROM tasks t JOIN task_info i ON i.task_id = t.id"
        f" WHERE i.input LIKE '%{image_id}%' AND i.input LIKE '%copy-image%';"
    )
    rows = database(lab).query(statement, "glance").splitlines()
    return [dict(zip(("id", "status"), row.split("\t"), strict=True)) for row in rows]


def database(lab: Lab) -> Database:
    return Database(open_workspace(layout_in(lab.directory)))


def stores(lab: Lab, image_id: str) -> set[str]:
    shown = lab.openstack("image", "show", image_id, "-f", "json")
    listed = shown.get("stores") or shown.get("properties", {}).get("stores", "")
    return {store for store in listed.split(",") if store}


def assert_whole(lab: Lab, site: LabSite, image_id: str) -> None:
    """See with rbd itself that the site's copy is whole."""
    name = f"{site.pools.images}/{image_id}"
    snaps = lab.rbd(site, "snap", "ls", name, "--format", "json")
    assert [(snap["name"], snap["protected"]) for snap in snaps] == [("snap", "true")]


def copying(console: RealConsole, number: int, site: str) -> Callable[[], bool]:
    """Whether the bytes of a copy have begun to arrive and are not all there."""

    def is_copying() -> bool:
        target = console.target(number, site)
        return target.state is TargetState.COPYING and bool(
            target.progress is not None
            and target.progress.source is ProgressSource.RBD_IMAGE
            and target.progress.done
        )

    return is_copying


def slow_copies(lab: Lab) -> AbstractContextManager[None]:
    """Have every copy to the first edge take at least 20 seconds."""
    return throttled(lab.edges[0], lab.edges[0].pools.images)


def says(
    console: RealConsole, number: int, site: str, state: TargetState, word: str
) -> Callable[[], bool]:
    """Whether a target is in a state and gives a word as the reason."""

    def is_said() -> bool:
        target = console.target(number, site)
        return target.state is state and word in target.text

    return is_said


async def test_an_image_travels_to_both_edges_and_is_read_back(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(BIG)
    console.start_runner()
    number = await console.submit(image_id, None, VerifyLevel.DEEP)
    seen: set[tuple[TargetState, ProgressSource | None]] = set()

    def over() -> bool:
        for target in console.task(number).targets:
            source = target.progress.source if target.progress else None
            seen.add((target.state, source))
        return console.task(number).state.is_over

    with slow_copies(lab):
        until(over, "the copy is over")
    task = console.task(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert (TargetState.COPYING, ProgressSource.RBD_IMAGE) in seen
    assert stores(lab, image_id) == {site.store for site in lab.sites}
    for edge in lab.edges:
        assert_whole(lab, edge, image_id)
        assert "of the data read back is right" in console.target(number, edge.name).verified
    assert len(glance_tasks(lab, image_id)) == 1


async def test_killing_the_runner_again_and_again_loses_nothing(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(BIG)
    number = await console.submit(image_id)
    dice = random.Random(20261121)
    with slow_copies(lab):
        for _ in range(6):
            console.start_runner()
            until(lambda: console.runner_pid() is not None, "the runner holds the store")
            pause = dice.uniform(0.2, 2.5)
            try:
                until(lambda: console.task(number).state.is_over, "over", seconds=pause)
            except AssertionError:
                console.kill_runner()
    console.start_runner()
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert stores(lab, image_id) == {site.store for site in lab.sites}
    for edge in lab.edges:
        assert_whole(lab, edge, image_id)
    assert len(glance_tasks(lab, image_id)) == 1, console.explain(number)


async def test_killing_the_agents_in_mid_copy_loses_nothing(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(BIG)
    console.start_runner()
    edge = lab.edges[0]
    number = await console.submit(image_id, [edge.name])
    with slow_copies(lab):
        until(copying(console, number, edge.name), "bytes arrive")
        assert agents(console)
        kill_agents(console)
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert_whole(lab, edge, image_id)


async def test_a_copy_outlives_the_glance_that_made_it(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(BIG)
    console.start_runner()
    edge = lab.edges[0]
    number = await console.submit(image_id, [edge.name])
    with slow_copies(lab):
        until(copying(console, number, edge.name), "bytes arrive")
        lab.kill("glance-api")
    until(
        says(console, number, edge.name, TargetState.WAITING, "Glance"),
        "the console says that Glance does not answer",
    )
    lab.start("glance-api")
    (dead,) = glance_tasks(lab, image_id)
    assert dead["status"] == "processing"
    database(lab).query(
        f"UPDATE tasks SET updated_at = updated_at - INTERVAL 10 MINUTE WHERE id = '{dead['id']}';",
        "glance",
    )
    until(
        lambda: "can be taken over from" in console.target(number, edge.name).text,
        "the console says when the import can be taken over",
    )
    database(lab).query(
        f"UPDATE tasks SET updated_at = updated_at - INTERVAL 1 HOUR WHERE id = '{dead['id']}';",
        "glance",
    )
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert any("unfinished RBD image" in line.text for line in console.store.log(number))
    assert_whole(lab, edge, image_id)
    assert len(glance_tasks(lab, image_id)) == 2


async def test_a_dead_edge_holds_up_nobody_and_is_served_when_it_returns(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(SMALL)
    healthy, dead = lab.edges[0], lab.edges[-1]
    lab.stop(f"osd.{dead.name}")
    try:
        console.start_runner()
        number = await console.submit(image_id, [dead.name, healthy.name])
        until(
            lambda: console.target(number, healthy.name).state is TargetState.DONE,
            "the healthy edge has its copy",
        )
        until(
            says(console, number, dead.name, TargetState.WAITING, dead.name),
            "the dead edge is seen to be dead",
        )
    finally:
        lab.start(f"osd.{dead.name}")
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert_whole(lab, dead, image_id)
    assert len(glance_tasks(lab, image_id)) == 2


async def test_an_edge_that_dies_in_mid_copy_is_waited_for(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(BIG)
    edge = lab.edges[0]
    console.start_runner()
    number = await console.submit(image_id, [edge.name])
    with slow_copies(lab):
        until(copying(console, number, edge.name), "bytes arrive")
        lab.stop(f"osd.{edge.name}")
        try:
            assert not console.task(number).state.is_over
        finally:
            lab.start(f"osd.{edge.name}")
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert_whole(lab, edge, image_id)
    assert len(glance_tasks(lab, image_id)) == 1


async def test_a_site_whose_monitor_is_dead_is_not_asked_for(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(SMALL)
    edge = lab.edges[-1]
    lab.stop(f"mon.{edge.name}")
    try:
        console.start_runner()
        number = await console.submit(image_id, [edge.name])
        until(
            lambda: console.target(number, edge.name).state is TargetState.WAITING,
            "the site is waited for",
        )
        assert glance_tasks(lab, image_id) == []
    finally:
        lab.start(f"mon.{edge.name}")
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)


async def test_cancelling_is_honest_about_what_glance_goes_on_with(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(BIG)
    edge = lab.edges[0]
    console.start_runner()
    number = await console.submit(image_id, [edge.name])
    with slow_copies(lab):
        until(copying(console, number, edge.name), "bytes arrive")
        console.store.request_cancel(number)
        task = console.wait_over(number)
    assert task.state is TaskState.CANCELLED
    assert "cannot be stopped from outside" in task.targets[0].text
    until(lambda: edge.store in stores(lab, image_id), "Glance finishes by itself")


async def test_a_member_is_told_which_policy_forbids_the_copy(
    lab: Lab, tmp_path: Path, make_image: MakeImage
) -> None:
    image_id = make_image(SMALL)
    lab.openstack("image", "set", "--public", image_id)
    config = write_config(lab, tmp_path / "member.toml", lab.member_cloud)
    console = RealConsole(config, tmp_path / "member-state")
    try:
        console.start_runner()
        number = await console.submit(image_id, [lab.edges[0].name])
        task = console.wait_over(number)
        assert task.state is TaskState.FAILED
        assert "copy_image" in task.error, console.explain(number)
        assert glance_tasks(lab, image_id) == []
    finally:
        console.close()


async def test_a_copy_whose_data_was_changed_behind_its_back_is_not_done(
    lab: Lab, console: RealConsole, make_image: MakeImage
) -> None:
    image_id = make_image(BIG)
    edge = lab.edges[0]
    name = f"{edge.pools.images}/{image_id}"
    console.start_runner()
    number = await console.submit(image_id, [edge.name], VerifyLevel.DEEP)
    with throttled(edge, edge.pools.images, "read"):
        until(
            lambda: console.target(number, edge.name).state is TargetState.VERIFYING,
            "the copy is being read back",
        )
        console.kill_runner()
    lab.rbd(edge, "snap", "unprotect", f"{name}@snap")
    lab.rbd(edge, "snap", "rm", f"{name}@snap")
    lab.rbd(edge, "bench", "--io-type", "write", "--io-size", "4096", "--io-total", "65536", name)
    lab.rbd(edge, "snap", "create", f"{name}@snap")
    lab.rbd(edge, "snap", "protect", f"{name}@snap")
    console.start_runner()
    task = console.wait_over(number)
    assert task.state is TaskState.FAILED, console.explain(number)
    assert "another sha512" in task.error
    assert "copy it again" in task.error
