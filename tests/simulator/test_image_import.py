"""Importing an image on a simulated DCN, with a real runner that may be killed."""

import asyncio
import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from simulated import Api

from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.model.image_requests import ImportImage
from dcn_console.model.tasks import ProgressSource, Task, TaskState
from dcn_console.runner.lock import holder
from dcn_console.simulator.instance import Simulator
from dcn_console.workspace.local import LocalWorkspace

MIB = 1024 * 1024
DEADLINE_SECONDS = 500
IMAGES = "/image/v2/images"


@pytest.fixture
async def workspace(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LocalWorkspace]:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DCN_CONSOLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(scratch(tmp_path)))
    simulator.write_clouds_yaml(tmp_path)
    paths = Paths.resolve(simulator.write_config(tmp_path))
    found = LocalWorkspace(paths, load(paths, {}).settings)
    await found.start()
    yield found
    await found.stop()
    pid = runner_of(found)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def scratch(folder: Path) -> Path:
    found = folder / "scratch"
    found.mkdir(exist_ok=True)
    return found


def runner_of(workspace: LocalWorkspace) -> int | None:
    return holder(workspace._folder.lock)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not true():  # noqa: ASYNC110 - the state of other threads and processes
            await asyncio.sleep(0.02)


async def ended(workspace: LocalWorkspace, task: Task) -> Task:
    await until(lambda: workspace.tasks()[0].state.is_over)
    return await workspace.task(task.number)


def named(admin: Api, name: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = admin.get(f"{IMAGES}?name={name}")["images"]
    return found


def a_raw_file(folder: Path, size: int) -> Path:
    path = folder / "disk.raw"
    path.write_bytes(bytes(range(256)) * 4096 + bytes(size - MIB))
    return path


def as_qcow2(raw: Path) -> Path:
    program = shutil.which("qemu-img")
    if program is None:
        pytest.skip("qemu-img is not installed")
    packed = raw.with_suffix(".qcow2")
    command = [program, "convert", "-f", "raw", "-O", "qcow2", str(raw), str(packed)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return packed


async def test_a_qcow2_is_converted_sent_and_copied_to_the_edges(
    workspace: LocalWorkspace, admin: Api, tmp_path: Path
) -> None:
    raw = a_raw_file(tmp_path, 24 * MIB)
    request = ImportImage(name="new", path=str(as_qcow2(raw)), sites=("north", "south"))
    (plan,) = await workspace.plan(request)
    assert not plan.is_refused, plan.refusals
    assert plan.targets == ("home", "north", "south")
    assert plan.bytes_to_move == 3 * 24 * MIB
    (task,) = await workspace.submit([plan])
    done = await ended(workspace, task)
    assert done.state is TaskState.DONE, await workspace.log(task.number)
    (image,) = named(admin, "new")
    assert image["disk_format"] == "raw"
    assert image["os_hash_value"] == hashlib.sha512(raw.read_bytes()).hexdigest()
    assert set(str(image["stores"]).split(",")) == {"store-home", "store-north", "store-south"}
    home = done.target("home")
    assert home is not None
    assert "sha512 is that of what was sent" in home.verified
    assert list(scratch(tmp_path).iterdir()) == []
    assert {task["type"] for task in admin.tasks(str(image["id"]))} == {"api_image_import"}
    assert len(admin.tasks(str(image["id"]))) == 1, "the edges share one request"


async def test_a_killed_runner_sends_anew_and_leaves_one_image(
    workspace: LocalWorkspace, simulator: Simulator, admin: Api, tmp_path: Path
) -> None:
    raw = a_raw_file(tmp_path, 64 * MIB)
    (plan,) = await workspace.plan(ImportImage(name="new", path=str(raw)))
    simulator.control.set_faults(osd_down=("home",))
    (task,) = await workspace.submit([plan])

    def sending() -> bool:
        target = workspace.tasks()[0].target("home")
        progress = target.progress if target else None
        if progress is None or progress.source is not ProgressSource.SENT:
            return False
        return 0 < (progress.done or 0) < (progress.total or 0)

    await until(sending)
    pid = runner_of(workspace)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    simulator.control.set_faults()
    done = await ended(workspace, task)
    assert done.state is TaskState.DONE, await workspace.log(task.number)
    assert runner_of(workspace) != pid
    (image,) = named(admin, "new")
    assert image["size"] == 64 * MIB
    assert image["status"] == "active"


async def test_cancelling_an_upload_leaves_nothing(
    workspace: LocalWorkspace, simulator: Simulator, admin: Api, tmp_path: Path
) -> None:
    raw = a_raw_file(tmp_path, 64 * MIB)
    (plan,) = await workspace.plan(ImportImage(name="new", path=str(raw), sites=("north",)))
    simulator.control.set_faults(osd_down=("home",))
    (task,) = await workspace.submit([plan])
    await until(lambda: any(image["status"] == "saving" for image in named(admin, "new")))
    await workspace.cancel(task.number)
    done = await ended(workspace, task)
    assert done.state is TaskState.CANCELLED
    assert named(admin, "new") == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that its files are served at."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_an_address_is_fetched_and_made_raw_by_glance(
    workspace: LocalWorkspace, admin: Api, served: tuple[Path, str]
) -> None:
    folder, address = served
    raw = a_raw_file(folder, 16 * MIB)
    as_qcow2(raw)
    request = ImportImage(name="new", url=f"{address}/disk.qcow2", sites=("south",))
    (plan,) = await workspace.plan(request)
    (task,) = await workspace.submit([plan])
    done = await ended(workspace, task)
    assert done.state is TaskState.DONE, await workspace.log(task.number)
    (image,) = named(admin, "new")
    assert image["disk_format"] == "raw"
    assert set(str(image["stores"]).split(",")) == {"store-home", "store-south"}
    home = done.target("home")
    assert home is not None
    assert "sha512 of the data read back is right" in home.verified


async def test_an_address_with_nothing_fails_everywhere_and_leaves_nothing(
    workspace: LocalWorkspace, admin: Api, served: tuple[Path, str]
) -> None:
    request = ImportImage(name="new", url=f"{served[1]}/missing.raw", sites=("south",))
    (plan,) = await workspace.plan(request)
    (task,) = await workspace.submit([plan])
    done = await ended(workspace, task)
    assert done.state is TaskState.FAILED
    texts = {target.site: target.text for target in done.targets}
    assert "Glance could not import" in texts["home"]
    assert "it did not work at home" in texts["south"]
    assert named(admin, "new") == []
