"""Requests to one cluster: through its shared agent, or through an agent process of their own."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, TypeVar

import msgspec

from dcn_console.ceph.client import Agent
from dcn_console.ceph.explain import Subject, explained
from dcn_console.ceph.protocol import Refusal
from dcn_console.ceph.session import AgentLost
from dcn_console.model.errors import AgentError, ClusterError
from dcn_console.model.sites import ClusterAccess

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, on the caller's event loop."""


class ClusterLink:
    """The agents of one cluster, for any event loop, also for several.

    Every method raises what ``explained`` makes of it. ``deadline`` is in seconds.
    """

    def __init__(
        self, site: str, access: ClusterAccess, python: tuple[str, ...], deadline: float
    ) -> None:
        self.site = site
        self.access = access
        self.deadline = deadline
        self._python = python
        self._agent = Agent(access, python, deadline=deadline)
        self._manager_agent = Agent(access, python, deadline=deadline)

    @property
    def agent_pid(self) -> int | None:
        """The id of the shared agent's process, None while there is none."""
        return self._agent.pid

    async def ask(
        self,
        kind: type[T],
        operation: str,
        subject: Subject,
        parameters: dict[str, Any] | None = None,
        *,
        seconds: float | None = None,
        through_manager: bool = False,
    ) -> T:
        """Ask the shared agent, once more if it was lost meanwhile: only for what reads.

        What the cluster's manager answers hangs while there is none, so it goes
        ``through_manager``: an agent that serves nothing else, so that its end harms nobody.
        """
        agent = self._manager_agent if through_manager else self._agent
        everything = subject.parameters() | (parameters or {})
        with self.explaining(subject):
            try:
                raw = await _result(agent, operation, everything, seconds)
            except AgentLost:
                raw = await _result(agent, operation, everything, seconds)
            return decoded(kind, raw)

    async def tell(self, kind: type[T], operation: str, subject: Subject) -> T:
        """Ask the shared agent for a short change, exactly once."""
        with self.explaining(subject):
            raw = await _result(self._agent, operation, subject.parameters(), None)
            return decoded(kind, raw)

    async def parts(
        self,
        kind: type[T],
        operation: str,
        subject: Subject,
        parameters: dict[str, Any] | None = None,
    ) -> AsyncGenerator[T, None]:
        """Yield the parts of a list as they come.

        An agent that is lost before the first part is asked once more.
        """
        started = False
        everything = subject.parameters() | (parameters or {})
        with self.explaining(subject):
            for attempt in range(2):
                try:
                    source = _parts(self._agent, operation, everything, None)
                    async with contextlib.aclosing(source) as parts:
                        async for part in parts:
                            started = True
                            yield decoded(kind, part)
                        return
                except AgentLost:
                    if started or attempt:
                        raise

    @contextlib.asynccontextmanager
    async def alone(
        self, subject: Subject, *, deadline: float, operation_seconds: float
    ) -> AsyncGenerator["LoneAgent", None]:
        """Lend an agent process of its own, which is killed when it is given back.

        ``deadline`` are the seconds that may pass without a sign of it, ``operation_seconds``
        those that librados may wait for one answer.
        """
        agent = Agent(
            self.access, self._python, deadline=deadline, operation_seconds=operation_seconds
        )
        try:
            with self.explaining(subject):
                yield LoneAgent(agent, subject)
        finally:
            agent.close()

    async def close(self) -> None:
        """Kill the agents; what is under way fails with AgentError."""
        ends = [agent.close() for agent in (self._agent, self._manager_agent)]
        await asyncio.gather(*map(asyncio.wrap_future, ends))

    @contextlib.contextmanager
    def explaining(self, subject: Subject) -> Iterator[None]:
        """Turn what goes wrong with ``subject`` into errors that name site and way out."""
        try:
            yield
        except (Refusal, ClusterError) as error:
            raise explained(error, self.site, self.access, subject) from error


class LoneAgent:
    """An agent process that serves one caller."""

    def __init__(self, agent: Agent, subject: Subject) -> None:
        self._agent = agent
        self._subject = subject

    async def ask(
        self,
        kind: type[T],
        operation: str,
        parameters: dict[str, Any] | None = None,
        on_progress: Progress | None = None,
    ) -> T:
        """Ask, exactly once; ``on_progress`` is called at most four times a second."""
        loop = asyncio.get_running_loop()

        def report(done: int, total: int) -> None:
            if on_progress is not None:
                _post(loop, lambda: on_progress(done, total))

        everything = self._subject.parameters() | (parameters or {})
        future = self._agent.request(operation, everything, on_progress=report)
        return decoded(kind, await asyncio.wrap_future(future))

    async def collect(
        self,
        kind: type[T],
        operation: str,
        parameters: dict[str, Any],
        on_part: Callable[[msgspec.Raw], None],
    ) -> T:
        """Ask, exactly once; ``on_part`` gets each part in the agent's thread."""
        everything = self._subject.parameters() | parameters
        future = self._agent.request(operation, everything, on_part=on_part)
        return decoded(kind, await asyncio.wrap_future(future))


def decoded(kind: type[T], raw: msgspec.Raw) -> T:
    """Return the answer as ``kind``. Raises AgentError for one of another shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AgentError(f"The agent's answer is malformed: {error}.") from error


async def _result(
    agent: Agent, operation: str, parameters: dict[str, Any], seconds: float | None
) -> msgspec.Raw:
    return await asyncio.wrap_future(agent.request(operation, parameters, deadline=seconds))


async def _parts(
    agent: Agent, operation: str, parameters: dict[str, Any], seconds: float | None
) -> AsyncGenerator[msgspec.Raw, None]:
    loop = asyncio.get_running_loop()
    parts: asyncio.Queue[msgspec.Raw | None] = asyncio.Queue()
    future = agent.request(
        operation,
        parameters,
        deadline=seconds,
        on_part=lambda part: _post(loop, lambda: parts.put_nowait(part)),
    )
    future.add_done_callback(lambda _: _post(loop, lambda: parts.put_nowait(None)))
    try:
        while (part := await parts.get()) is not None:
            yield part
        await asyncio.wrap_future(future)
    finally:
        future.cancel()


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call on ``loop``; a loop that was closed meanwhile has nobody left who waits."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
