"""The page of a task: every site with its phase, the steps taken, and the log."""

from collections.abc import Sequence
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns.tasks import WITH_FIGURES, figures, phase
from dcn_console.console.details.document import (
    Section,
    commands_section,
    field,
    text_field,
)
from dcn_console.console.details.steps import moment_of_day, steps_section
from dcn_console.console.details.validation import stage_lines
from dcn_console.console.spans import Line, Span, Tone, fit, foreign, joined, line, width
from dcn_console.console.words import TARGET_GLYPHS, TASK_GLYPHS
from dcn_console.model.tasks import (
    LogLine,
    Progress,
    StepRecord,
    Target,
    TargetState,
    Task,
)
from dcn_console.model.text import count, format_bytes, format_duration
from dcn_console.model.validation import OPERATION as VALIDATION

_NARROWEST = 24


def task_sections(
    task: Task,
    steps: Sequence[StepRecord] | None,
    log: Sequence[LogLine] | None,
    now: datetime,
    size: int,
) -> dict[str, Section]:
    """Return all sections of the page for sections of ``size`` cells.

    ``steps`` and ``log`` are None while they are being read.
    """
    return {
        "fields": Section("Task", _fields(task, now)),
        "sites": Section("Sites", _sites(task, now, size)),
        "steps": Section("Steps", _steps(task, steps, now, size)),
        "log": Section("Log, newest last", _log(log, now)),
        "commands": commands_section(task.plan.commands),
    }


def _steps(
    task: Task, steps: Sequence[StepRecord] | None, now: datetime, size: int
) -> tuple[Line, ...]:
    """Return the steps; a validation's own come first, then those that they are made of."""
    taken = steps_section(task, steps, now)
    if steps is None or task.plan.operation != VALIDATION:
        return taken
    return (*stage_lines(task, steps, now, size), line(""), *taken)


def _fields(task: Task, now: datetime) -> tuple[Line, ...]:
    glyph, tone = TASK_GLYPHS[task.state]
    plan = task.plan
    lines = [
        field("task", (Span(f"{task.number}  ", Tone.STRONG), foreign(task.title, Tone.STRONG))),
        field("state", (Span(f"{glyph} ", tone), Span(task.state.value))),
    ]
    if task.error:
        lines.append(text_field("reason", task.error, Tone.BAD))
    lines += [
        text_field("submitted", f"{full_moment(task.submitted_at, now)} by {task.submitted_by}"),
        text_field("started", full_moment(task.started_at, now)),
    ]
    if task.finished_at is not None:
        took = (task.finished_at - (task.started_at or task.submitted_at)).total_seconds()
        lines.append(
            text_field(
                "finished", f"{full_moment(task.finished_at, now)}, took {format_duration(took)}"
            )
        )
    if task.pause_requested_at is not None and not task.state.is_over:
        asked = full_moment(task.pause_requested_at, now)
        lines.append(text_field("pause", f"asked for {asked}; p lets it go on", Tone.WARNING))
    if task.cancel_requested_at is not None:
        lines.append(text_field("cancelled", full_moment(task.cancel_requested_at, now)))
    if plan.bytes_to_move is not None:
        lines.append(field("to move", line(format_bytes(plan.bytes_to_move))))
    if task.retry_of is not None:
        lines.append(field("retry of", line(f"task {task.retry_of}")))
    verify = plan.parameters.get("verify")
    if isinstance(verify, str):
        lines.append(text_field("verify", verify))
    return tuple(lines)


def _sites(task: Task, now: datetime, size: int) -> tuple[Line, ...]:
    lines: list[Line] = []
    names = max((width((foreign(target.site),)) for target in task.targets), default=0)
    indent = names + 2
    for target in task.targets:
        glyph, tone = TARGET_GLYPHS[target.state]
        head = (
            *fit((foreign(target.site, Tone.STRONG),), indent),
            Span(f"{glyph} ", tone),
            Span(target.state.value, tone),
        )
        progress = _measured(target)
        if progress is not None:
            used = width(head) + 2
            lines.append((*head, Span("  "), *figures(progress, now, max(_NARROWEST, size - used))))
        else:
            lines.append(head)
        notes = _notes(target, now)
        if notes:
            lines.append((Span(" " * indent), *notes))
    for site, why in task.plan.skipped.items():
        lines.append(
            (
                *fit((foreign(site, Tone.DIM),), indent),
                Span("– skipped: ", Tone.DIM),
                foreign(why, Tone.DIM),
            )
        )
    return tuple(lines)


def _notes(target: Target, now: datetime) -> Line:
    notes: list[Span] = []
    if target.verified:
        notes.append(foreign(f"saw: {target.verified}", Tone.GOOD, 400))
    elif target.state is TargetState.STAGING:
        notes.append(Span(phase(target, now), Tone.DIM))
    elif target.state is TargetState.COPYING and _measured(target) is None:
        notes.append(foreign(phase(target, now), Tone.DIM, 400))
    else:
        notes += _said(target, now)
    if target.attempts > 1:
        notes.append(Span(f"{' · ' if notes else ''}{count(target.attempts, 'attempt')}", Tone.DIM))
    return tuple(notes)


def _said(target: Target, now: datetime) -> Line:
    """Return what the target's text says, and where its figure comes from."""
    tone = Tone.BAD if target.state is TargetState.FAILED else Tone.DIM
    text: Line = (
        (foreign(target.text, tone, 400),)
        if target.text and target.state is not TargetState.COPYING
        else ()
    )
    progress = _measured(target)
    if progress is None:
        return text
    age = (
        format_duration((now - progress.measured_at).total_seconds())
        if progress.measured_at
        else "–"
    )
    looked = line(f"{progress.source.value}, looked {age} ago", Tone.DIM)
    return joined((text, looked), " · ")


def _measured(target: Target) -> Progress | None:
    """Return the figure of a target that shows one."""
    progress = target.progress
    if target.state not in WITH_FIGURES or progress is None or progress.percent is None:
        return None
    return progress


def _log(log: Sequence[LogLine] | None, now: datetime) -> tuple[Line, ...]:
    if log is None:
        return (line("reading…", Tone.DIM),)
    if not log:
        return (line("empty", Tone.DIM),)
    return tuple(
        (
            Span(f"{moment_of_day(item.at, now)}  ", Tone.DIM),
            *((foreign(item.site, Tone.ACCENT), Span("  ")) if item.site else ()),
            foreign(item.text, limit=1000),
        )
        for item in log
    )
