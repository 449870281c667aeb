"""What reading and copying must show on any cloud: the same cases run on simulator and lab."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcn_console.clouds.cloud import Cloud
from dcn_console.config.settings import Settings
from dcn_console.inventory.collect import IMAGES, collect
from dcn_console.inventory.diagnosis import Verdict
from dcn_console.inventory.discovery import discover
from dcn_console.inventory.doctor import run
from dcn_console.inventory.join import rows
from dcn_console.inventory.refresh import Refresher
from dcn_console.inventory.services import Services
from dcn_console.model.errors import HttpError, ObjectNotFound
from dcn_console.model.inventory import Image, Inventory, Snapshot
from dcn_console.model.rows import Cell, Placement

SIZE = 1024 * 1024
DEADLINE = 600.0


@dataclass(frozen=True)
class Ground:
    """A cloud to test on. ``member_cloud`` is the entry of clouds.yaml of a plain member."""

    settings: Settings
    member_cloud: str
    ceph_folder: Path

    @property
    def member(self) -> Settings:
        """The settings with a plain member's credentials."""
        return msgspec.structs.replace(self.settings, cloud=self.member_cloud)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Open the services for the length of the block."""
    services = await Services.open(settings)
    try:
        yield services
    finally:
        await services.close()


def connection(settings: Settings) -> Any:
    """Return openstacksdk's own connection, for what the product never does."""
    from openstack.config import OpenStackConfig
    from openstack.connection import Connection

    config = OpenStackConfig(config_files=[settings.clouds_file], load_envvars=False)
    return Connection(config=config.get_one(cloud=settings.cloud))


@contextmanager
def image_on(settings: Settings, **fields: Any) -> Iterator[str]:
    """Have a small active image in the default store; yield its id."""
    sdk = connection(settings)
    name = f"contract-{uuid.uuid4().hex[:8]}"
    body = {"name": name, "disk_format": "raw", "container_format": "bare"} | fields
    created = sdk.image.post("/images", json=body)
    assert created.status_code == 201, created.text
    identity = str(created.json()["id"])
    try:
        stored = sdk.image.put(
            f"/images/{identity}/file",
            data=b"\x01" * SIZE,
            headers={"Content-Type": "application/octet-stream"},
        )
        assert stored.status_code == 204, stored.text
        yield identity
    finally:
        sdk.image.delete(f"/images/{identity}")


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition that asks a service."""
    async with asyncio.timeout(DEADLINE):
        while not await condition():  # noqa: ASYNC110 - a service is asked, nobody tells
            await asyncio.sleep(0.2)


def cell_of(inventory: Inventory, image_id: str, site: str) -> Cell:
    """Return the joined cell of an image at a site."""
    joined = rows(inventory, (), datetime.now(UTC))
    row = next(row for row in joined.images if row.key == image_id)
    cell = row.cell(site)
    assert cell is not None
    return cell


def found_in(inventory: Inventory, image_id: str) -> Image | None:
    """Return the image of that id, if it is there."""
    return next((image for image in inventory.images.rows if image.id == image_id), None)


class InventoryContract:
    """The cases. A subclass's module has a fixture ``ground``."""

    async def test_the_sites_are_discovered_by_fsid(self, ground: Ground) -> None:
        settings = ground.settings
        with image_on(settings):
            cloud = await Cloud.connect(settings.cloud, settings.clouds_file)
            try:
                found = await discover(cloud, ground.ceph_folder, settings.agent_python)
            finally:
                cloud.close()
        expected = {
            (site.store, site.availability_zone, site.cluster.fsid if site.cluster else None)
            for site in settings.topology
        }
        made = {
            (site.store, site.availability_zone, site.cluster.fsid if site.cluster else None)
            for site in found.topology
        }
        assert made == expected, found
        assert found.topology.hub is not None
        assert settings.topology.hub is not None
        assert found.topology.hub.store == settings.topology.hub.store

    async def test_everything_is_read_without_an_error(self, ground: Ground) -> None:
        async with opened(ground.settings) as services:
            inventory = await collect(services)
        snapshots: tuple[Snapshot[Any], ...] = (
            inventory.stores,
            inventory.images,
            inventory.volumes,
            inventory.services,
            inventory.servers,
            *inventory.clusters.values(),
        )
        for snapshot in snapshots:
            assert snapshot.error is None
            assert snapshot.complete
        assert inventory.volumes.notice == ""
        assert {store.id for store in inventory.stores.rows} >= {
            site.store for site in ground.settings.topology
        }
        assert set(inventory.clusters) == set(ground.settings.topology.names)
        for cluster in inventory.clusters.values():
            assert cluster.rows[0].capacity is not None
            assert cluster.rows[0].capacity.total > cluster.rows[0].capacity.used >= 0
            assert cluster.rows[0].images_complete

    async def test_an_image_is_copied_and_seen_at_its_site(self, ground: Ground) -> None:
        hub, edge = ground.settings.topology.hub, ground.settings.topology.edges[0]
        assert hub is not None
        assert edge.store is not None
        store = edge.store
        async with opened(ground.settings) as services:
            with image_on(ground.settings) as image_id:
                before = await collect(services)
                assert cell_of(before, image_id, hub.name).state is Placement.PRESENT
                assert cell_of(before, image_id, edge.name).state is Placement.ABSENT
                assert hub.store in (await services.glance.image(image_id)).stores

                await services.glance.copy_image(image_id, (store,))

                async def copied() -> bool:
                    image = await services.glance.image(image_id)
                    return store in image.stores and image.import_task is None

                await eventually(copied)
                after = await collect(services)
                assert cell_of(after, image_id, edge.name).state is Placement.PRESENT
                image = found_in(after, image_id)
                assert image is not None
                assert (image.size, image.disk_format) == (SIZE, "raw")
                copy = (after.clusters[edge.name].rows[0].images or {})[image_id]
                assert (copy.size, copy.snap, copy.snap_protected) == (SIZE, True, True)

                async def told() -> bool:
                    return (await services.glance.tasks(image_id))[0].is_over

                await eventually(told)
                newest = (await services.glance.tasks(image_id))[0]
                assert (newest.status, newest.method, newest.stores) == (
                    "success",
                    "copy-image",
                    (store,),
                )
                with pytest.raises(HttpError, match=r"400 .*already present"):
                    await services.glance.copy_image(image_id, (store,))

    async def test_refusals_have_the_services_own_sentence(self, ground: Ground) -> None:
        async with opened(ground.settings) as services:
            with pytest.raises(ObjectNotFound, match=r"404 .*[Nn]o image found"):
                await services.glance.image("00000000-0000-0000-0000-000000000000")
            with pytest.raises(ObjectNotFound, match="404"):
                await services.cinder.volume("00000000-0000-0000-0000-000000000000")
            with image_on(ground.settings) as image_id:
                with pytest.raises(HttpError, match="nowhere") as caught:
                    await services.glance.copy_image(image_id, ("nowhere",))
                assert caught.value.status == 409
                assert await services.glance.tasks(image_id) == ()

    async def test_a_member_sees_less_and_is_told_so(self, ground: Ground) -> None:
        async with opened(ground.member) as services:
            inventory = await collect(services)
            assert "Only volumes of project" in inventory.volumes.notice
            assert inventory.services.notice
            assert all(snapshot.error is None for snapshot in (inventory.stores, inventory.images))
            with pytest.raises(HttpError, match="403"):
                await services.glance.stores_detail()
            with pytest.raises(HttpError, match="403"):
                await services.cinder.pools()
            with image_on(ground.member) as image_id:
                edge = ground.settings.topology.edges[0]
                assert edge.store is not None
                with pytest.raises(HttpError, match=r"403 .*not authorized") as caught:
                    await services.glance.copy_image(image_id, (edge.store,))
        assert "copy_image" in caught.value.way_out

    async def test_hidden_images_and_changes_are_listed(self, ground: Ground) -> None:
        async with opened(ground.settings) as services:
            with image_on(ground.settings, os_hidden=True) as image_id:
                inventory = await collect(services, frozenset({IMAGES}))
                image = found_in(inventory, image_id)
                assert image is not None
                assert image.hidden
                assert image.updated_at is not None
                glance = services.glance

                async def changed_since(moment: datetime) -> set[str]:
                    pages = glance.image_pages(updated_since=moment, hidden=True)
                    return {one.id async for page in pages for one in page}

                assert image_id in await changed_since(image.updated_at)
                assert image_id not in await changed_since(image.updated_at + timedelta(hours=1))

    async def test_pages_are_followed_to_the_end(self, ground: Ground) -> None:
        async with opened(ground.settings) as services:
            with image_on(ground.settings) as first, image_on(ground.settings) as second:
                pages = [page async for page in services.glance.image_pages(page_size=1)]
                assert all(len(page) <= 1 for page in pages)
                assert {first, second} <= {image.id for page in pages for image in page}

    async def test_a_volume_is_seen_with_its_site(self, ground: Ground) -> None:
        edge = ground.settings.topology.edges[0]
        sdk = connection(ground.settings)
        body = {"size": 1, "name": "contract", "availability_zone": edge.availability_zone}
        created = sdk.block_storage.post("/volumes", json={"volume": body})
        assert created.status_code == 202, created.text
        volume_id = created.json()["volume"]["id"]
        async with opened(ground.settings) as services:
            try:

                async def available() -> bool:
                    return (await services.cinder.volume(volume_id)).status == "available"

                await eventually(available)
                inventory = await collect(services)
                joined = rows(inventory, (), datetime.now(UTC))
                row = next(row for row in joined.volumes if row.key == volume_id)
                assert row.site == edge.name
                assert row.volume.size == 1024**3
                assert row.volume.host
                assert row.volume.updated_at is not None
                since = row.volume.updated_at
                changed = services.cinder.volume_pages(updated_since=since)
                assert volume_id in {one.id async for page in changed for one in page}
                later = services.cinder.volume_pages(updated_since=since + timedelta(hours=1))
                assert volume_id not in {one.id async for page in later for one in page}
            finally:
                sdk.block_storage.delete(f"/volumes/{volume_id}")

    async def test_the_doctor_finds_no_problem(self, ground: Ground) -> None:
        with image_on(ground.settings):
            found = [diagnosis async for diagnosis in run(ground.settings)]
        assert [one for one in found if one.outcome is Verdict.PROBLEM] == []
        assert any(one.subject == "may copy images" and one.outcome is Verdict.OK for one in found)
        assert sum(one.subject.endswith("OSDs") for one in found) == len(
            ground.settings.topology.names
        )

    async def test_the_doctor_tells_a_member_who_may_copy(self, ground: Ground) -> None:
        with image_on(ground.member) as image_id:
            found = [diagnosis async for diagnosis in run(ground.member)]
            async with opened(ground.member) as services:
                assert await services.glance.tasks(image_id) == ()
        (verdict,) = [one for one in found if one.subject == "may copy images"]
        assert verdict.outcome is Verdict.PROBLEM

    async def test_the_refresher_follows_images_that_come_and_go(self, ground: Ground) -> None:
        settings = msgspec.structs.replace(ground.settings, refresh_seconds=1.0)
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell() -> None:
            loop.call_soon_threadsafe(changed.set)

        refresher = Refresher(settings, tell)

        async def until(holds: Callable[[Inventory], bool]) -> None:
            async with asyncio.timeout(DEADLINE):
                while not holds(refresher.current()):
                    changed.clear()
                    await changed.wait()

        refresher.start()
        try:
            await until(lambda seen: seen.images.complete and seen.volumes.complete)
            with image_on(settings) as image_id:
                await until(lambda seen: _is_active(seen, image_id))
                await until(
                    lambda seen: all(
                        one.rows and one.rows[0].images_complete for one in seen.clusters.values()
                    )
                )
            await until(lambda seen: found_in(seen, image_id) is None)
        finally:
            refresher.stop()


def _is_active(inventory: Inventory, image_id: str) -> bool:
    image = found_in(inventory, image_id)
    return image is not None and image.status == "active" and bool(image.stores)
