"""One cluster through the facade: what it answers, and what it says when it can't."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from ceph_interpreter import make_interpreter
from made_up_site import MIB, PATIENCE_SECONDS, Site, until

from dcn_console.ceph.cluster import Cluster, ClusterStatus, PoolCapacity
from dcn_console.model.errors import (
    AgentError,
    ClusterError,
    ClusterUnreachable,
    RbdImageNotFound,
)
from dcn_console.model.inventory import Capacity, RbdChild, RbdImage
from dcn_console.model.sites import ClusterAccess

SCRIPT = Path(__file__).parents[1] / "support" / "scripted_agent.py"


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Return a made-up site that is well."""
    made = Site(tmp_path)
    yield made
    await made.cluster.close()


async def until_it_answers(site: Site) -> None:
    """Wait until the OSDs answer again, however short the deadlines of the site are."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(ClusterUnreachable):
                return await site.cluster.probe("images")


def scripted(way: str = "ok") -> Cluster:
    """Return a cluster behind the scripted agent, which knows none of the operations."""
    command = (sys.executable, "-I", str(SCRIPT), way)
    return Cluster("dcn1", ClusterAccess(conf="/etc/ceph/dcn1.conf", command=command))


async def test_status_has_health_warnings_and_capacity(site: Site) -> None:
    assert await site.cluster.status() == ClusterStatus(
        fsid="f-1",
        health="HEALTH_WARN",
        warnings=("1 osds down",),
        capacity=Capacity(total=100, used=30, available=70),
        pools={"images": PoolCapacity(used=10, available=35)},
    )


@pytest.mark.parametrize(("quota", "left"), [(0, 35), (25, 15), (10, 0), (5, 0), (1000, 35)])
async def test_a_pools_quota_bounds_what_is_available(site: Site, quota: int, left: int) -> None:
    stats = {"stored": 10, "bytes_used": 20, "max_avail": 35, "quota_bytes": quota}
    site.change(df={"stats": {}, "pools": [{"name": "images", "stats": stats}]})
    pools = (await site.cluster.status()).pools
    assert pools["images"] == PoolCapacity(used=10, available=left)


async def test_pools_and_probe(site: Site) -> None:
    assert await site.cluster.pools() == ("images", "volumes")
    await site.cluster.probe("images")
    with pytest.raises(ClusterError, match="Site dcn0: there is no pool nope"):
        await site.cluster.probe("nope")


async def test_an_rbd_image_and_its_snapshot(site: Site) -> None:
    site.put("bare", snaps={})
    site.put("open", snaps={"snap": False})
    look = site.cluster.rbd_image
    assert await look("images", "sparse") == RbdImage(
        name="sparse", size=41 * MIB, snap=True, snap_protected=True
    )
    bare = await look("images", "bare")
    assert (bare.snap, bare.snap_protected) == (False, False)
    unprotected = await look("images", "open")
    assert (unprotected.snap, unprotected.snap_protected) == (True, False)
    with pytest.raises(RbdImageNotFound, match="Site dcn0: there is no RBD image images/gone"):
        await look("images", "gone")


@pytest.mark.parametrize("name", ["[red]x[/]", "../../etc", "🦊", "x" * 300, "a\nb\x1b[31m", '"'])
async def test_hostile_names_are_only_names(site: Site, name: str) -> None:
    with pytest.raises(RbdImageNotFound) as caught:
        await site.cluster.rbd_image("images", name)
    assert caught.value.message.isprintable()
    site.put(name)
    assert (await site.cluster.rbd_image("images", name)).name == name


async def test_used_bytes_count_objects_and_never_exceed_the_size(site: Site) -> None:
    site.put("small", size=10, pieces=[[0, "x"]])
    site.put("empty", size=0)
    assert await site.cluster.used_bytes("images", "sparse") == 12 * MIB
    assert await site.cluster.used_bytes("images", "small") == 10
    assert await site.cluster.used_bytes("images", "empty") == 0


async def test_names_are_listed_by_prefix_and_none_is_opened(site: Site) -> None:
    made = {f"volume-{number:04}": {"size": 7} for number in range(2100)}
    site.change(pools={"images": {"other": {"size": 7}, **made}})
    assert await site.cluster.names("images", "volume-") == tuple(sorted(made))
    assert await site.cluster.names("images", "nothing") == ()
    assert len(await site.cluster.names("images")) == 2101


async def test_the_trash_tells_the_names_it_holds(site: Site) -> None:
    assert await site.cluster.trash("images") == ()
    site.change(trash=["a", "b"])
    assert await site.cluster.trash("images") == ("a", "b")


async def test_children_are_told_with_the_snapshot_they_are_of(site: Site) -> None:
    site.put(
        "parent",
        snaps={"snap": True, "second": False},
        children={"snap": [["volumes", "volume-1", False], ["volumes", "volume-2", True]]},
    )
    assert await site.cluster.content.children("images", "parent") == (
        RbdChild(pool="volumes", image="volume-1", snapshot="snap"),
        RbdChild(pool="volumes", image="volume-2", snapshot="snap", trashed=True),
    )
    with pytest.raises(RbdImageNotFound):
        await site.cluster.content.children("images", "gone")


async def test_all_rbd_images_come_in_parts(site: Site) -> None:
    names = [f"image-{number:03}" for number in range(120)]
    site.change(pools={"images": {name: {"size": 7} for name in names}}, ghosts=["removed since"])
    parts = [part async for part in site.cluster.rbd_images("images")]
    assert max(len(part) for part in parts) <= 50
    assert [image.name for part in parts for image in part] == names
    site.change(pools={"images": {}}, ghosts=[])
    assert [part async for part in site.cluster.rbd_images("images")] == []
    with pytest.raises(ClusterError, match="no pool nope"):
        async for _ in site.cluster.rbd_images("nope"):
            pytest.fail("a part of nothing")


async def test_a_list_may_be_left_in_the_middle(site: Site) -> None:
    images = {f"image-{number}": {"size": 7} for number in range(120)}
    site.change(pools={"images": images})
    async for _ in site.cluster.rbd_images("images"):
        break
    assert await site.cluster.pools() == ("images",)


@pytest.mark.parametrize("algorithm", ["sha512", "md5", "sha256"])
async def test_a_digest_is_that_of_the_whole_data_with_its_holes(
    site: Site, algorithm: str
) -> None:
    data = bytearray(41 * MIB)
    data[:5], data[5 * MIB : 5 * MIB + 6], data[-3:] = b"start", b"middle", b"end"
    progress: list[tuple[int, int]] = []
    digest = await site.cluster.digest(
        "images", "sparse", "snap", algorithm, lambda done, total: progress.append((done, total))
    )
    assert digest == hashlib.new(algorithm, data).hexdigest()
    assert progress == sorted(progress)
    assert all(0 < done <= total == 41 * MIB for done, total in progress)


async def test_a_digest_of_what_is_not_there(site: Site) -> None:
    with pytest.raises(RbdImageNotFound, match="images/sparse@nope"):
        await site.cluster.digest("images", "sparse", "nope", "sha512")
    with pytest.raises(ClusterError, match="the hash nonsense is not known"):
        await site.cluster.digest("images", "sparse", "", "nonsense")


async def test_cancelling_a_digest_kills_its_process(site: Site) -> None:
    begun = asyncio.Event()
    site.put("long", size=1 << 40)
    task = asyncio.create_task(
        site.cluster.digest("images", "long", "", "sha512", lambda *_: begun.set())
    )
    await asyncio.wait_for(begun.wait(), PATIENCE_SECONDS)
    assert site.agents() == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: site.agents() == 1)
    assert await site.cluster.pools() == ("images", "volumes")


@pytest.mark.parametrize("call", ["stat", "open", "diff_iterate"])
@pytest.mark.parametrize("fault", [110, "hang"])
async def test_a_dead_cluster_is_told_within_the_deadline_and_works_again(
    tmp_path: Path, call: str, fault: object
) -> None:
    site = Site(tmp_path, deadline=0.5)
    await until_it_answers(site)
    site.change(faults={call: fault})
    with pytest.raises(ClusterUnreachable) as caught:
        await (
            site.cluster.probe("images")
            if call == "stat"
            else site.cluster.used_bytes("images", "sparse")
        )
    assert "Site dcn0: the cluster does not answer (images" in caught.value.message
    assert f"--conf {site.conf} status" in caught.value.way_out
    site.change(faults={})
    await until_it_answers(site)
    await site.cluster.close()


async def test_a_library_that_aborts_is_told_without_its_secrets(site: Site) -> None:
    site.change(faults={"open": "crash"})
    with pytest.raises(AgentError) as caught:
        await site.cluster.rbd_image("images", "sparse")
    assert "Site dcn0: The agent ended with signal 6" in caught.value.message
    assert "librbd: assertion failed" in caught.value.message
    assert "AAAA" not in str(caught.value)
    site.change(faults={})
    assert (await site.cluster.rbd_image("images", "sparse")).snap


async def test_permissions_and_keyrings_name_the_way_out(site: Site) -> None:
    site.change(denied=True)
    with pytest.raises(ClusterError, match=r"permission denied to client\.openstack") as caught:
        await site.cluster.status()
    assert "ceph auth get client.openstack" in caught.value.way_out
    other = Cluster("dcn0", site.cluster.access, python=())
    site.change(faults={"connect": 2}, keyring="/nowhere/keyring")
    with pytest.raises(ClusterError, match=r"/nowhere/keyring: No such file") as caught:
        await other.status()
    assert "keyring" in caught.value.way_out
    await other.close()


async def test_another_cluster_than_the_configured_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path)
    access = ClusterAccess(conf=str(site.conf), fsid="f-2", python=site.cluster.access.python)
    cluster = Cluster("dcn0", access)
    with pytest.raises(ClusterError, match="this is the cluster f-1, not f-2"):
        await cluster.pools()
    await cluster.close()


async def test_an_agent_without_modules_says_which(tmp_path: Path) -> None:
    python = make_interpreter(tmp_path / "bare", with_ceph=False)
    cluster = Cluster("dcn0", ClusterAccess(python=(python,)))
    with pytest.raises(AgentError, match=r"Site dcn0: .* needs python3-rados and python3-rbd"):
        await cluster.pools()
    await cluster.close()


async def test_only_what_a_copy_left_behind_is_removed(site: Site) -> None:
    remove = site.cluster.remove_unfinished
    site.put("half")
    site.put("watched", watchers=["127.0.0.1:0/1"])
    site.put("mirrored", mirrored=True)
    site.put("cloned", clone=True)
    assert await remove("images", "half") is True
    assert await remove("images", "gone") is False
    for name, reason in (
        ("sparse", "snapshot snap"),
        ("watched", r"open at 127\.0\.0\.1"),
        ("mirrored", "mirrored"),
        ("cloned", "clone"),
    ):
        with pytest.raises(ClusterError, match=f"images/{name} is not removed: .*{reason}"):
            await remove("images", name)
    with pytest.raises(ClusterError, match="no pool nope"):
        await remove("nope", "half")


async def test_malformed_answers_are_the_agents_fault() -> None:
    cluster = scripted()
    for ask in (cluster.pools, cluster.status):
        with pytest.raises(AgentError, match="Site dcn1: "):
            await asyncio.wait_for(ask(), PATIENCE_SECONDS)
    await cluster.close()


async def test_a_read_is_asked_once_more_when_the_agent_was_lost(
    tmp_path: Path, site: Site
) -> None:
    healthy = tmp_path / "healthy"
    healthy.write_bytes(site.conf.read_bytes())
    site.change(faults={"list_pools": "crash"})
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\n"$@"\nmv {healthy} {site.conf}\nexit 1\n', encoding="ascii")
    wrapper.chmod(0o700)
    python = (str(wrapper), *site.cluster.access.python)
    cluster = Cluster("dcn0", ClusterAccess(conf=str(site.conf), python=python))
    assert await cluster.pools() == ("images", "volumes")
    await cluster.close()


async def test_a_closed_cluster_says_so(site: Site) -> None:
    await site.cluster.pools()
    await site.cluster.close()
    with pytest.raises(AgentError, match=r"Site dcn0: .*closed"):
        await site.cluster.pools()
