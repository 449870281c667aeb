"""Whole copies by our own runner, a process of its own as on an operator's machine."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_dcn import MIB, Dcn, Images, access_of, random_data
from real_console import RealConsole, until

from dcn_console.model.errors import RefusedError
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.tasks import ProgressSource, TargetState, TaskState
from dcn_console.operations.policy import check_policy

SIZE = 48 * MIB


@pytest.fixture
def console(dcn: Dcn, state_folder: Path) -> Iterator[RealConsole]:
    """The administrator's console; its runner is started by the test."""
    made = RealConsole(dcn.admin.config, state_folder)
    yield made
    made.close()


async def test_a_copy_to_every_edge_ends_done_and_verified(
    dcn: Dcn, images: Images, console: RealConsole
) -> None:
    image_id = images.upload(random_data(SIZE))
    console.start_runner()
    number = await console.submit(image_id, None, VerifyLevel.DEEP)
    seen: set[tuple[TargetState, ProgressSource | None]] = set()
    percents: dict[str, list[float]] = {site.name: [0.0] for site in dcn.topology.edges}

    def is_over() -> bool:
        task = console.task(number)
        for target in task.targets:
            progress = target.progress
            seen.add((target.state, progress.source if progress else None))
            if progress and progress.done is not None and target.state is TargetState.COPYING:
                percents[target.site].append(progress.done)
        return task.state.is_over

    with dcn.slowly(dcn.topology.edges[0].name):
        until(is_over, "the copy is over")
    task = console.task(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert (TargetState.COPYING, ProgressSource.RBD_IMAGE) in seen
    for done in percents.values():
        assert done == sorted(done), "bytes never go back"
    assert set(dcn.show(image_id)["stores"].split(",")) == set(dcn.stores)
    for site in dcn.topology.edges:
        verified = console.target(number, site.name).verified
        assert "of the data read back is right" in verified
        cluster = dcn.admin.services.clusters[site.name]
        image = await cluster.rbd_image(access_of(site).images_pool, image_id)
        assert (image.size, image.snap, image.snap_protected) == (SIZE, True, True)
    assert len(dcn.tasks(image_id)) == 1, "one request for all of them"


async def test_what_is_there_already_is_left_out_of_the_plan(
    dcn: Dcn, images: Images, console: RealConsole
) -> None:
    image_id = images.upload(random_data(MIB))
    first, *others = dcn.topology.edges
    assert dcn.ask_copy(image_id, dcn.edge_stores[0]).status == 202
    await asyncio.to_thread(dcn.wait_unlocked, image_id)
    plan = await console.plan(image_id)
    assert plan.targets == tuple(site.name for site in others)
    assert first.name in plan.skipped
    console.start_runner()
    number = await console.submit(image_id, [first.name, *(site.name for site in others)])
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert set(dcn.show(image_id)["stores"].split(",")) == set(dcn.stores)
    assert {tuple(found["input"]["backend"]) for found in dcn.tasks(image_id)} == {
        (dcn.edge_stores[0],),
        dcn.edge_stores[1:],
    }


async def test_an_image_that_others_import_is_waited_for(
    dcn: Dcn, images: Images, console: RealConsole
) -> None:
    image_id = images.upload(random_data(SIZE))
    plan = await console.plan(image_id, [dcn.topology.edges[0].name])
    assert dcn.ask_copy(image_id, dcn.edge_stores[1]).status == 202
    number = console.store.submit(plan, "test").number
    console.start_runner()
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert set(dcn.show(image_id)["stores"].split(",")) == {
        dcn.stores[0], *dcn.edge_stores[:2],
    }  # fmt: skip
    assert len(dcn.tasks(image_id)) == 2


async def test_an_image_without_data_is_not_planned(
    dcn: Dcn, images: Images, console: RealConsole
) -> None:
    image_id = images.create()["id"]
    plan = await console.plan(image_id)
    assert plan.is_refused
    with pytest.raises(RefusedError, match="is queued, not active"):
        check_policy([plan], dcn.topology, read_only_reason="")
    assert dcn.tasks(image_id) == []


async def test_a_member_is_told_which_policy_forbids_the_copy(
    dcn: Dcn, images: Images, state_folder: Path
) -> None:
    image_id = images.upload(random_data(MIB), visibility="public")
    console = RealConsole(dcn.member.config, state_folder)
    try:
        console.start_runner()
        number = await console.submit(image_id, [dcn.topology.edges[0].name])
        task = console.wait_over(number)
        assert task.state is TaskState.FAILED, console.explain(number)
        assert "copy_image" in task.error
    finally:
        console.close()
    assert dcn.tasks(image_id) == []
