"""The plan of taking a mirror snapshot now."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import RbdSubject
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_room import daemon_check
from dcn_console.operations.mirror_routes import pool_sides
from dcn_console.operations.mirror_sides import (
    Side,
    label_of,
    look_everywhere,
    other_sides,
)
from dcn_console.operations.mirror_snapshot import names
from dcn_console.operations.mirror_subject import (
    image_specification,
    reference,
    refused,
    task_at_work,
    tool,
    warned,
)


async def plan_snapshot(services: Services, subject: RbdSubject, context: PlanContext) -> Plan:
    """Plan a mirror snapshot of one RBD image, and its arrival. Reads only."""
    number = task_at_work(subject, context)
    if number is not None:
        return _nothing(subject, context, skipped=f"task {number} is at work on it")
    sides = await look_everywhere(services, subject)
    primaries = [side for side in sides if side.is_primary]
    problem = _problem(subject, sides, primaries)
    if problem is not None:
        return _nothing(subject, context, check=problem)
    source = primaries[0]
    holders = other_sides(sides, source)
    pools = await pool_sides(services, subject.pool)
    stranded = pools.stranded(source.name, (side.name for side in holders))
    receiving = tuple(side for side in holders if side.name not in stranded)
    checks = [
        warned(f"{side.name}: whether it receives it cannot be told. {side.error.message}")
        for side in sides
        if side.error is not None
    ]
    checks += [
        warned(
            f"{name} holds a copy and does not receive from {source.name}: nothing arrives there.",
            site=name,
        )
        for name in stranded
    ]
    if not receiving:
        check = refused(
            f"No site that answers holds a copy of {label_of(subject)} that could receive it.",
            "See: dcn-console mirror status",
        )
        return _nothing(subject, context, check=check)
    for side in receiving:
        checks.append(await daemon_check(side.cluster, side.site, subject.pool))
    return _plan(subject, source, receiving, checks, context)


def _problem(subject: RbdSubject, sides: tuple[Side, ...], primaries: list[Side]) -> Check | None:
    label = label_of(subject)
    if len(primaries) > 1:
        both = " and ".join(side.name for side in primaries)
        return refused(
            f"{label} is primary at {both}.",
            "Settle which to keep first: dcn-console mirror failback",
        )
    if not primaries:
        silent = "".join(f" {side.error.message}" for side in sides if side.error is not None)
        if any(side.mirroring is not None for side in sides) or silent:
            return refused(f"No site that answers is primary for {label}.{silent}")
        return refused(f"{label} is not mirrored.", "Mirror it first: dcn-console mirror enable")
    mirroring = primaries[0].mirroring
    if mirroring is not None and mirroring.mode is not MirrorMode.SNAPSHOT:
        return refused(
            f"{label} is mirrored in journal mode, which sends every write at once and takes no "
            "mirror snapshots."
        )
    return None


def _nothing(
    subject: RbdSubject, context: PlanContext, *, skipped: str = "", check: Check | None = None
) -> Plan:
    return Plan(
        operation=names.NAME,
        title=f"take a mirror snapshot of {label_of(subject)}",
        objects=(reference(subject),),
        targets=(),
        skipped={subject.site: skipped} if skipped else {},
        checks=() if check is None else (check,),
        made_at=context.now,
    )


def _plan(
    subject: RbdSubject,
    source: Side,
    receiving: tuple[Side, ...],
    checks: list[Check],
    context: PlanContext,
) -> Plan:
    destinations = tuple(side.name for side in receiving)
    where = ", ".join(destinations)
    detail = source.detail
    held = detail.mirror_snapshots if detail is not None else ()
    parameters = names.Parameters(
        subject=subject,
        source=source.name,
        destinations=destinations,
        newest=max((snapshot.id for snapshot in held), default=None),
    )
    what = image_specification(subject)
    return Plan(
        operation=names.NAME,
        title=f"take a mirror snapshot of {label_of(subject)} → {where}",
        objects=(reference(subject),),
        targets=destinations[:1],
        checks=tuple(checks),
        steps=(
            PlannedStep(
                name=names.SNAPSHOT,
                site=source.name,
                text=f"take a mirror snapshot at {source.name}",
                undo="Ceph removes it by itself once newer ones have arrived",
            ),
            PlannedStep(
                name=names.ARRIVE,
                site=destinations[0],
                text=f"watch it arrive whole at {where}",
            ),
            PlannedStep(
                name=names.VERIFY,
                site=destinations[0],
                text=f"see that {where} holds it, complete",
            ),
        ),
        commands=(
            f"{tool('rbd', source.site)} mirror image snapshot {what}",
            *(f"{tool('rbd', side.site)} mirror image status {what}" for side in receiving),
        ),
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )
