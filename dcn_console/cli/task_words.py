"""Tasks and their targets in words: what progress lines, bars and ``task show`` say."""

from datetime import datetime

from dcn_console.model.tasks import Progress, ProgressSource, Target, TargetState, Task
from dcn_console.model.text import (
    format_age,
    format_bytes,
    format_duration,
    format_rate,
    printable,
)

_STALE_SECONDS = 10.0
_PHASES = {
    TargetState.PROBING: "does the site answer?",
    TargetState.ASKING: "for a copy at Glance",
    TargetState.STAGING: "on the Glance node, not visible from outside",
}


def target_words(target: Target, now: datetime) -> str:
    """Return where a target stands: "copying 42%, 18.5 MiB of 44 MiB, 11 MiB/s, …"."""
    state = target.state.value
    if target.state is TargetState.DONE:
        return f"{state}, verified: {printable(target.verified)}" if target.verified else state
    text = printable(target.text) or _PHASES.get(target.state, "")
    figures: list[str] = []
    if target.state in (TargetState.COPYING, TargetState.VERIFYING) and target.progress:
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
