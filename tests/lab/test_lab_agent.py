"""The agent against real clusters: true figures, and faults that are told in time."""

import asyncio
import hashlib
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from dcn_lab.lab import Lab, LabSite

from dcn_console.ceph.cluster import Cluster
from dcn_console.ceph.conf import discover
from dcn_console.model.errors import ClusterError, ClusterUnreachable, RbdImageNotFound
from dcn_console.model.sites import ClusterAccess

PYTHON = ("/usr/bin/python3",)
"""Debian's, which has the modules of Ceph."""
MEBIBYTE = 1 << 20
DEADLINE = 12.0
SLACK = 60.0
"""A dead site is told within its deadline and what starting an agent takes on a busy machine."""
PATIENCE = 120.0


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
    if chosen in edge.rbd("ls", pool, "--format", "json"):
        if edge.rbd("snap", "ls", f"{pool}/{chosen}", "--format", "json"):
            edge.rbd("snap", "unprotect", f"{pool}/{chosen}@snap")
            edge.rbd("snap", "purge", f"{pool}/{chosen}", "--no-progress")
        edge.rbd("rm", f"{pool}/{chosen}", "--no-progress")


async def rbd(edge: LabSite, *arguments: str) -> Any:
    """Run `rbd` beside the event loop."""
    return await asyncio.to_thread(edge.rbd, *arguments)


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
        cluster = Cluster(site.name, access(site, fsid=described.fsid, keyring=path), python=PYTHON)
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
    size = 192 * MEBIBYTE
    await rbd(edge, "create", "--size", f"{size}B", f"{pool}/{name}")
    assert await cluster.used_bytes(pool, name) == 0
    writing = asyncio.create_task(
        rbd(
            edge,
            *("bench", f"{pool}/{name}", "--io-type", "write", "--io-size", "4M"),
            *("--io-threads", "1", "--io-total", f"{size}B"),
        )
    )
    seen = [0]
    while not writing.done():
        seen.append(await cluster.used_bytes(pool, name))
    await writing
    seen.append(await cluster.used_bytes(pool, name))
    assert seen == sorted(seen)
    assert len(set(seen)) > 2, "it was seen only empty and full"
    assert seen[-1] == size


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
    await rbd(edge, "create", "--size", "192M", f"{pool}/{name}")
    writing = asyncio.create_task(
        rbd(
            edge,
            *("bench", f"{pool}/{name}", "--io-type", "write", "--io-size", "1M"),
            *("--io-threads", "1", "--io-total", "192M"),
        )
    )

    async def begun() -> bool:
        return writing.done() or await cluster.used_bytes(pool, name) > 0

    await until(begun)
    with pytest.raises(ClusterError, match=r"is not removed: .*(open at|busy)"):
        await cluster.remove_unfinished(pool, name)
    await writing


@pytest.mark.parametrize(
    ("daemon", "end"), [("osd", Lab.stop), ("osd", Lab.kill), ("mon", Lab.stop)]
)
@pytest.mark.parametrize("connected", [False, True])
async def test_a_dead_daemon_is_told_in_time_and_its_return_is_noticed(
    lab: Lab,
    cluster: Cluster,
    edge: LabSite,
    pool: str,
    daemon: str,
    end: Callable[[Lab, str], None],
    connected: bool,
) -> None:
    """An OSD that was killed is still up, at its old address, in the map that one gets then."""
    if connected:
        await cluster.probe(pool)
    name = f"{daemon}.{edge.name}"
    end(lab, name)
    try:
        asked = time.monotonic()
        with pytest.raises(ClusterUnreachable) as caught:
            await (cluster.probe(pool) if daemon == "osd" else cluster.status())
        assert time.monotonic() - asked < DEADLINE + SLACK
        assert f"Site {edge.name}" in caught.value.message
        if daemon == "osd":
            assert (await cluster.status()).fsid == edge.fsid()
    finally:
        lab.start(name)

    async def answers() -> bool:
        try:
            await cluster.status()
            await cluster.probe(pool)
        except ClusterUnreachable:
            return False
        return True

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
        cluster = Cluster(edge.name, access(edge, **changes), deadline=DEADLINE, python=PYTHON)
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
        cluster = Cluster(edge.name, access(edge, python=python), deadline=DEADLINE)
        await cluster.probe(pool)
        await cluster.close()
