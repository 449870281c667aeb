"""The content of RBD images through the agent, on real clusters."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from dcn_lab.lab import Lab
from mirror_pair import (
    MAPPED,
    MEBIBYTE,
    OBJECT,
    SIZE,
    Pair,
    mirroring_pair,
)

from dcn_console.model.errors import (
    ClusterError,
    RbdImageExists,
    RbdImageNotFound,
)
from dcn_console.model.mirroring import (
    FEATURE_EXCLUSIVE_LOCK,
    FEATURE_FAST_DIFF,
    FEATURE_JOURNALING,
    FEATURE_LAYERING,
    FLAG_OBJECT_MAP_INVALID,
    MirrorMode,
)


@pytest_asyncio.fixture
async def pair(lab: Lab) -> AsyncIterator[Pair]:
    """Return the hub and the first edge, cleared afterwards."""
    async with mirroring_pair(lab) as made:
        yield made


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
