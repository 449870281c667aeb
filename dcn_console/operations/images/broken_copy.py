"""Telling that nobody writes a copy any more, long before Glance lets go of its lock."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.operations.copy_image.observe import Observation


async def is_broken_off(services: Services, seen: Observation) -> bool:
    """Whether the import that holds the image's lock wrote an RBD image that nobody has open.

    Glance keeps the RBD image open from its first byte to its snapshot
    (glance_store/_drivers/rbd.py, ``add``) and tells of its task once a minute meanwhile. Before
    the first byte nothing tells a living import from a dead one. Raises nothing: a cluster that
    does not answer tells nothing.
    """
    lock = seen.lock
    store = next(iter(seen.stores_to_serve), None)
    if lock is None or store is None or not lock.is_stalled(seen.at):
        return False
    site = services.topology.with_store(store)
    cluster = services.clusters.get(site.name) if site is not None else None
    if site is None or site.cluster is None or cluster is None:
        return False
    try:
        detail = await cluster.content.detail(site.cluster.images_pool, seen.image.id)
    except ClusterError:
        return False
    return not (detail.watchers or detail.snapshots or detail.mirroring)
