"""What our adapters ask of Cinder, Nova, Neutron and Glance, and what they make of the answers."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from contract_dcn import MIB, Dcn, Images, access_of, random_data

from dcn_console.inventory.collect import BACKUPS, SERVERS, SNAPSHOTS, VOLUMES, collect
from dcn_console.inventory.join import rows
from dcn_console.inventory.services import Services
from dcn_console.model.backup_rows import VERIFIED_AT
from dcn_console.model.compute import NewServer
from dcn_console.model.errors import DcnError, HttpError, ObjectNotFound, ServiceUnreachable
from dcn_console.model.inventory import RbdChild, Volume
from dcn_console.model.storage import Backup, NewBackup, NewVolume
from dcn_console.model.text import printable

T = TypeVar("T")
GIB = 1024**3
NOW = datetime.now(UTC)
NOBODY = "00000000-0000-4000-8000-000000000000"
PATIENCE = 600.0
"""Seconds for one state to come about on a busy machine."""


@pytest.fixture
def services(dcn: Dcn) -> Services:
    return dcn.admin.services


@pytest.fixture
def mark(services: Services) -> Iterator[dict[str, str]]:
    """The metadata of everything a test makes; what carries it is deleted afterwards."""
    made = {"dcn_console_task": uuid.uuid4().hex, "dcn_console_part": 'dcn0: it\'s "x" é'}
    yield made
    try:
        asyncio.run(clean_up(services, made))
    except ServiceUnreachable:
        asyncio.run(clean_up(services, made))


async def clean_up(services: Services, mark: dict[str, str]) -> None:
    cinder = services.cinder
    if services.nova is not None:
        for server in await services.nova.made_with(mark):
            await services.nova.delete(server.id)
            await gone(lambda key=server.id: services.nova.server(key))  # type: ignore[misc]
    found = [one async for part in cinder.backups.pages() for one in part]
    backups = [one for one in found if mark.items() <= one.metadata.items()]
    newest_first = sorted(backups, key=lambda one: (one.incremental, str(one.data_at)))
    for backup in reversed(newest_first):
        await insisted(
            partial(cinder.backups.delete, backup.id), partial(cinder.backups.backup, backup.id)
        )
    for volume in await cinder.volumes.made_with(mark):
        await insisted(
            partial(cinder.volumes.delete, volume.id, cascade=True),
            partial(cinder.volume, volume.id),
        )


async def insisted(
    delete: Callable[[], Awaitable[object]], look: Callable[[], Awaitable[object]]
) -> None:
    """Ask for the end of something until it is gone; it is refused while it is in other hands."""

    async def is_gone() -> bool:
        try:
            with suppress(HttpError):
                await delete()
            await look()
        except ObjectNotFound:
            return True
        return False

    await until(is_gone, bool)


async def until(look: Callable[[], Awaitable[T]], is_right: Callable[[T], bool]) -> T:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        seen = await look()
        if is_right(seen):
            return seen
        assert asyncio.get_running_loop().time() < deadline, f"still not right: {seen}"
        await asyncio.sleep(0.2)


async def gone(look: Callable[[], Awaitable[object]]) -> None:
    async def is_gone() -> bool:
        try:
            await look()
        except ObjectNotFound:
            return True
        return False

    await until(is_gone, bool)


async def settled(services: Services, volume_id: str) -> Volume:
    """Wait until a volume is at rest."""
    at_rest = ("available", "in-use", "error")
    return await until(
        lambda: services.cinder.volume(volume_id), lambda volume: volume.status in at_rest
    )


async def new_volume(services: Services, mark: dict[str, str], zone: str | None) -> Volume:
    new = NewVolume(name="contract é", size=GIB, availability_zone=zone or "", metadata=mark)
    made = await services.cinder.volumes.create(new)
    assert made.size == GIB
    volume = await settled(services, made.id)
    assert volume.status == "available"
    return volume


async def finished(services: Services, backup_id: str) -> Backup:
    return await until(
        lambda: services.cinder.backups.backup(backup_id),
        lambda backup: backup.status in ("available", "error"),
    )


async def refused(asked: Awaitable[object], status: int | None = None) -> str:
    """Return what is said when something is refused, with this HTTP status; None for 404."""
    with pytest.raises(DcnError) as caught:
        await asked
    if status is None:
        assert isinstance(caught.value, ObjectNotFound)
    else:
        assert isinstance(caught.value, HttpError)
        assert caught.value.status == status
    assert printable(str(caught.value)) == str(caught.value)
    return str(caught.value)


async def test_volumes_and_snapshots(dcn: Dcn, services: Services, mark: dict[str, str]) -> None:
    cinder, edge = services.cinder, dcn.topology.edges[0]
    volume = await new_volume(services, mark, edge.availability_zone)
    assert volume.availability_zone == edge.availability_zone
    assert [one.id for one in await cinder.volumes.made_with(mark)] == [volume.id]
    assert await cinder.volumes.made_with({**mark, "dcn_console_part": "other"}) == ()
    assert await cinder.volumes.metadata(volume.id) == mark
    await cinder.volumes.set_bootable(volume.id, True)
    await cinder.volumes.set_image_metadata(volume.id, {"os_type": "linux"})
    assert await cinder.volumes.image_metadata(volume.id) == {"os_type": "linux"}
    assert (await cinder.volume(volume.id)).bootable
    await refused(cinder.volumes.extend(volume.id, GIB), 400)
    await cinder.volumes.extend(volume.id, 2 * GIB)
    assert (await settled(services, volume.id)).size == 2 * GIB
    snapshot = await cinder.snapshots.create(volume.id, "contract é", mark, force=True)
    assert snapshot.metadata == mark
    taken = await until(
        lambda: cinder.snapshots.snapshot(snapshot.id), lambda one: one.status != "creating"
    )
    assert (taken.status, taken.volume_id, taken.size) == ("available", volume.id, 2 * GIB)
    assert [one.id for one in await cinder.snapshots.made_with(mark)] == [snapshot.id]
    everything = [one.id async for part in cinder.snapshots.pages(1) for one in part]
    assert snapshot.id in everything
    assert "snapshots" in await refused(cinder.volumes.delete(volume.id), 400)
    names = await services.clusters[edge.name].names(access_of(edge).volumes_pool, "volume-")
    assert f"volume-{volume.id}" in names
    await cinder.snapshots.delete(snapshot.id)
    await gone(lambda: cinder.snapshots.snapshot(snapshot.id))


async def test_what_cinder_refuses(dcn: Dcn, services: Services, mark: dict[str, str]) -> None:
    cinder = services.cinder
    zone = dcn.hub.availability_zone or ""

    def new(**more: str) -> NewVolume:
        return NewVolume(name="x", size=GIB, metadata=mark, **more)

    free = (await cinder.quota()).volume_bytes.free
    if free is not None:
        too_large = NewVolume(name="x", size=free + GIB, metadata=mark)
        assert "quota" in await refused(cinder.volumes.create(too_large), 413)
    await refused(cinder.volumes.create(new(availability_zone="moon")), 400)
    await refused(cinder.volumes.create(new(snapshot_id=NOBODY)))
    await refused(cinder.volumes.create(new(backup_id=NOBODY)))
    await refused(cinder.volumes.delete(NOBODY))
    await refused(cinder.volumes.extend(NOBODY, GIB))
    await refused(cinder.snapshots.snapshot(NOBODY))
    await refused(cinder.snapshots.delete(NOBODY))
    await refused(cinder.snapshots.create(NOBODY, "x", mark))
    await refused(cinder.backups.backup(NOBODY))
    await refused(cinder.backups.delete(NOBODY))
    await refused(cinder.backups.create(NewBackup(volume_id=NOBODY, name="x", metadata=mark)))
    await refused(cinder.backups.restore(NOBODY, NOBODY))
    volume = await new_volume(services, mark, zone)
    increment = NewBackup(volume_id=volume.id, name="x", incremental=True, metadata=mark)
    assert "No backups available" in await refused(cinder.backups.create(increment), 400)
    member = dcn.member.services.cinder
    await refused(member.quota(services.cloud.project_id), 403)
    assert (await member.quota()).volumes.used >= 0
    assert await member.volumes.made_with(mark) == ()
    assert await cinder.messages(volume.id) == ()
    assert await cinder.microversion() is not None


async def test_a_chain_of_backups(dcn: Dcn, services: Services, mark: dict[str, str]) -> None:
    cinder, hub, edge = services.cinder, dcn.hub, dcn.topology.edges[0]
    volume = await new_volume(services, mark, edge.availability_zone)

    async def back_up(name: str, *, incremental: bool) -> Backup:
        asked = NewBackup(
            volume_id=volume.id,
            name=name,
            availability_zone=hub.availability_zone or "",
            incremental=incremental,
            metadata=mark,
        )
        made = await cinder.backups.create(asked)
        assert (made.status, made.volume_id) == ("creating", volume.id)
        done = await finished(services, made.id)
        assert (done.status, done.incremental) == ("available", incremental)
        return done

    full = await back_up("full", incremental=False)
    assert full.availability_zone == hub.availability_zone
    assert full.data_at is not None
    assert full.metadata == mark
    second = await back_up("second", incremental=True)
    found = await cinder.backups.made_with(volume.id, mark)
    assert {one.id for one in found} == {full.id, second.id}
    await until(lambda: cinder.backups.backup(full.id), lambda one: one.has_dependents)
    assert "Incremental backups exist" in await refused(cinder.backups.delete(full.id), 400)
    checked = {**mark, VERIFIED_AT: "2026-11-21T16:00:00+00:00"}
    await cinder.backups.set_metadata(second.id, checked)
    inventory = await collect(services, frozenset({BACKUPS, SNAPSHOTS, VOLUMES}))
    assert inventory.backups.error is None
    joined = rows(inventory, (), NOW)
    first_row, second_row = (row for row in joined.backups if row.volume == volume.label)
    assert (first_row.key, first_row.depth, first_row.site) == (full.id, 0, edge.name)
    assert (second_row.parent, second_row.stored_at) == (full.id, hub.name)
    assert "builds on it" in first_row.obstacle
    assert second_row.obstacle == ""
    assert second_row.verified_on is not None
    (volume_row,) = (row for row in joined.volumes if row.key == volume.id)
    assert volume_row.last_backup is not None
    assert volume_row.last_backup.id == second.id
    other = dcn.topology.edges[-1].availability_zone or ""
    restored = await cinder.volumes.create(
        NewVolume(name="restored", availability_zone=other, backup_id=second.id, metadata=mark)
    )
    try:
        there = await settled(services, restored.id)
        assert (there.status, there.size, there.availability_zone) == ("available", GIB, other)
        await finished(services, second.id)
        await cinder.backups.restore(second.id, restored.id)
        assert (await settled(services, restored.id)).status == "available"
    finally:
        await cinder.volumes.delete(restored.id)


async def test_a_server_of_a_volume(dcn: Dcn, services: Services, mark: dict[str, str]) -> None:
    nova, neutron, edge = services.nova, services.neutron, dcn.topology.edges[0]
    if nova is None or neutron is None:
        pytest.skip("this cloud has no Nova")
    volume = await new_volume(services, mark, edge.availability_zone)
    flavor = (await nova.flavors())[0]
    network = next(network for network in await neutron.networks() if not network.external)
    new = NewServer(
        name="contract é",
        volume_id=volume.id,
        flavor=flavor.id,
        availability_zone=edge.availability_zone or "",
        network=network.id,
        metadata=mark,
    )
    assert "bootable" in await refused(nova.create(new), 400)
    await services.cinder.volumes.set_bootable(volume.id, True)
    made = await nova.create(new)
    server = await until(
        lambda: nova.server(made.id), lambda one: one.status in ("ACTIVE", "ERROR")
    )
    assert (server.status, server.label, server.flavor) == ("ACTIVE", "contract é", flavor.name)
    assert (server.volumes, server.image_id) == ((volume.id,), None)
    assert await nova.attached(server.id) == (volume.id,)
    assert [one.id for one in await nova.made_with(mark)] == [server.id]
    await refused(nova.start(server.id), 409)
    await refused(services.cinder.volumes.delete(volume.id), 400)
    await refused(services.cinder.snapshots.create(volume.id, "x", mark), 400)
    in_use = NewBackup(volume_id=volume.id, name="x", metadata=mark)
    assert "force" in await refused(services.cinder.backups.create(in_use), 400)
    inventory = await collect(services, frozenset({SERVERS, VOLUMES}))
    (row,) = (row for row in rows(inventory, (), NOW).servers if row.key == server.id)
    assert row.site == edge.name
    assert row.root is not None
    assert row.root.id == volume.id
    await nova.stop(server.id)
    await until(lambda: nova.server(server.id), lambda one: one.status == "SHUTOFF")
    image_id = await nova.create_image(server.id, "contract é", {})
    glance = services.glance
    image = await until(lambda: glance.image(image_id), lambda one: one.status == "active")
    assert image.size == 0
    await glance.images.delete(image_id)
    await nova.delete(server.id)
    await gone(lambda: nova.server(server.id))
    await refused(nova.delete(NOBODY))
    groups = await neutron.security_groups(services.cloud.project_id)
    assert "default" in {group.name for group in groups}


async def test_an_image_from_a_file(
    dcn: Dcn, services: Services, images: Images, tmp_path: Path
) -> None:
    glance = services.glance.images
    file = tmp_path / "disk.raw"
    data = random_data(4 * MIB)
    file.write_bytes(data)
    properties = {"dcn_console_task": uuid.uuid4().hex, "dcn_console_part": "dcn0: é, in:x"}
    image = await glance.create("contract é", disk_format="raw", properties=properties)
    try:
        assert image.status == "queued"
        assert [one.id for one in await glance.made_with(properties)] == [image.id]
        assert await glance.made_with({"dcn_console_task": "nobody's"}) == ()
        sent: list[tuple[int, int]] = []
        await glance.upload(image.id, file, lambda done, total: sent.append((done, total)))
        assert sent[-1] == (len(data), len(data))
        active = await services.glance.image(image.id)
        assert (active.status, active.size) == ("active", len(data))
        assert active.stores == (dcn.stores[0],)
        await refused(glance.upload(image.id, file), 409)
        await glance.set_properties(image.id, {"os_type": "linux"})
        assert dcn.show(image.id)["os_type"] == "linux"
        for store in dcn.stores[:2]:
            assert "only store" in await refused(glance.delete_copy(store, image.id), 403)
        member = dcn.member.services.glance.images
        await refused(member.delete(image.id))
        cluster, pool = services.clusters[dcn.hub.name], access_of(dcn.hub).images_pool
        assert await cluster.content.children(pool, image.id) == ()
    finally:
        await glance.delete(image.id)
    await refused(glance.delete(image.id))


async def test_clones_of_a_copy_are_told(
    dcn: Dcn, services: Services, images: Images, mark: dict[str, str]
) -> None:
    image_id = images.upload(random_data(4 * MIB), name="parent")
    new = NewVolume(
        name="clone",
        size=GIB,
        availability_zone=dcn.hub.availability_zone or "",
        image_id=image_id,
        metadata=mark,
    )
    volume = await settled(services, (await services.cinder.volumes.create(new)).id)
    assert volume.status == "available"
    access = access_of(dcn.hub)
    children = await services.clusters[dcn.hub.name].content.children(access.images_pool, image_id)
    name = f"volume-{volume.id}"
    assert children == (RbdChild(pool=access.volumes_pool, image=name, snapshot="snap"),)
    await refused(services.glance.images.delete_copy(dcn.stores[0], image_id), 403)
    await services.cinder.volumes.delete(volume.id)
    await gone(lambda: services.cinder.volume(volume.id))
