"""The plan of ending the mirroring of one RBD image: where, what goes, what comes back."""

import shlex

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, ObjectNotFound
from dcn_console.model.mirroring import FEATURE_JOURNALING, MirrorMode, PoolMode, RbdDetail
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.requests import RbdSubject
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.disable_mirroring import names
from dcn_console.operations.disable_mirroring.where import Place, place_to_disable
from dcn_console.operations.mirror_features import difference, named, read_note
from dcn_console.operations.mirror_routes import pool_sides
from dcn_console.operations.mirror_sides import label_of, look_everywhere
from dcn_console.operations.mirror_subject import (
    STEADY,
    fine,
    image_specification,
    reference,
    refused,
    task_at_work,
    to_give_up,
    tool,
    volume_of,
    warned,
)


async def plan_disable(services: Services, subject: RbdSubject, context: PlanContext) -> Plan:
    """Plan to end the mirroring of one RBD image. Reads only.

    Raises ServiceError when Cinder cannot be asked.
    """
    number = task_at_work(subject, context)
    if number is not None:
        return _nothing(subject, context, skipped=f"task {number} is at work on it")
    sides = await look_everywhere(services, subject)
    place = place_to_disable(subject, sides)
    if place is None:
        return _nothing(subject, context, skipped="is not mirrored")
    if isinstance(place, Check):
        return _nothing(subject, context, check=place)
    detail = place.side.detail
    if detail is None or detail.mirroring is None:
        return _nothing(subject, context, skipped="is not mirrored")
    if place.copies:
        place = place.parted(await pool_sides(services, subject.pool))
    features, checks = await _features(subject, place, detail)
    intervals, found = await _schedules(subject, place, detail)
    checks += found
    checks += await _other_checks(services, subject, place)
    checks += [
        warned(
            f"{side.error.message} A copy there goes when its rbd-mirror daemon sees the end.",
            side.error.way_out,
            side.name,
        )
        for side in sides
        if side.error is not None
    ]
    parameters = names.Parameters(
        subject=subject,
        site=place.side.name,
        copies=tuple(side.name for side in place.copies),
        global_id=detail.mirroring.global_id,
        schedules=intervals,
        features=features,
        force=place.force,
    )
    return _plan(subject, place, parameters, checks, context)


def _nothing(
    subject: RbdSubject, context: PlanContext, *, skipped: str = "", check: Check | None = None
) -> Plan:
    return Plan(
        operation=names.NAME,
        title=f"end mirroring of {label_of(subject)}",
        objects=(reference(subject),),
        targets=(),
        skipped={subject.site: skipped} if skipped else {},
        checks=() if check is None else (check,),
        made_at=context.now,
    )


async def _features(
    subject: RbdSubject, place: Place, detail: RbdDetail
) -> tuple[int | None, list[Check]]:
    """Return the features from before mirroring, None when unknown, and what there is to say."""
    note = None
    try:
        note = await read_note(place.side.cluster, subject.pool, subject.image)
    except ClusterError as error:
        return None, [warned(f"Its features from before cannot be read. {error.message}")]
    if note is None:
        journal = detail.mirroring is not None and detail.mirroring.mode is MirrorMode.JOURNAL
        rest = " but journaling, which Ceph switches off by itself" if journal else ""
        text = "Its features from before were not noted by this program; they stay as they are"
        return None, [fine(f"{text}{rest}.")]
    enable, disable = difference(detail.features, note.features)
    words = [f"{named(enable)} on again"] if enable else []
    words += [f"{named(disable)} off again"] if disable else []
    text = " and ".join(words) or "nothing to change"
    return note.features, [fine(f"Its features become those from before mirroring: {text}.")]


async def _schedules(
    subject: RbdSubject, place: Place, detail: RbdDetail
) -> tuple[tuple[str, ...], list[Check]]:
    """Return the intervals of the RBD image's own schedules at the primary."""
    if detail.mirroring is None or detail.mirroring.mode is not MirrorMode.SNAPSHOT:
        return (), []
    try:
        known = await place.side.cluster.mirroring.schedules(subject.pool)
    except ClusterError as error:
        text = f"{place.side.name}: its schedules of mirror snapshots cannot be seen, and stay. "
        return (), [warned(text + error.message, error.way_out)]
    return tuple(one.interval for one in known if one.image == subject.image), []


async def _other_checks(services: Services, subject: RbdSubject, place: Place) -> list[Check]:
    """Check the volume and the pool's mode, and say which copies go."""
    checks = []
    label = label_of(subject)
    try:
        volume = await volume_of(services, subject)
    except ObjectNotFound as error:
        checks.append(warned(f"Cinder no longer has it. {error.message}"))
        volume = None
    if volume is not None and volume.status not in STEADY:
        status = printable(volume.status or "in an unknown state", 40)
        checks.append(refused(f"{label} is {status}.", "Wait until it is available or in-use."))
    try:
        pool = await place.side.cluster.mirroring.pool(subject.pool)
    except ClusterError as error:
        checks.append(refused(error.message, error.way_out))
    else:
        if pool.mode is PoolMode.POOL:
            checks.append(
                refused(
                    f"Pool {printable(subject.pool)} of {place.side.name} is mirrored as a whole; "
                    "no RBD image can be taken out by itself.",
                    "Set the pool's mode to image first: dcn-console mirror pool-mode",
                )
            )
    if place.force:
        checks.append(
            warned(
                f"{label} is a copy at {place.side.name} without a primary at any site; it is cut "
                "loose by force and can be written to from then on."
            )
        )
    elif not place.copies and not place.stranded:
        checks.append(
            warned("No other site that answers holds a copy; one at a silent site goes later.")
        )
    checks += [
        warned(
            f"{side.name} holds a copy and does not receive from {place.side.name}: Ceph leaves "
            "that copy where it is, without a primary.",
            f"Remove it by hand, afterwards: {to_give_up(subject, side.site)}",
            side.name,
        )
        for side in place.stranded
    ]
    return checks


def _plan(
    subject: RbdSubject,
    place: Place,
    parameters: names.Parameters,
    checks: list[Check],
    context: PlanContext,
) -> Plan:
    label, site = label_of(subject), place.side.name
    copies = ", ".join(parameters.copies)
    lost = f"the copy of {label} at {copies}, which Ceph removes" if copies else ""
    if place.force:
        lost = f"the tie of {label} at {site} to any primary"
    return Plan(
        operation=names.NAME,
        title=f"end mirroring of {label} at {site}",
        objects=(reference(subject),),
        targets=(site,),
        checks=tuple(checks),
        steps=_steps(place, parameters),
        commands=_commands(place, parameters),
        parameters=msgspec.to_builtins(parameters),
        typed_name=label if lost or place.force else "",
        irreversible=lost
        or (f"the tie of {label} at {site} to any primary" if place.force else ""),
        made_at=context.now,
    )


def _steps(place: Place, parameters: names.Parameters) -> tuple[PlannedStep, ...]:
    site = place.side.name
    steps = []
    if parameters.schedules:
        steps.append(
            PlannedStep(
                name=names.SCHEDULES,
                site=site,
                text=f"remove its schedule of {', '.join(parameters.schedules)}",
                undo="the schedule can be added again",
            )
        )
    steps.append(
        PlannedStep(
            name=names.DISABLE,
            site=site,
            text="switch mirroring off by force" if place.force else "switch mirroring off",
            undo="mirroring can be enabled again; all data then travels anew",
        )
    )
    if parameters.copies:
        steps.append(
            PlannedStep(
                name=names.GONE,
                site=parameters.copies[0],
                text=f"wait until the copy at {', '.join(parameters.copies)} is gone",
                undo="the copy cannot be brought back",
            )
        )
    if parameters.features is not None:
        steps.append(
            PlannedStep(
                name=names.FEATURES, site=site, text="give it its features from before back"
            )
        )
    steps.append(
        PlannedStep(name=names.VERIFY, site=site, text="see that nothing of mirroring is left")
    )
    return tuple(steps)


def _commands(place: Place, parameters: names.Parameters) -> tuple[str, ...]:
    rbd, what = tool("rbd", place.side.site), image_specification(parameters.subject)
    pool, image = shlex.quote(parameters.subject.pool), shlex.quote(parameters.subject.image)
    commands = [
        f"{rbd} mirror snapshot schedule remove --pool {pool} --image {image} {interval}"
        for interval in parameters.schedules
    ]
    commands.append(f"{rbd} mirror image disable{' --force' if place.force else ''} {what}")
    detail = place.side.detail
    if parameters.features is not None and detail is not None:
        enable, disable = difference(detail.features & ~FEATURE_JOURNALING, parameters.features)
        for verb, mask in (("enable", enable), ("disable", disable)):
            if mask:
                commands.append(f"{rbd} feature {verb} {what} {named(mask).replace(',', '')}")
    return tuple(commands)
