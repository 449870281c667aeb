"""One Ceph cluster as the rest of the program sees it: typed, asynchronous, bounded in time."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Future
from typing import TypeVar

import msgspec

from dcn_console.ceph.client import Agent
from dcn_console.ceph.explain import Subject, explained, kept
from dcn_console.ceph.protocol import Kind, Refusal
from dcn_console.ceph.session import AgentLost
from dcn_console.model.errors import AgentError, ClusterError
from dcn_console.model.inventory import Capacity, RbdImage
from dcn_console.model.sites import ClusterAccess

T = TypeVar("T")
_READ_SECONDS = 60.0
"""One read of a digest may wait that long: a narrow line needs it for 4 MiB."""
_DIGEST_DEADLINE = 90.0
_SLOW_FACTOR = 3.0
"""Counting used bytes lists every object of an RBD image that lacks fast-diff."""


class PoolCapacity(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes stored in a pool, and bytes it can still take, both before replication."""

    used: int
    available: int


class ClusterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What ``ceph status`` and ``ceph df`` say: raw capacity in bytes, and each pool by name."""

    fsid: str
    health: str | None
    warnings: tuple[str, ...]
    capacity: Capacity
    pools: dict[str, PoolCapacity]


class _Status(msgspec.Struct, frozen=True):
    fsid: str
    total: int
    used: int
    available: int
    health: str | None = None
    warnings: tuple[str, ...] = ()
    pools: dict[str, PoolCapacity] = {}


class _Used(msgspec.Struct, frozen=True):
    used: int


class _Digest(msgspec.Struct, frozen=True):
    digest: str


class _Removed(msgspec.Struct, frozen=True):
    removed: bool


class Cluster:
    """The cluster of one site, through an agent of its own.

    Works on any event loop, also on several. Every method raises ``ClusterUnreachable`` when the
    cluster does not answer in time, ``AgentError`` when the agent does not work, ``ClusterError``
    for anything else the cluster refuses, each naming the site and the way out. ``deadline`` is in
    seconds; starting the agent and connecting have their own. ``python`` is the interpreter
    where the site names none.
    """

    def __init__(
        self,
        site: str,
        access: ClusterAccess,
        *,
        deadline: float = 10.0,
        python: tuple[str, ...] = (),
    ) -> None:
        self.site = site
        self.access = access
        self._deadline = deadline
        self._python = python
        self._agent = Agent(access, python, deadline=deadline)

    @property
    def agent_pid(self) -> int | None:
        """The id of the agent's process, None while there is none."""
        return self._agent.pid

    async def status(self) -> ClusterStatus:
        """Return health, warnings and capacity. The monitors answer it while OSDs are down."""
        status = await self._ask(_Status, "status", Subject())
        return ClusterStatus(
            fsid=status.fsid,
            health=status.health,
            warnings=status.warnings,
            capacity=Capacity(total=status.total, used=status.used, available=status.available),
            pools=status.pools,
        )

    async def pools(self) -> tuple[str, ...]:
        """Return the names of all pools, sorted."""
        return await self._ask(tuple[str, ...], "pools", Subject())

    async def probe(self, pool: str) -> None:
        """Return once the pool's OSDs have answered a small read that writes nothing."""
        await self._ask(dict[str, object], "probe", Subject(pool=pool))

    async def rbd_image(self, pool: str, name: str) -> RbdImage:
        """Return one RBD image with the state of Glance's snapshot. Raises RbdImageNotFound."""
        return await self._ask(RbdImage, "rbd_image", Subject(pool=pool, name=name))

    async def used_bytes(self, pool: str, name: str) -> int:
        """Return the bytes written to an RBD image, in whole objects. Raises RbdImageNotFound."""
        subject = Subject(pool=pool, name=name)
        seconds = self._deadline * _SLOW_FACTOR
        return (await self._ask(_Used, "used_bytes", subject, seconds=seconds)).used

    async def rbd_images(self, pool: str) -> AsyncIterator[tuple[RbdImage, ...]]:
        """Yield all RBD images of a pool, in parts as they are read.

        An agent that is lost before the first part is asked once more.
        """
        subject = Subject(pool=pool)
        started = False
        try:
            try:
                async with contextlib.aclosing(self._parts("rbd_images", subject)) as parts:
                    async for part in parts:
                        started = True
                        yield _decoded(tuple[RbdImage, ...], part)
            except AgentLost:
                if started:
                    raise
                async with contextlib.aclosing(self._parts("rbd_images", subject)) as parts:
                    async for part in parts:
                        yield _decoded(tuple[RbdImage, ...], part)
        except (Refusal, ClusterError) as error:
            raise self._explained(error, subject) from error

    async def digest(
        self,
        pool: str,
        name: str,
        snap: str,
        algorithm: str,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> str:
        """Read an RBD image's snapshot ("" for its head) to the end; return its hash in hex digits.

        ``on_progress`` is called on the caller's event loop with bytes done and bytes in all, at
        most four times a second. An agent process of its own reads, and cancelling kills it. The
        pool is probed first, so that a dead site is told within the usual deadline.
        Raises RbdImageNotFound.
        """
        await self.probe(pool)
        loop = asyncio.get_running_loop()
        subject = Subject(pool=pool, name=name, snap=snap)
        agent = Agent(
            self.access, self._python, deadline=_DIGEST_DEADLINE, operation_seconds=_READ_SECONDS
        )

        def report(done: int, total: int) -> None:
            if on_progress is not None:
                _post(loop, lambda: on_progress(done, total))

        try:
            parameters = subject.parameters() | {"snap": snap, "algorithm": algorithm}
            raw = await asyncio.wrap_future(agent.request("digest", parameters, on_progress=report))
            return _decoded(_Digest, raw).digest
        except (Refusal, ClusterError) as error:
            raise self._explained(error, subject) from error
        finally:
            agent.close()

    async def remove_unfinished(self, pool: str, name: str) -> bool:
        """Remove the RBD image that an interrupted Glance copy left behind; return whether it was.

        As long as it exists, the next copy to that store fails as a duplicate
        (glance_store/_drivers/rbd.py, ``add``). Raises ClusterError for an RBD image that can be
        anything else: one with a snapshot, a watcher (a killed writer's lasts 30 s), a parent or
        mirroring. An agent that is lost meanwhile is not asked again.
        """
        subject = Subject(pool=pool, name=name)
        try:
            raw = await asyncio.wrap_future(self._request("remove_unfinished", subject))
            return _decoded(_Removed, raw).removed
        except Refusal as error:
            if error.kind is Kind.INVALID:
                raise kept(error, self.site, subject) from error
            raise self._explained(error, subject) from error
        except ClusterError as error:
            raise self._explained(error, subject) from error

    async def close(self) -> None:
        """Kill the agent; what is under way fails with AgentError."""
        await asyncio.wrap_future(self._agent.close())

    async def _ask(
        self, kind: type[T], operation: str, subject: Subject, *, seconds: float | None = None
    ) -> T:
        """Ask, once more if the agent was lost meanwhile: every operation only reads."""
        try:
            try:
                raw = await asyncio.wrap_future(self._request(operation, subject, seconds=seconds))
            except AgentLost:
                raw = await asyncio.wrap_future(self._request(operation, subject, seconds=seconds))
            return _decoded(kind, raw)
        except (Refusal, ClusterError) as error:
            raise self._explained(error, subject) from error

    async def _parts(self, operation: str, subject: Subject) -> AsyncGenerator[msgspec.Raw, None]:
        """Yield the parts of a list as they come."""
        loop = asyncio.get_running_loop()
        parts: asyncio.Queue[msgspec.Raw | None] = asyncio.Queue()
        future = self._request(
            operation, subject, on_part=lambda part: _post(loop, lambda: parts.put_nowait(part))
        )
        future.add_done_callback(lambda _: _post(loop, lambda: parts.put_nowait(None)))
        try:
            while (part := await parts.get()) is not None:
                yield part
            await asyncio.wrap_future(future)
        finally:
            future.cancel()

    def _request(
        self,
        operation: str,
        subject: Subject,
        *,
        seconds: float | None = None,
        on_part: Callable[[msgspec.Raw], None] | None = None,
    ) -> Future[msgspec.Raw]:
        return self._agent.request(
            operation, subject.parameters(), deadline=seconds, on_part=on_part
        )

    def _explained(self, error: Refusal | ClusterError, subject: Subject) -> ClusterError:
        return explained(error, self.site, self.access, subject)


def _decoded(kind: type[T], raw: msgspec.Raw) -> T:
    """Return the answer as ``kind``. Raises AgentError for one of another shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AgentError(f"The agent's answer is malformed: {error}.") from error


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call on ``loop``; a loop that was closed meanwhile has nobody left who waits."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
