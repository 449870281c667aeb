"""Mirrored RBD images of the contract tests: a pair of sites, what both say, and their end."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from contract_dcn import Dcn, access_of

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.mirroring import MirrorImage, MirrorMode, RbdDetail, ReplayState

T = TypeVar("T")
OBJECT = 4 << 20
SIZE = 6 * OBJECT - (1 << 20)
"""The last object is a short one."""
OBJECTS = 3
PATIENCE = 600.0
"""Seconds: daemons report every 30 s at most, and the machine may be busy."""


async def until(
    look: Callable[[], Awaitable[T]], is_right: Callable[[T], bool] = bool, what: str = ""
) -> T:
    """Look until it is right; a refusal counts as not right. Fail with the last at the deadline."""
    last: object = None
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    seen = await look()
                    if is_right(seen):
                        return seen
                    last = seen
                except ClusterError as error:
                    last = error
                await asyncio.sleep(0.3)
    except TimeoutError:
        raise AssertionError(f"{what or 'it'} did not happen; the last was {last!r}") from None


@dataclass(frozen=True)
class Side:
    """The RBD image at one site."""

    site: str
    cluster: Cluster
    pool: str
    name: str

    async def said(self) -> MirrorImage | None:
        """What the cluster says in its list, None when it is not in it."""
        async for part in self.cluster.mirroring.images(self.pool):
            for image in part:
                if image.name == self.name:
                    return image
        return None

    async def text(self) -> str:
        """What the site's own daemon reported last, "" for nothing."""
        image = (await self.detail()).mirroring
        return image.status.description if image is not None and image.status is not None else ""

    async def state(self) -> ReplayState | None:
        """The state that the site's own daemon reported last."""
        image = await self.said()
        return image.status.state if image is not None and image.status is not None else None

    async def detail(self) -> RbdDetail:
        """Everything about it."""
        return await self.cluster.content.detail(self.pool, self.name)

    async def exists(self) -> bool:
        """Whether it is there."""
        try:
            await self.detail()
        except RbdImageNotFound:
            return False
        return True

    async def hashes(self, snapshot_id: int | None = None) -> dict[int, str]:
        """The hash of every object that holds data."""
        content = self.cluster.content
        used = await content.used_objects(self.pool, self.name, snapshot_id)
        assert (used.size, used.object_size) == (SIZE, OBJECT)
        return await content.hash_objects(self.pool, self.name, used.numbers, snapshot_id)


@dataclass(frozen=True)
class Pair:
    """An RBD image of the hub that the first edge may get."""

    dcn: Dcn
    hub: Side
    edge: Side

    async def write(self, side: Side, *objects: int) -> None:
        """Write random data on a side, as soon as its daemon lets go of the exclusive lock."""

        async def written() -> bool:
            await asyncio.to_thread(self.dcn.plant.write, side.site, side.name, objects)
            return True

        await until(written, what=f"writing {side.name} at {side.site}")

    async def enable(self, mode: MirrorMode) -> None:
        """Enable mirroring at the hub, and wait until the edge has all and says so."""
        await self.hub.cluster.mirroring.enable(self.hub.pool, self.hub.name, mode)
        await self.arrives(self.hub, self.edge)

    async def arrives(self, source: Side, destination: Side) -> None:
        """Wait until the destination replays and holds what the source does."""
        await until(
            destination.state,
            lambda state: state is ReplayState.REPLAYING,
            f"{destination.site} replaying {destination.name}",
        )
        wanted = await source.hashes()
        await until(destination.hashes, lambda seen: seen == wanted, "equal content")

    async def demote(self, primary: Side, other: Side) -> None:
        """Demote a side, and wait until both say that no side is primary."""
        await primary.cluster.mirroring.demote(primary.pool, primary.name)
        for side in (primary, other):
            await until(side.text, lambda text: text == "remote image is not primary")

    async def end(self) -> None:
        """Mirror no more, and remove what is left at every site."""
        for side in (self.hub, self.edge):
            with suppress(RbdImageNotFound):
                if (await side.detail()).mirroring is not None:
                    await side.cluster.mirroring.disable(side.pool, side.name, force=True)
        for site in self.dcn.topology:
            side = side_of(self.dcn, site.name, self.hub.name)
            await until(lambda side=side: self._is_gone(side))  # type: ignore[misc]

    async def _is_gone(self, side: Side) -> bool:
        with suppress(ClusterError):
            if (await side.detail()).mirroring is not None:
                await side.cluster.mirroring.disable(side.pool, side.name, force=True)
        await asyncio.to_thread(self.dcn.plant.remove, side.site, side.name)
        return not await side.exists()


def side_of(dcn: Dcn, site: str, name: str) -> Side:
    """Return the RBD image of that name in a site's pool of volumes."""
    access = access_of(next(item for item in dcn.topology if item.name == site))
    return Side(site, dcn.admin.services.clusters[site], access.volumes_pool, name)


@asynccontextmanager
async def made_pair(dcn: Dcn, *, parent: str = "") -> AsyncIterator[Pair]:
    """Make an RBD image at the hub, or a clone of ``parent``, and remove every trace at the end."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    edge = dcn.topology.edges[0].name
    pair = Pair(dcn, side_of(dcn, dcn.hub.name, name), side_of(dcn, edge, name))
    try:
        await asyncio.to_thread(dcn.plant.create, dcn.hub.name, name, SIZE, OBJECTS, parent)
        yield pair
    finally:
        await pair.end()
