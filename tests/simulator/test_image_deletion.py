"""Deleting copies and images on a simulated DCN: clones keep them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from simulated import PATIENCE_SECONDS, Api
from simulated_storage import Storage

from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.model.image_requests import DeleteCopies, DeleteImages
from dcn_console.model.requests import Request
from dcn_console.model.tasks import Task, TaskState
from dcn_console.runner.lock import holder
from dcn_console.simulator.instance import Simulator
from dcn_console.workspace.local import LocalWorkspace

MIB = 1024 * 1024
GIB = 1024 * MIB
IMAGES = "/image/v2/images"


@pytest.fixture
async def workspace(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LocalWorkspace]:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DCN_CONSOLE_CACHE", str(tmp_path / "cache"))
    simulator.write_clouds_yaml(tmp_path)
    paths = Paths.resolve(simulator.write_config(tmp_path))
    found = LocalWorkspace(paths, load(paths, {}).settings)
    await found.start()
    yield found
    await found.stop()
    pid = holder(found._folder.lock)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def an_image(admin: Api, *stores: str) -> str:
    """Make an image with copies in the home store and in ``stores``."""
    body = {"name": "cirros", "disk_format": "raw", "container_format": "bare"}
    image_id = str(admin.ask("POST", IMAGES, body).content["id"])
    binary = {"Content-Type": "application/octet-stream"}
    admin.ask("PUT", f"{IMAGES}/{image_id}/file", b"x" * MIB, binary)
    assert admin.copy_image(image_id, *stores).status == 202
    return image_id


async def has_copies(admin: Api, image_id: str, number: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(str(admin.image(image_id).get("stores", "")).split(",")) < number:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def carried_out(workspace: LocalWorkspace, request: Request) -> Task:
    (plan,) = await workspace.plan(request)
    (task,) = await workspace.submit([plan], ["cirros"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not workspace.tasks()[0].state.is_over:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return await workspace.task(task.number)


async def test_a_copy_goes_and_then_the_image(workspace: LocalWorkspace, admin: Api) -> None:
    image_id = an_image(admin, "store-north", "store-south")
    await has_copies(admin, image_id, 3)
    request = DeleteCopies(image_ids=(image_id,), sites=("north",))
    done = await carried_out(workspace, request)
    assert done.state is TaskState.DONE, await workspace.log(done.number)
    assert "its room at north is free" in done.targets[0].verified
    assert admin.image(image_id)["stores"] == "store-home,store-south"
    done = await carried_out(workspace, DeleteImages(image_ids=(image_id,)))
    assert done.state is TaskState.DONE, await workspace.log(done.number)
    assert "its room at south is free" in done.targets[0].verified
    assert admin.ask("GET", f"{IMAGES}/{image_id}").status == 404


async def test_a_clone_at_an_edge_keeps_every_copy(
    workspace: LocalWorkspace, simulator: Simulator, admin: Api
) -> None:
    image_id = an_image(admin, "store-north")
    await has_copies(admin, image_id, 2)
    asked: dict[str, Any] = {
        "size": 1,
        "imageRef": image_id,
        "availability_zone": "zone-north",
        "name": "web",
    }
    volume = Storage(simulator, admin).create("volume", **asked)
    assert volume["status"] == "available"
    (plan,) = await workspace.plan(DeleteImages(image_ids=(image_id,)))
    assert plan.is_refused
    assert "volume “web”" in plan.refusals[0].text
    (plan,) = await workspace.plan(DeleteCopies(image_ids=(image_id,), sites=("north",)))
    assert not plan.has_work
    assert set(str(admin.image(image_id)["stores"]).split(",")) == {"store-home", "store-north"}


async def test_a_site_that_does_not_answer_keeps_the_image(
    workspace: LocalWorkspace, simulator: Simulator, admin: Api
) -> None:
    image_id = an_image(admin, "store-north")
    await has_copies(admin, image_id, 2)
    simulator.control.set_faults(mon_down=("north",))
    (plan,) = await workspace.plan(DeleteImages(image_ids=(image_id,)))
    assert plan.is_refused
    assert "not known" in plan.refusals[0].text
