"""Reading mirroring from one site's cluster: settings and RBD images, and what the manager tells.

The manager (mgr) is asked apart from all else: while it is down or hangs, everything but daemons
and schedules is still read.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

import msgspec

from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.inventory import MirroredPool
from dcn_console.model.mirroring import (
    MirrorDaemon,
    MirrorImage,
    MirrorPool,
    PoolMode,
    SnapshotSchedule,
    SyncProgress,
)
from dcn_console.model.sites import Site

T = TypeVar("T")


class MirrorReader(Protocol):
    """What is read of a cluster's mirroring; ``ceph.mirroring.ClusterMirroring`` is one.

    Everything raises ClusterError.
    """

    async def pool(self, pool: str) -> MirrorPool:
        """Mode, names and peers of a pool; raises RbdImageNotFound where there is no such pool."""

    async def daemons(self, pool: str) -> tuple[MirrorDaemon, ...]:
        """The rbd-mirror daemons, from the manager."""

    def images(self, pool: str) -> AsyncIterator[tuple[MirrorImage, ...]]:
        """All mirrored RBD images of a pool, in parts."""

    async def schedules(self, pool: str) -> tuple[SnapshotSchedule, ...]:
        """The schedules of a pool and its RBD images, from the manager."""

    async def progress(self, pool: str, name: str) -> SyncProgress:
        """How much of a sync has arrived; raises RbdImageNotFound."""


class ManagerWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster's manager told of a pool, each None when it did not, and why."""

    daemons: tuple[MirrorDaemon, ...] | None = None
    schedules: tuple[SnapshotSchedule, ...] | None = None
    error: str = ""


def pools_of(site: Site) -> tuple[str, ...]:
    """Return the names of a site's pools that may be mirrored."""
    if site.cluster is None:
        return ()
    names = (site.cluster.volumes_pool, site.cluster.images_pool)
    return tuple(dict.fromkeys(name for name in names if name))


async def read_pools(reader: MirrorReader, names: Iterable[str]) -> tuple[MirroredPool, ...]:
    """Return those of the pools that have mirroring on, with their RBD images.

    Daemons and schedules are left out. A pool that the cluster lacks is no error. Raises
    ClusterError.
    """
    found = []
    for name in names:
        try:
            pool = await reader.pool(name)
        except RbdImageNotFound:
            continue
        if pool.mode is not PoolMode.DISABLED:
            images = [image async for part in reader.images(name) for image in part]
            found.append(MirroredPool(pool=pool, images=tuple(images)))
    return tuple(found)


async def read_manager(
    reader: MirrorReader, pool: str, seconds: float | None = None
) -> ManagerWord:
    """Return what the manager tells within so many seconds; never raises ClusterError."""
    daemons, schedules = await asyncio.gather(
        _told(lambda: reader.daemons(pool), seconds),
        _told(lambda: reader.schedules(pool), seconds),
    )
    errors = dict.fromkeys(one for one in (daemons, schedules) if isinstance(one, str))
    return ManagerWord(
        daemons=None if isinstance(daemons, str) else daemons,
        schedules=None if isinstance(schedules, str) else schedules,
        error=" ".join(errors),
    )


def with_manager(pool: MirroredPool, word: ManagerWord) -> MirroredPool:
    """Return the pool with what the manager told; what it did not tell stays as last told."""
    return msgspec.structs.replace(
        pool,
        daemons=pool.daemons if word.daemons is None else word.daemons,
        schedules=pool.schedules if word.schedules is None else word.schedules,
        daemons_error=word.error,
    )


async def _told(ask: Callable[[], Awaitable[T]], seconds: float | None) -> T | str:
    try:
        async with asyncio.timeout(seconds):
            return await ask()
    except ClusterError as error:
        return str(error)
    except TimeoutError:
        return "The cluster's manager gave no answer in time."
