"""Mirroring through the agent, on real rbd-mirror daemons and in both modes."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from dcn_lab.lab import Lab
from mirror_pair import (
    CHANGEABLE,
    OBJECT,
    SIZE,
    Pair,
    Side,
    mirroring_pair,
    until,
)

from dcn_console.model.errors import (
    ClusterError,
    RbdImageBusy,
)
from dcn_console.model.mirroring import (
    MirrorMode,
    PeerDirection,
    PoolMode,
    ReplayState,
)


@pytest_asyncio.fixture
async def pair(lab: Lab) -> AsyncIterator[Pair]:
    """Return the hub and the first edge, cleared afterwards."""
    async with mirroring_pair(lab) as made:
        yield made


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
        await hub.cluster.mirroring.resync(hub.pool, name, (await hub.detail(name)).id)

    async def has_all() -> bool:
        seen = await edge.cluster.mirroring.progress(edge.pool, name)
        return seen.total == SIZE and seen.done is not None and seen.done >= 2 * OBJECT

    await until(has_all)
    await synced(hub, edge, name, mode)
    await until(lambda: follows(edge, name))
    if mode is MirrorMode.SNAPSHOT:
        assert (await edge.cluster.mirroring.progress(edge.pool, name)).done == SIZE

    await relocate(hub, edge, name)
    await edge.write(name, (1, 2), folder)
    await until(lambda: follows(hub, name))
    await synced(edge, hub, name, mode)
    await relocate(edge, hub, name)
    await hub.write(name, (3,), folder)
    await until(lambda: follows(edge, name))
    await synced(hub, edge, name, mode)

    first = (await edge.detail(name)).id
    await edge.cluster.mirroring.resync(edge.pool, name, first)

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
        await until(lambda side=side: has_one_leader(side))  # type: ignore[misc]
    there = await edge.admin.mirroring.pool(edge.pool)

    async def is_reported() -> bool:
        here = (await hub.detail(name)).mirroring
        reports = here.remote if here is not None else ()
        return there.mirror_uuid in {report.mirror_uuid for report in reports}

    await until(is_reported)


async def has_one_leader(side: Side) -> bool:
    """Whether a site's one daemon leads; one that was killed is still listed for a minute."""
    leaders = [daemon.leader for daemon in await side.admin.mirroring.daemons(side.pool)]
    return leaders == [True] and len(await side.cluster.mirroring.daemons(side.pool)) == 1


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
            await edge.cluster.mirroring.receive_from(
                pool, hub.cluster.mirroring, PeerDirection.BOTH
            )
        assert "admin" in caught.value.way_out
        await hub.admin.mirroring.set_site_name(
            (await hub.admin.mirroring.pool(hub.pool)).site_name
        )
        for side, other in ((hub, edge), (edge, hub)):
            mirroring = side.admin.mirroring
            await mirroring.receive_from(pool, other.admin.mirroring, PeerDirection.BOTH)
            await mirroring.receive_from(pool, other.admin.mirroring, PeerDirection.BOTH)
        for side, other in ((hub, edge), (edge, hub)):
            known = (await side.admin.mirroring.pool(pool)).peers
            assert [peer.site_name for peer in known] == [other.site.cluster]
            assert known[0].direction is PeerDirection.BOTH
        with pytest.raises(ClusterError) as again:
            await hub.admin.mirroring.receive_from(pool, hub.admin.mirroring, PeerDirection.RECEIVE)
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
