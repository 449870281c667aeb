"""The lab being worked on, as its parts see it: topology, folder, daemons, account, progress."""

import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dcn_lab.daemons import Supervisor
from dcn_lab.errors import LabError
from dcn_lab.execution import environment_of, run
from dcn_lab.files import make_folder, write_private
from dcn_lab.layout import Layout
from dcn_lab.ports import Ports
from dcn_lab.topology import Topology, topology_from_json, topology_to_json


@dataclass(frozen=True)
class Workspace:
    """A lab with its folder made."""

    topology: Topology
    layout: Layout
    supervisor: Supervisor
    password: str
    """Of every account of this lab: database, message queue and cloud."""

    @property
    def ports(self) -> Ports:
        """The ports of this lab."""
        return self.topology.ports

    def environment(self, **extra: str) -> dict[str, str]:
        """Return the environment of a daemon or command, with `extra` on top."""
        return environment_of(self.layout, **extra)

    def run(self, *arguments: str | Path, seconds: float, stdin: str = "", **extra: str) -> str:
        """Run a command with `extra` in its environment; see `execution.run`."""
        return run(arguments, self.environment(**extra), seconds=seconds, stdin=stdin)

    def once(self, name: str, action: Callable[[], None]) -> None:
        """Run `action` unless it has succeeded in this lab before."""
        mark = self.layout.done / name
        if not mark.exists():
            action()
            write_private(mark, "")


def create_workspace(layout: Layout, topology: Topology) -> Workspace:
    """Make the folder of a lab, or take the one that is there with the same topology.

    Raises LabError when the folder belongs to a lab with another topology.
    """
    if layout.topology.exists():
        if _stored_topology(layout) != topology:
            raise LabError(
                f"{layout.directory} holds a lab with another topology; `lab wipe` it first,"
                " or choose another --dir"
            )
    else:
        if layout.directory.exists() and any(layout.directory.iterdir()):
            raise LabError(f"{layout.directory} is not empty and holds no lab")
        make_folder(layout.directory)
        write_private(layout.password, secrets.token_hex(12))
        write_private(layout.topology, topology_to_json(topology))
    for folder in (layout.log, layout.run, layout.done, layout.temporary):
        make_folder(folder)
    return open_workspace(layout)


def open_workspace(layout: Layout) -> Workspace:
    """Take the lab that is in a folder; raise LabError when there is none."""
    topology = _stored_topology(layout)
    password = layout.password.read_text(encoding="utf-8")
    return Workspace(topology, layout, Supervisor(layout), password)


def say(text: str) -> None:
    """Tell the person at the terminal what goes on."""
    print(f"{time.strftime('%H:%M:%S')} lab: {text}", file=sys.stderr, flush=True)


def _stored_topology(layout: Layout) -> Topology:
    try:
        text = layout.topology.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise LabError(f"{layout.directory}: no lab here; `lab up` makes one") from error
    return topology_from_json(text, str(layout.topology))
