"""What an import takes for its own image, and what not."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from simulated import Api
from simulated_operations import Operations, operations_on

from dcn_console.model.image_requests import ImportImage
from dcn_console.model.tasks import TargetState
from dcn_console.operations.import_image.parameters import image_mark
from dcn_console.simulator.instance import Simulator

IMAGES = "/image/v2/images"
TASK = "11111111"


@pytest.fixture
async def operations(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Operations]:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DCN_CONSOLE_CACHE", str(tmp_path / "cache"))
    async with operations_on(simulator, tmp_path) as found:
        yield found


def a_file(folder: Path) -> Path:
    path = folder / "disk.raw"
    path.write_bytes(bytes(range(256)) * 4096)
    return path


def marked(admin: Api, name: str) -> str:
    """Return the id of an image that carries the task's mark."""
    body = {"name": name, "disk_format": "raw", "container_format": "bare"}
    made = admin.ask("POST", IMAGES, {**body, **image_mark(TASK, "home")})
    return str(made.content["id"])


async def test_an_image_that_somebody_derived_from_ours_is_left_alone(
    operations: Operations, admin: Api, tmp_path: Path
) -> None:
    derived = marked(admin, "golden, with our mark")
    request = ImportImage(name="new", path=str(a_file(tmp_path)), sites=("north",))
    target, context = await operations.run(request, task_id=TASK)
    assert target.state is TargetState.DONE, target.text
    (ours,) = admin.get(f"{IMAGES}?name=new")["images"]
    assert admin.get(f"{IMAGES}/{derived}")["status"] == "queued"

    again = await operations.replan(msgspec.structs.replace(context.task, targets=(target,)))
    assert [one.id for one in again.objects] == [ours["id"]]
    assert again.targets == ("north",)
