"""dcn-console as an operator runs it: processes with a folder and environment of their own."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from dcn_console.runner.lock import holder

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 500.0
LOOK_SECONDS = 0.02
AGAIN_SECONDS = 20.0
"""After which Ctrl+C is pressed again; earlier it could hit a process on its way out."""


class Result(NamedTuple):
    """What a command left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The decoded stdout."""
        return json.loads(self.out)


class Terminal:
    """A command on a pseudo-terminal; ``text`` is everything it printed so far."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.text = ""
        self._own_end, other_end = pty.openpty()
        self.process = subprocess.Popen(
            arguments,
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            env=environment,
            start_new_session=True,
        )
        os.close(other_end)

    def wait_for(self, words: str) -> None:
        """Read until ``words`` were printed."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while words not in self.text:
            if not self._read() or time.monotonic() > deadline:
                raise AssertionError(f"“{words}” did not come: {self.text!r}")

    def type(self, text: str) -> None:
        """Type ``text``."""
        os.write(self._own_end, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl+C until the process is over.

        One SIGINT may be lost: CPython's input() does not look for signals that came just
        before it began to read.
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"Ctrl+C does not end it: {self.text!r}")
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(AGAIN_SECONDS)

    def end(self) -> int:
        """Read to the end and return the exit status."""
        while self._read():
            pass
        os.close(self._own_end)
        return self.process.wait(DEADLINE_SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._own_end], [], [], DEADLINE_SECONDS)
        if not ready:
            raise AssertionError(f"nothing more came: {self.text!r}")
        try:
            data = os.read(self._own_end, 65536)
        except OSError:  # Linux: the other end of a pseudo-terminal was closed
            return False
        self.text += data.decode(errors="replace")
        return bool(data)


class CommandLine:
    """Runs dcn-console with ``config`` and its state under ``folder``; see ``close``."""

    def __init__(self, folder: Path, config: Path | None) -> None:
        self.folder = folder
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OS_", "DCN_CONSOLE_", "XDG_"))
        }
        self.environment = inherited | {
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "DCN_CONSOLE_STATE": str(folder / "state"),
            "DCN_CONSOLE_CACHE": str(folder / "cache"),
            "TERM": "xterm-256color",
        }
        if config is not None:
            self.environment["DCN_CONSOLE_CONFIG"] = str(config)

    def __call__(self, *arguments: str, **more: str) -> Result:
        """Run a command to its end; ``more`` adds to the environment."""
        ran = subprocess.run(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environment | more,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        return Result(ran.returncode, ran.stdout, ran.stderr)

    def command(self, *arguments: str) -> list[str]:
        """The arguments of the process."""
        return [sys.executable, "-m", "dcn_console", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command; its stdout and stderr are pipes."""
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            text=True,
            start_new_session=True,
        )

    def on_terminal(self, *arguments: str) -> Terminal:
        """Start a command on a pseudo-terminal."""
        return Terminal(self.command(*arguments), self.environment)

    def runner_pids(self) -> list[int]:
        """The processes that hold a task store under the state folder."""
        locks = (self.folder / "state").glob("clouds/*/runner.lock")
        return [pid for lock in locks if (pid := holder(lock)) is not None]

    def close(self) -> None:
        """End the runners that commands started in the background."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        for pid in self.runner_pids():
            os.kill(pid, signal.SIGKILL)
        while self.runner_pids():
            if time.monotonic() > deadline:
                raise AssertionError("a runner does not end")
            time.sleep(LOOK_SECONDS)


def is_alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
