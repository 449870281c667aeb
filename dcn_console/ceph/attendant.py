"""The thread that owns an agent's process: starts it, serves its pipes, ends it, starts another."""

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections import deque
from concurrent.futures import Future

from dcn_console.ceph.process import AgentProcess
from dcn_console.ceph.session import AgentLost, Call, Session, Terms, ended_by_itself
from dcn_console.model.errors import AgentError, ClusterError

_log = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 2.0
_DRAIN_READS = 16


class Inbox:
    """Where any thread leaves requests for the attendant, and wakes it."""

    def __init__(self) -> None:
        self.closed: Future[None] = Future()
        """Ends when the attendant has killed its process."""
        self._calls: deque[Call] = deque()
        self._lock = threading.Lock()
        self._closing = False
        self._waker, self.listener = socket.socketpair()
        self._waker.setblocking(False)
        self.listener.setblocking(False)

    @property
    def is_closing(self) -> bool:
        """Whether the attendant has been asked to end."""
        return self._closing

    def put(self, call: Call) -> None:
        """Leave a request. Raises AgentError once the inbox is closed."""
        with self._lock:
            if self._closing:
                raise AgentError("The agent's client is closed.")
            self._calls.append(call)
            self._wake()

    def close(self) -> None:
        """Ask the attendant to end."""
        with self._lock:
            if not self._closing:
                self._closing = True
                self._wake()

    def take(self) -> list[Call]:
        """Return the requests left since, and forget that the attendant was woken."""
        with contextlib.suppress(BlockingIOError):
            self.listener.recv(4096)
        with self._lock:
            calls = list(self._calls)
            self._calls.clear()
        return calls

    def dispose(self) -> None:
        """Give the sockets back; only the attendant does so, at its end."""
        with self._lock:
            self._waker.close()
            self.listener.close()
        self.closed.set_result(None)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._waker.send(b"!")


class Attendant:
    """Runs one agent after another, for the requests of one inbox."""

    def __init__(self, inbox: Inbox, command: tuple[str, ...], terms: Terms) -> None:
        self._inbox = inbox
        self._command = command
        self._terms = terms
        self._selector = selectors.DefaultSelector()
        self._process: AgentProcess | None = None
        self._session: Session | None = None
        self._calls: list[Call] = []
        self._failures = 0
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """The id of the agent's process, None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def run(self) -> None:
        """Serve until the inbox is closed."""
        self._selector.register(self._inbox.listener, selectors.EVENT_READ)
        while not self._inbox.is_closing:
            try:
                self._turn()
            except AgentError as error:
                self._end(error)
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not leave callers waiting
                _log.exception("The agent's attendant failed")
                self._end(AgentLost(f"The agent's client failed: {type(error).__name__}."))
        self._calls += self._inbox.take()
        self._end(AgentError("The agent's client was closed."))
        self._selector.close()
        self._inbox.dispose()

    def _turn(self) -> None:
        now = time.monotonic()
        self._calls += self._inbox.take()
        if self._inbox.is_closing:  # its wake-up may just have been taken
            return
        if self._calls and self._session is None and now >= self._not_before:
            self._start(now)
        if self._session is not None:
            calls, self._calls = self._calls, []
            for call in calls:
                self._session.add(call, now)
        self._watch_stdin()
        for key, _ in self._selector.select(self._patience(now)):
            self._serve(key.fd)
        if self._session is not None:
            reason = self._session.overdue(time.monotonic())
            if reason is not None:
                self._end(reason)

    def _start(self, now: float) -> None:
        self._process = AgentProcess(self._command)
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._selector.register(self._process.stderr, selectors.EVENT_READ)
        self._session = Session(self._process, self._terms, now)

    def _watch_stdin(self) -> None:
        """Be woken when stdin takes more, only while there is more."""
        if self._process is None:
            return
        watched = self._process.stdin in self._selector.get_map()
        if self._process.has_unsent and not watched:
            self._selector.register(self._process.stdin, selectors.EVENT_WRITE)
        elif watched and not self._process.has_unsent:
            self._selector.unregister(self._process.stdin)

    def _patience(self, now: float) -> float | None:
        """Return the seconds until something is due, None when nothing is."""
        if self._session is not None:
            due = self._session.next_due
        elif self._calls:
            due = self._not_before
        else:
            return None
        return None if due == float("inf") else max(0.0, due - now)

    def _serve(self, descriptor: int) -> None:
        process, session = self._process, self._session
        if process is None or session is None:
            return
        if descriptor == process.stdin:
            process.flush()
        elif descriptor == process.stderr:
            if process.read_errors() is False:
                self._selector.unregister(process.stderr)
        elif descriptor == process.stdout and not session.read(time.monotonic()):
            self._end(None)

    def _end(self, error: ClusterError | None) -> None:
        """Kill the agent, if there is one, and fail with ``error`` whatever waits for it.

        None stands for an agent that ended by itself.
        """
        process, session = self._process, self._session
        self._process = self._session = None
        if process is not None:
            for descriptor in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(KeyError):
                    self._selector.unregister(descriptor)
            for _ in range(_DRAIN_READS):
                process.read_errors()
            words = process.last_words()
            manner = process.kill(is_ending=error is None)
            if session is not None and session.has_answered:
                self._failures = 0
            if error is None:
                error = ended_by_itself(
                    manner, words, said_hello=session is not None and session.is_up
                )
            _log.info("Agent %d is gone (%s): %s", process.pid, manner, error)
        if error is None:
            return
        if session is not None:
            session.fail_all(error)
        for call in self._calls:
            call.fail(error)
        self._calls.clear()
        pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 8)
        self._not_before = time.monotonic() + pause
