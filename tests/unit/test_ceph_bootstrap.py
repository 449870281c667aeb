"""The agent's source reaches interpreters behind any prefix, and its protocol holds there."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ceph_interpreter import make_interpreter

import dcn_console.ceph.agent
from dcn_console.ceph.bootstrap import MODULES, agent_command, agent_source
from dcn_console.ceph.client import Agent
from dcn_console.ceph.protocol import Refusal
from dcn_console.model.errors import AgentError
from dcn_console.model.sites import ClusterAccess

AGENT = Path(dcn_console.ceph.agent.__file__).parent
ALLOWED = set(sys.stdlib_module_names) | {"rados", "rbd"}
PATIENCE = 120.0
LIKE_SSH = """\
import subprocess, sys
print("Authorised users only!", flush=True)
print("Pseudo-terminal will not be allocated", file=sys.stderr)
sys.exit(subprocess.run(["sh", "-c", " ".join(sys.argv[1:])]).returncode)
"""
"""Does what sshd does with a command: joins the words and gives them to a shell."""
LIKE_PODMAN = """\
import os, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def copy(source, target):
    while True:
        data = os.read(source.fileno(), 1000)
        if not data:
            break
        os.write(target.fileno(), data)
    target.close()
threading.Thread(target=copy, args=(sys.stdin, child.stdin), daemon=True).start()
copy(child.stdout, sys.stdout)
sys.exit(child.wait())
"""
"""Relays the streams in pieces, as a container's exec does."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Return an interpreter with the modules, and the conf of a cluster that they know."""
    conf = tmp_path / "dcn0.conf"
    conf.write_text(json.dumps({"fsid": "f-1", "pools": {"images": {}}}), encoding="utf-8")
    yield make_interpreter(tmp_path / "with ceph"), str(conf)


def pools(conf: str, *python: str) -> Any:
    agent = Agent(ClusterAccess(conf=conf, python=python))
    try:
        return json.loads(bytes(agent.request("pools").result(PATIENCE)))
    finally:
        agent.close().result(PATIENCE)


def test_an_interpreter_takes_the_source(cluster: tuple[str, str]) -> None:
    python, conf = cluster
    assert pools(conf, python) == ["images"]
    assert pools(conf, python, "-") == ["images"]


def test_a_prefix_may_stand_before_the_interpreter(cluster: tuple[str, str]) -> None:
    python, conf = cluster
    assert pools(conf, "sh", "-c", 'exec "$@"', "sh", python) == ["images"]
    assert pools(conf, "sh", "-c", '"$@"; exit $?', "sh", python, "-") == ["images"]
    assert pools(conf, "env", "-i", python) == ["images"]


def test_words_survive_a_remote_shell_and_a_relay(cluster: tuple[str, str], tmp_path: Path) -> None:
    python, conf = cluster
    plain = tmp_path / "python3"
    plain.symlink_to(Path(python).parents[1])
    remote = str(plain / "bin" / "python3")
    ssh = (sys.executable, "-c", LIKE_SSH)
    podman = (sys.executable, "-c", LIKE_PODMAN)
    assert pools(conf, *ssh, remote) == ["images"]
    assert pools(conf, *podman, remote) == ["images"]
    assert pools(conf, *podman, *ssh, remote, "-") == ["images"]


def test_the_place_it_runs_in_cannot_change_it(
    cluster: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, conf = cluster
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("json.py", "rados.py", "startup.py"):
        (trap / name).write_text("raise SystemExit('trapped')", encoding="utf-8")
    monkeypatch.chdir(trap)
    monkeypatch.setenv("PYTHONPATH", str(trap))
    monkeypatch.setenv("PYTHONSTARTUP", str(trap / "startup.py"))
    assert pools(conf, python) == ["images"]


def test_an_interpreter_without_the_modules_is_told(tmp_path: Path) -> None:
    python = make_interpreter(tmp_path / "bare", with_ceph=False)
    with pytest.raises(Refusal, match="needs python3-rados and python3-rbd") as caught:
        pools("/nowhere.conf", python)
    assert python in caught.value.message


def test_what_is_no_interpreter_is_told_with_its_words() -> None:
    with pytest.raises(AgentError, match="could not be started"):
        pools("/nowhere.conf", "false")
    with pytest.raises(AgentError, match=r"ended with exit status \d+\..* ls: "):
        pools("/nowhere.conf", "ls", "--unknown-option")


def test_a_complete_command_is_left_alone() -> None:
    access = ClusterAccess(command=("ssh", "host", "agent", "-"), python=("python3",))
    assert agent_command(access, ("other",)) == ("ssh", "host", "agent", "-")


def test_the_site_names_the_interpreter_before_the_default() -> None:
    options = ("-I", "-q", "-u", "-i", "-")
    assert agent_command(ClusterAccess(python=("a", "b")), ("c",)) == ("a", "b", *options)
    assert agent_command(ClusterAccess(), ("c", "-")) == ("c", *options)
    assert agent_command(ClusterAccess(), ()) == ("python3", *options)


def test_the_source_is_python_3_6() -> None:
    ast.parse(agent_source(), feature_version=(3, 6))
    for module in AGENT.glob("*.py"):
        ast.parse(module.read_bytes(), feature_version=(3, 6))


def test_every_module_is_sent_after_those_it_needs() -> None:
    present = {module.stem for module in AGENT.glob("*.py")} - {"__init__", "__main__"}
    assert set(MODULES) == present
    assert len(MODULES) == len(present)
    for place, name in enumerate(MODULES):
        for node in ast.walk(ast.parse((AGENT / f"{name}.py").read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.level:
                needed = {node.module} if node.module else {alias.name for alias in node.names}
                assert needed <= set(MODULES[:place]), f"{name} needs {needed}"


def test_no_module_needs_what_is_not_sent() -> None:
    for name in MODULES:
        for node in ast.walk(ast.parse((AGENT / f"{name}.py").read_bytes())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert str(node.module).split(".")[0] in ALLOWED
            elif isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= ALLOWED


@pytest.mark.parametrize("minor", range(6, 15))
def test_other_interpreters_run_it(minor: int) -> None:
    python = shutil.which(f"python3.{minor}")
    if (
        python is None
        or subprocess.run([python, "-V"], capture_output=True, check=False).returncode
    ):
        pytest.skip(f"no Python 3.{minor} here")
    with pytest.raises(Refusal, match=r"Python modules of Ceph|cannot be read"):
        pools("/nowhere.conf", python)
