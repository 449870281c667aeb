"""The commands that import and delete images, on a fake core: what they ask for and refuse."""

from pathlib import Path

import pytest
from command_runner import Runner
from fake_core import FakeCore
from fake_data import NOW

from dcn_console.config.topology import EVERY_EDGE
from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.requests import Request


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    core = FakeCore()
    core.fake.plans = (
        Plan(
            operation="image-import",
            title="import new → central",
            objects=(ObjectReference(kind="image", id="new", name="new"),),
            targets=("central",),
            made_at=NOW,
        ),
    )
    return Runner(tmp_path, capfd, monkeypatch, core, "image")


REQUESTS: list[tuple[tuple[str, ...], Request]] = [
    (
        ("import", "--file", "disk.qcow2", "--name", "new"),
        ImportImage(name="new", path="disk.qcow2"),
    ),
    (
        *(("import", "--url", "https://host/x", "--name", "new", "--format", "qcow2"),),
        ImportImage(name="new", url="https://host/x", disk_format="qcow2"),
    ),
    (
        ("import", "--file", "x", "--name", "new", "--to", EVERY_EDGE, "--no-convert"),
        ImportImage(name="new", path="x", convert=False, sites=("dcn0", "dcn1")),
    ),
    (
        ("import", "--file", "x", "--name", "new", "--to", "dcn1", "--visibility", "public"),
        ImportImage(name="new", path="x", visibility="public", sites=("dcn1",)),
    ),
]


@pytest.mark.parametrize(("arguments", "request_"), REQUESTS)
def test_what_is_asked_for(command: Runner, arguments: tuple[str, ...], request_: Request) -> None:
    assert command(*arguments).status == 0
    assert command.asked() == [request_]


def test_images_are_found_by_name(command: Runner) -> None:
    image = command.core.rows.images[0].image
    command("delete-copy", image.label, "--from", "dcn0,dcn1")
    command("delete", image.id)
    assert command.asked() == [
        DeleteCopies(image_ids=(image.id,), sites=("dcn0", "dcn1")),
        DeleteImages(image_ids=(image.id,)),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "--name", "new"),
        ("import", "--name", "new", "--file", "x", "--url", "http://host/x"),
        ("import", "--file", "x"),
        ("import", "--file", "x", "--name", "new", "--to", "nowhere"),
        ("import", "--file", "x", "--name", "new", "--format", "docx"),
        ("delete-copy", "cirros", "--from", "nowhere"),
        ("delete-copy", "cirros", "--from", ","),
        ("delete-copy", "cirros"),
        ("delete",),
    ],
)
def test_what_is_not_understood(command: Runner, arguments: tuple[str, ...]) -> None:
    ran = command(*arguments)
    assert ran.status == 2
    assert ran.err
    assert command.asked() == []
