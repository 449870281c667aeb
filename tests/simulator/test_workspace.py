"""The workspace on a simulated DCN: what both faces stand on, with a real runner process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from simulated import Api
from simulated_storage import Storage

from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.model.errors import ObjectNotFound, RefusedError, UsageError
from dcn_console.model.inventory import Source
from dcn_console.model.plans import VerifyLevel
from dcn_console.model.requests import CopyImages
from dcn_console.model.rows import Placement
from dcn_console.model.tasks import TaskState
from dcn_console.runner.lock import holder
from dcn_console.simulator.instance import Simulator
from dcn_console.workspace.bodies import readable
from dcn_console.workspace.interface import Change
from dcn_console.workspace.local import LocalWorkspace

DEADLINE_SECONDS = 500
MIB = 1024 * 1024


@pytest.fixture
def paths(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DCN_CONSOLE_CACHE", str(tmp_path / "cache"))
    simulator.write_clouds_yaml(tmp_path)
    return Paths.resolve(simulator.write_config(tmp_path))


def open_workspace(paths: Paths, **overrides: object) -> LocalWorkspace:
    return LocalWorkspace(paths, load(paths, overrides).settings)


@pytest.fixture
async def workspace(paths: Paths) -> AsyncIterator[LocalWorkspace]:
    found = open_workspace(paths)
    await found.start()
    yield found
    await found.stop()
    pid = runner_of(found)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def runner_of(workspace: LocalWorkspace) -> int | None:
    return holder(workspace._folder.lock)


def shown_first(paths: Paths) -> list[str]:
    """Return the images that a workspace opened now would begin with."""
    return [image.id for image in open_workspace(paths).inventory().images.rows]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not true():  # noqa: ASYNC110 - the state of other threads and processes
            await asyncio.sleep(0.05)


def placements(workspace: LocalWorkspace) -> dict[str, list[Placement]]:
    """Return the states of every image's cells, by image id."""
    return {row.key: [cell.state for cell in row.cells] for row in workspace.rows().images}


def an_image(admin: Api, size: int = 8 * MIB, name: str = "cirros") -> str:
    created = admin.ask(
        "POST",
        "/image/v2/images",
        {"name": name, "disk_format": "raw", "container_format": "bare"},
    ).content
    admin.ask(
        "PUT",
        f"/image/v2/images/{created['id']}/file",
        b"x" * size,
        {"Content-Type": "application/octet-stream"},
    )
    return str(created["id"])


async def test_rows_arrive_and_subscribers_are_told(workspace: LocalWorkspace, admin: Api) -> None:
    told: set[Change] = set()
    unsubscribe = workspace.subscribe(told.add)
    image_id = an_image(admin)
    workspace.refresh()
    placed = [Placement.PRESENT, Placement.ABSENT, Placement.ABSENT]
    await until(lambda: placements(workspace) == {image_id: placed})
    await until(lambda: all(site.capacity is not None for site in workspace.rows().sites))
    assert Change.ROWS in told
    assert workspace.project_name == "admin"
    unsubscribe()


async def test_a_copy_starts_a_runner_and_shows_in_the_cells(
    workspace: LocalWorkspace, admin: Api
) -> None:
    image_id = an_image(admin, 64 * MIB)
    (plan,) = await workspace.plan(CopyImages(image_ids=(image_id,), verify=VerifyLevel.DEEP))
    (task,) = await workspace.submit([plan])
    await until(workspace.runner_alive)
    seen: set[Placement] = set()

    def over() -> bool:
        for row in workspace.rows().images:
            seen.update(cell.state for cell in row.cells)
        return workspace.tasks()[0].state.is_over

    await until(over)
    done = await workspace.task(task.number)
    assert done.state is TaskState.DONE, await workspace.log(task.number)
    assert seen & {Placement.COPYING, Placement.QUEUED}
    await until(
        lambda: all(
            cell.state is Placement.PRESENT for row in workspace.rows().images for cell in row.cells
        )
    )
    assert {step.name for step in await workspace.steps(task.number)} == {
        "probe",
        "ask",
        "watch",
        "verify",
    }
    assert '"verify"' in await workspace.body("task", str(task.number))
    assert image_id in await workspace.body("image", image_id)


async def test_bodies_of_what_is_stored_are_told_but_no_user_data(
    simulator: Simulator, workspace: LocalWorkspace, admin: Api
) -> None:
    storage = Storage(simulator, admin)
    volume_id = storage.create("volume", name="data", size=1)["id"]
    snapshot = storage.create("snapshot", name="snap", volume_id=volume_id)
    assert '"snap"' in await workspace.body("snapshot", snapshot["id"])
    backup = storage.create("backup", name="saved", volume_id=volume_id)
    assert '"saved"' in await workspace.body("backup", backup["id"])
    server_id = simulator.control.add_server("web", "north")
    assert '"web"' in await workspace.body("server", server_id)
    with pytest.raises(ObjectNotFound):
        await workspace.body("server", snapshot["id"])
    shown = readable(b'{"server": {"OS-EXT-SRV-ATTR:user_data": "cGFzc3dvcmQ=", "name": "web"}}')
    assert "cGFz" not in shown
    assert '"web"' in shown


async def test_a_runner_that_was_killed_is_replaced_and_the_task_goes_on(
    workspace: LocalWorkspace, admin: Api
) -> None:
    image_id = an_image(admin, 128 * MIB)
    (plan,) = await workspace.plan(CopyImages(image_ids=(image_id,)))
    (task,) = await workspace.submit([plan])
    await until(lambda: bool(admin.tasks(image_id)))
    pid = runner_of(workspace)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await until(lambda: workspace.tasks()[0].state.is_over)
    assert (await workspace.task(task.number)).state is TaskState.DONE
    assert runner_of(workspace) != pid
    assert len(admin.tasks(image_id)) == 1


async def test_a_task_that_is_done_is_not_retried(workspace: LocalWorkspace, admin: Api) -> None:
    image_id = an_image(admin)
    edge = workspace.topology.edges[0]
    (plan,) = await workspace.plan(CopyImages(image_ids=(image_id,), sites=(edge.name,)))
    (task,) = await workspace.submit([plan])
    await until(lambda: workspace.tasks()[0].state.is_over)
    with pytest.raises(UsageError, match="is done"):
        await workspace.replan(task.number)


async def test_cancelling_says_honestly_what_it_does(
    workspace: LocalWorkspace, simulator: Simulator, admin: Api
) -> None:
    image_id = an_image(admin, 128 * MIB)
    simulator.control.set_time_scale(0)
    (plan,) = await workspace.plan(CopyImages(image_ids=(image_id,)))
    (task,) = await workspace.submit([plan])
    await until(lambda: bool(admin.tasks(image_id)))
    await until(lambda: workspace.tasks()[0].state is TaskState.RUNNING)
    assert "cannot be stopped" in await workspace.cancel(task.number)
    simulator.control.set_time_scale(1)
    await until(lambda: workspace.tasks()[0].state.is_over)
    assert (await workspace.task(task.number)).state is TaskState.CANCELLED
    plan = await workspace.replan(task.number)
    (retried,) = await workspace.submit([plan], retry_of=task.number)
    assert retried.retry_of == task.number
    await until(lambda: workspace.tasks()[0].state.is_over)
    assert workspace.tasks()[0].state is TaskState.DONE


async def test_a_read_only_workspace_plans_but_submits_nothing(paths: Paths, admin: Api) -> None:
    workspace = open_workspace(paths, read_only=True)
    image_id = an_image(admin)
    plans = await workspace.plan(CopyImages(image_ids=(image_id,)))
    with pytest.raises(RefusedError, match="read-only"):
        await workspace.submit(plans)
    with pytest.raises(RefusedError, match="read-only"):
        await workspace.cancel(1)
    assert workspace.tasks() == ()
    await workspace.stop()


async def test_the_last_inventory_is_shown_before_any_network(
    workspace: LocalWorkspace, paths: Paths, admin: Api, simulator: Simulator
) -> None:
    image_id = an_image(admin)
    workspace.refresh()
    await until(lambda: bool(workspace.rows().images))
    await until(lambda: shown_first(paths) == [image_id])
    simulator.kill()
    later = open_workspace(paths)
    assert later.inventory().images.source is Source.CACHE
    await later.start()
    await until(lambda: [row.key for row in later.rows().images] == [image_id])
    await until(lambda: later.inventory().images.error is not None)
    assert [row.key for row in later.rows().images] == [image_id]
    await later.stop()
