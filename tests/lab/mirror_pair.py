"""The hub and the edge that mirror each other, as tests of the agent use them."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab, LabSite

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import (
    ClusterError,
    RbdImageNotFound,
)
from dcn_console.model.mirroring import (
    FEATURE_EXCLUSIVE_LOCK,
    FEATURE_FAST_DIFF,
    FEATURE_JOURNALING,
    FEATURE_OBJECT_MAP,
    RbdDetail,
)
from dcn_console.model.sites import ClusterAccess

PYTHON = ("/usr/bin/python3",)
MEBIBYTE = 1 << 20
OBJECT = 4 * MEBIBYTE
SIZE = 6 * OBJECT - MEBIBYTE
"""Not a whole number of objects, so that the last one is a short one."""
PATIENCE = 600.0
ANSWER_SECONDS = 120.0
"""Within which a healthy cluster answers, on the busiest machine."""
MAPPED = FEATURE_OBJECT_MAP | FEATURE_FAST_DIFF
CHANGEABLE = FEATURE_EXCLUSIVE_LOCK | MAPPED | FEATURE_JOURNALING
"""What mirroring may change; librbd itself marks an RBD image whose snapshots go (bit 256)."""


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = PATIENCE) -> Any:
    """Return the first true answer; a refusal by a cluster or by `rbd` counts as none."""
    last = "nothing"
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    answer = await condition()
                except (ClusterError, LabError) as error:
                    answer, last = None, str(error)
                if answer:
                    return answer
                await asyncio.sleep(0.3)
    except TimeoutError:
        pytest.fail(f"it did not happen; the last word was: {last}")


@dataclass
class Side:
    """One site of the pair."""

    site: LabSite
    cluster: Cluster
    admin: Cluster
    pool: str

    async def rbd(self, *arguments: str) -> Any:
        return await asyncio.to_thread(self.site.rbd, *arguments)

    async def ceph(self, *arguments: str) -> None:
        """Run `ceph` as admin."""
        words = ("ceph", "--conf", str(self.site.conf), "--connect-timeout", "60", *arguments)
        process = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 0, words

    async def detail(self, name: str) -> RbdDetail:
        return await self.cluster.content.detail(self.pool, name)

    async def write(self, name: str, objects: tuple[int, ...], folder: Path) -> None:
        """Write a random quarter of some objects, as soon as a daemon lets go of the lock."""
        patch = folder / f"patch-{uuid.uuid4()}"
        patch.write_bytes(os.urandom(MEBIBYTE))
        script = (
            "import rados, rbd, sys\n"
            "conf, pool, name, path, *offsets = sys.argv[1:]\n"
            "handle = rados.Rados(conffile=conf, rados_id='admin')\n"
            "handle.connect()\n"
            "with handle.open_ioctx(pool) as ioctx, rbd.Image(ioctx, name) as image:\n"
            "    data = open(path, 'rb').read()\n"
            "    for offset in offsets:\n"
            "        image.write(data, int(offset))\n"
        )
        offsets = [str(number * OBJECT) for number in objects]
        words = (str(self.site.conf), self.pool, name, str(patch), *offsets)

        async def written() -> bool:
            process = await asyncio.create_subprocess_exec(
                *PYTHON, "-c", script, *words, stderr=asyncio.subprocess.DEVNULL
            )
            return await process.wait() == 0

        await until(written)

    async def hashes(self, name: str, snapshot_id: int | None = None) -> dict[int, str]:
        """Return the hash of every object that holds data."""
        content = self.cluster.content
        used = await content.used_objects(self.pool, name, snapshot_id)
        assert (used.size, used.object_size) == (SIZE, OBJECT)
        return await content.hash_objects(self.pool, name, used.numbers, snapshot_id)


@dataclass
class Pair:
    """The hub and the edge that mirror each other both ways, and what was made on them."""

    hub: Side
    edge: Side
    others: tuple[Side, ...]
    """Sites that only receive from the hub: they get copies too."""
    names: list[str] = field(default_factory=list)

    def name(self, what: str) -> str:
        """Return a name of an RBD image in the mirrored pool, removed at the end."""
        self.names.append(f"ceph-{what}-{uuid.uuid4().hex[:8]}")
        return self.names[-1]

    async def create(self, what: str, *options: str) -> str:
        name = self.name(what)
        await self.hub.rbd("create", "--size", f"{SIZE}B", *options, f"{self.hub.pool}/{name}")
        return name

    async def clear(self) -> None:
        """Remove what was made, clones before what they were made from."""
        for name in reversed(self.names):
            everywhere = (self.hub, self.edge, *self.others)
            for side in everywhere:
                with suppress(ClusterError):
                    if (await side.detail(name)).mirroring is not None:
                        await side.cluster.mirroring.disable(side.pool, name, force=True)
            for side in everywhere:
                await until(lambda side=side, name=name: self._is_gone(side, name))  # type: ignore[misc]

    async def _is_gone(self, side: Side, name: str) -> bool:
        spec = f"{side.pool}/{name}"
        try:
            for snapshot in (await side.detail(name)).snapshots:
                if snapshot.protected:
                    await side.rbd("snap", "unprotect", f"{spec}@{snapshot.name}")
                await side.rbd("snap", "rm", "--no-progress", f"{spec}@{snapshot.name}")
            await side.rbd("rm", "--no-progress", spec)
        except (RbdImageNotFound, LabError):
            return name not in await side.rbd("ls", side.pool, "--format", "json")
        return True


@asynccontextmanager
async def side_of(lab: Lab, site: LabSite) -> AsyncIterator[Side]:
    """Yield a side with its clusters, closed afterwards."""
    made = {
        user: Cluster(
            site.name,
            ClusterAccess(conf=str(site.conf), user=user),
            deadline=ANSWER_SECONDS,
            python=PYTHON,
        )
        for user in ("openstack", "admin")
    }
    yield Side(site, made["openstack"], made["admin"], lab.topology.mirrored_pool)
    for cluster in made.values():
        await cluster.close()


@asynccontextmanager
async def mirroring_pair(lab: Lab) -> AsyncIterator[Pair]:
    """Return the hub and the first edge."""
    async with AsyncExitStack() as stack:
        sites = (lab.hub, *lab.edges)
        sides = [await stack.enter_async_context(side_of(lab, site)) for site in sites]
        made = Pair(sides[0], sides[1], tuple(sides[2:]))
        yield made
        await made.clear()
