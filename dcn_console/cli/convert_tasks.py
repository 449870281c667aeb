"""Plans and tasks into the objects of the JSON contract."""

from collections.abc import Sequence
from datetime import UTC

import msgspec

from dcn_console.cli.contract_tasks import (
    CheckObject,
    LogLineObject,
    PlannedStepObject,
    PlanObject,
    ProgressObject,
    ReferenceObject,
    StepObject,
    TargetObject,
    TaskDetailObject,
    TaskObject,
)
from dcn_console.cli.convert import utc
from dcn_console.cli.messages import with_option
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import LogLine, Progress, StepRecord, Target, Task


def plan_object(plan: Plan) -> PlanObject:
    """Return the JSON object of a plan."""
    return PlanObject(
        operation=plan.operation,
        title=plan.title,
        has_work=plan.has_work,
        refused=plan.is_refused,
        objects=_references(plan),
        targets=plan.targets,
        skipped=plan.skipped,
        checks=tuple(
            CheckObject(
                outcome=check.outcome.value,
                site=check.site,
                text=check.text,
                way_out=with_option(check.way_out, check.option),
            )
            for check in plan.checks
        ),
        steps=tuple(
            PlannedStepObject(name=step.name, site=step.site, text=step.text, undo=step.undo)
            for step in plan.steps
        ),
        commands=plan.commands,
        bytes_to_move=plan.bytes_to_move,
        estimate_seconds=plan.estimate_seconds,
        estimate_basis=plan.estimate_basis,
        reads_only=plan.reads_only,
        typed_name=plan.typed_name,
        irreversible=plan.irreversible,
        made_at=plan.made_at.astimezone(UTC),
    )


def task_object(task: Task) -> TaskObject:
    """Return the JSON object of a task."""
    return TaskObject(
        number=task.number,
        id=task.id,
        operation=task.plan.operation,
        title=task.title,
        state=task.state.value,
        objects=_references(task.plan),
        targets=tuple(_target(target) for target in task.targets),
        progress=None if task.state.is_over else progress_object(task.progress),
        submitted_at=task.submitted_at.astimezone(UTC),
        started_at=utc(task.started_at),
        finished_at=utc(task.finished_at),
        submitted_by=task.submitted_by,
        cancel_requested_at=utc(task.cancel_requested_at),
        pause_requested_at=utc(task.pause_requested_at),
        retry_of=task.retry_of,
        error=task.error,
    )


def task_detail_object(
    task: Task, steps: Sequence[StepRecord], log: Sequence[LogLine]
) -> TaskDetailObject:
    """Return the JSON object of a task with its plan, steps and log."""
    return TaskDetailObject(
        **msgspec.structs.asdict(task_object(task)),
        plan=plan_object(task.plan),
        steps=tuple(
            StepObject(
                name=step.name,
                site=step.site,
                state=step.state.value,
                text=step.text,
                started_at=step.started_at.astimezone(UTC),
                finished_at=utc(step.finished_at),
            )
            for step in steps
        ),
        log=tuple(
            LogLineObject(at=line.at.astimezone(UTC), site=line.site, text=line.text)
            for line in log
        ),
    )


def _references(plan: Plan) -> tuple[ReferenceObject, ...]:
    return tuple(
        ReferenceObject(kind=item.kind, id=item.id, name=item.name) for item in plan.objects
    )


def _target(target: Target) -> TargetObject:
    return TargetObject(
        site=target.site,
        state=target.state.value,
        text=target.text,
        attempts=target.attempts,
        progress=progress_object(target.progress),
        verified=target.verified,
        updated_at=utc(target.updated_at),
    )


def progress_object(progress: Progress | None) -> ProgressObject | None:
    """Return the JSON object of a figure; None stays None."""
    if progress is None:
        return None
    percent = progress.percent
    return ProgressObject(
        source=progress.source.value,
        done_bytes=progress.done,
        total_bytes=progress.total,
        percent=None if percent is None else round(percent, 2),
        bytes_per_second=progress.rate,
        seconds_left=progress.seconds_left,
        measured_at=utc(progress.measured_at),
    )
