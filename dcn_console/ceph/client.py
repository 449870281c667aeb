"""The client of an agent: requests with deadlines, and an agent that is replaced when lost."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from dcn_console.ceph.attendant import Attendant, Inbox
from dcn_console.ceph.bootstrap import agent_command, agent_source, needs_source
from dcn_console.ceph.session import Call, Terms
from dcn_console.model.sites import ClusterAccess

START_SECONDS = 20.0
"""Time for an interpreter to say hello: ssh, sudo and podman may stand before it."""


class Agent:
    """One agent at a time, started when first asked, restarted after a pause when it was lost.

    Safe to use from any thread and any event loop: one daemon thread owns the process. The futures
    fail with ``Refusal`` (the agent's own answer), ``ClusterUnreachable`` (no answer in time),
    ``AgentLost`` (the agent ended meanwhile; a read may be asked again) or ``AgentError``.
    Deadlines are seconds, counted from when the request is sent to a connected agent. librados'
    own time-outs, ``operation_seconds``, are half of the deadline unless given, so that a dead
    cluster is usually told by an answer and not by a kill.
    """

    def __init__(
        self,
        access: ClusterAccess,
        default_python: tuple[str, ...] = (),
        *,
        deadline: float = 10.0,
        operation_seconds: float | None = None,
        start_seconds: float = START_SECONDS,
    ) -> None:
        operation_seconds = operation_seconds or max(1.0, deadline / 2)
        self._deadline = deadline
        self._inbox = Inbox()
        self._attendant = Attendant(
            self._inbox,
            agent_command(access, default_python),
            Terms(
                connect={
                    "conf": access.conf,
                    "user": access.user,
                    "keyring": access.keyring,
                    "fsid": access.fsid,
                    "timeout_seconds": operation_seconds,
                },
                source=agent_source() if needs_source(access) else None,
                start_seconds=start_seconds,
                connect_seconds=max(deadline, operation_seconds + 1),
            ),
        )
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The id of the agent's process, None while there is none."""
        return self._attendant.pid

    def request(
        self,
        operation: str,
        parameters: dict[str, Any] | None = None,
        *,
        deadline: float | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        on_part: Callable[[msgspec.Raw], None] | None = None,
    ) -> Future[msgspec.Raw]:
        """Ask the agent; return the future of the undecoded result.

        Progress and parts count the deadline anew. The callbacks are called in the agent's thread:
        they must neither block nor raise. Raises AgentError when the client was closed.
        """
        call = Call(
            operation,
            parameters or {},
            self._deadline if deadline is None else deadline,
            on_progress=on_progress,
            on_part=on_part,
        )
        self._inbox.put(call)
        self._run()
        return call.future

    def close(self) -> Future[None]:
        """Kill the agent and fail what is under way; the future ends when the process is gone."""
        self._inbox.close()
        self._run()
        return self._inbox.closed

    def _run(self) -> None:
        """Start the thread, once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._attendant.run, name="agent attendant", daemon=True
                )
                self._thread.start()
