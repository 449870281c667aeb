"""Start, stop and kill daemons, and know them again from another process later.

A daemon is the leader of a session of its own. Its pid and kernel start time are kept in a file:
titles and environments won't do, as uwsgi overwrites both.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dcn_lab.errors import LabError
from dcn_lab.execution import SYSTEM_PATH, port_is_open, wait_until
from dcn_lab.files import make_folder, write_private
from dcn_lab.layout import Layout
from dcn_lab.processes import kill_session, resident_bytes, session_members, start_time, terminate

KILL_SECONDS = 180
"""A process that waits for a busy disk is gone only when the disk has answered."""


@dataclass(frozen=True)
class Daemon:
    """How one daemon is run."""

    name: str
    arguments: tuple[str, ...]
    """The program, looked up in the system's own folders, and its arguments."""
    environment: Mapping[str, str]
    ready: Callable[[float], bool]
    """Whether it serves, given the seconds since it was started."""
    log: Path
    """The log to look at when it fails."""
    port: int | None = None
    """The loopback port that is its own, when it has a fixed one."""
    ready_seconds: float = 600
    """Generous: two labs that come up side by side on two slow cores take ten times as long."""
    stop_seconds: float = 15
    """How long it may take to end by itself before it is killed."""


class Supervisor:
    """Runs the daemons of the lab in `layout`."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def pid(self, name: str) -> int | None:
        """Return the pid of the running daemon `name`, None when it isn't running."""
        recorded = self._read(name)
        if recorded is None:
            return None
        pid, moment = recorded
        return pid if start_time(pid) == moment else None

    def recorded(self) -> tuple[str, ...]:
        """Return the names of all daemons that were started and not stopped since."""
        return tuple(sorted(path.stem for path in self._layout.run.glob("*.process")))

    def members(self, name: str) -> tuple[int, ...]:
        """Return all processes of the daemon `name`; empty when it isn't running."""
        pid = self.pid(name)
        return session_members(pid) if pid else ()

    def resident_bytes(self, name: str) -> int:
        """Return the bytes of memory that the daemon `name` holds; 0 when it isn't running."""
        pid = self.pid(name)
        return resident_bytes(pid) if pid else 0

    def start(self, daemon: Daemon) -> None:
        """Start `daemon` unless it runs, and wait until it serves.

        Raises LabError when its port is taken, when it ends, or when it isn't ready in time.
        """
        if self.pid(daemon.name) is None:
            if daemon.port is not None and port_is_open(daemon.port):
                raise LabError(
                    f"{daemon.name}: port {daemon.port} is taken by another process;"
                    " choose another --port-base"
                )
            self.kill(daemon.name)
            self._launch(daemon)
        started = self._record(daemon.name).stat().st_mtime
        wait_until(
            daemon.name,
            lambda: daemon.ready(time.time() - started),
            seconds=daemon.ready_seconds,
            logs=(daemon.log, self.output(daemon.name)),
            lost=lambda: self.pid(daemon.name) is None,
        )

    def stop(self, name: str, seconds: float) -> None:
        """End the daemon `name` and all that it started; kill it after `seconds`."""
        pid = self.pid(name)
        if pid is not None:
            terminate(pid)
            deadline = time.monotonic() + seconds
            while start_time(pid) is not None and time.monotonic() < deadline:
                time.sleep(0.05)
        self.kill(name)

    def kill(self, name: str) -> None:
        """Kill the daemon `name` and all that it started, as a power cut would."""
        recorded = self._read(name)
        if recorded is None:
            return
        pid, moment = recorded
        if start_time(pid) in {None, moment}:
            wait_until(
                f"end of {name}",
                lambda: not kill_session(pid) and start_time(pid) is None,
                seconds=KILL_SECONDS,
                logs=(self.output(name),),
            )
        self._record(name).unlink(missing_ok=True)

    def output(self, name: str) -> Path:
        """Return the file that stdout and stderr of the daemon `name` go to."""
        return self._layout.log / f"{name}.out"

    def _record(self, name: str) -> Path:
        return self._layout.run / f"{name}.process"

    def _read(self, name: str) -> tuple[int, str] | None:
        """Return pid and start time as recorded, None when `name` wasn't started."""
        try:
            record = json.loads(self._record(name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return int(record["pid"]), str(record["start_time"])

    def _launch(self, daemon: Daemon) -> None:
        """Start the process, in a session of its own, away from our files and signals."""
        output = self.output(daemon.name)
        make_folder(output.parent)
        writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # env(1) changes the folder, where a crash leaves its dump, and becomes the program itself
        folder = f"--chdir={self._layout.temporary}"
        program, *arguments = daemon.arguments
        pid = os.posix_spawn(
            "/usr/bin/env",
            ("env", folder, _program(program), *arguments),
            dict(daemon.environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(output), writing, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGHUP, signal.SIGTERM],
        )
        moment = start_time(pid)
        write_private(
            self._record(daemon.name), json.dumps({"pid": pid, "start_time": moment}) + "\n"
        )


def _program(name: str) -> str:
    """Return the path of a program of the system; raise LabError when it isn't installed."""
    for folder in ("", *SYSTEM_PATH.split(":")):
        path = Path(folder, name) if folder else Path(name)
        if path.is_absolute() and path.exists():
            return str(path)
    raise LabError(f"{name}: not installed; run `lab packages`")
