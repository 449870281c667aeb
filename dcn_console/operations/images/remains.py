"""What is left of a deleted copy in a site's cluster: nothing, or something in the trash."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.sites import Site


async def room_after(services: Services, site: Site, image_id: str) -> str:
    """Say whether the room of a deleted copy at ``site`` is free again.

    Newer Glance moves what has clones into the pool's trash (glance_store, "Trash image when
    snapshots prevent deletion"): it takes room until the clones are gone.
    """
    cluster = services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return f"whether its room at {site.name} is free is not known, for want of Ceph access"
    pool = site.cluster.images_pool
    try:
        if image_id in await cluster.trash(pool):
            return (
                f"at {site.name} it is in the trash of pool {pool}: its room is not free until "
                "that is purged"
            )
        await cluster.rbd_image(pool, image_id)
    except RbdImageNotFound:
        return f"its room at {site.name} is free"
    except ClusterError as error:
        return f"whether its room at {site.name} is free is not known: {error.message}"
    return f"Glance gave the copy up, but RBD image {pool}/{image_id} is still at {site.name}"
