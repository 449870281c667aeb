"""A Ceph cluster from memory that answers, fails or hangs, in the place of ``ceph.cluster``."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from dcn_console.ceph.cluster import ClusterStatus, PoolCapacity
from dcn_console.model.errors import ClusterUnreachable, RbdImageNotFound
from dcn_console.model.inventory import Capacity, RbdImage
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorPool,
    SnapshotSchedule,
    SyncProgress,
)


class FakeCluster:
    """The cluster of one site; what a test sets is what it answers from then on."""

    def __init__(self, *names: str) -> None:
        self.images = {name: RbdImage(name=name, size=5, snap=True) for name in names}
        self.used: dict[str, int] = {}
        self.fsid = "f"
        self.pool_names: tuple[str, ...] = ("images", "volumes")
        self.error: str | None = None
        self.osd_error: str | None = None
        self.hanging = False
        self.closed = False
        self.mirroring = FakeMirrorReader(self)

    async def status(self) -> ClusterStatus:
        await self.answer()
        return ClusterStatus(
            fsid=self.fsid,
            health="HEALTH_OK",
            warnings=(),
            capacity=Capacity(total=100, used=40, available=60),
            pools={"images": PoolCapacity(used=4, available=33)},
        )

    async def pools(self) -> tuple[str, ...]:
        await self.answer()
        return self.pool_names

    async def probe(self, pool: str) -> None:
        await self.answer()
        assert pool
        if self.osd_error is not None:
            raise ClusterUnreachable(self.osd_error)

    async def rbd_images(self, pool: str) -> AsyncIterator[tuple[RbdImage, ...]]:
        await self.answer()
        assert pool in self.pool_names
        for image in list(self.images.values()):
            yield (image,)

    async def rbd_image(self, pool: str, name: str) -> RbdImage:
        await self.answer()
        if name not in self.images or pool not in self.pool_names:
            raise RbdImageNotFound(f"{pool}/{name}")
        return self.images[name]

    async def used_bytes(self, pool: str, name: str, *, since: str = "") -> int:
        await self.answer()
        if pool not in self.pool_names:
            raise RbdImageNotFound(f"{pool}/{name}")
        return self.used.get(name, 0)

    async def close(self) -> None:
        self.closed = True

    async def answer(self) -> None:
        if self.hanging:
            await asyncio.Event().wait()
        if self.error is not None:
            raise ClusterUnreachable(self.error)


class FakeMirrorReader:
    """What a cluster tells of mirroring.

    ``asked`` counts what was asked of it; ``hung`` is set once somebody waits in vain for a
    manager.
    """

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self.asked: Counter[str] = Counter()
        self.pools: dict[str, MirrorPool] = {}
        self.mirrored: dict[str, list[MirrorImage]] = {}
        self.running: tuple[MirrorDaemon, ...] = ()
        self.planned: tuple[SnapshotSchedule, ...] = ()
        self.arrived: dict[str, SyncProgress] = {}
        self.manager_error: str | None = None
        self.manager_hangs = False
        self.hung = asyncio.Event()

    async def pool(self, pool: str) -> MirrorPool:
        await self._answer("pool")
        if pool not in self._cluster.pool_names:
            raise RbdImageNotFound(pool)
        return self.pools.get(pool, MirrorPool(name=pool))

    async def images(self, pool: str) -> AsyncIterator[tuple[MirrorImage, ...]]:
        await self._answer("images")
        for image in list(self.mirrored.get(pool, ())):
            yield (image,)

    async def daemons(self, pool: str) -> tuple[MirrorDaemon, ...]:
        await self._manager("daemons", pool)
        return self.running

    async def schedules(self, pool: str) -> tuple[SnapshotSchedule, ...]:
        await self._manager("schedules", pool)
        return self.planned

    async def progress(self, pool: str, name: str) -> SyncProgress:
        await self._answer("progress")
        if name not in self.arrived:
            raise RbdImageNotFound(f"{pool}/{name}")
        return self.arrived[name]

    async def _answer(self, what: str) -> None:
        self.asked[what] += 1
        await self._cluster.answer()

    async def _manager(self, what: str, pool: str) -> None:
        await self._answer(what)
        assert pool in self.pools
        if self.manager_hangs:
            self.hung.set()
            await asyncio.Event().wait()
        if self.manager_error is not None:
            raise ClusterUnreachable(self.manager_error)
