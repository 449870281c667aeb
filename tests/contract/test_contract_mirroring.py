"""What clusters and their rbd-mirror daemons do, in both modes: asked through our own facade."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from contract_dcn import Dcn
from contract_mirrors import Pair, Side, made_pair, until

from dcn_console.model.errors import ClusterError, RbdImageBusy, RbdImageNotFound
from dcn_console.model.mirroring import (
    FEATURE_JOURNALING,
    FEATURE_NON_PRIMARY,
    MirrorDaemon,
    MirrorImage,
    MirrorMode,
    PeerDirection,
    PoolMode,
    ReplayState,
)

PRIMARY = "local image is primary"
SPLIT = {MirrorMode.JOURNAL: "split-brain detected", MirrorMode.SNAPSHOT: "split-brain"}


async def in_both_modes(dcn: Dcn, case: Callable[[Pair, MirrorMode], Awaitable[None]]) -> None:
    """Run a case in both modes at once: most of it is waiting for daemons."""

    async def run(mode: MirrorMode) -> None:
        async with made_pair(dcn) as pair:
            await pair.enable(mode)
            await case(pair, mode)

    async with asyncio.TaskGroup() as group:
        for mode in MirrorMode:
            group.create_task(run(mode))


async def brought(pair: Pair, mode: MirrorMode, source: Side, destination: Side) -> None:
    """Wait until what was written at the source is at the destination."""
    if mode is MirrorMode.SNAPSHOT:
        await source.cluster.mirroring.snapshot(source.pool, source.name)
    await pair.arrives(source, destination)


async def there_and_back(pair: Pair, mode: MirrorMode) -> None:
    """Relocate an RBD image and bring it back, with writes in between."""
    hub, edge = pair.hub, pair.edge
    at_hub = await hub.detail()
    at_edge = await until(
        edge.detail, lambda seen: all(one.complete for one in seen.mirror_snapshots)
    )
    assert at_hub.mirroring is not None
    assert at_edge.mirroring is not None
    assert (at_hub.mirroring.primary, at_edge.mirroring.primary) == (True, False)
    assert at_hub.mirroring.global_id == at_edge.mirroring.global_id
    assert at_hub.mirroring.mode is at_edge.mirroring.mode is mode
    assert at_hub.id != at_edge.id
    journals = bool(at_hub.features & FEATURE_JOURNALING)
    assert journals is (mode is MirrorMode.JOURNAL)
    assert bool(at_edge.features & FEATURE_NON_PRIMARY) is (mode is MirrorMode.SNAPSHOT)
    assert bool(at_edge.mirror_snapshots) is (mode is MirrorMode.SNAPSHOT)
    if mode is MirrorMode.SNAPSHOT:
        mark = at_edge.mirror_snapshots[-1]
        point = at_hub.mirror_snapshots[-1]
        assert (point.state, mark.state) == ("primary", "non-primary")
        assert (mark.primary_snapshot_id, mark.complete) == (point.id, True)
        assert await hub.hashes(point.id) == await edge.hashes()
    with pytest.raises(RbdImageBusy):
        await edge.cluster.mirroring.promote(edge.pool, edge.name)
    with pytest.raises(ClusterError, match="primary"):
        await edge.cluster.mirroring.demote(edge.pool, edge.name)
    with pytest.raises(ClusterError, match="primary"):
        await hub.cluster.mirroring.resync(hub.pool, hub.name, (await hub.detail()).id)
    await pair.demote(hub, edge)
    for side in (hub, edge):
        await until(side.said, is_unknown, "the demoted side's state")
    await until_promoted(edge)
    await pair.write(edge, 4)
    await brought(pair, mode, edge, hub)
    await until(edge.text, lambda text: text == PRIMARY)
    await pair.demote(edge, hub)
    await until_promoted(hub)
    await pair.write(hub, 0, 5)
    await brought(pair, mode, hub, edge)
    await hub.cluster.mirroring.disable(hub.pool, hub.name)
    await until(edge.exists, lambda there: not there, "the copy's end")
    assert (await hub.detail()).mirroring is None
    assert (await hub.detail()).features & ~256 == at_hub.features & ~FEATURE_JOURNALING


def is_unknown(image: MirrorImage | None) -> bool:
    """Whether a daemon that lives says that it can't replay: it tries again and again."""
    status = image.status if image is not None else None
    return status is not None and status.up and status.state is ReplayState.UNKNOWN


async def until_promoted(side: Side, *, force: bool = False) -> None:
    """Promote, as soon as the daemon lets go (EROFS until then, 16.2.15)."""

    async def promoted() -> bool:
        mirroring = (await side.detail()).mirroring
        if mirroring is None or not mirroring.primary:
            await side.cluster.mirroring.promote(side.pool, side.name, force=force)
        return True

    await until(promoted)


async def split_and_resynced(pair: Pair, mode: MirrorMode) -> None:
    """Fail over by force, write on both sides, and let the old primary be copied anew."""
    hub, edge = pair.hub, pair.edge
    await until_promoted(edge, force=True)
    await pair.write(hub, 1)
    await pair.write(edge, 2)
    for side in (hub, edge):
        await until(side.text, lambda text: text == PRIMARY)
        image = await side.said()
        assert image is not None
        assert image.primary
    assert await hub.hashes() != await edge.hashes()
    await hub.cluster.mirroring.demote(hub.pool, hub.name)
    await until(hub.text, lambda text: text == SPLIT[mode])
    await until(hub.state, lambda state: state is ReplayState.ERROR, "the torn side's state")
    await until(edge.text, lambda text: text == PRIMARY)
    old = (await hub.detail()).id
    if mode is MirrorMode.SNAPSHOT:
        await edge.cluster.mirroring.snapshot(edge.pool, edge.name)
    with pytest.raises(RbdImageNotFound):
        await hub.cluster.mirroring.resync(hub.pool, hub.name, f"{old}0")
    await hub.cluster.mirroring.resync(hub.pool, hub.name, old)
    await until(hub.detail, lambda seen: seen.id != old, "another RBD image of that name")
    await pair.arrives(edge, hub)
    await edge.cluster.mirroring.disable(edge.pool, edge.name)
    await until(hub.exists, lambda there: not there, "the copy's end")


async def test_a_relocation_there_and_back(dcn: Dcn) -> None:
    await in_both_modes(dcn, there_and_back)


async def test_a_failover_and_a_resync(dcn: Dcn) -> None:
    await in_both_modes(dcn, split_and_resynced)


async def test_the_pools_and_their_peers(dcn: Dcn) -> None:
    async with made_pair(dcn) as pair:
        pools = [await side.cluster.mirroring.pool(side.pool) for side in (pair.hub, pair.edge)]
    hub, edge = pools
    assert (hub.mode, edge.mode) == (PoolMode.IMAGE, PoolMode.IMAGE)
    first = next(peer for peer in hub.peers if peer.site_name == pair.edge.site)
    assert (first.direction, first.mirror_uuid) == (PeerDirection.BOTH, edge.mirror_uuid)
    assert [peer.direction for peer in edge.peers] == [PeerDirection.BOTH]
    assert edge.peers[0].mirror_uuid == hub.mirror_uuid
    for site in dcn.topology.edges[1:]:
        cluster = dcn.admin.services.clusters[site.name]
        other = await cluster.mirroring.pool(pair.edge.pool)
        assert [peer.direction for peer in other.peers] == [PeerDirection.RECEIVE]
        listed = next(peer for peer in hub.peers if peer.site_name == site.name)
        assert (listed.direction, listed.mirror_uuid) == (PeerDirection.SEND, other.mirror_uuid)
    for side in (pair.hub, pair.edge):
        daemons = await until(partial(daemons_of, side), lambda found: len(found) == 1)
        assert daemons[0].hostname


async def daemons_of(side: Side) -> tuple[MirrorDaemon, ...]:
    """The daemons that serve a side's pool."""
    return tuple(await side.cluster.mirroring.daemons(side.pool))


async def test_a_clone_is_refused_and_may_be_flattened(dcn: Dcn) -> None:
    async with made_pair(dcn) as base, made_pair(dcn, parent=base.hub.name) as clone:
        hub = clone.hub
        detail = await hub.detail()
        assert detail.parent is not None
        assert detail.parent.image == base.hub.name
        assert (await base.hub.detail()).children == 1
        before = await hub.hashes()
        assert before == await base.hub.hashes()
        for mode in MirrorMode:
            with pytest.raises(ClusterError, match="mirroring is not enabled for the parent"):
                await hub.cluster.mirroring.enable(hub.pool, hub.name, mode)
        assert (await hub.detail()).mirroring is None
        await hub.cluster.content.flatten(hub.pool, hub.name)
        assert (await hub.detail()).parent is None
        assert await hub.hashes() == before
        with pytest.raises(ClusterError):
            await hub.cluster.content.flatten(hub.pool, hub.name)


async def test_what_is_not_mirrored_is_refused(dcn: Dcn) -> None:
    async with made_pair(dcn) as pair:
        hub = pair.hub
        mirroring = hub.cluster.mirroring
        with pytest.raises(ClusterError, match="not mirrored"):
            await mirroring.snapshot(hub.pool, hub.name)
        with pytest.raises(ClusterError):
            await mirroring.demote(hub.pool, hub.name)
        with pytest.raises(ClusterError):
            await mirroring.promote(hub.pool, hub.name)
        await mirroring.disable(hub.pool, hub.name)
        assert await hub.said() is None
        with pytest.raises(RbdImageNotFound):
            await mirroring.enable(hub.pool, f"{hub.name}-x", MirrorMode.JOURNAL)
        with pytest.raises(RbdImageNotFound):
            await mirroring.progress(hub.pool, f"{hub.name}-x")


async def test_features_snapshots_and_copies_of_our_own(dcn: Dcn) -> None:
    async with made_pair(dcn) as pair:
        hub = pair.hub
        content = hub.cluster.content
        features = (await hub.detail()).features
        assert features == 61
        await content.set_features(hub.pool, hub.name, disable=8 | 16)
        assert (await hub.detail()).features & ~256 == 37
        await content.set_features(hub.pool, hub.name, enable=8)
        detail = await hub.detail()
        assert (detail.features & ~256, detail.flags & 1) == (61, 1)
        await content.rebuild_object_map(hub.pool, hub.name)
        assert (await hub.detail()).flags == 0
        with pytest.raises(ClusterError):
            await content.set_features(hub.pool, hub.name, disable=32)
        before = await hub.hashes()
        await content.create_snapshot(hub.pool, hub.name, "dcn-console.contract")
        point = (await hub.detail()).snapshots[-1]
        assert point.name == "dcn-console.contract"
        await pair.write(hub, 0)
        assert await hub.hashes() != before
        assert await hub.hashes(point.id) == before
        copy = f"{hub.name}-copy"
        where = (hub.pool, hub.name, hub.pool, copy)
        await content.copy_within(*where, "contract", point.id)
        await content.copy_within(*where, "contract", point.id)
        used = await content.used_objects(hub.pool, copy)
        assert await content.hash_objects(hub.pool, copy, used.numbers) == before
        with pytest.raises(ClusterError):
            await content.copy_within(*where, "another", point.id)
        with pytest.raises(ClusterError):
            await content.remove_owned(hub.pool, copy, "another")
        assert await content.remove_owned(hub.pool, copy, "contract")
        assert not await content.remove_owned(hub.pool, copy, "contract")
        await content.remove_snapshot(hub.pool, hub.name, "dcn-console.contract")
        assert (await hub.detail()).snapshots == ()
