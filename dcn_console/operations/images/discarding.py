"""Removing an image that a task made itself and that came to nothing."""

from dcn_console.model.errors import ClusterError, HttpError, ObjectNotFound
from dcn_console.model.inventory import Image
from dcn_console.operations.base import TargetContext
from dcn_console.operations.images.children import look_at_copies


async def discard(context: TargetContext, image: Image) -> str:
    """Delete an image of the task's own; return "" or why it is left behind.

    One that somebody made volumes of meanwhile stays. What broken uploads and copies left in the
    pools is removed too. Raises ServiceError when Glance does not answer.
    """
    services = context.services
    copies = await look_at_copies(services, image)
    if any(copy.children for copy in copies) or (
        len(copies) > 1 and not all(copy.is_free for copy in copies)
    ):
        return f"image {image.id} is left behind, for something may be a clone of it"
    try:
        await services.glance.images.delete(image.id)
    except ObjectNotFound:
        context.log(f"image {image.id} is gone already")
    except HttpError as error:
        return f"image {image.id} is left behind: {error}"
    else:
        context.log(f"removed the unfinished image {image.id}")
    await _sweep(context, image)
    return ""


async def _sweep(context: TargetContext, image: Image) -> None:
    """Remove what broken uploads and copies left at the hub and where Glance was to copy to."""
    topology = context.services.topology
    begun = (topology.with_store(store) for store in (*image.importing_to, *image.failed_stores))
    sites = {site.name: site for site in (topology.hub, *begun) if site is not None}
    for site in sites.values():
        cluster = context.services.clusters.get(site.name)
        if site.cluster is None or cluster is None:
            continue
        try:
            if await cluster.remove_unfinished(site.cluster.images_pool, image.id):
                context.log(f"removed what the unfinished image had left at {site.name}")
        except ClusterError as error:
            context.log(f"cannot see whether the unfinished image left anything: {error.message}")
