"""The plan of taking a peer off a pool: what depends on it, and what then stops."""

import shlex

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import MirrorImage, MirrorPeer
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import RemovePeer
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_change import VERIFY
from dcn_console.operations.mirror_peers import (
    CONNECT,
    REMOVE,
    check_permission,
    check_pool,
    listed,
    mirrored_in,
    pool_reference,
    site_of_peer,
    task_on_pool,
)
from dcn_console.operations.mirror_routes import PoolSides, pool_sides
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.mirror_subject import fine, refused, tool, warned
from dcn_console.operations.remove_peer import names


async def plan_remove(services: Services, request: RemovePeer, context: PlanContext) -> Plan:
    """Plan to remove a peer, named by its uuid or by the site it is. Reads only.

    Raises UsageError for an unknown site or one without Ceph access.
    """
    site = services.topology.site(request.site)
    cluster = cluster_of(services, site)
    sides = await pool_sides(services, request.pool)
    unreadable = await check_pool(services, sides, site, request.pool)
    if unreadable is not None:
        return _plan(request, site, context, checks=(unreadable,))
    peer = _peer(sides, request)
    if peer is None:
        return _plan(request, site, context, skipped="has no such peer")
    other = site_of_peer(sides, site.name, peer)
    denied = await check_permission(services, site)
    if denied is not None:
        return _plan(request, site, context, peer=peer, other=other, checks=(denied,))
    number = task_on_pool(request.pool, {site.name}, context)
    if number is not None:
        skipped = f"task {number} is at work on the pool"
        return _plan(request, site, context, peer=peer, other=other, skipped=skipped)
    if not peer.direction.receives:
        checks = _checks_of_sending(sides, site, request.pool, other)
        return _plan(request, site, context, peer=peer, other=other, checks=checks)
    return await _receiving(request, site, cluster, peer, other, sides, context)


def _peer(sides: PoolSides, request: RemovePeer) -> MirrorPeer | None:
    peers = sides.pools[request.site].peers
    found = next((peer for peer in peers if peer.uuid == request.uuid), None)
    if found is not None or request.uuid not in sides.pools:
        return found
    return sides.peer_for(request.site, request.uuid)


def _checks_of_sending(
    sides: PoolSides, site: Site, pool: str, other: str | None
) -> tuple[Check, ...]:
    """Refuse to forget a site that still receives: its daemon would be listed again at once."""
    if other is None:
        return (
            warned(
                "The peer is none of the sites that answer. While a daemon there still receives "
                "the pool, Ceph lists it again."
            ),
        )
    back = sides.receiving_peer(other, site.name)
    if back is not None:
        name = printable(pool, 60)
        return (
            refused(
                f"{other} still receives pool {name} from {site.name}, so that Ceph would list it "
                "again at once.",
                f"Remove the peer there first: {REMOVE} {other} {name} {back.uuid}",
            ),
        )
    return (fine(f"{other} does not receive from {site.name} any more; only the entry is left."),)


async def _receiving(
    request: RemovePeer,
    site: Site,
    cluster: Cluster,
    peer: MirrorPeer,
    other: str | None,
    sides: PoolSides,
    context: PlanContext,
) -> Plan:
    """Plan to end what ``site`` receives: what was received stays, and stands still."""
    name = other or printable(peer.site_name or peer.uuid, 60)
    try:
        images = await mirrored_in(cluster, request.pool)
    except ClusterError as error:
        check = refused(error.message, error.way_out)
        return _plan(request, site, context, peer=peer, other=other, checks=(check,))
    checks, lost = _what_stops(images, site.name, name)
    if other is not None and sides.receiving_peer(other, site.name) is not None:
        checks.append(fine(f"{other} goes on receiving from {site.name}."))
    elif other is not None and sides.peer_for(other, site.name) is not None:
        pool = printable(request.pool, 60)
        checks.append(
            fine(
                f"{other} goes on listing {site.name} until it is removed there too: "
                f"{REMOVE} {other} {pool} {site.name}"
            )
        )
    return _plan(
        request, site, context, peer=peer, other=other, checks=tuple(checks), irreversible=lost
    )


def _what_stops(images: list[MirrorImage], site: str, name: str) -> tuple[list[Check], str]:
    """Return what a person should know, and what is lost, "" when nothing depends on the peer."""
    received = [image.name for image in images if not image.primary]
    own = [image.name for image in images if image.primary]
    checks = []
    if received:
        count = f"{len(received)} RBD image{'' if len(received) == 1 else 's'}"
        checks.append(
            warned(
                f"{count} at {site} would receive nothing from {name} any more: "
                f"{listed(received)}. The copies stay as they are, cannot be written to, and "
                f"fall behind; {site} cannot take over without loss."
            )
        )
    if own:
        checks.append(
            warned(
                f"{site} could not receive back what is primary there ({listed(own)}): after a "
                f"failover or relocation to {name}, nothing would be mirrored to {site}."
            )
        )
    if not images:
        checks.append(fine(f"No RBD image of the pool is mirrored at {site}."))
    return checks, f"what keeps {count} at {site} up to date" if received else ""


def _plan(
    request: RemovePeer,
    site: Site,
    context: PlanContext,
    *,
    peer: MirrorPeer | None = None,
    other: str | None = None,
    checks: tuple[Check, ...] = (),
    skipped: str = "",
    irreversible: str = "",
) -> Plan:
    pool = printable(request.pool, 60)
    uuid = peer.uuid if peer is not None else request.uuid
    name = other or printable((peer.site_name if peer is not None else "") or uuid, 60)
    parameters = names.Parameters(site=site.name, pool=request.pool, uuid=uuid, other=name)
    words = ["mirror", "pool", "peer", "remove", request.pool, uuid]
    return Plan(
        operation=names.NAME,
        title=f"remove peer {name} of pool {pool} at {site.name}",
        objects=(pool_reference(request.pool),),
        targets=() if skipped else (site.name,),
        skipped={site.name: skipped} if skipped else {},
        checks=checks,
        steps=(
            PlannedStep(
                name=names.REMOVE,
                site=site.name,
                text=f"remove the peer {name}",
                undo=f"it can be connected again: {CONNECT}",
            ),
            PlannedStep(name=VERIFY, site=site.name, text="see that it is gone"),
        ),
        commands=(f"{tool('rbd', site)} {shlex.join(words)}",),
        parameters=msgspec.to_builtins(parameters),
        typed_name=name if irreversible else "",
        irreversible=irreversible,
        made_at=context.now,
    )
