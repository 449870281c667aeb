"""One Ceph cluster as the rest of the program sees it: typed, asynchronous, bounded in time."""

import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec

from dcn_console.ceph.content import ClusterContent
from dcn_console.ceph.explain import Subject
from dcn_console.ceph.link import ClusterLink
from dcn_console.ceph.mirroring import ClusterMirroring
from dcn_console.model.inventory import Capacity, RbdImage
from dcn_console.model.sites import ClusterAccess

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

    ``mirroring`` and ``content`` are what it can do with mirroring, and inside RBD images.
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
        self._link = ClusterLink(site, access, python, deadline)
        self.mirroring = ClusterMirroring(self._link)
        self.content = ClusterContent(self._link)

    @property
    def agent_pid(self) -> int | None:
        """The id of the agent's process, None while there is none."""
        return self._link.agent_pid

    async def status(self) -> ClusterStatus:
        """Return health, warnings and capacity. The monitors answer it while OSDs are down."""
        status = await self._link.ask(_Status, "status", Subject())
        return ClusterStatus(
            fsid=status.fsid,
            health=status.health,
            warnings=status.warnings,
            capacity=Capacity(total=status.total, used=status.used, available=status.available),
            pools=status.pools,
        )

    async def pools(self) -> tuple[str, ...]:
        """Return the names of all pools, sorted."""
        return await self._link.ask(tuple[str, ...], "pools", Subject())

    async def probe(self, pool: str) -> None:
        """Return once the pool's OSDs have answered a small read that writes nothing."""
        await self._link.ask(dict[str, object], "probe", Subject(pool=pool))

    async def rbd_image(self, pool: str, name: str) -> RbdImage:
        """Return one RBD image with the state of Glance's snapshot. Raises RbdImageNotFound."""
        return await self._link.ask(RbdImage, "rbd_image", Subject(pool=pool, name=name))

    async def used_bytes(self, pool: str, name: str, *, since: str = "") -> int:
        """Return the bytes written to an RBD image, in whole objects. Raises RbdImageNotFound.

        With the name of a snapshot as ``since``, only those written after it.
        """
        subject = Subject(pool=pool, name=name)
        parameters = {"since": since} if since else None
        seconds = self._deadline * _SLOW_FACTOR
        answer = await self._link.ask(_Used, "used_bytes", subject, parameters, seconds=seconds)
        return answer.used

    async def rbd_images(self, pool: str) -> AsyncIterator[tuple[RbdImage, ...]]:
        """Yield all RBD images of a pool, in parts as they are read.

        An agent that is lost before the first part is asked once more.
        """
        source = self._link.parts(tuple[RbdImage, ...], "rbd_images", Subject(pool=pool))
        async with contextlib.aclosing(source) as parts:
            async for part in parts:
                yield part

    async def names(self, pool: str, prefix: str = "") -> tuple[str, ...]:
        """Return the names of a pool's RBD images that begin with ``prefix``, sorted."""
        return await self._names("names", pool, {"prefix": prefix})

    async def trash(self, pool: str) -> tuple[str, ...]:
        """Return the names that RBD images in a pool's trash had; their room is not free yet."""
        return await self._names("trash", pool)

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
        subject = Subject(pool=pool, name=name, snap=snap)
        alone = self._link.alone(
            subject, deadline=_DIGEST_DEADLINE, operation_seconds=_READ_SECONDS
        )
        async with alone as agent:
            parameters = {"snap": snap, "algorithm": algorithm}
            return (await agent.ask(_Digest, "digest", parameters, on_progress)).digest

    async def remove_unfinished(self, pool: str, name: str) -> bool:
        """Remove the RBD image that an interrupted Glance copy left behind; return whether it was.

        As long as it exists, the next copy to that store fails as a duplicate
        (glance_store/_drivers/rbd.py, ``add``). Raises ClusterError for an RBD image that can be
        anything else: one with a snapshot, a watcher (a killed writer's lasts 30 s), a parent or
        mirroring. An agent that is lost meanwhile is not asked again.
        """
        subject = Subject(
            pool=pool,
            name=name,
            failed="is not removed",
            way_out="See `rbd info` and `rbd status`; remove it by hand if it is not needed.",
        )
        return (await self._link.tell(_Removed, "remove_unfinished", subject)).removed

    async def _names(
        self, operation: str, pool: str, parameters: dict[str, str] | None = None
    ) -> tuple[str, ...]:
        source = self._link.parts(tuple[str, ...], operation, Subject(pool=pool), parameters)
        async with contextlib.aclosing(source) as parts:
            return tuple([name async for part in parts for name in part])

    async def close(self) -> None:
        """Kill the agents; what is under way fails with AgentError."""
        await self._link.close()
