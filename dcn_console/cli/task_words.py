"""Tasks and their targets in words: what progress lines, bars and ``task show`` say."""

from collections.abc import Sequence
from datetime import datetime

from dcn_console.model.tasks import (
    Progress,
    ProgressSource,
    StepRecord,
    StepState,
    Target,
    TargetState,
    Task,
)
from dcn_console.model.text import (
    format_age,
    format_bytes,
    format_duration,
    format_rate,
    printable,
)

_STALE_SECONDS = 10.0
_MOVING = (TargetState.COPYING, TargetState.RUNNING, TargetState.VERIFYING)
_PHASES = {
    TargetState.PROBING: "does the site answer?",
    TargetState.ASKING: "for a copy at Glance",
    TargetState.STAGING: "on the Glance node, not visible from outside",
    TargetState.PAUSED: "until resumed",
}


def step_words(task: Task, site: str, steps: Sequence[StepRecord]) -> str:
    """Return which step is being taken at ``site``: "step 3 of 7, demote; next: promote".

    "" while none is, or when the plan does not name it.
    """
    planned = list(dict.fromkeys(step.name for step in task.plan.steps))
    running = [
        step.planned_name
        for step in steps
        if step.site in (site, None) and step.state is StepState.RUNNING
    ]
    if not running or running[-1] not in planned:
        return ""
    index = planned.index(running[-1])
    after = f"; next: {printable(planned[index + 1])}" if index + 1 < len(planned) else ""
    return f"step {index + 1} of {len(planned)}, {printable(running[-1])}{after}"


def target_words(target: Target, now: datetime) -> str:
    """Return where a target stands: "copying 42%, 18.5 MiB of 44 MiB, 11 MiB/s, …"."""
    state = target.state.value
    if target.state is TargetState.DONE:
        return f"{state}, verified: {printable(target.verified)}" if target.verified else state
    text = printable(target.text) or _PHASES.get(target.state, "")
    figures: list[str] = []
    if target.state in _MOVING and target.progress:
        figures = progress_words(target.progress, now)
    words = ", ".join([*figures, text] if text else figures)
    if not words:
        return state
    return f"{state} {words}" if figures else f"{state}: {words}"


def progress_words(progress: Progress, now: datetime) -> list[str]:
    """Return a figure's parts: percent, bytes, rate, time left, source and age."""
    if progress.done is None:
        return [ProgressSource.NONE.value]
    parts = []
    if progress.percent is not None:
        parts.append(f"{progress.percent:.0f}%")
    of_total = f" of {format_bytes(progress.total)}" if progress.total else ""
    parts.append(f"{format_bytes(progress.done)}{of_total}")
    if progress.rate is not None:
        parts.append(format_rate(progress.rate))
    if progress.seconds_left is not None:
        parts.append(f"{format_duration(progress.seconds_left)} left")
    if progress.source is not ProgressSource.NONE:
        parts.append(progress.source.value)
    measured = progress.measured_at
    if measured is not None and (now - measured).total_seconds() > _STALE_SECONDS:
        parts.append(f"{format_age(measured, now)} old")
    return parts


def task_label(task: Task) -> str:
    """Return a task's number and title, safe to print."""
    return f"task {task.number}: {printable(task.title, 120)}"


def ending_words(task: Task) -> str:
    """Return how a finished task ended, in one line."""
    line = f"{task_label(task)}: {task.state.value}"
    return f"{line}: {printable(task.error)}" if task.error else line
