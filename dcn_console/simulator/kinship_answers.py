"""What a cluster answers about names, the trash, clones, and what RBD images take up."""

from dcn_console.simulator.block_records import TransferRecord
from dcn_console.simulator.cluster_answer import ClusterAnswer, Parameters, found, text
from dcn_console.simulator.rbd_content import data_of
from dcn_console.simulator.rbd_data import OBJECT, differing
from dcn_console.simulator.records import SimulatedSite
from dcn_console.simulator.refusals import missing
from dcn_console.simulator.world import World


def names(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer the names of a pool's RBD images that begin with a prefix."""
    prefix = str(parameters.get("prefix", ""))
    known = sorted(
        name for name in world.rbd(site, text(parameters, "pool")) if name.startswith(prefix)
    )
    return ClusterAnswer(parts=[*known], result={"count": len(known)})


def trash(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer the names that RBD images in a pool's trash had."""
    known = world.block.trash(site.name, text(parameters, "pool"))
    return ClusterAnswer(parts=[*known], result={"count": len(known)})


def children(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer the clones of an RBD image, with the snapshot that each was made of."""
    found(world, site, parameters)
    parent = (text(parameters, "pool"), text(parameters, "name"))
    parts = [
        {"pool": pool, "image": name, "snapshot": record.parent.snapshot, "trashed": False}
        for pool, images in world.pools(site)
        for name, record in images.items()
        if record.parent is not None and (record.parent.pool, record.parent.image) == parent
    ]
    return ClusterAnswer(parts=[*parts], result={"count": len(parts)})


def used_bytes(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer what an RBD image takes, or what was written since its snapshot ``since``."""
    record = found(world, site, parameters)
    since = parameters.get("since")
    if not since:
        return ClusterAnswer(result={"used": record.used})
    name = text(parameters, "name")
    point = next((item.data for item in record.snapshots if item.name == since), None)
    if point is None:
        raise missing(f"error setting image {name.encode()!r} to snapshot {since}")
    arriving = _arriving(world, site, text(parameters, "pool"), name)
    if arriving is not None:
        return ClusterAnswer(result={"used": int(arriving.done)})
    used = len(differing(data_of(name, record), point)) * OBJECT
    return ClusterAnswer(result={"used": min(record.size, used)})


def _arriving(world: World, site: SimulatedSite, pool: str, name: str) -> TransferRecord | None:
    """What is being written into an RBD image that held something before."""
    here = (site.name, pool, name)
    return next(
        (
            item
            for item in world.block.transfers
            if item.before and (item.target, item.pool, item.name) == here
        ),
        None,
    )
