"""The plan of a fail back: what is given up, and the relocation that follows."""

import asyncio
import shlex

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import FailBack, RbdSubject
from dcn_console.operations.base import PlanContext
from dcn_console.operations.fail_back.choice import Chosen, choose
from dcn_console.operations.fail_back.names import NAME, Return
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.checks import reversal_checks
from dcn_console.operations.mirror_steps.in_use import writer_of
from dcn_console.operations.mirror_steps.renewal import Renewal
from dcn_console.operations.mirror_steps.renewal_plan import (
    last_written,
    loss,
    renewal_checks,
    renewal_commands,
    renewal_steps,
    sites_to_follow,
    third_copies,
    written_checks,
)
from dcn_console.operations.mirror_steps.scene import (
    Scene,
    check_site,
    look_around,
    numbered,
    occupied,
    refusal,
)
from dcn_console.operations.mirror_subject import reference, refused, warned
from dcn_console.operations.relocate.names import STOP_SERVER, Relocation
from dcn_console.operations.relocate.plan import schedules_of
from dcn_console.operations.relocate.steps import commands, planned_steps

VERB = "fail back"


async def plan_fail_back(
    services: Services, subject: RbdSubject, request: FailBack, context: PlanContext
) -> Plan:
    """Plan to fail one RBD image back. Reads only; raises UsageError for an unknown site."""
    check_site(services, request.destination)
    busy = occupied(subject, context, NAME, VERB)
    if busy is not None:
        return busy
    scene = await look_around(services, subject)
    written = last_written(scene)
    told = written_checks(scene, context.now)
    chosen = choose(scene, request.destination, context.now)
    if isinstance(chosen, Check):
        plan = refusal(subject, context, NAME, VERB, [*told, chosen])
        return msgspec.structs.replace(plan, parameters={"written": written})
    victim, primary = chosen.victim, chosen.primary
    checks, total = await renewal_checks(
        scene,
        victim,
        primary,
        safety_copy=request.safety_copy,
        may_stop=request.stop_server,
    )
    schedules, said = await _schedules(chosen, subject)
    wanted = Return(
        renewal=Renewal(
            passage=chosen.passage,
            demote=victim.is_primary,
            safety_copy=request.safety_copy,
            total=total,
        ),
        relocation=_relocation(scene, chosen, request, schedules),
        stop_servers=_running(scene, victim) if request.stop_server else (),
        written=written,
    )
    rate = context.rate_to(victim.name)
    return Plan(
        operation=NAME,
        title=f"{VERB} {scene.label} {primary.name} → {victim.name}",
        objects=(reference(subject),),
        targets=(victim.name,),
        checks=(
            *told,
            *_primary_checks(chosen, wanted),
            *checks,
            *reversal_checks(scene, primary, victim),
            *sites_to_follow(third_copies(scene, victim, primary), victim.name),
            *said,
        ),
        steps=_steps(wanted),
        commands=_commands(wanted, victim, primary),
        bytes_to_move=total,
        estimate_seconds=total / rate if rate and total is not None else None,
        estimate_basis=f"earlier transfers to {victim.name}" if rate else "",
        parameters=msgspec.to_builtins(wanted),
        typed_name=scene.label,
        irreversible=loss(scene, victim, primary, context.now, safety_copy=request.safety_copy),
        made_at=context.now,
    )


def _primary_checks(chosen: Chosen, wanted: Return) -> list[Check]:
    """Nobody may write at either side: one is demoted now, the other in the end."""
    checks = []
    for side in (chosen.victim, chosen.primary):
        writer = writer_of(side.detail) if side.detail is not None and side.is_primary else ""
        if writer and not (side is chosen.victim and wanted.stop_servers):
            checks.append(
                refused(
                    f"{side.name}: somebody may be writing to it: {writer}.",
                    "Stop the server or detach the volume; a killed client goes after 30 s.",
                )
            )
    if chosen.victim.is_primary:
        text = f"{chosen.victim.name} is primary as well, and is demoted first."
        checks.append(warned(text, site=chosen.victim.name))
    return checks


async def _schedules(chosen: Chosen, subject: RbdSubject) -> tuple[tuple[str, ...], list[Check]]:
    """Return the schedules of both sides: a failover adds them where it goes, and removes none."""
    mode = chosen.passage.mode
    both = await asyncio.gather(
        *(schedules_of(side, subject, mode) for side in (chosen.primary, chosen.victim))
    )
    intervals = dict.fromkeys(interval for found, _ in both for interval in found)
    return tuple(intervals), [check for _, checks in both for check in checks]


def _running(scene: Scene, victim: Side) -> tuple[str, ...]:
    """Return the servers that use what the victim holds."""
    home = scene.usage.home
    if home is not None and home.name != victim.name:
        return ()
    return tuple(server.id for server in scene.usage.running)


def _relocation(
    scene: Scene, chosen: Chosen, request: FailBack, schedules: tuple[str, ...]
) -> Relocation:
    """Return what the relocation back is told. Its servers are stopped long before it."""
    home = scene.usage.home
    at_home = home is not None and home.name == chosen.victim.name
    servers = (*scene.usage.running, *scene.usage.stopped)
    return Relocation(
        passage=chosen.passage.back(),
        schedules=schedules,
        start_servers=tuple(one.id for one in servers) if request.stop_server and at_home else (),
        reverses=scene.receives(chosen.primary, chosen.victim),
        may_stop_servers=request.stop_server,
        check=request.check,
        sample_percent=request.sample_percent,
    )


def _steps(wanted: Return) -> tuple[PlannedStep, ...]:
    stop = None
    if wanted.stop_servers:
        stop = PlannedStep(
            name=STOP_SERVER,
            text=f"stop server {', '.join(wanted.stop_servers)}",
            site=wanted.renewal.passage.source,
            undo="cancelling ends it, nothing is changed but the server's state",
        )
    return numbered([stop, *renewal_steps(wanted.renewal), *planned_steps(wanted.relocation)])


def _commands(wanted: Return, victim: Side, primary: Side) -> tuple[str, ...]:
    stop = [f"openstack server stop {shlex.quote(one)}" for one in wanted.stop_servers]
    anew = renewal_commands(wanted.renewal, victim, primary)
    return (*stop, *anew, *commands(wanted.relocation, primary, victim))
