"""The command `lab`: arguments, output and exit status (0 fine, 1 not, 2 wrong usage)."""

import argparse
import fcntl
import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dcn_lab.errors import LabError
from dcn_lab.execution import POLL_SECONDS
from dcn_lab.files import disk_bytes, make_folder
from dcn_lab.layout import ENVIRONMENT_VARIABLE, Layout, layout_in
from dcn_lab.packages import install_packages
from dcn_lab.services import Services, wipe
from dcn_lab.topology import Topology, load_topology
from dcn_lab.workspace import Workspace, create_workspace, open_workspace, say

TOPOLOGIES = Path(__file__).parent.parent / "topologies"
DEFAULT_TOPOLOGY = TOPOLOGIES / "default.toml"
MEBIBYTE = 1024**2
SETTLE_SECONDS = 240


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    chosen = _parser().parse_args(arguments)
    # what the lab writes is for its owner only, and so is what its daemons write
    os.umask(0o077)
    try:
        return _run(chosen)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def environment_lines(layout: Layout, cloud: str) -> tuple[str, ...]:
    """Return shell lines that point OpenStack's clients and the tests to a lab.

    OS_* variables win over clouds.yaml, so those of another cloud are taken away.
    """
    foreign = sorted(
        name for name in os.environ if name.startswith("OS_") and name != "OS_CLIENT_CONFIG_FILE"
    )
    settings = {
        ENVIRONMENT_VARIABLE: layout.directory,
        "OS_CLIENT_CONFIG_FILE": layout.clouds_yaml,
        "OS_CLOUD": cloud,
    }
    return (
        *(f"unset {name}" for name in foreign),
        *(f"export {name}={shlex.quote(str(value))}" for name, value in settings.items()),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab", description="A real DCN cloud on this machine: Ceph and OpenStack."
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--dir",
        type=Path,
        help=f"folder of the lab (default: ${ENVIRONMENT_VARIABLE}, else a fixed one in /var/tmp)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    bring_up = add("up", "install packages and bring up all that is down; make the lab if new")
    bring_up.add_argument(
        "--topology", type=Path, help="what a new lab is made of (default: topologies/default.toml)"
    )
    bring_up.add_argument(
        "--port-base", type=int, help="first of the lab's 600 ports (default: the topology's)"
    )
    add("status", "show each daemon, and what is wrong")
    add("down", "stop all daemons and keep the data")
    add("wipe", "kill all daemons and remove the folder")
    for name, text in (
        ("start", "start one daemon and wait until it serves"),
        ("stop", "stop one daemon"),
        ("kill", "kill one daemon, as a power cut would"),
    ):
        add(name, text).add_argument("name", help="such as osd.dcn0, mon.dcn0 or glance-api")
    add("packages", "install the Debian packages that are missing")
    add("env", 'print the environment for a shell: eval "$(lab env)"')
    return parser


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "packages":
        install_packages()
        return 0
    layout = layout_in(chosen.dir)
    if chosen.command == "up":
        return _up(layout, chosen.topology, chosen.port_base)
    if chosen.command == "wipe" and not layout.topology.exists():
        return _remove_empty(layout.directory)
    workspace = open_workspace(layout)
    services = Services(workspace)
    match chosen.command:
        case "status":
            return _status(workspace, services)
        case "env":
            print("\n".join(environment_lines(layout, workspace.topology.cloud)))
        case "down":
            with _locked(layout):
                services.down()
        case "wipe":
            with _locked(layout):
                wipe(workspace)
        case "start":
            services.start(chosen.name)
        case "stop":
            services.stop(chosen.name)
        case "kill":
            services.kill(chosen.name)
    return 0


def _up(layout: Layout, topology_file: Path | None, port_base: int | None) -> int:
    install_packages()
    as_it_is = layout.topology.exists() and topology_file is None and port_base is None
    topology = None if as_it_is else _topology(topology_file, port_base)
    with _locked(layout):
        workspace = create_workspace(layout, topology) if topology else open_workspace(layout)
        services = Services(workspace)
        services.up()
        return 0 if _settles(services) else 1


def _settles(services: Services) -> bool:
    """Wait until nothing is wrong any more: a service that has just come up may be slow at first.

    Says what is wrong when it stays.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while problems := services.problems():
        if time.monotonic() > deadline:
            for problem in problems:
                say(problem)
            return False
        time.sleep(POLL_SECONDS)
    return True


def _remove_empty(directory: Path) -> int:
    """Remove a folder that no lab was made in; raise LabError when it holds anything."""
    if not directory.exists():
        return 0
    if any(directory.iterdir()):
        raise LabError(f"{directory} holds no lab; nothing was removed")
    directory.rmdir()
    return 0


def _topology(path: Path | None, port_base: int | None) -> Topology:
    topology = load_topology(path or DEFAULT_TOPOLOGY)
    return topology if port_base is None else topology.on_ports(port_base)


def _status(workspace: Workspace, services: Services) -> int:
    layout = workspace.layout
    total = 0
    for name in services.daemons():
        pid = workspace.supervisor.pid(name)
        if pid is None:
            print(f"{name:<26} down")
            continue
        resident = workspace.supervisor.resident_bytes(name)
        total += resident
        print(f"{name:<26} up    pid {pid:<8} {resident // MEBIBYTE:>5} MiB")
    print(f"{'memory, shared pages in each':<46}{total // MEBIBYTE:>5} MiB")
    print(f"{'disk':<46}{disk_bytes(layout.directory) // MEBIBYTE:>5} MiB")
    problems = services.problems()
    for problem in problems:
        print(f"! {problem}")
    return 1 if problems else 0


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """Keep two commands from changing a lab as a whole at the same time.

    The lock is on the folder itself, so that it goes with the folder.
    """
    descriptor = os.open(make_folder(layout.directory), os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LabError(f"{layout.directory}: another lab command is at work here") from error
        yield
    finally:
        os.close(descriptor)
