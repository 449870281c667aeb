"""The commands that import and delete images, on a fake core: what they ask for and refuse."""

from pathlib import Path

import pytest
from fake_core import FakeCore, write_sample_config
from fake_data import NOW

from dcn_console.cli import waiting
from dcn_console.cli.main import run
from dcn_console.config.topology import EVERY_EDGE
from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.requests import Request


class Command:
    """Runs commands on a fake core."""

    def __init__(self, config: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.config, self.capture = config, capture
        self.core = FakeCore()
        self.core.fake.plans = (
            Plan(
                operation="image-import",
                title="import new → central",
                objects=(ObjectReference(kind="new image", id="new", name="new"),),
                targets=("central",),
                made_at=NOW,
            ),
        )

    def __call__(self, *arguments: str) -> tuple[int, str]:
        self.capture.readouterr()
        status = run(["--config", str(self.config), "image", *arguments], self.core)
        return status, self.capture.readouterr().err

    def asked(self) -> list[Request]:
        """Every request that was planned."""
        return [request for (request,) in self.core.fake.named("plan")]  # type: ignore[misc]


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.001)
    for variable in ("OS_CLOUD", "DCN_CONSOLE_READ_ONLY", "DCN_CONSOLE_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    return Command(write_sample_config(tmp_path), capfd)


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
def test_what_is_asked_for(command: Command, arguments: tuple[str, ...], request_: Request) -> None:
    status, _ = command(*arguments)
    assert command.asked() == [request_]
    assert status == 0


def test_images_are_found_by_name(command: Command) -> None:
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
def test_what_is_not_understood(command: Command, arguments: tuple[str, ...]) -> None:
    status, said = command(*arguments)
    assert status == 2
    assert said
    assert command.asked() == []
