"""The agent against real clusters: true figures, and faults that are told in time."""

import asyncio
import hashlib
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from dcn_lab.errors import LabError
from dcn_lab.execution import wait_until
from dcn_lab.lab import Lab, LabSite

from dcn_console.ceph.cluster import Cluster
from dcn_console.ceph.conf import discover
from dcn_console.model.errors import ClusterError, ClusterUnreachable, RbdImageNotFound
from dcn_console.model.sites import ClusterAccess

PYTHON = ("/usr/bin/python3",)
"""Debian's, which has the modules of Ceph."""
MEBIBYTE = 1 << 20
DEADLINE = 12.0
"""Of a cluster that dies; of one that lives, it is as long as it takes on the busiest machine."""
SLACK = 180.0
"""What starting an agent takes on a busy machine; librados by itself tries for 300 s and more."""
PATIENCE = 600.0
WRITER = """
import os, rados, rbd, sys
conf, pool, name, amount = sys.argv[1:]
with rados.Rados(conffile=conf, rados_id="admin") as handle, handle.open_ioctx(pool) as ioctx:
    with rbd.Image(ioctx, name) as image:
        at = 0
        print("open", flush=True)
        for _ in sys.stdin:
            for _ in range(int(amount) >> 22):
                image.write(os.urandom(4 << 20), at)
                at += 4 << 20
            image.flush()
            print(at, flush=True)
"""


def access(site: LabSite, **changes: Any) -> ClusterAccess:
    """Return the access that a site's own conf gives."""
    return ClusterAccess(**({"conf": str(site.conf), "user": "openstack"} | changes))


@pytest.fixture
def edge(lab: Lab) -> LabSite:
    """Return the last edge."""
    return lab.edges[-1]


@pytest_asyncio.fixture
async def cluster(edge: LabSite) -> AsyncIterator[Cluster]:
    """Return the edge's cluster through an agent."""
    made = Cluster(edge.name, access(edge), deadline=PATIENCE, python=PYTHON)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def dying(edge: LabSite) -> AsyncIterator[Cluster]:
    """Return the edge's cluster, which has to answer soon."""
    made = Cluster(edge.name, access(edge), deadline=DEADLINE, python=PYTHON)
    yield made
    await made.close()


@pytest.fixture
def pool(edge: LabSite) -> str:
    """Return the pool of the edge's Glance store."""
    return edge.pools.images


@pytest.fixture
def name(edge: LabSite, pool: str) -> Iterator[str]:
    """Return a name for an RBD image that is removed at the end, if it was made."""
    chosen = f"agent-test-{uuid.uuid4()}"
    yield chosen
    wait_until(f"end of {chosen}", partial(is_gone, edge, pool, chosen), seconds=PATIENCE)


def is_gone(edge: LabSite, pool: str, name: str) -> bool:
    """Remove an RBD image as soon as nobody has it open; whoever was killed has it for 30 s."""
    spec = f"{pool}/{name}"
    for words in (("snap", "unprotect", f"{spec}@snap"), ("snap", "purge", spec), ("rm", spec)):
        with suppress(LabError):
            edge.rbd(*words)
    return name not in edge.rbd("ls", pool, "--format", "json")


async def rbd(edge: LabSite, *arguments: str) -> Any:
    """Run `rbd` beside the event loop."""
    return await asyncio.to_thread(edge.rbd, *arguments)


@asynccontextmanager
async def written_by_steps(
    edge: LabSite, pool: str, name: str, amount: int
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Have a client hold an RBD image open; each call writes ``amount`` bytes more.

    It returns how many bytes were written so far, in whole objects.
    """
    words = (str(edge.conf), pool, name, str(amount))
    client = await asyncio.create_subprocess_exec(
        *PYTHON, "-c", WRITER, *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    to, said = client.stdin, client.stdout
    assert to is not None
    assert said is not None

    async def step() -> int:
        to.write(b"\n")
        return int(await said.readline())

    try:
        assert await said.readline() == b"open\n"
        yield step
    finally:
        to.close()
        assert await client.wait() == 0


async def until(condition: Callable[[], Any]) -> None:
    """Wait until the awaitable that ``condition`` makes says true."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - another program changes it
            await asyncio.sleep(0.1)


async def test_status_is_what_ceph_says(cluster: Cluster, edge: LabSite) -> None:
    status = await cluster.status()
    assert status.fsid == edge.fsid()
    assert status.health in ("HEALTH_OK", "HEALTH_WARN")
    said = edge.ceph("df")
    assert status.capacity.total == said["stats"]["total_bytes"]
    assert status.capacity.used + status.capacity.available == status.capacity.total
    assert set(status.pools) == {pool["name"] for pool in said["pools"]}
    assert set(await cluster.pools()) == set(status.pools)
    assert status.pools[edge.pools.images].available > 0


async def test_clusters_are_found_with_users_that_connect(lab: Lab) -> None:
    found = {cluster.conf: cluster for cluster in discover(lab.ceph_folder)}
    for site in lab.sites:
        described = found[str(site.conf)]
        assert described.fsid == site.fsid()
        assert described.users[0] == "openstack"
        keyring = described.keyring_of("openstack")
        assert keyring is not None
        path = "" if keyring.is_default else keyring.path
        wanted = access(site, fsid=described.fsid, keyring=path)
        cluster = Cluster(site.name, wanted, deadline=PATIENCE, python=PYTHON)
        await cluster.probe(site.pools.images)
        await cluster.close()


async def test_an_rbd_image_is_seen_as_it_is(
    cluster: Cluster, edge: LabSite, pool: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(RbdImageNotFound):
        await cluster.rbd_image(pool, name)
    data = bytearray(21 * MEBIBYTE + 5)
    data[:100], data[9 * MEBIBYTE : 10 * MEBIBYTE] = os.urandom(100), os.urandom(MEBIBYTE)
    source = tmp_path / "disk.raw"
    source.write_bytes(data)
    await rbd(edge, "import", "--no-progress", str(source), f"{pool}/{name}")
    image = await cluster.rbd_image(pool, name)
    assert (image.size, image.snap, image.snap_protected) == (len(data), False, False)
    await rbd(edge, "snap", "create", "--no-progress", f"{pool}/{name}@snap")
    assert (await cluster.rbd_image(pool, name)).snap_protected is False
    await rbd(edge, "snap", "protect", f"{pool}/{name}@snap")
    assert (await cluster.rbd_image(pool, name)).snap_protected is True
    listed = [image async for part in cluster.rbd_images(pool) for image in part]
    assert {image.name for image in listed} == set(edge.rbd("ls", pool, "--format", "json"))
    assert next(image for image in listed if image.name == name).size == len(data)
    digest = await cluster.digest(pool, name, "snap", "sha512")
    assert digest == hashlib.sha512(data).hexdigest()
    with pytest.raises(ClusterError, match="snapshot snap"):
        await cluster.remove_unfinished(pool, name)


async def test_used_bytes_grow_while_it_is_written(
    cluster: Cluster, edge: LabSite, pool: str, name: str
) -> None:
    steps, size = 4, 48 * MEBIBYTE
    await rbd(edge, "create", "--size", f"{steps * size}B", f"{pool}/{name}")
    assert await cluster.used_bytes(pool, name) == 0
    async with written_by_steps(edge, pool, name, size) as write:
        for _ in range(steps):
            written = await write()
            assert await cluster.used_bytes(pool, name) == written
    assert await cluster.used_bytes(pool, name) == steps * size


async def test_only_a_leftover_is_removed(
    cluster: Cluster, edge: LabSite, pool: str, name: str
) -> None:
    assert await cluster.remove_unfinished(pool, name) is False
    await rbd(edge, "create", "--size", "8M", f"{pool}/{name}")
    assert await cluster.remove_unfinished(pool, name) is True
    assert name not in edge.rbd("ls", pool, "--format", "json")
    with pytest.raises(RbdImageNotFound):
        await cluster.rbd_image(pool, name)


async def test_what_is_being_written_is_not_removed(
    cluster: Cluster, edge: LabSite, pool: str, name: str
) -> None:
    await rbd(edge, "create", "--size", "64M", f"{pool}/{name}")
    async with written_by_steps(edge, pool, name, 4 * MEBIBYTE) as write:
        await write()
        with pytest.raises(ClusterError, match=r"is not removed: .*(open at|busy)"):
            await cluster.remove_unfinished(pool, name)
        assert await write() == 8 * MEBIBYTE


@pytest.mark.parametrize(
    ("daemon", "end"), [("osd", Lab.stop), ("osd", Lab.kill), ("mon", Lab.stop)]
)
@pytest.mark.parametrize("connected", [False, True])
async def test_a_dead_daemon_is_told_in_time_and_its_return_is_noticed(
    lab: Lab,
    dying: Cluster,
    edge: LabSite,
    pool: str,
    daemon: str,
    end: Callable[[Lab, str], None],
    connected: bool,
) -> None:
    """An OSD that was killed is still up, at its old address, in the map that one gets then."""

    async def answers() -> bool:
        try:
            await dying.status()
            await dying.probe(pool)
        except ClusterUnreachable:
            return False
        return True

    async def has_a_monitor() -> bool:
        try:
            return (await dying.status()).fsid == edge.fsid()
        except ClusterUnreachable:
            return False

    if connected:
        await until(answers)
    name = f"{daemon}.{edge.name}"
    end(lab, name)
    try:
        asked = time.monotonic()
        with pytest.raises(ClusterUnreachable) as caught:
            await (dying.probe(pool) if daemon == "osd" else dying.status())
        assert time.monotonic() - asked < DEADLINE + SLACK
        assert f"Site {edge.name}" in caught.value.message
        if daemon == "osd":
            await until(has_a_monitor)
    finally:
        lab.start(name)
    await until(answers)


async def test_an_agent_killed_in_mid_call_costs_nothing(
    cluster: Cluster, edge: LabSite, pool: str, name: str
) -> None:
    await rbd(edge, "create", "--size", "8M", f"{pool}/{name}")
    for _ in range(5):
        calls = [asyncio.ensure_future(cluster.rbd_image(pool, name)) for _ in range(20)]
        await calls[0]
        pid = cluster.agent_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert {image.size for image in await asyncio.gather(*calls)} == {8 * MEBIBYTE}


async def test_credentials_that_do_not_fit_are_explained(
    edge: LabSite, pool: str, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.keyring"
    wrong.write_text(
        "[client.openstack]\n\tkey = AQBAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==\n", encoding="ascii"
    )
    cases = (
        ({"keyring": str(wrong)}, "permission denied to client.openstack"),
        ({"keyring": str(tmp_path / "none")}, "none: No such file"),
        ({"user": "nobody"}, "client.nobody has no keyring"),
        ({"fsid": "0c5a3e7c-0000-4000-8000-000000000000"}, f"this is the cluster {edge.fsid()}"),
        ({"conf": str(tmp_path / "none.conf")}, "none.conf cannot be read"),
    )
    for changes, words in cases:
        cluster = Cluster(edge.name, access(edge, **changes), deadline=PATIENCE, python=PYTHON)
        with pytest.raises(ClusterError) as caught:
            await cluster.probe(pool)
        assert words in caught.value.message
        assert caught.value.way_out
        assert "AQBAAAA" not in str(caught.value)
        await cluster.close()


async def test_a_prefix_reaches_a_real_cluster(edge: LabSite, pool: str) -> None:
    prefixes = (("sh", "-c", 'exec "$@"', "sh"), ("env", "-i"), ("nice", "-n", "1"))
    for prefix in prefixes:
        python = (*prefix, *PYTHON, "-")
        cluster = Cluster(edge.name, access(edge, python=python), deadline=PATIENCE)
        await cluster.probe(pool)
        await cluster.close()
