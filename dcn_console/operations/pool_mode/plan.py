"""The plan of changing a pool's mirroring mode: what it brings about, what stands against it."""

import shlex

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import PoolMode
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import ChangePoolMode
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_change import VERIFY
from dcn_console.operations.mirror_peers import (
    REMOVE,
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
from dcn_console.operations.pool_mode import names


async def plan_mode(services: Services, request: ChangePoolMode, context: PlanContext) -> Plan:
    """Plan to change the mode of a pool at one site. Reads only.

    Raises UsageError for an unknown site or one without Ceph access.
    """
    site = services.topology.site(request.site)
    cluster = cluster_of(services, site)
    sides = await pool_sides(services, request.pool)
    unreadable = await check_pool(services, sides, site, request.pool)
    if unreadable is not None:
        return _plan(request, site, context, checks=(unreadable,))
    mode = sides.pools[site.name].mode
    if mode is request.mode:
        return _plan(request, site, context, skipped=f"has the mode {mode} already")
    number = task_on_pool(request.pool, {site.name}, context)
    if number is not None:
        skipped = f"task {number} is at work on the pool"
        return _plan(request, site, context, skipped=skipped)
    try:
        checks = await _checks(sides, request, site, cluster)
    except ClusterError as error:
        checks = [refused(error.message, error.way_out)]
    return _plan(request, site, context, mode=mode, checks=tuple(checks))


async def _checks(
    sides: PoolSides, request: ChangePoolMode, site: Site, cluster: Cluster
) -> list[Check]:
    if request.mode is PoolMode.DISABLED:
        return [*await _mirrored(request, site, cluster), *_peers(sides, request, site)]
    mode = sides.pools[site.name].mode
    checks = []
    if request.mode is PoolMode.POOL:
        checks.append(
            warned(
                f"Every RBD image of {site.name} in the pool that has the feature journaling is "
                "mirrored from then on, each with a first copy; none can be taken out by itself."
            )
        )
    elif mode is PoolMode.POOL:
        checks.append(fine("What is mirrored stays so; RBD images are enabled one by one."))
    else:
        checks.append(
            fine(
                "Nothing is mirrored before another site is connected "
                "(dcn-console mirror peer connect) and RBD images are enabled."
            )
        )
    return checks + _others(sides, request, site)


async def _mirrored(request: ChangePoolMode, site: Site, cluster: Cluster) -> list[Check]:
    """Refuse to switch off what RBD images use, as Ceph does."""
    images = [image.name for image in await mirrored_in(cluster, request.pool)]
    if not images:
        return []
    are = "RBD image is" if len(images) == 1 else "RBD images are"
    return [
        refused(
            f"{len(images)} {are} mirrored in it at {site.name}: {listed(images)}.",
            "End their mirroring first: dcn-console mirror disable",
        )
    ]


def _peers(sides: PoolSides, request: ChangePoolMode, site: Site) -> list[Check]:
    """Refuse to switch off while peers are listed, as Ceph does, or while a site receives."""
    checks = []
    pool = printable(request.pool, 60)
    for receiver in sides.receivers(site.name):
        back = sides.receiving_peer(receiver, site.name)
        if back is not None:
            checks.append(
                refused(
                    f"{receiver} receives the pool from {site.name}.",
                    f"Remove the peer there first: {REMOVE} {receiver} {pool} {back.uuid}",
                )
            )
    for peer in sides.pools[site.name].peers:
        other = site_of_peer(sides, site.name, peer)
        name = other or printable(peer.site_name or peer.uuid, 60)
        checks.append(
            refused(
                f"{site.name} lists {name} as a peer ({peer.direction}).",
                f"Remove it first: {REMOVE} {site.name} {pool} {peer.uuid}",
            )
        )
    return checks


def _others(sides: PoolSides, request: ChangePoolMode, site: Site) -> list[Check]:
    """Warn about connected sites whose mode then differs."""
    connected = [
        name
        for name in sides.pools
        if name != site.name
        and (sides.peer_for(site.name, name) or sides.peer_for(name, site.name)) is not None
    ]
    return [
        warned(
            f"At {name}, which is connected, the pool has the mode {sides.pools[name].mode}.",
            "Change it there too: dcn-console mirror pool-mode "
            f"{name} {printable(request.pool, 60)} {request.mode}",
        )
        for name in connected
        if sides.pools[name].mode is not request.mode
    ]


def _plan(
    request: ChangePoolMode,
    site: Site,
    context: PlanContext,
    *,
    mode: PoolMode | None = None,
    checks: tuple[Check, ...] = (),
    skipped: str = "",
) -> Plan:
    pool = printable(request.pool, 60)
    off = request.mode is PoolMode.DISABLED
    words = ["mirror", "pool", "disable" if off else "enable", request.pool]
    words += [] if off else [request.mode.value]
    back = f"dcn-console mirror pool-mode {site.name} {pool} {mode}" if mode is not None else ""
    parameters = names.Parameters(site=site.name, pool=request.pool, mode=request.mode)
    return Plan(
        operation=names.NAME,
        title=f"set the mode of pool {pool} at {site.name} to {request.mode}",
        objects=(pool_reference(request.pool),),
        targets=() if skipped else (site.name,),
        skipped={site.name: skipped} if skipped else {},
        checks=checks,
        steps=(
            PlannedStep(
                name=names.CHANGE,
                site=site.name,
                text=f"set the mode to {request.mode}",
                undo=f"it can be set back: {back}" if back else "",
            ),
            PlannedStep(name=VERIFY, site=site.name, text="see that the pool has the mode"),
        ),
        commands=(f"{tool('rbd', site)} {shlex.join(words)}",),
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )
