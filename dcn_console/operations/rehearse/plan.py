"""The plan of a rehearsal: which secondary, whether it has room, and what will be looked at."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import RbdSubject
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_room import room_checks
from dcn_console.operations.mirror_sides import Side, label_of, look_everywhere, site_named
from dcn_console.operations.mirror_subject import reference, refused, warned
from dcn_console.operations.rehearse.names import (
    COPY_STEP,
    EXAMINE_STEP,
    NAME,
    REMOVE_COPY_STEP,
    REMOVE_SNAPSHOT_STEP,
    SNAPSHOT_STEP,
)


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a rehearsal needs to know.

    ``source`` is the site of the primary, "" when nobody can tell; ``snapshot`` whether a
    temporary snapshot is taken there.
    """

    subject: RbdSubject
    source: str = ""
    snapshot: bool = False


async def plan_rehearsal(
    services: Services, subject: RbdSubject, destination: str | None, context: PlanContext
) -> Plan:
    """Plan to copy the secondary at ``destination`` and look at the copy; None is the other site.

    Reads only; raises UsageError for an unknown site. The primary's cluster may be dead.
    """
    wanted = site_named(services.topology, destination)
    sides = await look_everywhere(services, subject)
    checks = [
        warned(f"{side.name}: {side.error.message}", side.error.way_out, side.name)
        for side in sides
        if side.error is not None
    ]
    secondaries = [
        side for side in sides if side.mirroring is not None and not side.mirroring.primary
    ]
    chosen = [side for side in secondaries if wanted is None or side.name == wanted.name]
    if len(chosen) != 1:
        checks.append(_refusal(subject, sides, chosen, destination))
        return _refused_plan(subject, tuple(checks), context)
    side = chosen[0]
    primaries = [one for one in sides if one.is_primary]
    source = primaries[0] if len(primaries) == 1 else None
    checks += await _readiness(side, subject)
    used = await _used(side, subject)
    checks += await room_checks(side.cluster, side.site, subject.pool, used)
    parameters = Parameters(
        subject=subject,
        source=source.name if source else "",
        snapshot=_needs_snapshot(source),
    )
    return Plan(
        operation=NAME,
        title=f"rehearse {label_of(subject)} at {side.name}",
        objects=(reference(subject),),
        targets=(side.name,),
        checks=tuple(checks),
        steps=_steps(parameters, side),
        bytes_to_move=used,
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


def _refusal(
    subject: RbdSubject, sides: tuple[Side, ...], chosen: list[Side], destination: str | None
) -> Check:
    name = label_of(subject)
    if chosen:
        names = ", ".join(side.name for side in chosen)
        return refused(
            f"“{name}” is mirrored to {names}.", "Choose where to rehearse it.", option="--at SITE"
        )
    if destination is not None and any(side.mirroring is not None for side in sides):
        return refused(f"{printable(destination)} does not receive “{name}”.")
    if any(side.mirroring is not None for side in sides):
        return refused(f"No site that we reach receives “{name}”.")
    if any(side.detail is not None for side in sides):
        return refused(f"“{name}” is not mirrored.", "Mirror it first: dcn-console mirror enable")
    return refused(f"No site we reach has the RBD image of “{name}”.")


def _refused_plan(subject: RbdSubject, checks: tuple[Check, ...], context: PlanContext) -> Plan:
    return Plan(
        operation=NAME,
        title=f"rehearse {label_of(subject)}",
        objects=(reference(subject),),
        targets=(),
        checks=checks,
        parameters=msgspec.to_builtins(Parameters(subject=subject)),
        made_at=context.now,
    )


async def _readiness(side: Side, subject: RbdSubject) -> list[Check]:
    """Warn of a secondary that has not received everything once."""
    detail = side.detail
    if detail is None or side.mirroring is None:
        return []
    if side.mirroring.mode is MirrorMode.SNAPSHOT:
        if any(one.complete for one in detail.mirror_snapshots):
            return []
        return [refused(f"No mirror snapshot of “{label_of(subject)}” has arrived at {side.name}.")]
    status = side.mirroring.status
    if status is not None and status.state == "syncing":
        return [refused(f"The first copy of “{label_of(subject)}” has not arrived at {side.name}.")]
    return []


async def _used(side: Side, subject: RbdSubject) -> int | None:
    """Return the bytes in use, else the size of the RBD image."""
    try:
        return await side.cluster.used_bytes(subject.pool, subject.image)
    except ClusterError:
        return side.detail.size if side.detail is not None else None


def _needs_snapshot(source: Side | None) -> bool:
    """Whether a client writes to a journal that never rests."""
    return (
        source is not None
        and source.detail is not None
        and source.mirroring is not None
        and source.mirroring.mode is MirrorMode.JOURNAL
        and bool(source.detail.lock_owner)
    )


def _steps(parameters: Parameters, side: Side) -> tuple[PlannedStep, ...]:
    name = side.name
    removed = "the scratch copy is removed when the task ends"
    before: tuple[PlannedStep, ...] = ()
    after: tuple[PlannedStep, ...] = ()
    if parameters.snapshot:
        before = (
            PlannedStep(
                name=SNAPSHOT_STEP,
                site=parameters.source,
                text=f"take a temporary snapshot at {parameters.source}, which a client writes to, "
                "and wait until replayed",
                undo="the snapshot is removed when the task ends",
            ),
        )
        after = (
            PlannedStep(
                name=REMOVE_SNAPSHOT_STEP,
                site=parameters.source,
                text="remove the temporary snapshot again",
            ),
        )
    return (
        *before,
        PlannedStep(
            name=COPY_STEP,
            site=name,
            text=f"copy its last consistent point into a scratch RBD image inside {name}; "
            "mirroring goes on untouched",
            undo=removed,
        ),
        PlannedStep(
            name=EXAMINE_STEP,
            site=name,
            text="look for its partition table and filesystems, reading only",
            undo=removed,
        ),
        PlannedStep(name=REMOVE_COPY_STEP, site=name, text="remove the scratch RBD image"),
        *after,
    )
