"""Who needs an image's copy at a site: the copy-on-write clones in that site's cluster.

Glance refuses to delete a copy with clones. But asked to delete the whole image, it first deletes
the other stores' copies and then refuses (seen with Glance 25.1 and 33), so every site is looked
at first, and one that cannot be looked at counts as one with clones.
"""

from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, RbdImageNotFound, ServiceError
from dcn_console.model.inventory import Image, RbdChild
from dcn_console.model.sites import Site
from dcn_console.model.text import count, printable

MOST_NAMED = 5
_VOLUME = "volume-"


@dataclass(frozen=True)
class Copy:
    """An image's copy in one store; ``site`` is None for a store that is no site's.

    ``children`` is None when they are not known, and ``unknown`` says why.
    """

    store: str
    site: Site | None
    children: tuple[RbdChild, ...] | None
    unknown: str = ""

    @property
    def is_free(self) -> bool:
        """Whether it is known that nothing needs the copy."""
        return self.children == ()

    @property
    def place(self) -> str:
        """The site, or the store of no site, for people."""
        return self.site.name if self.site is not None else f"store {printable(self.store, 60)}"


async def look_at_copies(services: Services, image: Image) -> tuple[Copy, ...]:
    """Look at the copy in every store that has the image. Raises ServiceError without Glance."""
    read_only = {store.id for store in await services.glance.stores() if store.read_only}
    return tuple(
        [
            await look_at_copy(services, image, store)
            for store in image.stores
            if store not in read_only
        ]
    )


async def look_at_copy(services: Services, image: Image, store: str) -> Copy:
    """Look at the copy in one store.

    One whose RBD image is not in the pool may be in another that we do not know of, so its clones
    are not known; of an image with no other copy nothing else can be lost.
    """
    site = services.topology.with_store(store)
    cluster = services.clusters.get(site.name) if site is not None else None
    if site is None or site.cluster is None or cluster is None:
        return Copy(store, site, None, "no Ceph access is configured for it")
    try:
        children = await cluster.content.children(site.cluster.images_pool, image.id)
    except RbdImageNotFound:
        if set(image.stores) == {store}:
            return Copy(store, site, ())
        pool = printable(site.cluster.images_pool, 60)
        reason = f"its RBD image is not in pool {pool} (lost, or images_pool is another)"
        return Copy(store, site, None, reason)
    except ClusterError as error:
        return Copy(store, site, None, error.message)
    return Copy(store, site, children)


async def named_children(services: Services, copy: Copy) -> str:
    """Say who the clones are: volumes by their names, the rest as Ceph calls it."""
    children = copy.children or ()
    words = [await _name_of(services, child) for child in children[:MOST_NAMED]]
    more = len(children) - len(words)
    others = f" and {count(more, 'other')}" if more > 0 else ""
    return f"{count(len(children), 'clone')}: {', '.join(words)}{others}"


async def _name_of(services: Services, child: RbdChild) -> str:
    where = printable(f"{child.pool}/{child.image}", 120)
    if child.trashed:
        return f"{where} (in the trash)"
    if not child.image.startswith(_VOLUME):
        return where
    volume_id = child.image.removeprefix(_VOLUME)
    try:
        volume = await services.cinder.volume(volume_id)
    except ServiceError:
        return where
    return f"volume “{printable(volume.label, 60)}” ({volume_id})"
