"""The plan of a comparison: which sides, how much to read, and whether a snapshot is needed."""

from collections.abc import Sequence

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Check, Outcome, Plan, PlannedStep
from dcn_console.model.requests import ContentCheck, RbdSubject
from dcn_console.model.text import count
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_routes import pool_sides
from dcn_console.operations.mirror_sides import Pair, Side, label_of, look_everywhere, other_sides
from dcn_console.operations.mirror_subject import reference
from dcn_console.operations.verify_mirror.names import (
    COMPARE_STEP,
    NAME,
    REMOVE_STEP,
    SNAPSHOT_STEP,
)
from dcn_console.operations.verify_mirror.points import Hindrance, point_of


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison needs to know; ``source`` is the primary's site.

    ``snapshot`` is whether a temporary snapshot is taken.
    """

    subject: RbdSubject
    source: str
    check: ContentCheck
    percent: float
    snapshot: bool = False


async def plan_verify(
    services: Services,
    subject: RbdSubject,
    check: ContentCheck,
    percent: float,
    context: PlanContext,
    only: Sequence[str] | None = None,
) -> Plan:
    """Plan to compare an RBD image's primary with each of its secondaries, or with ``only`` some.

    Reads only. Raises UsageError without Ceph access anywhere.
    """
    sides = await look_everywhere(services, subject)
    checks: list[Check | None] = [
        _check(Outcome.WARNING, f"{side.name}: {side.error.message}", side.name)
        for side in sides
        if side.error is not None
    ]
    primaries = [side for side in sides if side.is_primary]
    source = primaries[0] if len(primaries) == 1 else None
    if source is None:
        checks.append(_no_primary(subject, sides, primaries))
    found = other_sides(sides, source) if source is not None else ()
    wanted = tuple(side for side in found if only is None or side.name in only)
    stranded = await _stranded(services, subject, source, wanted)
    others = tuple(side for side in wanted if side.name not in stranded)
    checks += [_check(Outcome.WARNING, text, name) for name, text in stranded.items()]
    if source is not None and not others:
        text = f"“{label_of(subject)}” is mirrored, but no other site we reach receives it."
        checks.append(_check(Outcome.REFUSED, text))
    size = 0
    if source is not None and source.detail is not None and check is not ContentCheck.METADATA:
        share = 1.0 if check is ContentCheck.FULL else percent / 100.0
        size = int(source.detail.size * share)
        checks += [_hindrance(subject, source, side) for side in others]
    parameters = Parameters(
        subject=subject,
        source=source.name if source is not None else "",
        check=check,
        percent=percent,
        snapshot=_needs_snapshot(source) and check is not ContentCheck.METADATA,
    )
    return _plan(parameters, source, others, tuple(filter(None, checks)), size, context)


async def _stranded(
    services: Services, subject: RbdSubject, source: Side | None, sides: Sequence[Side]
) -> dict[str, str]:
    """Say of which sides the copy is not from ``source``, so that there is nothing to compare."""
    if source is None:
        return {}
    pools = await pool_sides(services, subject.pool)
    return {
        name: f"{name} holds a copy and does not receive from {source.name}: it is not compared."
        for name in pools.stranded(source.name, (side.name for side in sides))
    }


def _no_primary(subject: RbdSubject, sides: tuple[Side, ...], primaries: Sequence[Side]) -> Check:
    name = label_of(subject)
    if primaries:
        names = " and ".join(side.name for side in primaries)
        return _check(
            Outcome.REFUSED,
            f"“{name}” is primary at {names}: the sides went their own ways.",
            way_out="Choose the side to give up: dcn-console mirror failback",
        )
    if any(side.mirroring is not None for side in sides):
        return _check(Outcome.REFUSED, f"No site we reach holds “{name}” as primary.")
    if any(side.detail is not None for side in sides):
        return _check(
            Outcome.REFUSED,
            f"“{name}” is not mirrored.",
            way_out="Mirror it first: dcn-console mirror enable",
        )
    return _check(Outcome.REFUSED, f"No site we reach has the RBD image of “{name}”.")


def _hindrance(subject: RbdSubject, source: Side, side: Side) -> Check | None:
    found = point_of(Pair(subject, source, side))
    if not isinstance(found, Hindrance):
        return None
    outcome = Outcome.REFUSED if found.lasting else Outcome.WARNING
    more = "" if found.lasting else " It is waited for, for three minutes."
    text = f"{side.name} cannot be compared now: {found.text}.{more}"
    return Check(outcome=outcome, text=text, site=None if found.lasting else side.name)


def _needs_snapshot(source: Side | None) -> bool:
    """Whether a client writes to a journal that never rests."""
    return (
        source is not None
        and source.detail is not None
        and source.mirroring is not None
        and source.mirroring.mode is MirrorMode.JOURNAL
        and bool(source.detail.lock_owner)
    )


def _check(outcome: Outcome, text: str, site: str | None = None, way_out: str = "") -> Check:
    return Check(outcome=outcome, text=text, site=site, way_out=way_out)


def _plan(
    parameters: Parameters,
    source: Side | None,
    others: tuple[Side, ...],
    checks: tuple[Check, ...],
    size: int,
    context: PlanContext,
) -> Plan:
    subject = parameters.subject
    name = label_of(subject)
    names = tuple(side.name for side in others)
    return Plan(
        operation=NAME,
        title=f"verify {name} at {', '.join(names) or 'no other site'} ({_level(parameters)})",
        objects=(reference(subject),),
        targets=names if source is not None else (),
        checks=checks,
        steps=_steps(parameters, others),
        bytes_to_move=size * len(names),
        parameters=msgspec.to_builtins(parameters),
        reads_only=not parameters.snapshot,
        made_at=context.now,
    )


def _level(parameters: Parameters) -> str:
    if parameters.check is ContentCheck.SAMPLED:
        return f"{parameters.percent:g} % sampled"
    return parameters.check.value


def _steps(parameters: Parameters, others: tuple[Side, ...]) -> tuple[PlannedStep, ...]:
    if not others:
        return ()
    source = parameters.source
    names = " and ".join(side.name for side in others)
    what = {
        ContentCheck.METADATA: "compare size, objects in use and states",
        ContentCheck.SAMPLED: f"hash {parameters.percent:g} % of the objects in use at each side",
        ContentCheck.FULL: "hash every object in use at each side",
    }[parameters.check]
    compare = PlannedStep(
        name=COMPARE_STEP, text=f"{what}, at the same point in time: {source} and {names}"
    )
    if not parameters.snapshot:
        return (compare,)
    snapshots = count(len(others), "temporary snapshot")
    return (
        PlannedStep(
            name=SNAPSHOT_STEP,
            site=source,
            text=f"take {snapshots} at {source}, which a client writes to, and wait until replayed",
            undo="the snapshot is removed when the task ends",
        ),
        compare,
        PlannedStep(name=REMOVE_STEP, site=source, text="remove the temporary snapshot again"),
    )
