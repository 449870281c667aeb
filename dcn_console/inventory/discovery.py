"""Discovering the sites: asking the cloud and a folder of ceph.conf files, then joining by fsid."""

import asyncio
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.ceph.conf import FoundCluster
from dcn_console.ceph.conf import discover as clusters_in
from dcn_console.clouds.cinder import Cinder
from dcn_console.clouds.cloud import Cloud
from dcn_console.clouds.glance import Glance
from dcn_console.inventory.discovered import Clues, Discovery
from dcn_console.inventory.reading import merged_stores
from dcn_console.inventory.topology_join import join
from dcn_console.model.errors import ClusterError, RbdImageNotFound, ServiceError
from dcn_console.model.inventory import Image, Store
from dcn_console.model.sites import ClusterAccess

T = TypeVar("T")

_DETAIL_SECONDS = 10.0
_PAGES_READ = 5
_SAMPLES = 10
_DETAIL = "Glance's detailed list of stores"
_LOCATIONS = "the locations of its images"
_RBD_IMAGES = "the RBD images in its pool"


async def discover(
    cloud: Cloud, ceph_folder: Path, python: tuple[str, ...], deadline: float = 10.0
) -> Discovery:
    """Discover the sites of a cloud; nothing is changed and nothing is written.

    ``ceph_folder`` holds the clusters' ceph.conf files; ``python`` is the interpreter for agents,
    which are asked only for what the files and the APIs do not tell. Services that cannot be
    asked are problems in the result. Raises nothing of its own.
    """
    glance, cinder = Glance(cloud), Cinder(cloud)
    problems: list[str] = []
    stores, zones, pools, services = await asyncio.gather(
        _stores(glance, problems),
        _or_problem(cinder.availability_zones(), problems),
        _or_problem(cinder.pools(), problems),
        _or_problem(cinder.services(), problems),
    )
    readers = _readers(clusters_in(ceph_folder), python, deadline)
    try:
        clusters = await asyncio.gather(
            *(_with_fsid(found, readers.get(found.conf)) for found in clusters_in(ceph_folder))
        )
        found, evidence = await _stores_with_fsid(glance, stores, clusters, readers)
    finally:
        await asyncio.gather(*(reader.close() for reader in readers.values()))
    if not clusters:
        problems.append(f"No ceph.conf with an fsid was found in {ceph_folder}.")
    return join(
        Clues(
            stores=found,
            evidence=evidence,
            zones=tuple(zone.name for zone in zones if zone.name != "internal"),
            pools=pools,
            zone_of_host={
                service.host: service.availability_zone
                for service in services
                if service.binary == "cinder-volume" and service.availability_zone
            },
            clusters=tuple(clusters),
            problems=tuple(problems),
        )
    )


async def _stores(glance: Glance, problems: list[str]) -> tuple[Store, ...]:
    """Return the stores, in detail if possible: asked after the plain list, on a warm token."""
    stores = await _or_problem(glance.stores(), problems)
    detailed = await _or_problem(glance.stores_detail(_DETAIL_SECONDS), problems)
    return merged_stores(stores, detailed)


async def _or_problem(asking: Awaitable[tuple[T, ...]], problems: list[str]) -> tuple[T, ...]:
    try:
        return await asking
    except ServiceError as error:
        problems.append(str(error))
        return ()


def _readers(
    found: Iterable[FoundCluster], python: tuple[str, ...], deadline: float
) -> dict[str, Cluster]:
    """Return, by conf, a cluster for each that can be asked; no agent is started yet."""
    readers = {}
    for cluster in found:
        if cluster.problem or not cluster.keyrings:
            continue
        keyring = cluster.keyrings[0]
        access = ClusterAccess(
            conf=cluster.conf,
            user=keyring.user,
            keyring="" if keyring.is_default else keyring.path,
            fsid=cluster.fsid or "",
        )
        readers[cluster.conf] = Cluster(cluster.name, access, deadline=deadline, python=python)
    return readers


async def _with_fsid(cluster: FoundCluster, reader: Cluster | None) -> FoundCluster:
    """Return the cluster with its fsid, asked for where the file does not name it."""
    if cluster.fsid is not None or reader is None:
        return cluster
    try:
        return msgspec.structs.replace(cluster, fsid=(await reader.status()).fsid)
    except ClusterError as error:
        return msgspec.structs.replace(cluster, problem=str(error))


async def _stores_with_fsid(
    glance: Glance,
    stores: tuple[Store, ...],
    clusters: Iterable[FoundCluster],
    readers: dict[str, Cluster],
) -> tuple[tuple[Store, ...], dict[str, str]]:
    """Return the stores with their fsid where anything tells it, and what told it."""
    evidence = {store.id: _DETAIL for store in stores if store.fsid}
    if all(store.fsid or store.read_only for store in stores):
        return stores, evidence
    images = await _some_images(glance)
    by_location = _fsids_of_locations(images)
    found = []
    for store in stores:
        fsid, pool = store.fsid, store.pool
        if fsid is None and store.id in by_location:
            fsid, location_pool = by_location[store.id]
            pool = pool or location_pool
            evidence[store.id] = _LOCATIONS
        if fsid is None and not store.read_only:
            fsid = await _fsid_of_rbd_images(store, images, clusters, readers)
            evidence[store.id] = _RBD_IMAGES
        if fsid is None and pool is not None:
            fsid = await _fsid_of_pool(pool, clusters, readers)
            evidence[store.id] = f"its pool {pool}, which only that cluster has"
        found.append(msgspec.structs.replace(store, fsid=fsid, pool=pool))
    return tuple(found), evidence


async def _some_images(glance: Glance) -> list[Image]:
    images: list[Image] = []
    pages = 0
    try:
        async for page in glance.image_pages():
            images.extend(page)
            pages += 1
            if pages == _PAGES_READ:
                break
    except ServiceError:
        return images
    return images


def _fsids_of_locations(images: Iterable[Image]) -> dict[str, tuple[str, str]]:
    """Return fsid and pool by store."""
    found: dict[str, tuple[str, str]] = {}
    for image in images:
        for location in image.locations:
            found.setdefault(location.store, (location.fsid, location.pool))
    return found


async def _fsid_of_rbd_images(
    store: Store,
    images: list[Image],
    clusters: Iterable[FoundCluster],
    readers: dict[str, Cluster],
) -> str | None:
    """Return the fsid of the only cluster that holds the store's images and no others."""
    inside = [image.id for image in images if store.id in image.stores][:_SAMPLES]
    outside = [image.id for image in images if image.stores and store.id not in image.stores]
    if not inside:
        return None
    pool = store.pool or ClusterAccess().images_pool
    matching = []
    for cluster in clusters:
        reader = readers.get(cluster.conf)
        if reader is None or cluster.fsid is None:
            continue
        if await _holds(reader, pool, inside, outside[:_SAMPLES]):
            matching.append(cluster.fsid)
    return matching[0] if len(set(matching)) == 1 else None


async def _fsid_of_pool(
    pool: str, clusters: Iterable[FoundCluster], readers: dict[str, Cluster]
) -> str | None:
    """Return the fsid of the only cluster with that pool; None unless all could be asked."""
    having = set()
    for cluster in clusters:
        reader = readers.get(cluster.conf)
        if reader is None or cluster.fsid is None:
            return None
        try:
            if pool in await reader.pools():
                having.add(cluster.fsid)
        except ClusterError:
            return None
    return having.pop() if len(having) == 1 else None


async def _holds(reader: Cluster, pool: str, inside: list[str], outside: list[str]) -> bool:
    for image_id, expected in [(one, True) for one in inside] + [(one, False) for one in outside]:
        try:
            await reader.rbd_image(pool, image_id)
            there = True
        except RbdImageNotFound:
            there = False
        except ClusterError:
            return False
        if there is not expected:
            return False
    return True
