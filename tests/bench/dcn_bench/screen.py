"""A program on a pseudo-terminal, watched from outside: when it painted what."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Self

from .usage import cpu_percent

DEADLINE_SECONDS = 240.0
_CALM_PERCENT = 10.0
COLUMNS, LINES = 160, 50

_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|.)"
)


class Screen:
    """A running program; everything it prints is read at once and kept with its time.

    Times are those of ``time.perf_counter``. ``started`` is the moment before the process began.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the program on a terminal of 160x50."""
        self._own_end, other_end = pty.openpty()
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(other_end, termios.TIOCSWINSZ, size)
        self._chunks: list[tuple[float, bytes]] = []
        self._more = threading.Condition()
        self._ended: float | None = None
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [*arguments],
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(other_end)
        self._reader = threading.Thread(target=self._read, name="screen", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._own_end, 1 << 20)
            except OSError:  # Linux: the other end of a pseudo-terminal was closed
                data = b""
            with self._more:
                if not data:
                    self._ended = time.perf_counter()
                    self._more.notify_all()
                    return
                self._chunks.append((time.perf_counter(), data))
                self._more.notify_all()

    def mark(self) -> int:
        """Return a place in the output, to look only at what comes later."""
        with self._more:
            return len(self._chunks)

    def type(self, text: str) -> float:
        """Type ``text`` and return when that was."""
        typed = time.perf_counter()
        os.write(self._own_end, text.encode())
        return typed

    def wait_for(
        self, pattern: str, since: int = 0, seconds: float = DEADLINE_SECONDS
    ) -> tuple[float, re.Match[str]]:
        """Wait until ``pattern`` was painted after the mark ``since``; return when, and the match.

        Raises TimeoutError with the last of the output.
        """
        wanted = re.compile(pattern)
        deadline = time.perf_counter() + seconds
        looked = -1
        with self._more:
            while True:
                if len(self._chunks) != looked:
                    looked = len(self._chunks)
                    found = wanted.search(self._text(since))
                    if found is not None:
                        return self._chunks[-1][0], found
                left = deadline - time.perf_counter()
                if left <= 0 or self._ended is not None:
                    raise TimeoutError(f"“{pattern}” was not painted: {self._text(0)[-3000:]!r}")
                self._more.wait(left)

    def wait_for_calm(self, seconds: float = 0.5) -> None:
        """Wait until the process uses less than a tenth of a core over ``seconds``.

        Raises TimeoutError when it never does.
        """
        deadline = time.perf_counter() + DEADLINE_SECONDS
        while cpu_percent(self.process.pid, seconds) > _CALM_PERCENT:
            if time.perf_counter() > deadline:
                raise TimeoutError("the program is never calm")

    def wait_for_end(self, seconds: float = DEADLINE_SECONDS) -> float:
        """Wait until the process has ended and return when that was."""
        self.process.wait(seconds)
        ended = time.perf_counter()
        self._reader.join(seconds)
        return ended

    def painted_bytes(self) -> int:
        """Return how many bytes were printed so far."""
        with self._more:
            return sum(len(data) for _, data in self._chunks)

    def _text(self, since: int) -> str:
        raw = b"".join(data for _, data in self._chunks[since:])
        return _ESCAPES.sub(b"", raw).decode(errors="replace")

    def __enter__(self) -> Self:
        """Use it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the program if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self._reader.join(5)
        os.close(self._own_end)
