"""``demo`` and ``simulator``: they work alone, and leave nothing behind however they end."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
from command_line import DEADLINE_SECONDS, CommandLine, is_alive
from simulated import eventually


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    """The command line of a machine without any configuration."""
    command = CommandLine(tmp_path, None)
    command.environment["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    return command


def processes_naming(folder: Path) -> list[int]:
    """The live processes whose arguments name something under ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                arguments = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in arguments and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def test_a_command_on_the_demo_leaves_nothing(cli: CommandLine, tmp_path: Path) -> None:
    listed = cli("demo", "image", "list", "-o", "json")
    assert (listed.status, listed.err) == (0, "")
    assert len(listed.json) > 20
    assert list((tmp_path / "tmp").iterdir()) == []
    eventually(lambda: processes_naming(tmp_path) == [], seconds=DEADLINE_SECONDS)
    assert not (tmp_path / "state").exists()


def test_the_demo_copies_to_an_edge(cli: CommandLine, tmp_path: Path) -> None:
    copied = cli("demo", "image", "copy", "tinycore-15", "--to", "edges", "-o", "json")
    assert copied.status == 0, copied.err
    assert copied.json[0]["state"] == "done"
    eventually(lambda: processes_naming(tmp_path) == [], seconds=DEADLINE_SECONDS)


def test_the_demo_relocates_a_volume_and_stops_its_server(cli: CommandLine) -> None:
    moved = cli("demo", "mirror", "relocate", "ledger-db", "--stop-server", "--yes", "-o", "json")
    assert moved.status == 0, moved.err
    (task,) = moved.json
    assert task["state"] == "done"
    assert "leeds is primary, central follows" in task["targets"][0]["verified"]


def test_a_kept_demo_is_continued(cli: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    assert (
        cli("demo", "--folder", str(folder), "image", "copy", "tinycore-15", "--to", "edges").status
        == 0
    )
    tasks = cli("demo", "--folder", str(folder), "task", "list", "-o", "json")
    assert [task["state"] for task in tasks.json] == ["done"]
    (image,) = [
        image
        for image in cli("demo", "--folder", str(folder), "image", "list", "-o", "json").json
        if image["name"] == "tinycore-15"
    ]
    assert {placed["state"] for placed in image["sites"].values()} == {"present"}


def test_killing_the_demo_leaves_no_process(cli: CommandLine, tmp_path: Path) -> None:
    process = cli.start("demo", "image", "copy", "rhel-8.10", "--to", "edges")
    assert process.stderr is not None
    while "task 1" not in (line := process.stderr.readline()):
        assert line
    (child,) = [
        pid
        for pid in map(
            int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        )
        if b"copy" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    process.kill()
    os.kill(child, signal.SIGKILL)
    process.communicate(timeout=DEADLINE_SECONDS)
    eventually(lambda: processes_naming(tmp_path) == [], seconds=DEADLINE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_the_demo_takes_all_down(
    cli: CommandLine, tmp_path: Path, number: signal.Signals
) -> None:
    process = cli.start("demo", "image", "copy", "rhel-8.10", "--to", "edges")
    assert process.stderr is not None
    while "task 1" not in (line := process.stderr.readline()):
        assert line
    os.killpg(process.pid, number)
    process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode in (130, 143)
    eventually(lambda: processes_naming(tmp_path) == [], seconds=DEADLINE_SECONDS)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_demo_needs_a_terminal_for_its_console(cli: CommandLine) -> None:
    ran = cli("demo")
    assert ran.status == 2
    assert "needs a terminal" in ran.err
    assert cli("demo", "--cloud", "mine", "info").status == 2
    assert cli("demo", "--read-only", "image", "copy", "tinycore-15", "--to", "edges").status == 1


def test_the_demo_looks_at_nothing_of_the_users(cli: CommandLine, tmp_path: Path) -> None:
    lines = cli("demo", "info", "-o", "json", OS_CLOUD="production", DCN_CONSOLE_READ_ONLY="1").json
    values = {line["name"]: line["value"] for line in lines}
    assert values["cloud"] == "demo"
    assert values["read_only"] is False
    for name in ("config_file", "state_folder", "cache_folder", "clouds_file"):
        assert tmp_path / "tmp" in Path(values[name]).parents


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_simulator_serves_and_says_how_to_reach_it(
    cli: CommandLine, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "files"
    process = cli.start(
        "simulator", "--scenario", "scale", "--images", "30", "--write", str(folder)
    )
    try:
        assert process.stderr is not None
        while "--config" not in (line := process.stderr.readline()):
            assert line
        listed = cli("--config", str(folder / "config.toml"), "image", "list", "-o", "json")
        assert (listed.status, len(listed.json)) == (0, 30)
        clouds = json.loads((folder / "clouds.yaml").read_text())["clouds"]
        (url,) = {entry["auth"]["auth_url"] for entry in clouds.values()}
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/identity/v3", url)
        assert (folder / "clouds.yaml").stat().st_mode & 0o777 == 0o600
    finally:
        process.send_signal(number)
        process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_simulator_says_what_it_does_not_know(cli: CommandLine) -> None:
    ran = cli("simulator", "--scenario", "none-such")
    assert ran.status == 2
    assert "none-such" in ran.err
