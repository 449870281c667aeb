"""Reading the inventory once, for the command line: everything at the same time, nothing lost.

Each service and each cluster is read by itself and bounded by its own time limit, so that a
dead site delays no other; what failed is an error in its snapshot.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from dcn_console.inventory.clusters import ClusterReader, look_for, read_copies, read_state
from dcn_console.inventory.keeping import Identified
from dcn_console.inventory.mirror_reading import (
    pools_of,
    read_manager,
    read_pools,
    with_manager,
)
from dcn_console.inventory.reading import (
    NO_NOVA,
    all_image_pages,
    detailed_stores,
    listable_services,
    lock_tasks,
    marked_volumes,
    merged_stores,
    own_only,
    servers_notice,
    services_notice,
    still_lists,
    volumes_notice,
)
from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError, ServiceError
from dcn_console.model.inventory import (
    CinderService,
    ClusterState,
    Image,
    ImageTask,
    Inventory,
    MirroredPool,
    MirrorState,
    RbdImage,
    Server,
    Snapshot,
    Source,
    Store,
    Volume,
)
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup, VolumeSnapshot

R = TypeVar("R", bound=Identified)
T = TypeVar("T")

STORES = "stores"
IMAGES = "images"
VOLUMES = "volumes"
SERVICES = "services"
SERVERS = "servers"
SNAPSHOTS = "snapshots"
BACKUPS = "backups"
MARKED = "marked"
"""The volumes that carry a backup plan's metadata: asked for only where plans are judged."""
CLUSTERS = "clusters"
MIRRORS = "mirrors"
COPIES = "copies"
"""The RBD images of every site with a cluster: needed to see copies that are gone."""
DETAIL_GRACE = 0.5
"""Seconds that the stores' detail may take longer than all the rest: it hangs while a site
does, and types and pools are worth little waiting."""

MANAGER_SECONDS = 8.0
"""The longest wait for daemons and schedules: a cluster's manager may hang."""

EVERYTHING = frozenset(
    {STORES, IMAGES, VOLUMES, SERVICES, SERVERS, SNAPSHOTS, BACKUPS, CLUSTERS, COPIES, MIRRORS}
)


async def collect(services: Services, wanted: frozenset[str] = EVERYTHING) -> Inventory:
    """Return the ``wanted`` parts of the inventory, read now; other parts stay empty.

    Raises nothing that a service or cluster answers: that is in the snapshots' errors.
    """
    topology = services.settings.topology
    reached = [site for site in topology if site.name in services.clusters]
    sites = reached if wanted & {CLUSTERS, COPIES} else []
    mirrored = reached if MIRRORS in wanted else []
    detail = asyncio.ensure_future(_detail(services, wanted))
    async with asyncio.TaskGroup() as group:
        images = group.create_task(
            _if(IMAGES in wanted, lambda: _rows(all_image_pages(services.glance)))
        )
        stores = group.create_task(_if(STORES in wanted, lambda: _one(services.glance.stores())))
        volumes = group.create_task(_if(VOLUMES in wanted, lambda: _volumes(services)))
        servers = group.create_task(_if(SERVERS in wanted, lambda: _servers(services)))
        snapshots = group.create_task(_if(SNAPSHOTS in wanted, lambda: _snapshots(services)))
        backups = group.create_task(_if(BACKUPS in wanted, lambda: _backups(services)))
        cinder = group.create_task(_if(SERVICES in wanted, lambda: _cinder_services(services)))
        marked = group.create_task(_if(MARKED in wanted, lambda: _one(marked_volumes(services))))
        listed = images if COPIES in wanted else None
        clusters = {
            site.name: group.create_task(_cluster(services, site, listed)) for site in sites
        }
        mirrors = {
            site.name: group.create_task(_mirrors(services.clusters[site.name], site))
            for site in mirrored
        }
        image_tasks = group.create_task(_image_tasks(services, images))
    detailed = await _within(DETAIL_GRACE, detail)
    return Inventory(
        topology=topology,
        stores=replace(stores.result(), rows=merged_stores(stores.result().rows, detailed or ())),
        images=images.result(),
        volumes=volumes.result(),
        services=cinder.result(),
        servers=servers.result(),
        snapshots=snapshots.result(),
        backups=backups.result(),
        marked=marked.result(),
        clusters={name: task.result() for name, task in clusters.items()},
        mirrors={name: task.result() for name, task in mirrors.items()},
        image_tasks=image_tasks.result(),
    )


async def _if(
    condition: bool, reading: Callable[[], Coroutine[Any, Any, Snapshot[T]]]
) -> Snapshot[T]:
    return await reading() if condition else Snapshot()


async def _rows(pages: AsyncIterator[tuple[R, ...]]) -> Snapshot[R]:
    """Read all pages; after a failure the rows that had arrived are kept."""
    rows: dict[str, R] = {}
    error = None
    try:
        async for page in pages:
            rows.update((row.id, row) for row in page)
    except ServiceError as failure:
        error = str(failure)
    return _snapshot(tuple(rows.values()), error)


async def _one(reading: Awaitable[tuple[T, ...]]) -> Snapshot[T]:
    try:
        return _snapshot(await reading, None)
    except ServiceError as failure:
        return _snapshot((), str(failure))


def _snapshot(rows: tuple[T, ...], error: str | None) -> Snapshot[T]:
    now = datetime.now(UTC)
    return Snapshot(
        rows=rows,
        generation=1,
        taken_at=now if error is None else None,
        complete=error is None,
        source=Source.LIVE,
        error=error,
        failing_since=None if error is None else now,
    )


async def _detail(services: Services, wanted: frozenset[str]) -> tuple[Store, ...]:
    return await detailed_stores(services.glance) if STORES in wanted else ()


async def _within(seconds: float, reading: "asyncio.Future[T]") -> T | None:
    """Return what is read, or None when it is not there after ``seconds`` more."""
    done, _ = await asyncio.wait({reading}, timeout=seconds)
    if not done:
        reading.cancel()
        return None
    return reading.result()


async def _volumes(services: Services) -> Snapshot[Volume]:
    volumes = await _rows(services.cinder.volume_pages())
    return replace(volumes, notice=volumes_notice(services.cloud, volumes.rows))


async def _servers(services: Services) -> Snapshot[Server]:
    if services.nova is None:
        return replace(_snapshot((), None), notice=NO_NOVA)
    servers = await _rows(services.nova.server_pages())
    return replace(servers, notice=servers_notice(services.cloud, servers.rows))


async def _snapshots(services: Services) -> Snapshot[VolumeSnapshot]:
    snapshots = await _rows(services.cinder.snapshots.pages())
    return replace(snapshots, notice=own_only(services.cloud, "snapshots"))


async def _backups(services: Services) -> Snapshot[Backup]:
    backups = await _rows(services.cinder.backups.pages())
    return replace(backups, notice=own_only(services.cloud, "backups"))


async def _cinder_services(services: Services) -> Snapshot[CinderService]:
    found = await _one(listable_services(services.cinder))
    return replace(found, notice=services_notice(services.cloud, found.rows))


async def _image_tasks(
    services: Services, images: "asyncio.Task[Snapshot[Image]]"
) -> dict[str, ImageTask]:
    return await lock_tasks(services.glance, (await images).rows)


async def _cluster(
    services: Services, site: Site, images: "asyncio.Task[Snapshot[Image]] | None"
) -> Snapshot[ClusterState]:
    reader = services.clusters[site.name]
    state = ClusterState(site=site.name)
    try:
        state = await read_state(reader, site, state)
        if images is not None:
            state = await _with_copies(services, reader, site, state, await images)
    except DcnError as failure:
        rows = (state,) if state.fsid else ()
        return _snapshot(rows, str(failure))
    return _snapshot((state,), None)


async def _with_copies(
    services: Services,
    reader: ClusterReader,
    site: Site,
    state: ClusterState,
    images: Snapshot[Image],
) -> ClusterState:
    copies: dict[str, RbdImage] = {}
    async for so_far in read_copies(reader, site):
        copies = so_far

    async def still_listed(image_id: str) -> bool:
        return await still_lists(services.glance, image_id, site.store)

    listed = (image.id for image in images.rows if site.store in image.stores)
    missing = [image_id for image_id in listed if image_id not in copies]
    copies = copies | await look_for(reader, site, missing, still_listed)
    return replace(state, images=copies, images_complete=True)


async def _mirrors(reader: ClusterReader, site: Site) -> Snapshot[MirrorState]:
    try:
        pools = await read_pools(reader.mirroring, pools_of(site))
    except DcnError as failure:
        return _snapshot((), str(failure))
    told = await asyncio.gather(*(_with_manager(reader, pool) for pool in pools))
    return _snapshot((MirrorState(site=site.name, pools=tuple(told)),), None)


async def _with_manager(reader: ClusterReader, pool: MirroredPool) -> MirroredPool:
    word = await read_manager(reader.mirroring, pool.pool.name, MANAGER_SECONDS)
    return with_manager(pool, word)
