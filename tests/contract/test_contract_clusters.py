"""What the agents say of the clusters: they are asked through our own facade."""

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any

import pytest
from contract_dcn import COPY_SECONDS, MIB, Dcn, Images, access_of, random_data, sha512, store_of
from msgspec.structs import replace

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import ClusterError, ClusterUnreachable, RbdImageNotFound
from dcn_console.model.inventory import RbdImage
from dcn_console.model.sites import Site

BIG = 64 * MIB


def edge(dcn: Dcn) -> tuple[Site, Cluster, str]:
    """Return the first edge, its cluster and the pool of its images."""
    site = dcn.topology.edges[0]
    return site, dcn.admin.services.clusters[site.name], access_of(site).images_pool


async def copied(dcn: Dcn, images: Images, data: bytes) -> str:
    """Return an image that holds ``data`` at the hub and at the first edge."""
    image_id = images.upload(data)
    assert dcn.ask_copy(image_id, dcn.edge_stores[0]).status == 202
    await asyncio.to_thread(dcn.wait_unlocked, image_id)
    return image_id


async def test_every_cluster_says_what_it_is_and_holds(dcn: Dcn) -> None:
    for site in dcn.topology:
        access = access_of(site)
        cluster = dcn.admin.services.clusters[site.name]
        status = await cluster.status()
        assert status.fsid == access.fsid
        assert status.health in ("HEALTH_OK", "HEALTH_WARN")
        assert status.capacity.total > 0
        assert 0 <= status.capacity.used <= status.capacity.total
        assert 0 < status.capacity.available <= status.capacity.total
        pools = await cluster.pools()
        assert {access.images_pool, access.volumes_pool} <= set(pools)
        assert list(pools) == sorted(pools)
        assert set(status.pools) == set(pools)
        for pool in (access.images_pool, access.volumes_pool):
            assert status.pools[pool].available > 0
            assert status.pools[pool].used >= 0
            await cluster.probe(pool)


async def test_an_uploaded_image_is_an_rbd_image_with_a_protected_snapshot(
    dcn: Dcn, images: Images
) -> None:
    data = random_data(3 * MIB + 512)
    image_id = images.upload(data)
    pool = access_of(dcn.hub).images_pool
    hub = dcn.admin.services.clusters[dcn.hub.name]
    wanted = RbdImage(name=image_id, size=len(data), snap=True, snap_protected=True)
    assert await hub.rbd_image(pool, image_id) == wanted
    assert await hub.used_bytes(pool, image_id) == len(data)
    listed = [image async for part in hub.rbd_images(pool) for image in part]
    assert wanted in listed
    assert len({image.name for image in listed}) == len(listed)
    for site in dcn.topology.edges:
        cluster = dcn.admin.services.clusters[site.name]
        with pytest.raises(RbdImageNotFound):
            await cluster.rbd_image(access_of(site).images_pool, image_id)


async def test_the_bytes_of_a_copy_are_counted_as_they_arrive(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(random_data(BIG))
    site, cluster, pool = edge(dcn)
    seen = [0]
    unfinished: list[RbdImage] = []
    with dcn.slowly(site.name):
        assert dcn.ask_copy(image_id, dcn.edge_stores[0]).status == 202
        async with asyncio.timeout(COPY_SECONDS):
            while seen[-1] < BIG:
                try:
                    seen.append(await cluster.used_bytes(pool, image_id))
                    image = await cluster.rbd_image(pool, image_id)
                except RbdImageNotFound:
                    assert seen == [0], "it does not vanish again"
                    continue
                if seen[-1] < BIG and not image.snap:
                    unfinished.append(image)
    assert seen == sorted(seen)
    assert any(0 < used < BIG for used in seen), "it was seen only empty and full"
    assert all(image.snap_protected is False for image in unfinished)
    assert dcn.stores[0] in dcn.wait_unlocked(image_id)["stores"]
    whole = RbdImage(name=image_id, size=BIG, snap=True, snap_protected=True)
    assert await cluster.rbd_image(pool, image_id) == whole


async def test_the_digest_of_a_copy_is_that_of_the_upload(dcn: Dcn, images: Images) -> None:
    data = random_data(24 * MIB + 4096)
    image_id = await copied(dcn, images, data)
    _, cluster, pool = edge(dcn)
    reports: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        reports.append((done, total))

    digest = await cluster.digest(pool, image_id, "snap", "sha512", report)
    assert digest == sha512(data)
    assert digest == dcn.show(image_id)["os_hash_value"]
    assert {total for _, total in reports} <= {len(data)}
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert await cluster.digest(pool, image_id, "snap", "md5") == dcn.show(image_id)["checksum"]
    assert await cluster.digest(pool, image_id, "", "sha512") == digest, "the head holds the same"


async def test_what_is_not_there_is_told_as_such(dcn: Dcn, images: Images) -> None:
    image_id = await copied(dcn, images, b"data")
    site, cluster, pool = edge(dcn)
    nobody = str(uuid.uuid4())
    for call in (
        cluster.rbd_image(pool, nobody),
        cluster.used_bytes(pool, nobody),
        cluster.digest(pool, nobody, "snap", "sha512"),
        cluster.digest(pool, image_id, "no-such-snap", "sha512"),
    ):
        with pytest.raises(RbdImageNotFound, match=f"Site {site.name}: there is no RBD image"):
            await call
    assert await cluster.remove_unfinished(pool, nobody) is False


async def test_an_unknown_pool_is_the_configs_fault(dcn: Dcn) -> None:
    site, cluster, _ = edge(dcn)
    calls: tuple[Coroutine[Any, Any, object], ...] = (
        cluster.probe("moon"),
        cluster.rbd_image("moon", "x"),
        cluster.used_bytes("moon", "x"),
        cluster.digest("moon", "x", "snap", "sha512"),
        cluster.remove_unfinished("moon", "x"),
        anext(cluster.rbd_images("moon")),  # type: ignore[arg-type]
    )
    for call in calls:
        with pytest.raises(ClusterError, match=f"Site {site.name}: .*there is no pool moon") as got:
            await call
        assert type(got.value) is ClusterError
        assert got.value.way_out


async def test_a_hash_nobody_knows_is_refused(dcn: Dcn, images: Images) -> None:
    image_id = await copied(dcn, images, b"data")
    _, cluster, pool = edge(dcn)
    with pytest.raises(ClusterError, match="the hash rot13 is not known here"):
        await cluster.digest(pool, image_id, "snap", "rot13")


async def test_a_finished_copy_is_no_leftover(dcn: Dcn, images: Images) -> None:
    image_id = await copied(dcn, images, b"data")
    _, cluster, pool = edge(dcn)
    with pytest.raises(ClusterError, match="it has the snapshot snap, so it is no leftover"):
        await cluster.remove_unfinished(pool, image_id)
    assert (await cluster.rbd_image(pool, image_id)).snap


async def test_a_copy_taken_from_its_store_is_gone_from_the_cluster(
    dcn: Dcn, images: Images
) -> None:
    image_id = await copied(dcn, images, b"data")
    site, cluster, pool = edge(dcn)
    path = f"/v2/stores/{store_of(site)}/{image_id}"
    assert dcn.admin.plain.ask("DELETE", "image", path).status == 204
    with pytest.raises(RbdImageNotFound):
        await cluster.rbd_image(pool, image_id)


async def test_another_cluster_than_expected_is_refused(dcn: Dcn) -> None:
    site, other = dcn.topology.edges[:2]
    access = replace(access_of(site), fsid=access_of(other).fsid)
    python = dcn.admin.settings.agent_python
    cluster = Cluster(site.name, access, deadline=60, python=python)
    try:
        with pytest.raises(ClusterError, match=f"this is the cluster {access_of(site).fsid}"):
            await cluster.status()
    finally:
        await cluster.close()


async def test_a_cluster_that_cannot_be_started_is_not_unreachable(dcn: Dcn) -> None:
    site = dcn.topology.edges[0]
    access = replace(access_of(site), command=("/nonexistent/agent",))
    cluster = Cluster(site.name, access, deadline=60)
    try:
        with pytest.raises(ClusterError) as caught:
            await cluster.status()
        assert not isinstance(caught.value, ClusterUnreachable)
    finally:
        await cluster.close()
