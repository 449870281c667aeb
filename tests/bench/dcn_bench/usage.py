"""What processes use: CPU seconds and memory, from /proc (proc(5)) and wait4(2)."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_MIB = 1024 * 1024


def cpu_seconds(pid: int) -> float:
    """Return the user and system seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def resident_mib(pid: int) -> float:
    """Return the MiB of memory that a process has in use."""
    return int(_status(pid, "VmRSS")) / 1024


def peak_mib(pid: int) -> float:
    """Return the most MiB of memory that a process has had in use."""
    return int(_status(pid, "VmHWM")) / 1024


def _status(pid: int, name: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.split()[0]
    raise LookupError(f"/proc/{pid}/status has no {name}")


def cpu_percent(pid: int, seconds: float) -> float:
    """Return the percent of one core that a process uses over the next ``seconds``."""
    before, began = cpu_seconds(pid), time.perf_counter()
    time.sleep(seconds)
    return 100.0 * (cpu_seconds(pid) - before) / (time.perf_counter() - began)


@dataclass(frozen=True)
class Ran:
    """What a command took: seconds on the wall, seconds of CPU with its children, its output."""

    wall: float
    cpu: float
    out: bytes


def run_measured(arguments: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command to its successful end. Raises RuntimeError with its stderr."""
    began = time.perf_counter()
    before = os.times()
    ran = subprocess.run(
        [*arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=dict(environment),
        check=False,
    )
    wall = time.perf_counter() - began
    after = os.times()
    if ran.returncode:
        words = ran.stderr.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(arguments)}: exit status {ran.returncode}: {words}")
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return Ran(wall=wall, cpu=used, out=ran.stdout)
