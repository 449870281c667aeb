"""Mirroring and content through the agent, on real rbd-mirror daemons and in both modes."""

import asyncio
import hashlib
import logging
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab, LabSite

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import (
    ClusterError,
    RbdImageBusy,
    RbdImageExists,
    RbdImageNotFound,
)
from dcn_console.model.mirroring import (
    FEATURE_EXCLUSIVE_LOCK,
    FEATURE_FAST_DIFF,
    FEATURE_JOURNALING,
    FEATURE_LAYERING,
    FEATURE_OBJECT_MAP,
    FLAG_OBJECT_MAP_INVALID,
    MirrorMode,
    PeerDirection,
    PoolMode,
    RbdDetail,
    ReplayState,
)
from dcn_console.model.sites import ClusterAccess

PYTHON = ("/usr/bin/python3",)
MEBIBYTE = 1 << 20
OBJECT = 4 * MEBIBYTE
SIZE = 6 * OBJECT - MEBIBYTE
"""Not a whole number of objects, so that the last one is a short one."""
PATIENCE = 240.0
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
        words = ("ceph", "--conf", str(self.site.conf), "--connect-timeout", "10", *arguments)
        process = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 0, words

    async def detail(self, name: str) -> RbdDetail:
        return await self.cluster.content.detail(self.pool, name)

    async def write(self, name: str, objects: tuple[int, ...], folder: Path) -> None:
        """Write a random quarter of some objects."""
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
        process = await asyncio.create_subprocess_exec(*PYTHON, "-c", script, *words)
        assert await process.wait() == 0

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
            for side in (self.hub, self.edge):
                with suppress(ClusterError):
                    if (await side.detail(name)).mirroring is not None:
                        await side.cluster.mirroring.disable(side.pool, name, force=True)
            for side in (self.hub, self.edge):
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
        user: Cluster(site.name, ClusterAccess(conf=str(site.conf), user=user), python=PYTHON)
        for user in ("openstack", "admin")
    }
    yield Side(site, made["openstack"], made["admin"], lab.topology.mirrored_pool)
    for cluster in made.values():
        await cluster.close()


@pytest_asyncio.fixture
async def pair(lab: Lab) -> AsyncIterator[Pair]:
    """Return the hub and the first edge."""
    async with side_of(lab, lab.hub) as hub, side_of(lab, lab.edges[0]) as edge:
        made = Pair(hub, edge)
        yield made
        await made.clear()


async def synced(source: Side, target: Side, name: str, mode: MirrorMode) -> None:
    """Wait until the secondary has what the primary has, and compare the data."""
    if mode is MirrorMode.SNAPSHOT:
        newest = await source.cluster.mirroring.snapshot(source.pool, name)

        async def arrived() -> bool:
            shots = (await target.detail(name)).mirror_snapshots
            return bool(shots) and shots[-1].complete and shots[-1].primary_snapshot_id == newest

        await until(arrived)
        assert await source.hashes(name, newest) == await target.hashes(name)
        return

    async def equal() -> bool:
        return await source.hashes(name) == await target.hashes(name)

    await until(equal)


async def relocate(source: Side, target: Side, name: str) -> None:
    """Demote here and promote there, as soon as it is allowed."""
    with pytest.raises(RbdImageBusy, match="is not promoted: it is primary at a peer"):
        await target.cluster.mirroring.promote(target.pool, name)
    await source.cluster.mirroring.demote(source.pool, name)
    with pytest.raises(ClusterError, match="is not demoted: it is not primary here"):
        await source.cluster.mirroring.demote(source.pool, name)

    async def promoted() -> bool:
        await target.cluster.mirroring.promote(target.pool, name)
        return True

    await until(promoted)
    mirroring = (await target.detail(name)).mirroring
    assert mirroring is not None
    assert mirroring.primary


async def follows(target: Side, name: str) -> bool:
    """Whether the daemon at a secondary says that it replays."""
    mirroring = (await target.detail(name)).mirroring
    status = mirroring.status if mirroring is not None else None
    return status is not None and status.up and status.state is ReplayState.REPLAYING


async def life_of_a_mirror(pair: Pair, mode: MirrorMode, folder: Path) -> None:
    """Enable, sync, relocate there and back, resync, disable; compare the data at every stop."""
    hub, edge = pair.hub, pair.edge
    name = await pair.create(mode.value)
    await hub.write(name, (0, 2, 5), folder)
    before = (await hub.detail(name)).features
    await hub.cluster.mirroring.enable(hub.pool, name, mode)
    with pytest.raises(ClusterError, match="is not resynced: it is primary here"):
        await hub.cluster.mirroring.resync(hub.pool, name)

    async def has_all() -> bool:
        seen = await edge.cluster.mirroring.progress(edge.pool, name)
        assert seen.total == SIZE
        assert seen.done is not None
        return seen.done >= 2 * OBJECT

    await until(has_all)
    await synced(hub, edge, name, mode)
    await until(lambda: follows(edge, name))

    await relocate(hub, edge, name)
    await edge.write(name, (1, 2), folder)
    await until(lambda: follows(hub, name))
    await synced(edge, hub, name, mode)
    await relocate(edge, hub, name)
    await hub.write(name, (3,), folder)
    await until(lambda: follows(edge, name))
    await synced(hub, edge, name, mode)

    first = (await edge.detail(name)).id
    await edge.cluster.mirroring.resync(edge.pool, name)

    async def is_another() -> bool:
        return (await edge.detail(name)).id != first

    await until(is_another)
    await synced(hub, edge, name, mode)
    await hub.cluster.mirroring.disable(hub.pool, name)
    after = await hub.detail(name)
    assert after.mirroring is None
    assert after.features & CHANGEABLE == before & CHANGEABLE

    async def is_gone() -> bool:
        return name not in await edge.rbd("ls", edge.pool, "--format", "json")

    await until(is_gone)


async def test_both_modes_there_and_back(pair: Pair, tmp_path: Path) -> None:
    await asyncio.gather(*(life_of_a_mirror(pair, mode, tmp_path) for mode in MirrorMode))


async def test_what_is_said_is_what_rbd_says(pair: Pair, tmp_path: Path) -> None:
    hub, edge = pair.hub, pair.edge
    name = await pair.create("said")
    await hub.write(name, (0,), tmp_path)
    await hub.cluster.mirroring.enable(hub.pool, name, MirrorMode.SNAPSHOT)
    for side in (hub, edge):
        await until(lambda side=side: said_alike(side, name))  # type: ignore[misc]
        said = await side.rbd("mirror", "pool", "info", side.pool, "--all", "--format", "json")
        pool = await side.admin.mirroring.pool(side.pool)
        assert (pool.mode, pool.site_name) == (said["mode"], said["site_name"])
        assert {(peer.uuid, peer.site_name, peer.direction) for peer in pool.peers} == {
            (peer["uuid"], peer["site_name"], peer["direction"]) for peer in said["peers"]
        }
        assert [daemon.leader for daemon in await side.admin.mirroring.daemons(side.pool)] == [True]
        assert len(await side.cluster.mirroring.daemons(side.pool)) == 1
    there = await edge.admin.mirroring.pool(edge.pool)
    here = (await hub.detail(name)).mirroring
    assert here is not None
    assert there.mirror_uuid in {report.mirror_uuid for report in here.remote}


async def said_alike(side: Side, name: str) -> bool:
    """Whether list, detail and `rbd mirror image status` agree on a mirrored RBD image."""
    said = await side.rbd("mirror", "image", "status", f"{side.pool}/{name}", "--format", "json")
    parts = [part async for part in side.cluster.mirroring.images(side.pool)]
    listed = next((image for part in parts for image in part if image.name == name), None)
    if listed is None or listed.status is None or "last_update" not in said:
        return False
    status = listed.status
    assert status.reported_at is not None
    alike = (
        listed.global_id == said["global_id"]
        and f"{'up' if status.up else 'down'}+{status.state}" == said["state"]
        and said["description"].startswith(status.description)
        and f"{status.reported_at:%Y-%m-%d %H:%M:%S}" == said["last_update"]
    )
    return alike and (await side.detail(name)).mirroring == listed


async def test_features_come_and_go_in_any_state(pair: Pair) -> None:
    name = await pair.create("features", "--image-feature", "layering")
    content, pool = pair.hub.cluster.content, pair.hub.pool
    wanted = FEATURE_EXCLUSIVE_LOCK | MAPPED | FEATURE_JOURNALING
    for _ in range(2):
        await content.set_features(pool, name, enable=wanted)
        detail = await pair.hub.detail(name)
        assert detail.features == FEATURE_LAYERING | wanted
    assert detail.flags & FLAG_OBJECT_MAP_INVALID
    await content.rebuild_object_map(pool, name)
    assert (await pair.hub.detail(name)).flags == 0
    await content.set_features(pool, name, disable=FEATURE_JOURNALING | FEATURE_FAST_DIFF)
    assert (await pair.hub.detail(name)).features == FEATURE_LAYERING | FEATURE_EXCLUSIVE_LOCK
    for _ in range(2):
        await content.set_features(pool, name, disable=wanted)
        assert (await pair.hub.detail(name)).features == FEATURE_LAYERING
    with pytest.raises(ClusterError, match="cannot all be changed"):
        await content.set_features(pool, name, disable=32)


async def test_a_clone_is_refused_until_it_is_flat(pair: Pair, tmp_path: Path) -> None:
    hub = pair.hub
    parent = await pair.create("parent")
    clone = pair.name("clone")
    await hub.write(parent, (0, 1), tmp_path)
    await hub.cluster.content.create_snapshot(hub.pool, parent, "base")
    with pytest.raises(RbdImageExists, match="gets no snapshot"):
        await hub.cluster.content.create_snapshot(hub.pool, parent, "base")
    await hub.rbd("snap", "protect", f"{hub.pool}/{parent}@base")
    await hub.rbd("clone", f"{hub.pool}/{parent}@base", f"{hub.pool}/{clone}")
    detail = await hub.detail(clone)
    assert detail.parent is not None
    assert (detail.parent.image, detail.parent.snapshot) == (parent, "base")
    assert (await hub.detail(parent)).children == 1
    for mode in MirrorMode:
        with pytest.raises(ClusterError, match=rf"not enabled for the parent.*{parent}@base"):
            await hub.cluster.mirroring.enable(hub.pool, clone, mode)
    assert await hub.hashes(clone) == await hub.hashes(parent)
    await hub.cluster.content.flatten(hub.pool, clone)
    assert (await hub.detail(clone)).parent is None
    assert await hub.hashes(clone) == await hub.hashes(parent)


async def test_schedules_come_and_go(pair: Pair) -> None:
    hub = pair.hub
    name = await pair.create("scheduled")
    mirroring = hub.cluster.mirroring
    with pytest.raises(ClusterError, match="not in snapshot mirror mode"):
        await mirroring.add_schedule(hub.pool, name, "6h")
    await mirroring.enable(hub.pool, name, MirrorMode.SNAPSHOT)

    async def known() -> set[str]:
        found = await mirroring.schedules(hub.pool)
        return {schedule.interval for schedule in found if schedule.image == name}

    await mirroring.add_schedule(hub.pool, name, "6h")
    await mirroring.add_schedule(hub.pool, name, "1d")
    assert await known() == {"6h", "1d"}
    with pytest.raises(ClusterError, match="Invalid interval"):
        await mirroring.add_schedule(hub.pool, name, "often")
    for _ in range(2):
        await mirroring.remove_schedule(hub.pool, name, "6h")
        assert await known() == {"1d"}
    await mirroring.remove_schedule(hub.pool, name, "1d")
    assert await known() == set()


async def test_copies_inside_a_cluster_have_an_owner(pair: Pair, tmp_path: Path) -> None:
    hub, content = pair.hub, pair.hub.cluster.content
    source, copy = await pair.create("source"), pair.name("copy")
    await hub.write(source, (0, 3, 5), tmp_path)
    await content.create_snapshot(hub.pool, source, "dcn-console.point")
    point = (await hub.detail(source)).snapshots[0].id
    expected = await hub.hashes(source)
    await hub.write(source, (1, 3), tmp_path)
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        await content.copy_within(
            hub.pool, source, hub.pool, copy, "task-1", point, lambda *now: seen.append(now)
        )
        assert await hub.hashes(copy) == expected == await hub.hashes(source, point)
    assert all(done <= total for done, total in seen)
    used = await hub.cluster.used_bytes(hub.pool, copy)
    assert used == 3 * OBJECT - MEBIBYTE
    with pytest.raises(RbdImageExists):
        await content.copy_within(hub.pool, source, hub.pool, copy, "task-2", point)
    with pytest.raises(RbdImageExists, match="is not copied"):
        await content.copy_within(hub.pool, copy, hub.pool, source, "task-1")
    with pytest.raises(RbdImageExists, match="is not removed"):
        await content.remove_owned(hub.pool, source, "task-1")
    assert await content.remove_owned(hub.pool, copy, "task-1") is True
    assert await content.remove_owned(hub.pool, copy, "task-1") is False
    with pytest.raises(ClusterError, match="not ours"):
        await content.remove_snapshot(hub.pool, source, "base")
    await content.remove_snapshot(hub.pool, source, "dcn-console.point")
    assert (await hub.detail(source)).snapshots == ()


async def test_a_copy_that_was_killed_is_started_again(pair: Pair, tmp_path: Path) -> None:
    hub, content = pair.hub, pair.hub.cluster.content
    source, copy = await pair.create("long"), pair.name("again")
    await hub.write(source, (0, 1, 2, 3, 4, 5), tmp_path)
    begun = asyncio.Event()
    task = asyncio.create_task(
        content.copy_within(
            hub.pool, source, hub.pool, copy, "task-1", on_progress=lambda *_: begun.set()
        )
    )
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await content.copy_within(hub.pool, source, hub.pool, copy, "task-1")
    assert await hub.hashes(copy) == await hub.hashes(source)
    assert await content.remove_owned(hub.pool, copy, "task-1")
    assert not [
        name
        for name in await hub.rbd("ls", hub.pool, "--format", "json")
        if name.startswith("dcn-console.")
    ]


async def test_bytes_are_read_and_hashed_as_they_are(pair: Pair, tmp_path: Path) -> None:
    hub, content = pair.hub, pair.hub.cluster.content
    name = pair.name("bytes")
    data = bytearray(SIZE)
    data[3 : OBJECT + 5], data[-7:] = os.urandom(OBJECT + 2), b"the end"
    path = tmp_path / "disk.raw"
    path.write_bytes(data)
    await hub.rbd("import", "--no-progress", str(path), f"{hub.pool}/{name}")
    assert await content.read(hub.pool, name, 0, OBJECT) == data[:OBJECT]
    assert await content.read(hub.pool, name, SIZE - 7, 100) == b"the end"
    assert await content.read(hub.pool, name, SIZE + 7, 100) == b""
    with pytest.raises(ClusterError, match="at most"):
        await content.read(hub.pool, name, 0, OBJECT + 1)
    steps: list[tuple[int, int]] = []
    hashes = await content.hash_objects(
        hub.pool, name, range(6), on_progress=lambda *now: steps.append(now)
    )
    assert hashes == {
        number: hashlib.sha256(data[number * OBJECT : (number + 1) * OBJECT]).hexdigest()
        for number in range(6)
    }
    assert steps[-1] == (6, 6)
    used = await content.used_objects(hub.pool, name)
    assert used.numbers == (0, 1, 5)
    with pytest.raises(ClusterError, match="no object 6"):
        await content.hash_objects(hub.pool, name, (6,))
    for ask in (content.detail, content.used_objects):
        with pytest.raises(RbdImageNotFound):
            await ask(hub.pool, f"{name}-not")


async def test_two_clusters_become_peers_without_a_token_seen(
    lab: Lab, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pool = f"ceph-peers-{uuid.uuid4().hex[:8]}"
    hub, edge = pair.hub, pair.edge
    try:
        for side in (hub, edge):
            await side.ceph("osd", "pool", "create", pool, "1")
            await side.rbd("pool", "init", pool)
        assert (await hub.cluster.mirroring.pool(pool)).mode is PoolMode.DISABLED
        with pytest.raises(ClusterError, match=r"denied to client\.openstack"):
            await hub.cluster.mirroring.check_peer_permission()
        await hub.admin.mirroring.check_peer_permission()
        for side in (hub, edge):
            await side.cluster.mirroring.set_pool_mode(pool, PoolMode.IMAGE)
        with pytest.raises(ClusterError, match=r"denied to client\.openstack") as caught:
            await hub.cluster.mirroring.connect_peer(pool, edge.cluster, PeerDirection.BOTH)
        assert "admin" in caught.value.way_out
        await hub.admin.mirroring.set_site_name(
            (await hub.admin.mirroring.pool(hub.pool)).site_name
        )
        await hub.admin.mirroring.connect_peer(pool, edge.admin, PeerDirection.BOTH)
        for side, other in ((hub, edge), (edge, hub)):
            known = (await side.admin.mirroring.pool(pool)).peers
            assert [peer.site_name for peer in known] == [other.site.cluster]
            assert known[0].direction is PeerDirection.BOTH
        with pytest.raises(ClusterError) as again:
            await hub.admin.mirroring.connect_peer(pool, hub.admin, PeerDirection.RECEIVE)
        assert "gets no new peer" in again.value.message
        assert "eyJ" not in caplog.text + str(again.value) + str(caught.value)
        for side in (hub, edge):
            for peer in (await side.admin.mirroring.pool(pool)).peers:
                with pytest.raises(ClusterError, match="permission denied"):
                    await side.cluster.mirroring.remove_peer(pool, peer.uuid)
                await side.admin.mirroring.remove_peer(pool, peer.uuid)
            await side.cluster.mirroring.set_pool_mode(pool, PoolMode.DISABLED)
            assert (await side.cluster.mirroring.pool(pool)).peers == ()
    finally:
        for side in (hub, edge):
            await side.ceph("osd", "pool", "rm", pool, pool, "--yes-i-really-really-mean-it")
