"""Reading one site's Ceph cluster: health and space, and the RBD images behind Glance's copies."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from dcn_console.ceph.cluster import ClusterStatus
from dcn_console.inventory.mirror_reading import MirrorReader
from dcn_console.model.errors import RbdImageNotFound
from dcn_console.model.inventory import Capacity, ClusterState, Image, RbdImage
from dcn_console.model.sites import Site

GROWTH = 2
"""How many times what was shown last has to be there before a growing list is shown again."""


class ClusterReader(Protocol):
    """What is read of a cluster; ``ceph.cluster.Cluster`` is one."""

    async def status(self) -> ClusterStatus:
        """Health, capacity and pools."""

    async def rbd_image(self, pool: str, name: str) -> RbdImage:
        """One RBD image; raises RbdImageNotFound."""

    def rbd_images(self, pool: str) -> AsyncIterator[tuple[RbdImage, ...]]:
        """All RBD images of a pool, in parts."""

    async def used_bytes(self, pool: str, name: str) -> int:
        """Bytes written to an RBD image; raises RbdImageNotFound."""

    @property
    def mirroring(self) -> MirrorReader:
        """What is read of mirroring."""


async def read_state(reader: ClusterReader, site: Site, known: ClusterState) -> ClusterState:
    """Return ``known`` with fresh health and space.

    ``available`` is what the pool of the images can still take, where the cluster has that pool.
    Raises ClusterError.
    """
    status = await reader.status()
    pool = site.cluster.images_pool if site.cluster else ""
    available = status.capacity.available
    if pool in status.pools:
        available = status.pools[pool].available
    return msgspec.structs.replace(
        known,
        fsid=status.fsid,
        health=status.health,
        warnings=status.warnings,
        capacity=Capacity(
            total=status.capacity.total, used=status.capacity.used, available=available
        ),
    )


def like_image(copy: RbdImage, image: Image | None) -> RbdImage:
    """Return the RBD image sharing name and size with the Glance image that it is a copy of.

    There may be hundreds of thousands, and each text and number of its own takes memory.
    """
    if image is None or image.id != copy.name:
        return copy
    size = image.size if image.size == copy.size else copy.size
    return msgspec.structs.replace(copy, name=image.id, size=size)


async def read_copies(
    reader: ClusterReader,
    site: Site,
    shared: Callable[[RbdImage], RbdImage] = lambda copy: copy,
) -> AsyncIterator[dict[str, RbdImage]]:
    """Yield the RBD images of the site's Glance pool by name, growing until all are there.

    Each yield but the last is at least twice the one before, so that a big pool costs no more
    than twice its size in copying. ``shared`` returns an equal RBD image to keep instead.
    Raises ClusterError.
    """
    if site.cluster is None:
        return
    images: dict[str, RbdImage] = {}
    shown = 0
    async for part in reader.rbd_images(site.cluster.images_pool):
        images.update((copy.name, copy) for copy in map(shared, part))
        if len(images) >= GROWTH * shown:
            shown = len(images)
            yield dict(images)
    yield images


async def look_for(
    reader: ClusterReader,
    site: Site,
    image_ids: Iterable[str],
    still_listed: Callable[[str], Awaitable[bool]],
) -> dict[str, RbdImage]:
    """Look for the copies of single images.

    One that is not there is returned without size and snapshot, after ``still_listed`` has
    confirmed that Glance still says it is: a copy may have been removed meanwhile.
    Raises ClusterError.
    """
    found: dict[str, RbdImage] = {}
    if site.cluster is None:
        return found
    for image_id in image_ids:
        try:
            found[image_id] = await reader.rbd_image(site.cluster.images_pool, image_id)
        except RbdImageNotFound:
            if await still_listed(image_id):
                found[image_id] = RbdImage(name=image_id, size=None, snap=False)
    return found
