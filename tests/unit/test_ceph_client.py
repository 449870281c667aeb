"""The agent's client against an agent that misbehaves in every way we could think of."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcn_console.ceph.client import Agent
from dcn_console.ceph.protocol import Kind, Refusal
from dcn_console.ceph.session import AgentLost
from dcn_console.model.errors import AgentError, ClusterUnreachable
from dcn_console.model.sites import ClusterAccess

SCRIPT = Path(__file__).parents[1] / "support" / "scripted_agent.py"
PATIENCE = 60.0
"""Nothing here should take as long; it only ends a test that would hang."""

Start = Callable[..., Agent]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that makes a client of a scripted agent; all are closed at the end."""
    agents: list[Agent] = []

    def make(way: str = "ok", **options: Any) -> Agent:
        access = ClusterAccess(command=(sys.executable, "-I", str(SCRIPT), way))
        agents.append(Agent(access, **({"deadline": PATIENCE} | options)))
        return agents[-1]

    yield make
    for agent in agents:
        agent.close().result(PATIENCE)


def ask(agent: Agent, operation: str, deadline: float | None = None, **parameters: Any) -> Any:
    future = agent.request(operation, parameters, deadline=deadline)
    return msgspec.json.decode(future.result(PATIENCE))


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_answers_come_to_whom_they_belong_in_any_order(start: Start, tmp_path: Path) -> None:
    agent = start()
    held = agent.request("hold", {"file": str(tmp_path / "go")})
    assert ask(agent, "echo", number=1) == {"number": 1}
    assert not held.done()
    (tmp_path / "go").touch()
    assert msgspec.json.decode(held.result(PATIENCE)) == "held"


def test_one_process_serves_all_requests(start: Start) -> None:
    agent = start()
    pids = set()
    for number in range(20):
        assert ask(agent, "echo", number=number) == {"number": number}
        pids.add(agent.pid)
    assert len(pids) == 1


@pytest.mark.parametrize("operation", ["halves", "junk"])
def test_a_torn_line_and_lines_of_no_meaning_are_survived(start: Start, operation: str) -> None:
    agent = start("noisy")
    assert ask(agent, operation, name="a\nb") == {"name": "a\nb"}
    assert ask(agent, "echo", number=2) == {"number": 2}


def test_megabytes_in_a_line_are_taken(start: Start) -> None:
    assert len(ask(start(), "big")) == 3 << 20


def test_a_line_without_end_costs_the_agent_its_life(start: Start) -> None:
    agent = start()
    with pytest.raises(AgentLost, match="line without end"):
        ask(agent, "endless")
    assert ask(agent, "echo", number=2) == {"number": 2}


def test_a_crash_in_mid_answer_is_told_with_its_last_words_and_repaired(start: Start) -> None:
    agent = start()
    assert ask(agent, "echo") == {}
    first = agent.pid
    with pytest.raises(AgentLost) as caught:
        ask(agent, "crash")
    assert "exit status 7" in caught.value.message
    assert "terminate called: key = [removed]" in caught.value.message
    assert "xxxx" not in str(caught.value)
    assert ask(agent, "echo", number=2) == {"number": 2}
    assert agent.pid != first


def test_a_hang_is_killed_at_the_deadline_with_all_its_children(
    start: Start, tmp_path: Path
) -> None:
    agent = start()
    child = tmp_path / "child"
    other = agent.request("hang", {"file": str(child)})
    wait_until(lambda: child.exists() and bool(child.read_text()))
    with pytest.raises(ClusterUnreachable, match=r"within 0\.5 s"):
        ask(agent, "echo", deadline=0.5)
    with pytest.raises(AgentLost, match="another request"):
        other.result(PATIENCE)
    wait_until(lambda: not alive(int(child.read_text())))
    assert ask(agent, "echo", number=2) == {"number": 2}


def test_an_agent_killed_from_outside_is_replaced(start: Start, tmp_path: Path) -> None:
    agent = start()
    pending = agent.request("hold", {"file": str(tmp_path / "never")})
    wait_until(lambda: agent.pid is not None)
    ask(agent, "echo")
    first = agent.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    with pytest.raises(AgentLost, match="signal 9"):
        pending.result(PATIENCE)
    assert ask(agent, "echo", number=2) == {"number": 2}
    assert not alive(first)


def test_signs_of_life_put_the_deadline_off(start: Start) -> None:
    progress: list[tuple[int, int]] = []
    parts: list[Any] = []
    future = start().request(
        "parts",
        {"count": 8, "pause": 1.5},
        deadline=11.0,
        on_progress=lambda done, total: progress.append((done, total)),
        on_part=lambda part: parts.append(msgspec.json.decode(part)),
    )
    assert msgspec.json.decode(future.result(PATIENCE)) == {}
    assert progress == [(number, 8) for number in range(8)]
    assert parts == [[number] for number in range(8)]


def test_a_refusal_keeps_its_kind_and_words(start: Start) -> None:
    with pytest.raises(Refusal) as caught:
        ask(start(), "refuse", kind="permission", message="no")
    assert (caught.value.kind, caught.value.message) == (Kind.PERMISSION, "no")
    with pytest.raises(Refusal) as caught:
        ask(start(), "refuse", kind="something new", message="no")
    assert caught.value.kind is Kind.INTERNAL


def test_a_command_that_dies_at_once_says_why(start: Start) -> None:
    with pytest.raises(AgentError) as caught:
        ask(start("dies"), "echo")
    assert not isinstance(caught.value, AgentLost)
    assert "exit status 3" in caught.value.message
    assert "podman: no such container; secret=[removed]" in caught.value.message
    assert caught.value.way_out


def test_a_command_that_says_nothing_is_given_up(start: Start) -> None:
    agent = start("silent", start_seconds=0.3)
    with pytest.raises(AgentError, match=r"did not start within 0\.3 s"):
        ask(agent, "echo")
    assert agent.pid is None


def test_another_version_of_the_protocol_is_refused(start: Start) -> None:
    with pytest.raises(AgentError, match="version 0 of the protocol"):
        ask(start("old"), "echo")


@pytest.mark.parametrize(
    "command", [("/nowhere/python3",), ("",), (str(SCRIPT.parent),), ("a\0b",)]
)
def test_a_command_that_cannot_be_started_is_named(command: tuple[str, ...]) -> None:
    agent = Agent(ClusterAccess(command=command))
    with pytest.raises(AgentError, match="cannot be started"):
        ask(agent, "echo")
    agent.close().result(PATIENCE)


def test_a_cluster_that_cannot_be_connected_to_is_unreachable(start: Start) -> None:
    agent = start("connect-hangs", deadline=0.5, operation_seconds=0.1)
    futures = [agent.request("echo") for _ in range(3)]
    for future in futures:
        with pytest.raises(ClusterUnreachable):
            future.result(PATIENCE)


def test_a_refused_connection_is_tried_again_by_the_same_process(start: Start) -> None:
    agent = start("connect-refuses")
    pids = set()
    for _ in range(2):
        with pytest.raises(Refusal, match="no keyring"):
            ask(agent, "echo")
        pids.add(agent.pid)
    assert len(pids) == 1


def test_closing_kills_and_fails_what_is_under_way(start: Start, tmp_path: Path) -> None:
    agent = start()
    child = tmp_path / "child"
    hanging = agent.request("hang", {"file": str(child)})
    wait_until(lambda: child.exists() and bool(child.read_text()))
    process = agent.pid
    assert process is not None
    agent.close().result(PATIENCE)
    with pytest.raises(AgentError, match="closed"):
        hanging.result(PATIENCE)
    assert not Path(f"/proc/{process}").exists(), "a zombie is left"
    wait_until(lambda: not alive(int(child.read_text())))
    with pytest.raises(AgentError, match="closed"):
        agent.request("echo")


def test_closing_at_any_moment_leaves_nobody_waiting(start: Start) -> None:
    moments: tuple[Callable[[Agent], bool], ...] = (
        lambda agent: True,
        lambda agent: agent.pid is not None,
        lambda agent: futures[0].done(),
    )
    for number in range(30):
        agent = start()
        futures = [agent.request("echo") for _ in range(3)]
        wait_until(partial(moments[number % 3], agent))
        agent.close().result(PATIENCE)
        for future in futures:
            error = future.exception(PATIENCE)
            assert error is None or isinstance(error, AgentError)


def test_closing_what_never_started_is_harmless() -> None:
    agent = Agent(ClusterAccess())
    agent.close().result(PATIENCE)
    agent.close().result(PATIENCE)


def test_a_caller_that_went_away_harms_nobody(start: Start, tmp_path: Path) -> None:
    agent = start()
    future = agent.request("hold", {"file": str(tmp_path / "go")})
    assert ask(agent, "echo") == {}
    assert future.cancel()
    (tmp_path / "go").touch()
    with pytest.raises(CancelledError):
        future.result(PATIENCE)
    assert ask(agent, "echo", number=2) == {"number": 2}


def test_one_client_serves_several_event_loops(start: Start) -> None:
    agent = start()
    answers: list[Any] = []

    async def several() -> list[Any]:
        return await asyncio.gather(
            *(asyncio.wrap_future(agent.request("echo", {"n": number})) for number in range(5))
        )

    threads = [
        threading.Thread(target=lambda: answers.extend(asyncio.run(several()))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(answers) == 15


def test_the_agent_ends_when_its_client_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from dcn_console.ceph.client import Agent\n"
        "from dcn_console.model.sites import ClusterAccess\n"
        f"agent = Agent(ClusterAccess(command=({sys.executable!r}, {str(SCRIPT)!r}, 'ok')))\n"
        f"agent.request('echo').result({PATIENCE})\n"
        "print(agent.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        agent = int(client.stdout.readline())
        assert alive(agent)
        client.kill()
    wait_until(lambda: not alive(agent))
