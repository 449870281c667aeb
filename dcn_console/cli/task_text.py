"""``task show`` in words."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from dcn_console.cli.plan_text import refusal_reasons
from dcn_console.cli.task_words import progress_words, target_words
from dcn_console.model.tasks import LogLine, StepRecord, StepState, Task
from dcn_console.model.text import count, format_duration, printable


def task_text(
    task: Task, steps: Sequence[StepRecord], log: Sequence[LogLine], now: datetime
) -> str:
    """Return a task with its sites, steps, log and equivalent commands; times are local."""
    blocks = (
        _head(task, now),
        _targets(task, now),
        _steps(steps),
        _to_come(task, steps),
        _log(log),
        _commands(task),
    )
    return "\n\n".join("\n".join(lines) for lines in map(list, blocks) if lines)


def _head(task: Task, now: datetime) -> Iterator[str]:
    yield f"task {task.number}  {printable(task.title)}"
    fields = {
        "state": task.state.value,
        "id": task.id,
        "object": ", ".join(
            f"{item.kind} {printable(item.name)} ({printable(item.id)})"
            for item in task.plan.objects
        ),
        "submitted": _time(task.submitted_at)
        + (f" by {printable(task.submitted_by)}" if task.submitted_by else ""),
        "started": _time(task.started_at),
        "finished": _time(task.finished_at),
        "took": _took(task),
        "cancel asked": _time(task.cancel_requested_at),
        "pause asked": _time(task.pause_requested_at),
        "retry of": f"task {task.retry_of}" if task.retry_of else "",
        "progress": ", ".join(progress_words(task.progress, now)) if task.progress else "",
        "error": printable(task.error),
    }
    for name, value in fields.items():
        if value:
            yield f"  {name:<12}  {value}"
    for check in refusal_reasons(task.plan):
        yield f"  {'refused':<12}  {printable(check.text)}"
    for site, reason in task.plan.skipped.items():
        yield f"  {'skipped':<12}  {printable(site)}: {printable(reason)}"


def _targets(task: Task, now: datetime) -> Iterator[str]:
    if task.targets:
        yield "Sites"
    for target in task.targets:
        tries = f" ({count(target.attempts, 'try', 'tries')})" if target.attempts > 1 else ""
        yield f"  {printable(target.site)}: {target_words(target, now)}{tries}"


def _steps(steps: Sequence[StepRecord]) -> Iterator[str]:
    if steps:
        yield "Steps"
    for step in steps:
        place = f"{printable(step.site)}: " if step.site else ""
        text = f", {printable(step.text)}" if step.text else ""
        state = StepState.FAILED.value if step.ended_badly else step.state.value
        yield f"  {_time(step.started_at)}  {place}{step.name} {state}{text}"


def _to_come(task: Task, steps: Sequence[StepRecord]) -> Iterator[str]:
    """Yield the planned steps that were not begun, and what can be undone as things are."""
    if task.state.is_over or len(task.plan.targets) != 1:
        return
    begun = {step.planned_name for step in steps}
    coming = [step for step in task.plan.steps if step.name not in begun]
    if coming:
        yield "Still to come"
    for step in coming:
        yield f"  {printable(step.name)}: {printable(step.text)}"
    done = {step.planned_name for step in steps if step.state is StepState.DONE}
    undo = next((step.undo for step in reversed(task.plan.steps) if step.name in done), "")
    if undo:
        yield "What can be undone now"
        yield f"  {printable(undo)}"


def _log(log: Sequence[LogLine]) -> Iterator[str]:
    if log:
        yield "Log"
    for line in log:
        place = f"{printable(line.site)}: " if line.site else ""
        yield f"  {_time(line.at)}  {place}{printable(line.text)}"


def _commands(task: Task) -> Iterator[str]:
    if task.plan.commands:
        yield "The same by hand"
    for command in task.plan.commands:
        yield f"  {printable(command)}"


def _time(time: datetime | None) -> str:
    return "" if time is None else f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def _took(task: Task) -> str:
    if task.started_at is None or task.finished_at is None:
        return ""
    return format_duration((task.finished_at - task.started_at).total_seconds())
