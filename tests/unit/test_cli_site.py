"""``site validate`` and ``site report`` on a fake core: what they ask for, print and write."""

import stat
from pathlib import Path

import pytest
from command_runner import Runner
from fake_core import FakeCore
from fake_data import NOW

from dcn_console.cli.status import ExitStatus
from dcn_console.model.plans import ObjectReference, Plan, PlannedStep
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.validation import OPERATION

MIB = 1 << 20


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    core = FakeCore()
    core.fake.plans = (
        Plan(
            operation=OPERATION,
            title="validate site dcn0",
            objects=(ObjectReference(kind="site", id="dcn0", name="dcn0"),),
            targets=("dcn0",),
            steps=(PlannedStep(name="import image", text="import an image", site="dcn0"),),
            parameters={"site": "dcn0", "cloud": "mycloud"},
            made_at=NOW,
        ),
    )
    return Runner(tmp_path, capfd, monkeypatch, core, "site")


def test_every_choice_reaches_the_plan(command: Runner, tmp_path: Path) -> None:
    assert command("validate", "dcn0", "--dry-run").status == ExitStatus.SUCCESS
    assert command.asked() == [ValidateSite(site="dcn0")]
    image = tmp_path / "small.raw"
    image.write_bytes(b"x" * 512)
    choices = ("--second", "dcn1", "--size", "4", "--flavor", "f", "--network", "n", "--keep")
    more = ("--without-server", "--give-up", "2", "--image", str(image), "--dry-run")
    assert command("validate", "dcn0", *choices, *more).status == ExitStatus.SUCCESS
    assert command.asked()[-1] == ValidateSite(
        site="dcn0",
        second_site="dcn1",
        image_path=str(image),
        image_bytes=4 * MIB,
        flavor="f",
        network="n",
        without_server=True,
        keep=True,
        step_seconds=120.0,
    )


def test_what_makes_no_sense_is_refused(command: Runner, tmp_path: Path) -> None:
    report = str(tmp_path / "r.html")
    for arguments in (
        ("validate", "nowhere", "--yes"),
        ("validate", "dcn0", "--second", "nowhere"),
        ("validate", "dcn0", "--report", str(tmp_path / "r.pdf")),
        ("validate", "dcn0", "--report", str(tmp_path / "no" / "r.html")),
        ("validate", "dcn0", "--report", report, "--no-wait"),
        ("validate", "dcn0", "--size", "1000"),
    ):
        assert command(*arguments).status == ExitStatus.USAGE, arguments
    assert not Path(report).exists()


@pytest.mark.parametrize("ending", ["html", "json", "txt"])
def test_the_report_is_printed_and_written_for_its_owner(
    command: Runner, tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"report.{ending}"
    ran = command("validate", "dcn0", "--yes", "--report", str(file))
    assert ran.status == ExitStatus.SUCCESS
    assert "Validation of site dcn0 of cloud mycloud" in ran.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_text()
    assert {"html": "<!DOCTYPE html>", "json": '"site": "dcn0"', "txt": "Validation of"}[
        ending
    ] in content


def test_the_report_is_to_be_had_again(command: Runner) -> None:
    validated = command("validate", "dcn0", "--yes", "-o", "json")
    assert validated.status == ExitStatus.SUCCESS
    number = str(validated.json["task"])
    for choices, words in (((), "Validation of site dcn0"), (("-o", "html"), "<h1>dcn0</h1>")):
        ran = command("report", number, *choices)
        assert ran.status == ExitStatus.SUCCESS
        assert words in ran.out
    assert command("report", "14").status == ExitStatus.USAGE
