"""The dialogue with one agent process: start, hello, connect, then requests until it is lost."""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import msgspec

from dcn_console.ceph.bootstrap import MARKER, statements
from dcn_console.ceph.process import AgentProcess
from dcn_console.ceph.protocol import (
    PROTOCOL,
    Line,
    LineTooLong,
    decode,
    encode,
    refusal,
)
from dcn_console.model.errors import AgentError, ClusterUnreachable

_NEVER = float("inf")
_CONNECT_ID = 0


class AgentLost(AgentError):
    """The agent ended, or was killed, while a request was under way; asking again may help."""


@dataclass(eq=False, slots=True)
class Call:
    """One request with its future. ``seconds`` may pass without a sign of it before it fails.

    The callbacks are called in the agent's thread. A part starts the time anew.
    """

    operation: str
    parameters: dict[str, Any] = field(repr=False)
    seconds: float
    future: Future[msgspec.Raw] = field(default_factory=Future)
    on_progress: Callable[[int, int], None] | None = None
    on_part: Callable[[msgspec.Raw], None] | None = None
    due: float = _NEVER

    def succeed(self, result: msgspec.Raw) -> None:
        """Deliver the result, unless nobody waits any more."""
        with contextlib.suppress(InvalidStateError):
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        """Deliver the error, unless nobody waits any more."""
        with contextlib.suppress(InvalidStateError):
            self.future.set_exception(error)

    def report(self, line: Line) -> None:
        """Pass on what came before the end."""
        if self.future.done():
            return
        if line.progress is not None and self.on_progress is not None:
            self.on_progress(line.progress.done, line.progress.total)
        if line.part and self.on_part is not None:
            self.on_part(line.part)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a session needs to know of its agent.

    ``connect`` are the parameters of that operation; ``source`` is sent to the interpreter, None
    for a command that speaks the protocol by itself. ``start_seconds`` may pass before the hello,
    ``connect_seconds`` while it connects.
    """

    connect: dict[str, Any]
    source: bytes | None
    start_seconds: float
    connect_seconds: float


class Phase(Enum):
    """How far a session has come."""

    STARTING = auto()
    """The interpreter has not asked for the source yet."""
    GREETING = auto()
    """The hello has still to come."""
    READY = auto()
    """The agent runs, but is not connected to its cluster."""
    CONNECTING = auto()
    CONNECTED = auto()


class Session:
    """Belongs to one thread; ``now`` is a monotonic time in seconds."""

    def __init__(self, process: AgentProcess, terms: Terms, now: float) -> None:
        self._process = process
        self._terms = terms
        self._waiting: list[Call] = []
        self._sent: dict[int, Call] = {}
        self._number = _CONNECT_ID
        self._has_answered = False
        self._due = now + terms.start_seconds
        self._phase = Phase.GREETING
        if terms.source is not None:
            self._phase = Phase.STARTING
            process.write(statements(terms.source))

    @property
    def is_up(self) -> bool:
        """Whether the agent has said hello."""
        return self._phase not in (Phase.STARTING, Phase.GREETING)

    @property
    def has_answered(self) -> bool:
        """Whether it has answered any request, well or not."""
        return self._has_answered

    @property
    def next_due(self) -> float:
        """When the next deadline passes, or infinity."""
        return min([self._due, *(call.due for call in self._sent.values())])

    def add(self, call: Call, now: float) -> None:
        """Send a request, or keep it until the agent is connected."""
        if self._phase is Phase.CONNECTED:
            self._send(call, now)
            return
        self._waiting.append(call)
        if self._phase is Phase.READY:
            self._connect(now)

    def receive(self, text: bytes, now: float) -> None:
        """Take one line from the agent. Raises AgentError for an agent we cannot work with."""
        if self._phase is Phase.STARTING:
            if text.rstrip(b"\r") == MARKER and self._terms.source is not None:
                self._phase = Phase.GREETING
                self._process.write(self._terms.source)
            else:
                self._process.note(text)
            return
        line = decode(text)
        if line is None or (line.id is None and line.hello is None):
            self._process.note(text)
        elif line.hello is not None:
            self._greet(line, now)
        elif self._phase is Phase.CONNECTING and line.id == _CONNECT_ID:
            self._connected(line, now)
        else:
            self._answered(line, now)

    def read(self, now: float) -> bool:
        """Take what has come on stdout; return False at its end. Raises AgentError."""
        try:
            lines = self._process.read_lines()
        except LineTooLong:
            raise AgentLost("The agent sent a line without end.") from None
        for text in lines or ():
            self.receive(text, now)
        return lines is not None

    def overdue(self, now: float) -> AgentError | ClusterUnreachable | None:
        """Fail the requests whose time is over; return why the agent must be killed, if it must."""
        if now >= self._due:
            if self.is_up:
                seconds = self._terms.connect_seconds
                return ClusterUnreachable(f"It could not be connected to within {seconds:g} s.")
            words = self._process.last_words()
            return AgentError(
                f"The agent did not start within {self._terms.start_seconds:g} s."
                + (f" Its last words: {words}" if words else ""),
                way_out="Run its command by hand to see what it waits for.",
            )
        late = [number for number, call in self._sent.items() if now >= call.due]
        for number in late:
            call = self._sent.pop(number)
            call.fail(ClusterUnreachable(f"No answer within {call.seconds:g} s."))
        if late:
            return AgentLost("The agent was restarted, because another request got no answer.")
        return None

    def fail_all(self, error: Exception) -> None:
        """Fail every request that has no answer yet."""
        for call in [*self._waiting, *self._sent.values()]:
            call.fail(error)
        self._waiting.clear()
        self._sent.clear()

    def _greet(self, line: Line, now: float) -> None:
        if self._phase is not Phase.GREETING or line.hello is None:
            return
        if line.hello.protocol != PROTOCOL:
            raise AgentError(
                f"The agent speaks version {line.hello.protocol} of the protocol, not {PROTOCOL}.",
                way_out="Use the agent that came with this release.",
            )
        self._phase = Phase.READY
        self._due = _NEVER
        if self._waiting:
            self._connect(now)

    def _connect(self, now: float) -> None:
        self._phase = Phase.CONNECTING
        self._due = now + self._terms.connect_seconds
        self._process.write(encode(_CONNECT_ID, "connect", self._terms.connect))

    def _connected(self, line: Line, now: float) -> None:
        self._due = _NEVER
        self._has_answered = True
        waiting, self._waiting = self._waiting, []
        if line.error is not None:
            self._phase = Phase.READY
            for call in waiting:
                call.fail(refusal(line.error))
            return
        self._phase = Phase.CONNECTED
        for call in waiting:
            self._send(call, now)

    def _send(self, call: Call, now: float) -> None:
        if call.future.cancelled():
            return
        self._number += 1
        call.due = now + call.seconds
        self._sent[self._number] = call
        self._process.write(encode(self._number, call.operation, call.parameters))

    def _answered(self, line: Line, now: float) -> None:
        call = self._sent.get(line.id or _CONNECT_ID)
        if call is None:
            return
        if line.result or line.error is not None:
            del self._sent[line.id or _CONNECT_ID]
        if line.result:
            call.succeed(line.result)
        elif line.error is not None:
            call.fail(refusal(line.error))
        else:
            call.due = now + call.seconds
            call.report(line)


def ended_by_itself(manner: str, last_words: str, *, said_hello: bool) -> AgentError:
    """Return the error of an agent that ended without being told; ``manner`` may be ""."""
    how = f" with {manner}" if manner else ""
    words = f" Its last words: {last_words}" if last_words else ""
    if said_hello:
        return AgentLost(f"The agent ended{how}.{words}")
    return AgentError(
        f"The agent could not be started: its command ended{how}.{words}",
        way_out="Run the site's `python` or `command` by hand to see what is wrong with it.",
    )
