"""The command line as a process: light start, quiet broken pipes, interruptions, no colours."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_core import FakeCore, write_sample_config

from dcn_console import __version__
from dcn_console.cli.contract_table import OBJECTS, contract_markdown, object_name
from dcn_console.cli.main import run
from dcn_console.model.tasks import Task

ROOT = Path(__file__).parents[2]
HEAVY = ("openstack", "keystoneauth1", "textual", "rich", "dbos", "sqlalchemy", "uvicorn")


def process(
    *command: str, home: Path, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["image", "copy", "--help"]])
def test_help_starts_light(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from dcn_console.cli.main import run; status = run(sys.argv[1:]);"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules];"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    ran = process("-c", code, *arguments, home=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_module_runs(tmp_path: Path) -> None:
    ran = process("-m", "dcn_console", "--version", home=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, f"dcn-console {__version__}\n")


def test_a_broken_pipe_is_quiet(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = process("-m", "dcn_console", "info", home=tmp_path, stdout=writer)
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_a_state_folder_that_cannot_be_is_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "file" / "state"))
    assert run(["--config", str(write_sample_config(tmp_path)), "task", "list"]) == 1
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert str(tmp_path / "file") in captured.err


def test_stdout_in_another_encoding_loses_no_list(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.reconfigure(encoding='ascii');"
    code += "from dcn_console.cli.main import run; sys.exit(run(['--help']))"
    ran = process("-c", code, home=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_interrupting_a_wait_leaves_the_task_running(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    core = FakeCore()
    look = core.fake.task

    async def interrupted(number: int) -> Task:
        os.kill(os.getpid(), signal.SIGINT)
        return await look(number)

    monkeypatch.setattr(core.fake, "task", interrupted)
    status = run(["--config", str(write_sample_config(tmp_path)), "task", "wait", "14"], core)
    captured = capfd.readouterr()
    assert (status, captured.out) == (130, "")
    assert "Task 14 goes on in the background" in captured.err
    assert "dcn-console task cancel 14" in captured.err
    assert not core.fake.named("cancel")


def test_the_manual_of_the_contract_describes_every_key() -> None:
    text = contract_markdown()
    for kind in OBJECTS:
        assert f"### {object_name(kind)}\n" in text
        assert kind.__doc__
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(kind.__struct_fields__) for kind in OBJECTS)
    assert all(row.split("|")[3].strip() for row in rows)
    assert "| `size_bytes` | integer or null | size of the data |" in text
    assert "| `sites` | object of Placement by name |" in text
    assert "| `targets` | list of Target |" in text
