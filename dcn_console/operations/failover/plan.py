"""The plan of a failover: it says what will be lost, and refuses where nothing need be."""

from datetime import datetime

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import FailOver, RbdSubject
from dcn_console.model.text import count, format_age
from dcn_console.operations.base import PlanContext
from dcn_console.operations.failover import names
from dcn_console.operations.failover.names import NAME, Failover
from dcn_console.operations.mirror_sides import Side
from dcn_console.operations.mirror_steps.checks import has_whole_copy
from dcn_console.operations.mirror_steps.passage import Passage, is_split, status_of
from dcn_console.operations.mirror_steps.scene import (
    Scene,
    check_site,
    look_around,
    names_of,
    numbered,
    occupied,
    refusal,
    silence,
)
from dcn_console.operations.mirror_steps.usage import key_checks, zone_checks
from dcn_console.operations.mirror_subject import (
    image_specification,
    reference,
    refused,
    tool,
    warned,
)
from dcn_console.operations.relocate.plan import schedules_of

VERB = "fail over"


async def plan_failover(
    services: Services, subject: RbdSubject, request: FailOver, context: PlanContext
) -> Plan:
    """Plan to fail one RBD image over. Reads only; raises UsageError for an unknown site."""
    check_site(services, request.destination)
    busy = occupied(subject, context, NAME, VERB)
    if busy is not None:
        return busy
    scene = await look_around(services, subject)
    chosen = _choose(scene, request.destination)
    if isinstance(chosen, Check):
        return refusal(subject, context, NAME, VERB, [chosen])
    source, destination = chosen
    mirroring = destination.mirroring
    if mirroring is None:
        return refusal(subject, context, NAME, VERB, [refused("It is not mirrored there.")])
    mode = mirroring.mode or MirrorMode.JOURNAL
    loss = what_is_lost(source, destination, context.now)
    checks = _checks(source, destination)
    checks += key_checks(scene.usage, destination.site)
    checks += zone_checks(scene.usage, destination.site, stopped=False)
    schedules, told = await schedules_of(source, subject, mode)
    passage = Passage(
        subject=subject,
        source=source.name,
        destination=destination.name,
        global_id=mirroring.global_id,
        mode=mode,
    )
    wanted = Failover(
        passage=passage, schedules=schedules, deadline_seconds=request.deadline_seconds
    )
    return Plan(
        operation=NAME,
        title=f"{VERB} {scene.label} {source.name} → {destination.name}",
        objects=(reference(subject),),
        targets=(destination.name,),
        checks=(warned(loss), *checks, *told),
        steps=_steps(wanted),
        commands=(
            f"{tool('rbd', destination.site)} mirror image promote --force "
            f"{image_specification(subject)}",
        ),
        parameters=msgspec.to_builtins(wanted),
        typed_name=scene.label,
        irreversible=loss,
        made_at=context.now,
    )


def _choose(scene: Scene, wanted: str | None) -> tuple[Side, Side] | Check:
    """Return who is lost and who takes over, or why there is nothing to do."""
    if scene.primaries:
        names_ = names_of(scene.primaries)
        if any(side.name == wanted for side in scene.primaries):
            return refused(f"{names_} is primary already.")
        return refused(
            f"{names_} answers and is primary: nothing need be lost.",
            "Relocate it: dcn-console mirror relocate. Start rbd-mirror first where it is dead.",
        )
    candidates = [side for side in scene.mirrored if wanted in (None, side.name)]
    if not candidates:
        silent = " ".join(map(silence, scene.silent))
        return refused(f"No site that answers has a mirrored copy of it. {silent}".strip())
    if len(candidates) > 1 and not scene.silent:
        return refused(
            f"{names_of(scene.mirrored)} answer and neither is primary: nothing need be lost.",
            "Relocate it to the side that shall be primary: dcn-console mirror relocate --to SITE",
        )
    if len(candidates) > 1:
        return refused(
            f"{names_of(candidates)} have a copy.", "Choose which takes over.", option="--to SITE"
        )
    (destination,) = candidates
    lost = [side for side in scene.sides if side.name != destination.name]
    lost = [side for side in lost if not side.is_known] or lost
    received = [side for side in lost if scene.receives(destination, side)]
    home = scene.usage.home
    at_home = [side for side in lost if home is not None and side.name == home.name]
    source = next(iter(at_home or received or lost), None)
    if source is None:
        return refused("No other site is configured that could have been primary.")
    return source, destination


def _checks(source: Side, destination: Side) -> list[Check]:
    checks = []
    if not has_whole_copy(destination):
        checks.append(
            refused(
                f"{destination.name} never had the first copy whole: its data is of no use.",
                f"Bring {source.name} back.",
            )
        )
    if is_split(status_of(destination)):
        checks.append(
            warned(
                f"{destination.name} says split-brain: it holds its own data, not what "
                f"{source.name} wrote last."
            )
        )
    if source.error is not None:
        checks.append(
            warned(
                f"{silence(source)} Servers there may go on writing to it; what they write is "
                "given up when it fails back.",
                f"Make sure that {source.name} is down, or fence it.",
                source.name,
            )
        )
    return checks


def what_is_lost(source: Side, destination: Side, now: datetime) -> str:
    """Say in time and entries what had not arrived at the destination."""
    status = status_of(destination)
    mirroring = destination.mirroring
    at = status.reported_at if status is not None else None
    more = ""
    if mirroring is not None and mirroring.mode is MirrorMode.SNAPSHOT:
        snapshots = destination.detail.mirror_snapshots if destination.detail is not None else ()
        taken = [one.taken_at for one in snapshots if one.complete and one.taken_at is not None]
        at = (status.local_snapshot_at if status is not None else None) or max(taken, default=None)
    else:
        if source.error is not None and at is not None and mirroring is not None:
            heard = mirroring.primary_heard_at
            at = min(at, heard) if heard is not None else None
        if status is not None and status.entries_behind:
            behind = count(status.entries_behind, "entry", "entries")
            more = f", and the {behind} it was behind then"
    if at is None:
        return f"How much of what {source.name} wrote has arrived is not known; the rest is lost."
    return (
        f"What {source.name} wrote after {at:%Y-%m-%d %H:%M:%S} UTC ({format_age(at, now)} ago) is "
        f"lost{more}."
    )


def _steps(wanted: Failover) -> tuple[PlannedStep, ...]:
    there = wanted.passage.destination
    back = "once the old primary answers again: dcn-console mirror failback"
    return numbered(
        [
            PlannedStep(
                name=names.PROMOTE,
                text=f"make {there} primary by force; a try ends after "
                f"{wanted.deadline_seconds:.0f} s",
                site=there,
                undo=back,
            ),
            PlannedStep(
                name=names.VERIFY,
                text=f"see that {there} is primary and can be written to (a snapshot, removed)",
                site=there,
                undo=back,
            ),
            PlannedStep(
                name=names.SCHEDULES,
                text=f"have mirror snapshots taken at {there}, every {', '.join(wanted.schedules)}",
                site=there,
                undo=back,
            )
            if wanted.schedules
            else None,
        ]
    )
