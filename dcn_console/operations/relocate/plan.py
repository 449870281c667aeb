"""The plan of a relocation: everything is checked before anything is changed."""

from dataclasses import dataclass, field

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Check, Plan
from dcn_console.model.requests import RbdSubject, Relocate
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.checks import ready_checks, reversal_checks, split_check
from dcn_console.operations.mirror_steps.passage import Passage
from dcn_console.operations.mirror_steps.scene import (
    Scene,
    check_site,
    look_around,
    names_of,
    occupied,
    refusal,
    silence,
)
from dcn_console.operations.mirror_steps.schedules import own_schedules
from dcn_console.operations.mirror_steps.usage import (
    key_checks,
    starting_checks,
    usage_checks,
    zone_checks,
)
from dcn_console.operations.mirror_subject import (
    permission_checks,
    reference,
    refused,
    warned,
)
from dcn_console.operations.relocate.names import NAME, Relocation
from dcn_console.operations.relocate.steps import commands, planned_steps

VERB = "relocate"


async def plan_relocation(
    services: Services, subject: RbdSubject, request: Relocate, context: PlanContext
) -> Plan:
    """Plan to relocate one RBD image. Reads only; raises UsageError for an unknown site."""
    check_site(services, request.destination)
    busy = occupied(subject, context, NAME, VERB)
    if busy is not None:
        return busy
    scene = await look_around(services, subject)
    chosen = choose(scene, request.destination)
    if isinstance(chosen, Unclear):
        return refusal(subject, context, NAME, VERB, chosen.checks, chosen.skipped)
    checks = checks_of(scene, chosen, request, context)
    checks += await permission_checks(subject, chosen.source, chosen.destination)
    schedules, told = await schedules_of(chosen.source, subject, chosen.mode)
    wanted = relocation(scene, chosen, request, schedules)
    return Plan(
        operation=NAME,
        title=f"{VERB} {scene.label} {chosen.source.name} → {chosen.destination.name}",
        objects=(reference(subject),),
        targets=(chosen.destination.name,),
        checks=(*checks, *told),
        steps=planned_steps(wanted),
        commands=commands(wanted, chosen.source, chosen.destination),
        parameters=msgspec.to_builtins(wanted),
        made_at=context.now,
    )


@dataclass(frozen=True)
class Chosen:
    """Which side gives up, which takes over. ``demoted`` when neither is primary."""

    source: Side
    destination: Side
    global_id: str
    mode: MirrorMode
    demoted: bool = False


@dataclass(frozen=True)
class Unclear:
    """Why there is nothing to relocate."""

    checks: tuple[Check, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)


def choose(scene: Scene, destination: str | None) -> Chosen | Unclear:
    """Choose both sides by who is primary and what was asked for."""
    mirrored = scene.mirrored
    if not mirrored:
        silent = "".join(f" {silence(side)}" for side in scene.silent)
        text = f"{scene.label} is not mirrored at any site that answers.{silent}"
        return Unclear((refused(text, "Enable mirroring first: dcn-console mirror enable"),))
    if len(scene.primaries) > 1:
        text = f"{names_of(scene.primaries)} are both primary: they were both written to."
        way_out = "Give up what one of them holds: dcn-console mirror failback --to SITE"
        return Unclear((refused(text, way_out),))
    if destination is not None and any(side.name == destination for side in scene.primaries):
        return Unclear((), {destination: "is primary already"})
    if not scene.primaries:
        return _without_primary(scene, destination)
    (source,) = scene.primaries
    found = _destination(scene, source, destination)
    return found if isinstance(found, Unclear) else _chosen(source, found)


def _without_primary(scene: Scene, destination: str | None) -> Chosen | Unclear:
    """Neither is primary: a relocation that was left half done can go either way."""
    if scene.silent:
        text = f"No site that answers is primary. {' '.join(map(silence, scene.silent))}"
        way_out = "Wait until it answers; if it is lost for good: dcn-console mirror failover"
        return Unclear((refused(text, way_out),))
    if destination is None:
        text = f"Neither of {names_of(scene.mirrored)} is primary."
        return Unclear((refused(text, "Choose which one shall be.", option="--to SITE"),))
    there = scene.side(destination)
    others = [side for side in scene.mirrored if side.name != destination]
    if there is None or there.mirroring is None or not others:
        return Unclear((refused(f"{destination} does not have it mirrored."),))
    both_ways = [side for side in others if scene.receives(there, side)]
    return _chosen((both_ways or others)[0], there, demoted=True)


def _destination(scene: Scene, source: Side, wanted: str | None) -> Side | Unclear:
    if wanted is not None:
        side = scene.side(wanted)
        if side is None:
            text = f"No Ceph access is configured for {wanted}."
            return Unclear((refused(text, "See: dcn-console doctor"),))
        if side.error is not None:
            text = f"{silence(side)} It cannot become primary."
            return Unclear((refused(text, side.error.way_out),))
        if side.mirroring is None:
            text = f"{wanted} does not hold a mirrored copy of it."
            return Unclear(
                (refused(text, f"Mirror it there first: dcn-console mirror enable --to {wanted}"),)
            )
        return side
    candidates = [side for side in scene.mirrored if side.name != source.name]
    returning = [side for side in candidates if scene.receives(source, side)]
    if len(candidates) > 1 and len(returning) == 1:
        return returning[0]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        silent = " ".join(map(silence, scene.silent)) or "No other site holds a copy of it."
        return Unclear((refused(silent, "See the mirroring page: dcn-console mirror status"),))
    text = f"{names_of(candidates)} hold a copy."
    return Unclear((refused(text, "Choose which one shall be primary.", option="--to SITE"),))


def _chosen(source: Side, destination: Side, *, demoted: bool = False) -> Chosen | Unclear:
    here, there = source.mirroring, destination.mirroring
    if here is None or there is None:
        return Unclear((refused("It is not mirrored at both sites."),))
    if here.global_id != there.global_id:
        text = (
            f"{source.name} and {destination.name} hold different mirrored RBD images of that name."
        )
        return Unclear((refused(text, "Remove the one that is not needed, or resync it."),))
    mode = here.mode or there.mode or MirrorMode.JOURNAL
    return Chosen(source, destination, here.global_id, mode, demoted)


def checks_of(scene: Scene, chosen: Chosen, request: Relocate, context: PlanContext) -> list[Check]:
    """Return all checks once it is clear who gives up and who takes over."""
    source, destination = chosen.source, chosen.destination
    checks = split_check(source, destination)
    if not checks and not chosen.demoted:
        checks += ready_checks(destination, context.now)
    if chosen.demoted:
        text = f"Neither side is primary; it goes on from there, to {destination.name}."
        checks.append(warned(text))
    checks += reversal_checks(scene, source, destination)
    receivers = len([side for side in scene.mirrored if side.name != source.name])
    if not chosen.demoted:
        checks += usage_checks(scene.usage, source, receivers, may_stop=request.stop_server)
    checks += key_checks(scene.usage, destination.site)
    checks += zone_checks(scene.usage, destination.site, stopped=True)
    return checks + starting_checks(scene.usage, _start_servers(scene, chosen, request))


async def schedules_of(
    source: Side, subject: RbdSubject, mode: MirrorMode
) -> tuple[tuple[str, ...], list[Check]]:
    """Return the schedules to move, and what is to be said of them."""
    if mode is not MirrorMode.SNAPSHOT:
        return (), []
    try:
        found = await own_schedules(source.cluster, subject.pool, subject.image)
    except ClusterError as error:
        text = (
            f"{source.name}: its schedules of mirror snapshots cannot be read, so none is moved. "
            f"{error.message}"
        )
        return (), [warned(text, "Add the schedule at the new primary afterwards.", source.name)]
    return found, []


def relocation(
    scene: Scene, chosen: Chosen, request: Relocate, schedules: tuple[str, ...]
) -> Relocation:
    """Return what the task is told."""
    stop = tuple(server.id for server in scene.usage.running) if request.stop_server else ()
    home = scene.usage.home
    source, destination = chosen.source, chosen.destination
    return Relocation(
        passage=Passage(
            subject=scene.subject,
            source=source.name,
            destination=destination.name,
            global_id=chosen.global_id,
            mode=chosen.mode,
        ),
        demoted=chosen.demoted,
        schedules=schedules,
        stop_servers=() if chosen.demoted else stop,
        start_servers=_start_servers(scene, chosen, request),
        restart_servers=stop if home is not None and home.name == source.name else (),
        reverses=scene.receives(source, destination),
        may_stop_servers=request.stop_server,
        check=request.check,
        sample_percent=request.sample_percent,
    )


def _start_servers(scene: Scene, chosen: Chosen, request: Relocate) -> tuple[str, ...]:
    """Return the servers to start at the end: those whose own site is the new primary."""
    home = scene.usage.home
    if not request.stop_server or home is None or home.name != chosen.destination.name:
        return ()
    return tuple(server.id for server in (*scene.usage.running, *scene.usage.stopped))
