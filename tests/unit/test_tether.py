"""A conversion dies with whoever started it, even when that was killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dcn_console.operations.import_image import tether

PATIENCE_SECONDS = 120.0
STARTER = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, sys.argv[1], str(os.getpid()), "/bin/sleep", "600"])
print(child.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone can tie a process so")
def test_a_killed_starter_takes_the_program_along() -> None:
    command = [sys.executable, "-c", STARTER, str(Path(tether.__file__))]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    name = Path(f"/proc/{pid}/cmdline")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while b"/bin/sleep\x00600" not in name.read_bytes() or b"tether" in name.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
