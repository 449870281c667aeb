"""The simulated agent speaks the agents' protocol, in health and in sickness."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from simulated import PATIENCE_SECONDS, Api, eventually

from dcn_console.simulator.faults import AgentFault, AgentFaultKind
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB

HASTY_SECONDS = 3.0


class Talk:
    """A conversation with one agent."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._number = 0
        self.hello = self.read()["hello"]

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the agent's output ended"
        found: dict[str, Any] = json.loads(line)
        return found

    def write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def send(self, operation: str, **parameters: Any) -> int:
        self._number += 1
        request = {"id": self._number, "operation": operation, "parameters": parameters}
        self.write(json.dumps(request) + "\n")
        return self._number

    def ask(self, operation: str, **parameters: Any) -> tuple[list[dict[str, Any]], Any]:
        """Return the messages on the way and the last one."""
        number = self.send(operation, **parameters)
        before: list[dict[str, Any]] = []
        while True:
            message = self.read()
            assert message["id"] == number
            if "result" in message or "error" in message:
                return before, message.get("result", message.get("error"))
            before.append(message)


@contextmanager
def agent(simulator: Simulator, cluster: str) -> Iterator[Talk]:
    """An agent's process while the block lasts."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "dcn_console.simulator.agent"),
            *("--url", simulator.url, "--cluster", cluster),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Talk(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


@pytest.fixture
def north(simulator: Simulator) -> Iterator[Talk]:
    """The agent of the site north, which waits for as long as a busy machine takes."""
    with agent(simulator, "ceph-north") as talk:
        _, connected = talk.ask("connect", timeout_seconds=PATIENCE_SECONDS)
        assert connected["fsid"]
        yield talk


@pytest.fixture
def hasty(simulator: Simulator) -> Iterator[Talk]:
    """Another agent of the site, which gives up soon: for what is never answered."""
    with agent(simulator, "ceph-north") as talk:
        _, connected = talk.ask("connect", timeout_seconds=HASTY_SECONDS)
        assert connected["fsid"]
        yield talk


def test_an_agent_greets_and_tells_status_and_pools(simulator: Simulator, north: Talk) -> None:
    assert north.hello["protocol"] == 1
    assert north.hello["agent"] == "simulator"
    assert north.hello["pid"] == north.process.pid
    _, status = north.ask("status")
    assert status["health"] == "HEALTH_OK"
    assert status["used"] + status["available"] == status["total"]
    assert set(status["pools"]) == {"backups", "images", "volumes"}
    assert north.ask("pools") == ([], ["backups", "images", "volumes"])
    assert north.ask("probe", pool="images") == ([], {})


def test_a_wrong_fsid_cluster_pool_or_image_is_an_error(simulator: Simulator, north: Talk) -> None:
    assert north.ask("connect", fsid="other")[1]["kind"] == "invalid"
    assert north.ask("probe", pool="nothing")[1]["kind"] == "invalid"
    assert north.ask("rbd_image", pool="images", name="x")[1]["kind"] == "not-found"
    assert north.ask("rbd_image", pool="images")[1]["kind"] == "invalid"
    assert north.ask("dance")[1]["kind"] == "unknown-operation"
    with agent(simulator, "moon") as lost:
        assert lost.ask("connect")[1]["kind"] == "invalid"


def test_junk_is_answered_without_an_id_and_does_no_harm(north: Talk) -> None:
    for line in ("no json\n", "[1]\n", '{"id": "x", "operation": "status"}\n', "{}\n"):
        north.write(line)
        answer = north.read()
        assert (answer["id"], answer["error"]["kind"]) == (None, "invalid")
    assert north.ask("status")[1]["health"] == "HEALTH_OK"


def test_used_bytes_grow_smoothly_while_a_copy_runs(
    simulator: Simulator, admin: Api, north: Talk
) -> None:
    image_id = simulator.control.add_image("grows", ("store-home",), size=96 * MIB)
    simulator.control.set_time_scale(0)
    admin.copy_image(image_id, "store-north")
    seen: list[int] = []

    def look() -> bool:
        simulator.control.advance(0.1)
        _, found = north.ask("used_bytes", pool="images", name=image_id)
        seen.append(found.get("used", 0))
        return "store-north" in admin.image(image_id)["stores"]

    eventually(look)
    _, last = north.ask("used_bytes", pool="images", name=image_id)
    assert seen == sorted(seen)
    between = {used for used in seen if 0 < used < 96 * MIB}
    assert len(between) >= 5
    assert last["used"] == 96 * MIB
    _, image = north.ask("rbd_image", pool="images", name=image_id)
    assert image == {"name": image_id, "size": 96 * MIB, "snap": True, "snap_protected": True}


def test_rbd_images_come_in_parts(simulator: Simulator, north: Talk) -> None:
    names = {
        simulator.control.add_image(f"i{number}", ("store-north",), MIB) for number in range(120)
    }
    parts, result = north.ask("rbd_images", pool="images")
    assert result == {"count": 120}
    assert [len(part["part"]) for part in parts] == [50, 50, 20]
    assert {item["name"] for part in parts for item in part["part"]} == names


def test_a_digest_is_glances_hash_unless_the_copy_is_corrupt(
    simulator: Simulator, admin: Api, north: Talk
) -> None:
    image_id = simulator.control.add_image("hashed", ("store-north",), size=8 * MIB)
    wanted = admin.image(image_id)["os_hash_value"]
    asked = {"pool": "images", "name": image_id, "snap": "snap", "algorithm": "sha512"}
    progress, result = north.ask("digest", **asked)
    assert result == {"digest": wanted, "bytes": 8 * MIB}
    assert [message["progress"]["total"] for message in progress] == [8 * MIB] * len(progress)
    simulator.control.change_rbd("north", image_id, "corrupt")
    assert north.ask("digest", **asked)[1]["digest"] != wanted
    simulator.control.change_rbd("north", image_id, "remove-snap")
    assert north.ask("digest", **asked)[1]["kind"] == "not-found"


def test_a_dead_osd_is_unreachable_after_the_timeout_but_the_status_answers(
    simulator: Simulator, north: Talk, hasty: Talk
) -> None:
    simulator.control.set_faults(osd_down=("north",))
    before = time.monotonic()
    _, error = hasty.ask("probe", pool="images")
    assert error["kind"] == "unreachable"
    assert time.monotonic() - before > HASTY_SECONDS * 0.9
    _, status = north.ask("status")
    assert status["health"] == "HEALTH_WARN"
    assert "1 osds down" in status["warnings"]
    simulator.control.clear_faults()
    assert north.ask("probe", pool="images") == ([], {})


def test_a_dead_mon_makes_everything_unreachable(
    simulator: Simulator, north: Talk, hasty: Talk
) -> None:
    simulator.control.set_faults(mon_down=("north",))
    assert hasty.ask("status")[1]["kind"] == "unreachable"
    simulator.control.clear_faults()
    assert north.ask("status")[1]["health"] == "HEALTH_OK"


def test_a_killed_simulator_is_an_unreachable_cluster(simulator: Simulator, hasty: Talk) -> None:
    simulator.kill()
    assert hasty.ask("status")[1]["kind"] == "unreachable"


def fault(simulator: Simulator, kind: AgentFaultKind, operation: str = "probe") -> None:
    simulator.control.set_faults(
        agents=(AgentFault(site="north", kind=kind, operation=operation, times=1),)
    )


def test_a_hanging_request_does_not_stop_the_others(simulator: Simulator, north: Talk) -> None:
    fault(simulator, AgentFaultKind.HANG)
    north.send("probe", pool="images")
    eventually(lambda: not simulator.control.faults().agents)
    assert north.ask("status")[1]["health"] == "HEALTH_OK"


@pytest.mark.parametrize(
    ("kind", "is_right"),
    [
        (AgentFaultKind.CRASH, lambda text: text == ""),
        (AgentFaultKind.HALF_LINE, lambda text: text.startswith('{"id": ') and "\n" not in text),
    ],
)
def test_an_agent_dies_when_told_to(
    simulator: Simulator, north: Talk, kind: AgentFaultKind, is_right: Callable[[str], bool]
) -> None:
    fault(simulator, kind)
    north.send("probe", pool="images")
    assert north.process.stdout is not None
    assert is_right(north.process.stdout.read())
    assert north.process.wait(PATIENCE_SECONDS) == 134


def test_junk_in_the_output_is_followed_by_the_answer(simulator: Simulator, north: Talk) -> None:
    fault(simulator, AgentFaultKind.JUNK)
    number = north.send("probe", pool="images")
    assert north.process.stdout is not None
    assert not north.process.stdout.readline().startswith("{")
    assert north.read() == {"id": number, "result": {}}


@pytest.mark.parametrize("kind", [AgentFaultKind.PERMISSION, AgentFaultKind.KEYRING])
def test_refusals_of_ceph_are_told_by_their_kind(
    simulator: Simulator, north: Talk, kind: AgentFaultKind
) -> None:
    fault(simulator, kind, "connect")
    assert north.ask("connect")[1]["kind"] == kind.value


def test_an_agent_ends_with_its_input(hasty: Talk, simulator: Simulator) -> None:
    fault(simulator, AgentFaultKind.HANG)
    hasty.send("probe", pool="images")
    assert hasty.process.stdin is not None
    hasty.process.stdin.close()
    assert hasty.process.wait(PATIENCE_SECONDS) == 0
