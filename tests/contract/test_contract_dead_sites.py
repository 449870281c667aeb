"""A site that dies: what hangs, what goes on, and that everything resumes when it is back.

On a lab that was there before this run these are skipped: others may need its sites.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_dcn import MIB, Daemon, Dcn, Images, access_of, random_data, store_of
from real_console import RealConsole, until

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import ClusterUnreachable, ServiceUnreachable
from dcn_console.model.sites import Site
from dcn_console.model.tasks import Target, TargetState, TaskState

SLACK_SECONDS = 180.0
"""What a busy machine may add; without the deadline it would never be told."""
HOLD_SECONDS = 4.0
"""For how long nothing is seen to happen; afterwards it happens within seconds."""
RETURN_SECONDS = 600.0
ANSWER_SECONDS = 60.0
"""Within which a healthy service answers, on the busiest machine."""
SIZE = 8 * MIB


@pytest.fixture(autouse=True)
def own_services(dcn: Dcn) -> None:
    """Skip where a daemon may not be stopped."""
    if dcn.is_shared:
        pytest.skip("the lab in DCN_LAB_DIR was there before: nothing of it is stopped")


@pytest.fixture
def site(dcn: Dcn) -> Site:
    """The edge that dies."""
    return dcn.topology.edges[0]


@pytest.fixture
def console(dcn: Dcn, state_folder: Path) -> Iterator[RealConsole]:
    """The administrator's console with a running runner."""
    made = RealConsole(dcn.admin.config, state_folder)
    made.start_runner()
    yield made
    made.close()


def is_waiting_for(target: Target, site: str) -> bool:
    """Whether a target waits and names the site as the reason."""
    return target.state is TargetState.WAITING and site in target.text


async def until_it_answers(cluster: Cluster, pool: str) -> None:
    """Wait until the OSDs of a pool answer again."""
    async with asyncio.timeout(RETURN_SECONDS):
        while True:
            try:
                await cluster.probe(pool)
            except ClusterUnreachable:
                continue
            return


@pytest.mark.parametrize("daemon", list(Daemon))
async def test_an_agent_tells_in_time_and_notices_the_return(
    dcn: Dcn, site: Site, daemon: Daemon
) -> None:
    cluster, pool = dcn.admin.services.clusters[site.name], access_of(site).images_pool
    await cluster.probe(pool)
    with dcn.without(daemon, site.name):
        asked = time.monotonic()
        with pytest.raises(ClusterUnreachable, match=f"Site {site.name}: the cluster does not"):
            await (cluster.probe(pool) if daemon is Daemon.OSD else cluster.status())
        deadline = dcn.admin.settings.agent_deadline_seconds
        assert time.monotonic() - asked < deadline + SLACK_SECONDS
        if daemon is Daemon.OSD:
            assert (await cluster.status()).fsid == access_of(site).fsid
        for other in dcn.topology.sites:
            if other != site:
                await dcn.admin.services.clusters[other.name].probe(access_of(other).images_pool)
    await until_it_answers(cluster, pool)


async def test_glance_waits_for_dead_osds_and_lets_healthy_stores_wait_too(
    dcn: Dcn, site: Site, images: Images
) -> None:
    image_id = images.upload(random_data(SIZE))
    healthy = dcn.edge_stores[1]
    with dcn.without(Daemon.OSD, site.name):
        assert dcn.ask_copy(image_id, store_of(site), healthy).status == 202
        until(
            lambda: "os_glance_importing_to_stores" in dcn.show(image_id),
            "Glance has taken the task up",
        )
        held = time.monotonic()
        while time.monotonic() - held < HOLD_SECONDS:
            shown = dcn.show(image_id)
            assert shown["stores"] == dcn.stores[0], "the healthy one is behind the dead one"
            assert set(shown["os_glance_importing_to_stores"].split(",")) == {
                store_of(site), healthy,
            }  # fmt: skip
            (task,) = dcn.tasks(image_id)
            assert (task["status"], task["message"]) == ("processing", "")
    after = await asyncio.to_thread(dcn.wait_unlocked, image_id, RETURN_SECONDS)
    assert set(after["stores"].split(",")) == {dcn.stores[0], store_of(site), healthy}
    assert after["os_glance_failed_import"] == ""
    assert [task["status"] for task in dcn.tasks(image_id)] == ["success"]


async def test_a_dead_monitor_hangs_the_stores_detail_and_nothing_else(
    dcn: Dcn, site: Site
) -> None:
    glance = dcn.admin.services.glance
    with dcn.without(Daemon.MON, site.name):
        with pytest.raises(ServiceUnreachable):
            await glance.stores_detail(timeout=HOLD_SECONDS)
        assert {store.id for store in await glance.stores()} >= set(dcn.stores)
        async for page in glance.image_pages(page_size=5):
            assert len(page) <= 5
    async with asyncio.timeout(RETURN_SECONDS):
        while True:
            try:
                assert await glance.stores_detail(timeout=ANSWER_SECONDS)
            except ServiceUnreachable:
                continue
            break


async def test_a_request_that_timed_out_is_carried_out_after_all(
    dcn: Dcn, site: Site, images: Images
) -> None:
    image_id = images.upload(random_data(SIZE))
    before = dcn.show(image_id)
    glance = dcn.admin.services.glance
    with dcn.without(Daemon.MON, site.name):
        with pytest.raises(ServiceUnreachable):
            await glance.copy_image(image_id, [store_of(site)], timeout=HOLD_SECONDS)
        assert dcn.tasks(image_id) == []
        assert dcn.show(image_id) == before
    until(lambda: bool(dcn.tasks(image_id)), "Glance took it up", RETURN_SECONDS)
    after = await asyncio.to_thread(dcn.wait_unlocked, image_id, RETURN_SECONDS)
    assert set(after["stores"].split(",")) == {dcn.stores[0], store_of(site)}
    assert len(dcn.tasks(image_id)) == 1


async def test_our_copy_serves_the_healthy_and_waits_for_the_dead(
    dcn: Dcn, site: Site, images: Images, console: RealConsole
) -> None:
    image_id = images.upload(random_data(SIZE))
    healthy = dcn.topology.edges[1]
    with dcn.without(Daemon.OSD, site.name):
        number = await console.submit(image_id, [site.name, healthy.name])
        until(
            lambda: console.target(number, healthy.name).state is TargetState.DONE,
            "the healthy edge has its copy",
        )
        until(
            lambda: is_waiting_for(console.target(number, site.name), site.name),
            "the dead edge is waited for",
        )
        assert len(dcn.tasks(image_id)) == 1, "Glance was not asked for the dead one"
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    assert set(dcn.show(image_id)["stores"].split(",")) == {
        dcn.stores[0], store_of(site), store_of(healthy),
    }  # fmt: skip
    assert len(dcn.tasks(image_id)) == 2
