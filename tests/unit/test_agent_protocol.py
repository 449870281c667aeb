"""The agent's side of the protocol, line by line, on made-up Ceph modules."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ceph_interpreter import make_interpreter

from dcn_console.ceph.bootstrap import agent_source

PATIENCE_SECONDS = 120.0
"""Nothing here should take as long; it only ends a test that would hang."""
CLUSTER = {"fsid": "f-1", "pools": {"images": {"one": {"size": 1}}}}


class Conversation:
    """An agent process to write lines to and read answers from."""

    def __init__(self, python: str, conf: Path) -> None:
        self.conf = conf
        program = conf.with_suffix(".py")
        program.write_bytes(agent_source())
        self.process = subprocess.Popen(
            [python, "-I", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, number: Any, operation: Any, **parameters: Any) -> Any:
        request = {"id": number, "operation": operation, "parameters": parameters}
        self.write(json.dumps(request).encode() + b"\n")
        return self.read()

    def connect(self, **parameters: Any) -> Any:
        defaults = {"conf": str(self.conf), "user": "openstack", "timeout_seconds": 2.5}
        return self.ask(0, "connect", **(defaults | parameters))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Conversation]:
    """Return a conversation with a fresh agent, its hello not read yet."""
    conf = tmp_path / "dcn0.conf"
    conf.write_text(json.dumps(CLUSTER), encoding="utf-8")
    conversation = Conversation(make_interpreter(tmp_path / "python"), conf)
    yield conversation
    conversation.process.kill()
    conversation.process.wait()
    for stream in (conversation.process.stdout, conversation.process.stderr):
        assert stream is not None
        stream.close()


def error_of(answer: Any, number: int | None) -> Any:
    assert answer["id"] == number
    assert set(answer) == {"id", "error"}
    return answer["error"]["kind"]


def test_it_says_hello_first(agent: Conversation) -> None:
    hello = agent.read()["hello"]
    assert hello == {
        "protocol": 1,
        "agent": "ceph",
        "ceph_version": "librbd 1.16.0",
        "pid": agent.process.pid,
    }


def test_unknown_requests_and_half_lines_get_answers(agent: Conversation) -> None:
    agent.read()
    assert error_of(agent.ask(5, "format_disk"), 5) == "unknown-operation"
    for line in (b"\n", b"{\n", b"[]\n", b'"x"\n', b"\xff\xfe\n", b'{"id": "a"}\n', b'{"id": 1}\n'):
        agent.write(line)
        assert error_of(agent.read(), None) == "invalid"
    agent.write(b'{"id": 1, "operation": "pools", "parameters": []}\n')
    assert error_of(agent.read(), None) == "invalid"
    agent.write(b"x" * (3 << 20) + b"\n")
    assert error_of(agent.read(), None) == "invalid"
    agent.write(b'{"id": 7, "opera')
    agent.write(b'tion": "connect", "parameters": {}}\n')
    assert agent.read()["id"] == 7


def test_nothing_works_before_connect(agent: Conversation) -> None:
    agent.read()
    for number, operation in enumerate(("status", "pools", "probe", "rbd_images")):
        answer = agent.ask(number, operation, pool="images")
        assert error_of(answer, number) == "invalid"
        assert "not connected" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("parameters", "kind", "words"),
    [
        ({"conf": "/nowhere/dcn0.conf"}, "invalid", "/nowhere/dcn0.conf cannot be read"),
        ({"conf": 5}, "invalid", "conf must be a string"),
        ({"timeout_seconds": "soon"}, "invalid", "timeout_seconds"),
        ({"timeout_seconds": 0}, "invalid", "timeout_seconds"),
        ({"fsid": "f-2"}, "invalid", "the cluster f-1, not f-2"),
    ],
)
def test_a_connection_that_cannot_be_is_explained(
    agent: Conversation, parameters: dict[str, Any], kind: str, words: str
) -> None:
    agent.read()
    answer = agent.connect(**parameters)
    assert error_of(answer, 0) == kind
    assert words in answer["error"]["message"]
    assert agent.connect() == {"id": 0, "result": {"fsid": "f-1"}}
    assert error_of(agent.connect(), 0) == "invalid"


@pytest.mark.parametrize(("errno", "kind"), [(110, "unreachable"), (13, "permission")])
def test_a_refused_connection_keeps_its_kind(agent: Conversation, errno: int, kind: str) -> None:
    agent.read()
    keyring = agent.conf.with_suffix(".keyring")
    keyring.write_text("[client.openstack]\n\tkey = AQ\n", encoding="utf-8")
    agent.conf.write_text(json.dumps(CLUSTER | {"faults": {"connect": errno}}), encoding="utf-8")
    assert error_of(agent.connect(keyring=str(keyring)), 0) == kind


def test_a_missing_keyring_is_named(agent: Conversation) -> None:
    agent.read()
    other = agent.conf.with_suffix(".keyring")
    other.write_text("[client.admin]\n\tkey = AQ\n", encoding="utf-8")
    agent.conf.write_text(json.dumps(CLUSTER | {"faults": {"connect": 2}}), encoding="utf-8")
    answer = agent.connect(keyring=f"/nowhere/x.keyring,{other}")
    assert error_of(answer, 0) == "keyring"
    assert "/nowhere/x.keyring: No such file" in answer["error"]["message"]
    assert f"{other} has no client.openstack" in answer["error"]["message"]


def test_what_libraries_print_never_reaches_the_protocol(agent: Conversation) -> None:
    agent.read()
    agent.connect()
    agent.conf.write_text(json.dumps(CLUSTER | {"faults": {"stat": "noise"}}), encoding="utf-8")
    assert agent.ask(1, "probe", pool="images") == {"id": 1, "result": {}}


@pytest.mark.parametrize("hanging", [False, True])
def test_it_ends_with_its_input_even_while_it_hangs(agent: Conversation, hanging: bool) -> None:
    agent.read()
    agent.connect()
    if hanging:
        agent.conf.write_text(json.dumps(CLUSTER | {"faults": {"stat": "hang"}}), encoding="utf-8")
        for number in range(9):
            line = {"id": number, "operation": "probe", "parameters": {"pool": "images"}}
            agent.write(json.dumps(line).encode() + b"\n")
    assert agent.process.stdin is not None
    agent.process.stdin.close()
    assert agent.process.wait(PATIENCE_SECONDS) == 0


def test_one_hanging_request_does_not_stop_the_others(agent: Conversation) -> None:
    agent.read()
    agent.connect()
    agent.conf.write_text(json.dumps(CLUSTER | {"faults": {"stat": "hang"}}), encoding="utf-8")
    agent.write(b'{"id": 1, "operation": "probe", "parameters": {"pool": "images"}}\n')
    assert agent.ask(2, "pools") == {"id": 2, "result": ["images"]}


def test_a_client_on_the_blocklist_starts_afresh(agent: Conversation) -> None:
    agent.read()
    agent.connect()
    agent.conf.write_text(json.dumps(CLUSTER | {"faults": {"stat": 108}}), encoding="utf-8")
    assert error_of(agent.ask(1, "probe", pool="images"), 1) == "unreachable"
    assert agent.process.wait(PATIENCE_SECONDS) == 1
