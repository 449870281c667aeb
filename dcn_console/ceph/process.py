"""The process of an agent: away from our terminal and signals, killable, never waited for."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque

from dcn_console.ceph.protocol import LineBuffer
from dcn_console.model.errors import AgentError
from dcn_console.model.text import printable

_READ_BYTES = 1 << 16
_LAST_LINES = 20
_LINE_CHARACTERS = 300
_HALF_LINE_BYTES = 4096
_REAP_SECONDS = 0.5
_ENDING_SECONDS = 0.3
_LOOK_SECONDS = 0.01
_PROMPT = ">>> "
_REMOVED = "[removed]"
_CEPHX_KEY = re.compile(r"\bAQ[A-Za-z0-9+/]{36}==")
_ASSIGNED_SECRET = re.compile(r"(?i)\b(key|secret|token|password)(['\"]?\s*[=:]\s*)\S+")
_LONG_TOKEN = re.compile(r"\beyJ[A-Za-z0-9+/_=-]{20,}")


def redacted(text: str) -> str:
    """Return ``text`` without cephx keys, mirror bootstrap tokens and other assigned secrets."""
    text = _CEPHX_KEY.sub(_REMOVED, text)
    text = _LONG_TOKEN.sub(_REMOVED, text)
    return _ASSIGNED_SECRET.sub(rf"\1\2{_REMOVED}", text)


class AgentProcess:
    """One started agent with its three pipes, none of which ever blocks us.

    Belongs to one thread. Raises AgentError when the command cannot be started.
    """

    def __init__(self, command: tuple[str, ...]) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a command"
            raise AgentError(
                f"The agent's command {printable(command[0], 100)} cannot be started: {reason}.",
                way_out="Set `python` or `command` of the site, or `agent_python`, in the config.",
            ) from error
        streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        self.stdin, self.stdout, self.stderr = (
            stream.fileno() for stream in streams if stream is not None
        )
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(descriptor, False)
        self._unsent = bytearray()
        self._lines = LineBuffer()
        self._errors: deque[str] = deque(maxlen=_LAST_LINES)
        self._half_error = b""

    @property
    def pid(self) -> int:
        """The id of the process, which is its process group's too."""
        return self._process.pid

    @property
    def has_unsent(self) -> bool:
        """Whether bytes wait until the process reads."""
        return bool(self._unsent)

    def write(self, data: bytes) -> None:
        """Send ``data``, as much at once as the pipe takes; ``flush`` sends the rest."""
        self._unsent += data
        self.flush()

    def flush(self) -> None:
        """Send what is left, as much as the pipe takes; a reader that is gone is no error here."""
        try:
            while self._unsent:
                del self._unsent[: os.write(self.stdin, self._unsent)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent.clear()

    def read_lines(self) -> list[bytes] | None:
        """Return the lines that have come on stdout; None at its end. Raises LineTooLong."""
        data = self._read(self.stdout)
        return None if data == b"" else self._lines.feed(data or b"")

    def read_errors(self) -> bool:
        """Take what has come on stderr; return False at its end."""
        data = self._read(self.stderr)
        if data:
            *lines, half = (self._half_error + data).split(b"\n")
            self._half_error = half[-_HALF_LINE_BYTES:]
            self._errors.extend(filter(None, map(_readable, lines)))
        return data != b""

    def note(self, line: bytes) -> None:
        """Keep a stray line from stdout with those of stderr."""
        self._errors.append(_readable(line))

    def last_words(self) -> str:
        """Return the last lines of stderr, redacted, on one line."""
        return " / ".join(filter(None, [*self._errors, _readable(self._half_error)]))

    def kill(self, *, is_ending: bool = False) -> str:
        """Kill the process and all of its group; return how it ended, "" when not known yet.

        One that ``is_ending``, for its output has ended, gets a moment to do so, that its own
        exit status is told and not our signal. A process that we may not kill (started
        through sudo) ends by itself at the end of stdin.
        """
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        deadline = time.monotonic() + (_ENDING_SECONDS if is_ending else 0.0)
        while time.monotonic() < deadline and not self._has_exited():
            time.sleep(_LOOK_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        try:
            status = self._process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            threading.Thread(target=self._process.wait, name="agent reaper", daemon=True).start()
            return ""
        return f"signal {-status}" if status < 0 else f"exit status {status}"

    def _has_exited(self) -> bool:
        """Whether the process has exited; it is left for ``wait``, so its id stays taken."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        except ChildProcessError:
            return True

    @staticmethod
    def _read(descriptor: int) -> bytes | None:
        """Return what is there, b"" at the end, None when there is nothing now."""
        try:
            return os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""


def _readable(line: bytes) -> str:
    text = line.decode("utf-8", "replace").rstrip("\r").removeprefix(_PROMPT)
    return printable(redacted(text), _LINE_CHARACTERS).strip()
