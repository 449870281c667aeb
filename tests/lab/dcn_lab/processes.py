"""What the kernel says about processes (proc(5)), and signals to exactly those we started."""

import os
import signal
from contextlib import suppress
from pathlib import Path

_STATE, _SESSION, _START_TIME = 0, 3, 19
"""Places in /proc/PID/stat after the command's closing parenthesis."""


def start_time(pid: int) -> str | None:
    """Return the start time of a live process in clock ticks since boot, None when it is gone.

    Together with the pid it tells a process from a later one with the same number. A zombie
    counts as gone, and is reaped when it is a child of ours.
    """
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    fields = _stat(pid)
    if fields is None or fields[_STATE] in {"Z", "X"}:
        return None
    return fields[_START_TIME]


def session_members(leader: int) -> tuple[int, ...]:
    """Return the live processes of the session that `leader` opened, the leader included."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields and fields[_SESSION] == str(leader) and fields[_STATE] not in {"Z", "X"}:
                members.append(int(entry.name))
    return tuple(members)


def resident_bytes(leader: int) -> int:
    """Return the bytes of memory resident in the session of `leader`, shared pages in each."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for pid in session_members(leader):
        with suppress(OSError):
            total += page * int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return total


def terminate(pid: int) -> None:
    """Ask a process to end; a process that is gone already is no error."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def kill_session(leader: int) -> bool:
    """Kill every process of the session that `leader` opened; tell whether there was any.

    One that was just being forked is missed: call it again until there is none.
    """
    members = session_members(leader)
    for pid in members:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(members)


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the command, None when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()
