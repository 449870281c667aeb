"""Joining snapshots and tasks: cells, counts, identity of what did not change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.inventory.join import Joiner, rows
from dcn_console.model.inventory import (
    Attachment,
    Capacity,
    ClusterState,
    Image,
    ImageTask,
    Inventory,
    RbdImage,
    Server,
    Snapshot,
    Store,
    Volume,
)
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.rows import Cell, Placement, Rows
from dcn_console.model.sites import ClusterAccess, Role, Site, Topology
from dcn_console.model.tasks import Progress, Target, TargetState, Task, TaskState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOPOLOGY = Topology(
    sites=(
        Site(name="paris", role=Role.HUB, store="s-p", availability_zone="az-p"),
        Site(name="lyon", store="s-l", availability_zone="az-l", cluster=ClusterAccess()),
        Site(name="nice", store=None, availability_zone="az-n"),
    )
)
STORES = Snapshot(rows=(Store(id="s-p", default=True, type="rbd"), Store(id="s-l", type="rbd")))


def an_image(identity: str = "i1", **fields: Any) -> Image:
    defaults = {"name": identity, "status": "active", "disk_format": "raw", "stores": ("s-p",)}
    return Image(id=identity, **{**defaults, **fields})


def an_inventory(*images: Image, **fields: Any) -> Inventory:
    return Inventory(topology=TOPOLOGY, stores=STORES, images=Snapshot(rows=images), **fields)


def a_task(
    target: Target, number: int = 7, image: str = "i1", state: TaskState = TaskState.RUNNING
) -> Task:
    plan = Plan(
        operation="copy-image",
        title="copy",
        objects=(ObjectReference(kind="image", id=image, name=image),),
        targets=(target.site,),
        made_at=NOW,
    )
    return Task(
        number=number, id=str(number), plan=plan, state=state, targets=(target,), submitted_at=NOW
    )


def lyon(joined: Rows) -> Cell:
    cell = joined.images[0].cell("lyon")
    assert cell is not None
    return cell


def cluster(*images: RbdImage) -> dict[str, Snapshot[ClusterState]]:
    state = ClusterState(
        site="lyon",
        capacity=Capacity(total=10, used=4, available=6),
        images={image.name: image for image in images},
    )
    return {"lyon": Snapshot(rows=(state,))}


def test_present_absent_and_unknown() -> None:
    joined = rows(an_inventory(an_image(stores=("s-p", "s-l"))), (), NOW)
    assert [cell.state for cell in joined.images[0].cells] == [
        Placement.PRESENT,
        Placement.PRESENT,
        Placement.UNKNOWN,
    ]
    assert lyon(rows(an_inventory(an_image()), (), NOW)).state is Placement.ABSENT


def test_a_missing_central_copy_is_missing_and_a_finding() -> None:
    joined = rows(an_inventory(an_image(stores=("s-l",))), (), NOW)
    assert joined.images[0].cells[0].state is Placement.MISSING
    assert [finding.kind for finding in joined.findings] == ["no-central-copy"]


def test_a_store_that_glance_does_not_know_is_unknown() -> None:
    topology = Topology(sites=(Site(name="x", role=Role.HUB, store="typo"),))
    joined = rows(
        Inventory(topology=topology, stores=STORES, images=Snapshot(rows=(an_image(),))), (), NOW
    )
    assert joined.images[0].cells[0].state is Placement.UNKNOWN


def test_glances_import_serves_one_store_after_another() -> None:
    image = an_image(stores=(), import_task="t1", importing_to=("s-l", "s-p"))
    task = ImageTask(id="t1", status="processing", message="Copied 15 MiB", updated_at=NOW)
    joined = rows(an_inventory(image, image_tasks={"i1": task}), (), NOW)
    assert lyon(joined).state is Placement.COPYING
    assert lyon(joined).text == "Copied 15 MiB"
    assert lyon(joined).percent is None
    assert joined.images[0].cells[0].state is Placement.QUEUED


def test_leftovers_of_an_import_without_a_lock_are_no_copy() -> None:
    joined = rows(an_inventory(an_image(importing_to=("s-l",))), (), NOW)
    assert lyon(joined).state is Placement.ABSENT


@pytest.mark.parametrize(
    ("state", "placement", "percent"),
    [
        (TargetState.QUEUED, Placement.QUEUED, None),
        (TargetState.WAITING, Placement.QUEUED, None),
        (TargetState.STAGING, Placement.COPYING, None),
        (TargetState.COPYING, Placement.COPYING, 42.0),
        (TargetState.VERIFYING, Placement.COPYING, 42.0),
        (TargetState.FAILED, Placement.FAILED, None),
        (TargetState.CANCELLED, Placement.ABSENT, None),
    ],
)
def test_our_task_shows_in_the_cell(
    state: TargetState, placement: Placement, percent: float | None
) -> None:
    target = Target(site="lyon", state=state, progress=Progress(done=42, total=100))
    cell = lyon(rows(an_inventory(an_image()), (a_task(target),), NOW))
    assert (cell.state, cell.percent) == (placement, percent)
    assert cell.task == (None if placement is Placement.ABSENT else 7)


def test_the_newest_task_wins_and_glances_list_wins_over_all() -> None:
    old = a_task(Target(site="lyon", state=TargetState.FAILED), 3, state=TaskState.FAILED)
    new = a_task(Target(site="lyon", state=TargetState.COPYING), 9)
    assert lyon(rows(an_inventory(an_image()), (new, old), NOW)).task == 9
    present = an_inventory(an_image(stores=("s-p", "s-l")))
    assert lyon(rows(present, (old,), NOW)).state is Placement.PRESENT


def test_a_store_that_glance_gave_up_is_failed() -> None:
    cell = lyon(rows(an_inventory(an_image(failed_stores=("s-l",))), (), NOW))
    assert cell.state is Placement.FAILED


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ((RbdImage(name="i1", size=5, snap=True),), Placement.PRESENT),
        ((RbdImage(name="i1", size=None, snap=False),), Placement.GONE),
        ((RbdImage(name="i1", size=5, snap=False),), Placement.GONE),
        ((), Placement.PRESENT),
    ],
)
def test_a_copy_is_gone_only_when_the_cluster_said_so(
    known: tuple[RbdImage, ...], state: Placement
) -> None:
    inventory = an_inventory(an_image(stores=("s-p", "s-l")), clusters=cluster(*known))
    joined = rows(inventory, (), NOW)
    assert lyon(joined).state is state
    assert bool(joined.findings) == (state is Placement.GONE)


def test_volumes_get_site_parent_and_server() -> None:
    volumes = Snapshot(
        rows=(
            Volume(
                id="v1",
                availability_zone="az-l",
                image_id="i1",
                image_name="old name",
                attachments=(Attachment(server_id="s1"),),
            ),
            Volume(id="v2", availability_zone="nova", image_id="gone", image_name="kept name"),
            Volume(id="v3"),
        )
    )
    servers = Snapshot(rows=(Server(id="s1", name="web", availability_zone="az-p"),))
    joined = rows(an_inventory(an_image(), volumes=volumes, servers=servers), (), NOW)
    assert [(row.site, row.parent_image, row.server) for row in joined.volumes] == [
        ("lyon", "i1", "web"),
        (None, "kept name", None),
        (None, None, None),
    ]
    assert [finding.kind for finding in joined.findings] == ["zone-mismatch"]


def test_sites_and_stores_are_counted() -> None:
    inventory = an_inventory(
        an_image("i1"), an_image("i2", stores=("s-p", "s-l")), clusters=cluster()
    )
    joined = rows(inventory, (), NOW)
    assert [row.images for row in joined.sites] == [2, 1, 0]
    assert [(row.key, row.site, row.images) for row in joined.stores] == [
        ("s-p", "paris", 2),
        ("s-l", "lyon", 1),
    ]
    assert joined.stores[1].capacity == Capacity(total=10, used=4, available=6)


def test_nothing_changed_gives_the_same_objects() -> None:
    inventory = an_inventory(an_image("i1"), an_image("i2"), clusters=cluster())
    joiner = Joiner()
    first = joiner.rows(inventory, (), NOW)
    assert joiner.rows(inventory, (), NOW + timedelta(seconds=9)) is first
    equal = msgspec.convert(msgspec.to_builtins(inventory), Inventory)
    again = rows(equal, (), NOW, first)
    assert again.images is first.images
    assert again.sites is first.sites


def test_only_the_changed_row_is_a_new_object() -> None:
    joiner = Joiner()
    unchanged = an_image("i2")
    first = joiner.rows(an_inventory(an_image("i1"), unchanged), (), NOW)
    second = joiner.rows(an_inventory(an_image("i1", name="new"), unchanged), (), NOW)
    assert second.images[0] is not first.images[0]
    assert second.images[1] is first.images[1]


def test_a_row_settles_after_its_task_is_gone() -> None:
    joiner = Joiner()
    inventory = an_inventory(an_image())
    before = joiner.rows(inventory, (), NOW)
    task = a_task(Target(site="lyon", state=TargetState.COPYING))
    assert lyon(joiner.rows(inventory, (task,), NOW)).state is Placement.COPYING
    assert joiner.rows(inventory, (), NOW).images == before.images


IMAGES = st.lists(
    st.builds(
        an_image,
        st.sampled_from(["i1", "i2", "i3"]),
        stores=st.sampled_from([(), ("s-p",), ("s-l",), ("s-p", "s-l")]),
        disk_format=st.sampled_from(["raw", "qcow2"]),
        size=st.sampled_from([0, 5]),
        import_task=st.sampled_from([None, "t1"]),
        importing_to=st.sampled_from([(), ("s-l",), ("s-l", "s-p")]),
        failed_stores=st.sampled_from([(), ("s-l",)]),
    ),
    unique_by=lambda image: image.id,
)
TASKS = st.lists(
    st.builds(
        a_task,
        st.builds(Target, site=st.just("lyon"), state=st.sampled_from(TargetState)),
        number=st.integers(1, 5),
        image=st.sampled_from(["i1", "i2"]),
        state=st.sampled_from(TaskState),
    ),
    max_size=3,
    unique_by=lambda task: task.number,
)
CLUSTERS = st.sampled_from(
    [{}, cluster(), cluster(RbdImage(name="i1", size=None, snap=False))],
)


@given(st.lists(st.tuples(IMAGES, TASKS, CLUSTERS), min_size=1, max_size=4))
def test_joining_step_by_step_equals_joining_anew(steps: list[Any]) -> None:
    joiner = Joiner()
    for images, tasks, clusters in steps:
        inventory = an_inventory(*images, clusters=clusters)
        assert joiner.rows(inventory, tasks, NOW) == rows(inventory, tasks, NOW)
