"""A Ceph cluster from memory that answers, fails or hangs, in the place of ``ceph.cluster``."""

import asyncio
from collections.abc import AsyncIterator

from dcn_console.ceph.cluster import ClusterStatus, PoolCapacity
from dcn_console.model.errors import ClusterUnreachable, RbdImageNotFound
from dcn_console.model.inventory import Capacity, RbdImage


class FakeCluster:
    """The cluster of one site; what a test sets is what it answers from then on."""

    def __init__(self, *names: str) -> None:
        self.images = {name: RbdImage(name=name, size=5, snap=True) for name in names}
        self.fsid = "f"
        self.pool_names: tuple[str, ...] = ("images", "volumes")
        self.error: str | None = None
        self.osd_error: str | None = None
        self.hanging = False
        self.closed = False

    async def status(self) -> ClusterStatus:
        await self._answer()
        return ClusterStatus(
            fsid=self.fsid,
            health="HEALTH_OK",
            warnings=(),
            capacity=Capacity(total=100, used=40, available=60),
            pools={"images": PoolCapacity(used=4, available=33)},
        )

    async def pools(self) -> tuple[str, ...]:
        await self._answer()
        return self.pool_names

    async def probe(self, pool: str) -> None:
        await self._answer()
        assert pool
        if self.osd_error is not None:
            raise ClusterUnreachable(self.osd_error)

    async def rbd_images(self, pool: str) -> AsyncIterator[tuple[RbdImage, ...]]:
        await self._answer()
        assert pool in self.pool_names
        for image in list(self.images.values()):
            yield (image,)

    async def rbd_image(self, pool: str, name: str) -> RbdImage:
        await self._answer()
        if name not in self.images or pool not in self.pool_names:
            raise RbdImageNotFound(f"{pool}/{name}")
        return self.images[name]

    async def close(self) -> None:
        self.closed = True

    async def _answer(self) -> None:
        if self.hanging:
            await asyncio.Event().wait()
        if self.error is not None:
            raise ClusterUnreachable(self.error)
