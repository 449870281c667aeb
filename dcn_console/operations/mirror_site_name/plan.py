"""The plan of naming a cluster: is the name free, and who has to be told it."""

import asyncio
import shlex

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import AgentError, ClusterError, ClusterUnreachable, UsageError
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.requests import NameMirrorSite
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_peers import check_permission
from dcn_console.operations.mirror_routes import PoolSides, pool_sides
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.mirror_site_name import names
from dcn_console.operations.mirror_subject import fine, refused, tool, warned

LONGEST = 64


async def plan_name(services: Services, request: NameMirrorSite, context: PlanContext) -> Plan:
    """Plan to name the cluster of a site. Reads only.

    Raises UsageError for what is no name, an unknown site, or one without Ceph access.
    """
    _check_name(request.site_name)
    site = services.topology.site(request.site)
    cluster_of(services, site)
    denied = await check_permission(services, site)
    if denied is not None:
        return _plan(services, _parameters(request, site, ""), context, checks=(denied,))
    try:
        pools = await _all_pools(services, site)
    except ClusterError as error:
        check = refused(error.message, error.way_out)
        return _plan(services, _parameters(request, site, ""), context, checks=(check,))
    if not pools:
        check = refused(f"{site.name} has no pool that could be mirrored.", "See: rbd pool init")
        return _plan(services, _parameters(request, site, ""), context, checks=(check,))
    stale = _stale(pools, site, request.site_name)
    parameters = _parameters(request, site, next(iter(pools)), stale)
    own = next(iter(pools.values())).pools[site.name].site_name
    if own == request.site_name and not stale:
        return _plan(services, parameters, context, skipped="has that name already")
    checks = [*_taken(pools, site, request.site_name), *_silent(pools, site)]
    if not checks:
        checks = [fine(f"It is called {printable(own, 60)}; no other site has the new name.")]
    return _plan(services, parameters, context, checks=tuple(checks), old=own)


def _check_name(name: str) -> None:
    words = "A name for a cluster is 1 to 64 letters, digits and signs without a blank."
    if not 0 < len(name) <= LONGEST or not name.isprintable() or " " in name:
        raise UsageError(words, way_out="For example: dcn-console mirror site-name dcn0 edge-0")
    if name.startswith("-"):
        raise UsageError(f"{words} It begins with no “-”.")


async def _all_pools(services: Services, site: Site) -> dict[str, PoolSides]:
    """Look at every pool of the cluster at every site; those that this site cannot tell are out."""
    known = await cluster_of(services, site).pools()
    found = await asyncio.gather(*(pool_sides(services, pool) for pool in known))
    return {
        pool: sides for pool, sides in zip(known, found, strict=True) if site.name in sides.pools
    }


def _stale(pools: dict[str, PoolSides], site: Site, name: str) -> tuple[names.StalePeer, ...]:
    """Return the peers elsewhere that are this cluster, under another name."""
    return tuple(
        names.StalePeer(site=other, pool=pool, uuid=peer.uuid)
        for pool, sides in pools.items()
        for other in sides.pools
        if other != site.name
        and (peer := sides.peer_for(other, site.name)) is not None
        and peer.site_name != name
    )


def _taken(pools: dict[str, PoolSides], site: Site, name: str) -> list[Check]:
    """Refuse a name by which another cluster is known."""
    others = dict.fromkeys(
        other
        for sides in pools.values()
        for other in sides.pools
        if other != site.name and name in sides.names_of(other)
    )
    shown = printable(name, 60)
    checks = [
        refused(f"The cluster of {other} is called {shown} already.", "Choose another name.")
        for other in others
    ]
    foreign = any(
        peer.site_name == name and sides.peer_for(place, site.name) != peer
        for sides in pools.values()
        for place, pool in sides.pools.items()
        for peer in pool.peers
    )
    if foreign and not checks:
        checks.append(
            refused(f"A peer that is another cluster is called {shown}.", "Choose another name.")
        )
    return checks


def _silent(pools: dict[str, PoolSides], site: Site) -> list[Check]:
    """Warn about sites that do not answer: a peer there may keep the old name."""
    silent = dict.fromkeys(
        other
        for sides in pools.values()
        for other, error in sides.errors.items()
        if other != site.name and isinstance(error, ClusterUnreachable | AgentError)
    )
    return [
        warned(
            f"{other} cannot be asked; its peers may keep the old name.",
            "Name the cluster once more when it answers.",
        )
        for other in silent
    ]


def _parameters(
    request: NameMirrorSite, site: Site, pool: str, stale: tuple[names.StalePeer, ...] = ()
) -> names.Parameters:
    return names.Parameters(site=site.name, pool=pool, site_name=request.site_name, stale=stale)


def _plan(
    services: Services,
    wanted: names.Parameters,
    context: PlanContext,
    *,
    checks: tuple[Check, ...] = (),
    skipped: str = "",
    old: str = "",
) -> Plan:
    site = services.topology.site(wanted.site)
    name = printable(wanted.site_name, LONGEST)
    back = f"dcn-console mirror site-name {site.name} {printable(old, 60)}"
    steps = [
        PlannedStep(
            name=names.GIVE,
            site=site.name,
            text=f"call the cluster {name}",
            undo=f"it can be named anew: {back}",
        )
    ]
    steps += [
        PlannedStep(
            name=names.PEERS.format(other),
            site=other,
            text=f"tell {other}, where it is a peer",
            undo=f"it can be named anew: {back}",
        )
        for other in wanted.sites
    ]
    steps.append(
        PlannedStep(name=names.VERIFY, site=site.name, text="see that it has the name everywhere")
    )
    return Plan(
        operation=names.NAME,
        title=f"call the cluster of {site.name} {name}",
        objects=(ObjectReference(kind="site", id=site.name, name=site.name),),
        targets=() if skipped else (site.name,),
        skipped={site.name: skipped} if skipped else {},
        checks=checks,
        steps=tuple(steps),
        commands=_commands(services, wanted),
        parameters=msgspec.to_builtins(wanted),
        made_at=context.now,
    )


def _commands(services: Services, wanted: names.Parameters) -> tuple[str, ...]:
    site = services.topology.site(wanted.site)
    config = shlex.join(["config-key", "set", "rbd/mirror/site_name", wanted.site_name])
    commands = [f"{tool('ceph', site)} {config}"]
    for peer in wanted.stale:
        words = ["mirror", "pool", "peer", "set", peer.pool, peer.uuid]
        rename = shlex.join([*words, "site-name", wanted.site_name])
        commands.append(f"{tool('rbd', services.topology.site(peer.site))} {rename}")
    return tuple(commands)
