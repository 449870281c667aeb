"""What the operations on peers, modes and names of mirrored pools share."""

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import AgentError, ClusterError, ClusterUnreachable
from dcn_console.model.mirroring import MirrorImage, MirrorPeer
from dcn_console.model.plans import Check, ObjectReference
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_routes import PoolSides
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.mirror_subject import refused
from dcn_console.operations.policy import acted_on

NAMES_SHOWN = 5
CONNECT = "dcn-console mirror peer connect"
REMOVE = "dcn-console mirror peer remove"


def pool_reference(pool: str) -> ObjectReference:
    """Return the object of a plan about a pool."""
    return ObjectReference(kind="pool", id=pool, name=printable(pool, 60))


def administration(site: Site) -> str:
    """Return what to configure so that peers of ``site`` can be changed."""
    name = printable(site.name, 60)
    return (
        f'Set user = "admin" under [site.{name}.cluster] in the config file, with keyring = the '
        "path of its keyring unless that is where Ceph looks for it: dcn-console doctor"
    )


async def check_permission(services: Services, site: Site) -> Check | None:
    """Refuse unless the configured user may change peers at ``site``; None when it may."""
    try:
        await cluster_of(services, site).mirroring.check_peer_permission()
    except (ClusterUnreachable, AgentError) as error:
        return refused(error.message, error.way_out)
    except ClusterError as error:
        return refused(
            f"{error.message} Changing peers takes mon 'allow *', as the cluster's admin has.",
            administration(site),
        )
    return None


async def check_pool(services: Services, sides: PoolSides, site: Site, pool: str) -> Check | None:
    """Refuse unless the pool's mirroring could be read at ``site``; None when it could."""
    error = sides.errors.get(site.name)
    if error is None:
        return None
    if not isinstance(error, ClusterUnreachable | AgentError):
        try:
            known = await cluster_of(services, site).pools()
        except ClusterError:
            return refused(error.message, error.way_out)
        if pool not in known:
            name = printable(pool, 60)
            return refused(
                f"Site {site.name} has no pool {name}; a pool is mirrored to one of its own name.",
                "Create it there first: ceph osd pool create, then rbd pool init",
            )
    return refused(error.message, error.way_out)


def task_on_pool(
    pool: str, sites: set[str], context: PlanContext, operations: frozenset[str] | None = None
) -> int | None:
    """Return the number of an open task about the pool at one of ``sites``, None without.

    ``operations`` are the only ones that matter, all by default.
    """
    for task in context.open_tasks:
        plan = task.plan
        subject = plan.parameters.get("subject")
        holder = subject if isinstance(subject, dict) else plan.parameters
        matters = operations is None or plan.operation in operations
        if matters and holder.get("pool") == pool and {*plan.targets, *acted_on(plan)} & sites:
            return task.number
    return None


async def mirrored_in(cluster: Cluster, pool: str) -> list[MirrorImage]:
    """Return all mirrored RBD images of a pool."""
    return [image async for part in cluster.mirroring.images(pool) for image in part]


def listed(names: list[str]) -> str:
    """Return some names for people, and how many more there are."""
    shown = ", ".join(printable(name, 60) for name in sorted(names)[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def site_of_peer(sides: PoolSides, site: str, peer: MirrorPeer) -> str | None:
    """Return which of our sites a peer of ``site`` is, None for none of them."""
    return next(
        (
            name
            for name in sides.pools
            if name != site and (found := sides.peer_for(site, name)) and found.uuid == peer.uuid
        ),
        None,
    )


def has_met(sides: PoolSides, receiver: str, source: str) -> bool:
    """Whether a daemon of ``receiver`` has reached ``source``, which then lists its pool's uuid.

    Source: rbd_mirror/RemotePoolPoller.cc pings the remote pool; measured on 16.2.15.
    """
    here, there = sides.pools.get(receiver), sides.pools.get(source)
    if here is None or there is None or not here.mirror_uuid:
        return False
    return any(peer.mirror_uuid == here.mirror_uuid for peer in there.peers)
