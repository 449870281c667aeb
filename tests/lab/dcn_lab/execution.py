"""Commands and network probes with a time limit, in an environment that nothing leaks into."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dcn_lab.errors import LabError
from dcn_lab.layout import ENVIRONMENT_VARIABLE, Layout

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Only here do Debian's python3 and its rados and rbd modules live."""
PYTHON = "/usr/bin/python3"
POLL_SECONDS = 0.2
LOG_TAIL_CHARACTERS = 600


def environment_of(layout: Layout, **extra: str) -> dict[str, str]:
    """Return the whole environment of a command or daemon of the lab, with `extra` on top."""
    return {
        "PATH": SYSTEM_PATH,
        "LC_ALL": "C.UTF-8",
        "HOME": str(layout.temporary),
        "TMPDIR": str(layout.temporary),
        ENVIRONMENT_VARIABLE: str(layout.directory),
        **extra,
    }


def run(
    arguments: Sequence[str | Path],
    environment: dict[str, str],
    *,
    seconds: float,
    stdin: str = "",
) -> str:
    """Run a command and return its stdout; raise LabError with its stderr when it fails."""
    command = [str(argument) for argument in arguments]
    name = " ".join([Path(command[0]).name, *command[1:3]])
    try:
        done = subprocess.run(
            command,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{name}: no answer within {seconds:.0f} s") from error
    except FileNotFoundError as error:
        raise LabError(f"{name}: not installed; run `lab packages`") from error
    if done.returncode != 0:
        detail = (done.stderr or done.stdout).strip()[-LOG_TAIL_CHARACTERS:]
        raise LabError(f"{name}: exit status {done.returncode}: {detail}")
    return done.stdout


def wait_until(
    what: str,
    condition: Callable[[], bool],
    *,
    seconds: float,
    logs: Sequence[Path] = (),
    lost: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until `condition` holds; raise LabError with `what` and the end of `logs` if it won't.

    `lost` tells that waiting is pointless, such as when the daemon has ended.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if lost():
            raise LabError(f"{what}: ended by itself{_tails(logs)}")
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not so within {seconds:.0f} s{_tails(logs)}")
        time.sleep(POLL_SECONDS)


def _tails(logs: Sequence[Path]) -> str:
    """Return the paths and the ends of those logs that have something in them."""
    ends = {log: _log_tail(log) for log in logs}
    return "".join(f"; see {log}:\n{end}" for log, end in ends.items() if end)


def _log_tail(log: Path) -> str:
    """Return the end of a log file, or nothing when it can't be read."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - LOG_TAIL_CHARACTERS))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def port_is_open(port: int) -> bool:
    """Tell whether something listens on `port` of the loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False


def http_answers(port: int, path: str = "/", *, seconds: float = 5) -> bool:
    """Tell whether an HTTP server on `port` of the loopback answers, in whatever words."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
