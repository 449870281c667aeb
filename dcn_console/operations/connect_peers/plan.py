"""The plan of connecting a pool of two sites."""

import shlex

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, UsageError
from dcn_console.model.mirroring import PeerDirection, PoolMode
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import ConnectPeers
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.connect_peers import names
from dcn_console.operations.connect_peers.checks import modes, names_differ, receives_elsewhere
from dcn_console.operations.mirror_peers import (
    check_permission,
    check_pool,
    has_met,
    pool_reference,
    task_on_pool,
)
from dcn_console.operations.mirror_routes import PoolSides, pool_sides
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.mirror_subject import tool

_FORGET = "the peer can be removed again: dcn-console mirror peer remove"


async def plan_connect(services: Services, request: ConnectPeers, context: PlanContext) -> Plan:
    """Plan to connect a pool of two sites. Reads only.

    Raises UsageError for an unknown site, one without Ceph access, or twice the same.
    """
    source, destination = _ends(services, request)
    wanted = names.Parameters(
        pool=request.pool,
        source=source.name,
        destination=destination.name,
        both=request.direction is PeerDirection.BOTH,
        mode=request.mode,
    )
    if request.mode is PoolMode.DISABLED:
        raise UsageError("Sites are connected in the mode image or pool, not disabled.")
    sides = await pool_sides(services, request.pool)
    found = [
        await check_pool(services, sides, site, request.pool) for site in (source, destination)
    ]
    unreadable = tuple(check for check in found if check is not None)
    if unreadable:
        return _plan(services, wanted, context, checks=unreadable)
    if _is_connected(sides, wanted):
        return _plan(services, wanted, context, skipped=f"{_words(wanted)} already")
    checks = [await check_permission(services, site) for site in (source, destination)]
    denied = tuple(check for check in checks if check is not None)
    if denied:
        return _plan(services, wanted, context, checks=denied)
    both = {source.name, destination.name}
    number = task_on_pool(request.pool, both, context, frozenset({names.NAME}))
    if number is not None:
        return _plan(services, wanted, context, skipped=f"task {number} is at work on it")
    site_names = await _names_to_give(services, sides, (source, destination))
    enable = tuple(
        site.name
        for site in (source, destination)
        if sides.pools[site.name].mode is PoolMode.DISABLED
    )
    wanted = msgspec.structs.replace(wanted, site_names=site_names, enable=enable)
    verdicts = [
        *names_differ(sides, wanted),
        *receives_elsewhere(sides, wanted),
        *modes(sides, wanted),
    ]
    return _plan(services, wanted, context, checks=tuple(verdicts))


def _ends(services: Services, request: ConnectPeers) -> tuple[Site, Site]:
    """Return where data comes from and where it goes."""
    source = services.topology.site(request.source)
    destination = services.topology.site(request.destination)
    if source.name == destination.name:
        raise UsageError(f"A pool of {source.name} cannot be its own peer.")
    for site in (source, destination):
        cluster_of(services, site)
    if request.direction is PeerDirection.SEND:
        return destination, source
    return source, destination


def _is_connected(sides: PoolSides, wanted: names.Parameters) -> bool:
    """Whether all is there, and every receiving daemon has been seen at its source."""
    return all(
        sides.receiving_peer(receiver, source) is not None and has_met(sides, receiver, source)
        for receiver, source in wanted.routes
    )


async def _names_to_give(
    services: Services, sides: PoolSides, ends: tuple[Site, Site]
) -> dict[str, str]:
    """Return names for the clusters that have none, which is to say their fsid.

    A cluster keeps its fsid where another one is already known by the site's name.
    """
    given = {}
    for site in ends:
        others = {
            name for other in sides.pools if other != site.name for name in sides.names_of(other)
        }
        unnamed = sides.pools[site.name].site_name == await _fsid(services, site)
        if unnamed and site.name not in others:
            given[site.name] = site.name
    return given


async def _fsid(services: Services, site: Site) -> str:
    if site.cluster is not None and site.cluster.fsid:
        return site.cluster.fsid
    try:
        return (await cluster_of(services, site).status()).fsid
    except ClusterError:
        return ""


def _words(wanted: names.Parameters) -> str:
    if wanted.both:
        return f"{wanted.source} and {wanted.destination} receive from each other"
    return f"{wanted.destination} receives from {wanted.source}"


def _plan(
    services: Services,
    wanted: names.Parameters,
    context: PlanContext,
    *,
    checks: tuple[Check, ...] = (),
    skipped: str = "",
) -> Plan:
    pool = printable(wanted.pool, 60)
    arrow = "↔" if wanted.both else "→"
    return Plan(
        operation=names.NAME,
        title=f"connect pool {pool}: {wanted.source} {arrow} {wanted.destination}",
        objects=(pool_reference(wanted.pool),),
        targets=() if skipped else (wanted.destination,),
        skipped={wanted.destination: skipped} if skipped else {},
        checks=checks,
        steps=_steps(wanted),
        commands=_commands(services, wanted),
        parameters=msgspec.to_builtins(wanted),
        made_at=context.now,
    )


def _steps(wanted: names.Parameters) -> tuple[PlannedStep, ...]:
    steps = [
        PlannedStep(
            name=names.NAME_SITE.format(site),
            site=site,
            text=f"name the cluster {printable(name, 60)}, for its peers",
            undo="another name can be given: dcn-console mirror site-name",
        )
        for site, name in wanted.site_names.items()
    ]
    steps += [
        PlannedStep(
            name=names.ENABLE.format(site),
            site=site,
            text=f"switch mirroring of the pool on, mode {wanted.mode}",
            undo="it can be switched off again: dcn-console mirror pool-mode",
        )
        for site in wanted.enable
    ]
    steps += [
        PlannedStep(
            name=names.CONNECT.format(receiver),
            site=receiver,
            text=f"receive from {source}, by a token that nobody sees",
            undo=_FORGET,
        )
        for receiver, source in wanted.routes
    ]
    sites = " and ".join(receiver for receiver, _ in wanted.routes)
    steps.append(
        PlannedStep(
            name=names.VERIFY,
            site=wanted.destination,
            text=f"see that the rbd-mirror daemon of {sites} has picked it up",
            undo=_FORGET,
        )
    )
    return tuple(steps)


def _commands(services: Services, wanted: names.Parameters) -> tuple[str, ...]:
    pool = shlex.quote(wanted.pool)

    def rbd(site: str) -> str:
        return tool("rbd", services.topology.site(site))

    direction = PeerDirection.BOTH if wanted.both else PeerDirection.RECEIVE
    commands = [f"{rbd(site)} mirror pool enable {pool} {wanted.mode}" for site in wanted.enable]
    bootstrap = "mirror pool peer bootstrap"
    commands.append(f"{rbd(wanted.source)} {bootstrap} create {pool} > TOKEN-FILE")
    commands.append(
        f"{rbd(wanted.destination)} {bootstrap} import --direction {direction} {pool} TOKEN-FILE"
    )
    return tuple(commands)
