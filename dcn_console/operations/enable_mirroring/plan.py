"""The plan of mirroring one RBD image: what stands in the way, what will happen, what moves."""

import shlex

import msgspec

from dcn_console.inventory.mirror_evidence import interval_seconds
from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Plan, PlannedStep
from dcn_console.model.requests import EnableMirroring, RbdSubject
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.enable_mirroring import names
from dcn_console.operations.enable_mirroring.checks import all_checks, bytes_to_move
from dcn_console.operations.enable_mirroring.scene import Nothing, Scene, look
from dcn_console.operations.mirror_features import named, needed
from dcn_console.operations.mirror_sides import label_of, site_named
from dcn_console.operations.mirror_subject import (
    image_specification,
    reference,
    task_at_work,
    tool,
)

_AS_BEFORE = "disabling mirroring gives it its old features back"


async def plan_enable(
    services: Services, subject: RbdSubject, request: EnableMirroring, context: PlanContext
) -> Plan:
    """Plan to mirror one RBD image. Reads only.

    Raises UsageError for what makes no sense or is not clear, ServiceError when Cinder cannot be
    asked; a cluster that cannot be asked is a refusal in the plan.
    """
    site_named(services.topology, request.destination)
    check_schedule(request)
    number = task_at_work(subject, context)
    if number is not None:
        return _nothing(subject, Nothing(skipped=f"task {number} is at work on it"), context)
    scene = await look(services, subject, request)
    if isinstance(scene, Nothing):
        return _nothing(subject, scene, context)
    checks = await all_checks(scene, request)
    moved = await bytes_to_move(scene, request)
    flatten = request.flatten and scene.detail.parent is not None
    parameters = names.Parameters(
        subject=subject,
        source=scene.source.name,
        destination=scene.destination.name,
        mode=request.mode,
        schedule=request.schedule,
        flatten=flatten,
        used=moved,
    )
    seconds, basis = _estimate(moved, scene.destination.name, context)
    way = f"{scene.source.name} → {scene.destination.name}"
    return Plan(
        operation=names.NAME,
        title=f"mirror {scene.label} {way} in {request.mode} mode",
        objects=(reference(subject),),
        targets=(scene.destination.name,),
        checks=tuple(checks),
        steps=_steps(scene, request, flatten),
        commands=_commands(scene, request, flatten),
        bytes_to_move=moved,
        estimate_seconds=seconds,
        estimate_basis=basis,
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


def check_schedule(request: EnableMirroring) -> None:
    """Raise UsageError for a schedule that makes no sense."""
    if not request.schedule:
        return
    if request.mode is MirrorMode.JOURNAL:
        raise UsageError(
            "A schedule is for snapshot mode; journal mode sends every write at once.",
            way_out="Leave the schedule out, or choose snapshot mode.",
        )
    check_interval(request.schedule)


def check_interval(interval: str) -> None:
    """Raise UsageError unless ``interval`` is one that Ceph's manager understands."""
    if interval_seconds(interval) is None:
        raise UsageError(
            f"“{printable(interval, 40)}” is no interval.",
            way_out="Give a number and d, h or m, such as 15m, 2h or 1d.",
        )


def _nothing(subject: RbdSubject, nothing: Nothing, context: PlanContext) -> Plan:
    skipped = {nothing.source or subject.site or "": nothing.skipped} if nothing.skipped else {}
    return Plan(
        operation=names.NAME,
        title=f"mirror {label_of(subject)}",
        objects=(reference(subject),),
        targets=(),
        skipped=skipped,
        checks=nothing.checks,
        made_at=context.now,
    )


def _estimate(
    moved: int | None, destination: str, context: PlanContext
) -> tuple[float | None, str]:
    rate = context.rate_to(destination)
    if moved is None or not rate:
        return None, f"no estimate: no earlier transfer to {destination} to go by"
    return moved / rate, f"by the last transfers to {destination}"


def _steps(scene: Scene, request: EnableMirroring, flatten: bool) -> tuple[PlannedStep, ...]:
    source, destination = scene.source.name, scene.destination.name
    missing = needed(request.mode) & ~scene.detail.features
    steps = [
        PlannedStep(
            name=names.FEATURES,
            site=source,
            text=f"switch on {named(missing)}; note the features of now with the RBD image"
            if missing
            else "note the features of now with the RBD image; none has to be changed",
            undo="nothing is mirrored yet; cancelling takes the features back",
        ),
        PlannedStep(
            name=names.ENABLE,
            site=source,
            text=f"begin to mirror it, {request.mode} mode",
            undo=f"{_AS_BEFORE} and removes the copy",
        ),
        PlannedStep(
            name=names.FIRST_SYNC,
            site=destination,
            text=f"watch {_amount(scene)} arrive at {destination}",
            undo=f"stopping to watch stops no copying; {_AS_BEFORE} and removes the copy",
        ),
        PlannedStep(
            name=names.VERIFY,
            site=destination,
            text="see on both sides that it is the same RBD image, primary at "
            f"{source}, and that nothing is missing",
        ),
    ]
    if request.schedule:
        steps.insert(
            2,
            PlannedStep(
                name=names.SCHEDULE,
                site=source,
                text=f"have a mirror snapshot taken every {request.schedule}",
                undo="the schedule can be removed at any time",
            ),
        )
    if flatten:
        steps.insert(
            0,
            PlannedStep(
                name=names.FLATTEN,
                site=source,
                text="copy in what it has from its parent",
                undo="cannot be undone, and harms nothing: the data stays the same",
            ),
        )
    return tuple(steps)


def _amount(scene: Scene) -> str:
    return "its data" if scene.used is None else format_bytes(scene.used)


def _commands(scene: Scene, request: EnableMirroring, flatten: bool) -> tuple[str, ...]:
    source, destination = scene.source, scene.destination
    rbd, what = tool("rbd", source.site), image_specification(scene.subject)
    missing = needed(request.mode) & ~scene.detail.features
    pool, image = shlex.quote(scene.subject.pool), shlex.quote(scene.subject.image)
    commands = [f"{rbd} flatten {what}"] if flatten else []
    if missing:
        commands.append(f"{rbd} feature enable {what} {named(missing).replace(',', '')}")
    commands.append(f"{rbd} mirror image enable {what} {request.mode}")
    if request.schedule:
        commands.append(
            f"{rbd} mirror snapshot schedule add --pool {pool} --image {image} {request.schedule}"
        )
    commands.append(f"{tool('rbd', destination.site)} mirror image status {what}")
    return tuple(commands)
