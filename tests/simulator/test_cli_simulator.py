"""The command line on the simulator: every command as a process, to its exit status."""

import csv
import io
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import DEADLINE_SECONDS, CommandLine
from simulated import Api, eventually

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB


@pytest.fixture
def cli(simulator: Simulator, tmp_path: Path) -> Iterator[CommandLine]:
    """The command line on a simulator of its own: sites home, north and south, no image yet."""
    command = CommandLine(tmp_path, simulator.write_config(tmp_path))
    yield command
    command.close()


@pytest.fixture
def demo_cli(demo_simulator: Simulator, tmp_path: Path) -> CommandLine:
    """The command line on the shared demo: only for reading."""
    return CommandLine(tmp_path, demo_simulator.write_config(tmp_path))


def add_image(simulator: Simulator, name: str = "tiny", size: int = 8 * MIB) -> str:
    return simulator.control.add_image(name, ("store-home",), size=size)


def test_lists_show_what_is_wrong(demo_cli: CommandLine) -> None:
    images = demo_cli("image", "list", "-o", "json")
    assert (images.status, images.err) == (0, "")
    kinds = {finding["kind"] for image in images.json for finding in image["findings"]}
    assert {"no-central-copy", "not-raw", "copy-gone", "import-stalled"} <= kinds
    volumes = demo_cli("volume", "list", "-o", "json")
    assert volumes.status == 0
    assert any(volume["findings"] for volume in volumes.json)
    sites = demo_cli("site", "list", "-o", "json").json
    assert [site["role"] for site in sites] == ["hub", "edge", "edge"]
    assert all(site["reachable"] and site["total_bytes"] for site in sites)
    stores = demo_cli("store", "list", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(stores.out)))
    assert [row["site"] for row in rows] == [site["name"] for site in sites]


def test_copy_to_the_edges_is_verified(simulator: Simulator, cli: CommandLine) -> None:
    image_id = add_image(simulator)
    plan = cli("image", "copy", "tiny", "--to", "edges", "--dry-run", "-o", "json")
    assert plan.status == 0
    assert plan.json[0]["targets"] == ["north", "south"]
    copied = cli("image", "copy", "tiny", "--to", "edges", "-o", "json")
    assert copied.status == 0, copied.err
    assert [target["state"] for target in copied.json[0]["targets"]] == ["done", "done"]
    assert all(target["verified"] for target in copied.json[0]["targets"])
    assert "\x1b" not in copied.err
    assert "task 1 north: queued" in copied.err
    stores = Api(simulator).image(image_id)["stores"].split(",")
    assert sorted(stores) == ["store-home", "store-north", "store-south"]
    again = cli("image", "copy", image_id[:8], "--to", "north,south")
    assert (again.status, again.out) == (0, "")
    assert "nothing to do" in again.err
    shown = cli("task", "show", "1", "-o", "json").json
    assert shown["steps"]
    assert shown["log"]
    assert "The same by hand" in cli("task", "show", "1").out


def test_an_edge_that_is_down_makes_it_partly_done(simulator: Simulator, cli: CommandLine) -> None:
    add_image(simulator)
    simulator.control.set_faults(osd_down=("south",))
    submitted = cli("image", "copy", "tiny", "--to", "edges", "--no-wait", "-o", "json")
    assert submitted.status == 0
    assert submitted.json[0]["state"] == "queued"

    def states() -> dict[str, str]:
        (task,) = cli("task", "list", "-o", "json").json
        return {target["site"]: target["state"] for target in task["targets"]}

    eventually(states, lambda seen: seen["north"] == "done", seconds=DEADLINE_SECONDS)
    assert states()["south"] not in ("done", "failed")
    assert cli("task", "cancel", "1").status == 0
    waited = cli("task", "wait", "1", "-o", "json")
    assert waited.status == 1
    assert waited.json[0]["state"] == "cancelled"
    simulator.control.clear_faults()
    retried = cli("task", "retry", "1", "-o", "json")
    assert retried.status == 0, retried.err
    assert [target["site"] for target in retried.json[0]["targets"]] == ["south"]


def test_interrupting_leaves_the_copy_running(simulator: Simulator, cli: CommandLine) -> None:
    simulator.control.set_time_scale(0)
    add_image(simulator, size=256 * MIB)
    process = cli.start("image", "copy", "tiny", "--to", "north")
    assert process.stderr is not None
    while "task 1 north" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 130
    assert "Task 1 goes on in the background" in rest
    simulator.control.set_time_scale(1)
    assert cli("task", "wait", "1").status == 0


def test_on_a_terminal_it_asks_and_draws_bars(simulator: Simulator, cli: CommandLine) -> None:
    simulator.control.set_time_scale(0.1)
    add_image(simulator, size=64 * MIB)
    asked = cli.on_terminal("image", "copy", "tiny", "--to", "edges")
    asked.wait_for("[y/N]")
    asked.type("n\n")
    assert asked.end() == 1
    assert "the same by hand" in asked.text
    assert cli("task", "list", "-o", "json").json == []
    agreed = cli.on_terminal("image", "copy", "tiny", "--to", "edges")
    agreed.wait_for("[y/N]")
    agreed.type("y\n")
    agreed.wait_for("staging")
    agreed.wait_for("━")
    simulator.control.set_time_scale(1)
    assert agreed.end() == 0
    assert "done" in agreed.text


def test_interrupting_the_question_submits_nothing(simulator: Simulator, cli: CommandLine) -> None:
    add_image(simulator)
    asked = cli.on_terminal("image", "copy", "tiny", "--to", "edges")
    asked.wait_for("[y/N]")
    asked.interrupt()
    assert asked.end() in (1, 130)
    assert cli("task", "list", "-o", "json").json == []


def test_a_member_may_not_copy(simulator: Simulator, tmp_path: Path) -> None:
    add_image(simulator)
    member = CommandLine(tmp_path, simulator.write_config(tmp_path, user="demo"))
    try:
        assert member("image", "list", "-o", "json").status == 0
        shown = member("image", "copy", "tiny", "--to", "north", "--dry-run")
        assert "only administrators copy" in " ".join(f"{shown.out} {shown.err}".split())
        copied = member("image", "copy", "tiny", "--to", "north")
        assert copied.status == 1
        assert "403" in copied.err or "policy" in copied.err.casefold()
    finally:
        member.close()


def test_a_wrong_password_is_a_failure_that_hides_it(simulator: Simulator, tmp_path: Path) -> None:
    config = simulator.write_config(tmp_path)
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(clouds.read_text().replace('"password": "', '"password": "wrong-'))
    refused = CommandLine(tmp_path, config)("image", "list")
    assert (refused.status, refused.out) == (1, "")
    assert "wrong-" not in refused.err
    assert refused.err.startswith("error: ")


def test_unknown_clouds_and_dead_ones_are_told_apart(
    simulator: Simulator, cli: CommandLine
) -> None:
    unknown = cli("--cloud", "nowhere", "image", "list")
    assert unknown.status == 2
    assert "nowhere" in unknown.err
    assert simulator.cloud_name() in unknown.err
    simulator.kill()
    dead = cli("image", "list")
    assert (dead.status, dead.out) == (1, "")
    assert "Traceback" not in dead.err


def test_one_runner_a_store(simulator: Simulator, cli: CommandLine) -> None:
    first = cli.start("runner")
    try:
        eventually(lambda: cli.runner_pids() == [first.pid], seconds=DEADLINE_SECONDS)
        second = cli("runner")
        assert second.status == 1
        assert str(first.pid) in second.err
        add_image(simulator)
        assert cli("image", "copy", "tiny", "--to", "north").status == 0
        assert cli.runner_pids() == [first.pid]
    finally:
        first.terminate()
        first.communicate(timeout=DEADLINE_SECONDS)
    assert first.returncode == 0
    assert cli.runner_pids() == []


def test_read_only_changes_nothing(simulator: Simulator, cli: CommandLine) -> None:
    add_image(simulator)
    for environment, arguments in (
        ({"DCN_CONSOLE_READ_ONLY": "1"}, ("image", "copy", "tiny", "--to", "edges")),
        ({}, ("image", "copy", "tiny", "--to", "edges", "--read-only")),
        ({}, ("runner", "--read-only")),
    ):
        refused = cli(*arguments, **environment)
        assert (refused.status, refused.out) == (1, "")
        assert "read-only" in refused.err
    assert cli("task", "list", "-o", "json").json == []


def test_waiting_revives_a_dead_runner(simulator: Simulator, cli: CommandLine) -> None:
    image_id = add_image(simulator, size=128 * MIB)
    assert cli("image", "copy", "tiny", "--to", "north", "--no-wait").status == 0
    eventually(lambda: Api(simulator).tasks(image_id), seconds=DEADLINE_SECONDS)
    (killed,) = cli.runner_pids()
    cli.close()
    assert cli.runner_pids() == []
    waited = cli("task", "wait", "1")
    assert waited.status == 0, waited.err
    assert cli.runner_pids() != [killed]
    assert len(Api(simulator).tasks(image_id)) == 1
