"""Run a program that dies with the process that started it: ``tether.py PARENT PROGRAM ARG...``.

A runner killed by -9 must not leave a program behind that goes on writing gigabytes. Linux sends
the signal (prctl(2), PR_SET_PDEATHSIG), and it stays set over exec(3); elsewhere the program is
started as it is. Started by its path, so nothing of this package is imported.
"""

import ctypes
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1


def main() -> None:
    """Tie this process to PARENT, the id of the process that started it, and become PROGRAM."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(program, sys.argv[2:])  # noqa: S606


if __name__ == "__main__":
    main()
