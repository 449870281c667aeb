"""The steps of a task: which one runs, what is next, what can be undone, and all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dcn_console.console.clock import moment
from dcn_console.console.details.document import columned, field
from dcn_console.console.spans import Line, Span, Tone, foreign, line
from dcn_console.model.plans import Plan, PlannedStep
from dcn_console.model.tasks import StepRecord, StepState, Task, TaskState
from dcn_console.model.text import format_duration

_GLYPHS = {
    StepState.RUNNING: ("▸", Tone.ACCENT),
    StepState.DONE: ("✓", Tone.GOOD),
    StepState.FAILED: ("✗", Tone.BAD),
}
_TO_COME = ("·", Tone.DIM)


@dataclass(frozen=True)
class StepLine:
    """A planned step with one of its records, or one of them alone.

    ``planned`` is None for a step that no plan spoke of, ``record`` for one still to come.
    """

    planned: PlannedStep | None
    record: StepRecord | None


def step_lines(plan: Plan, records: Sequence[StepRecord]) -> tuple[StepLine, ...]:
    """Match what was planned with what was done.

    Planned steps come in their order, each with its records; at the end what no plan spoke of.
    At a task with several sites a planned step of one site takes the records of that site.
    """
    several = len(plan.targets) > 1
    left = list(records)
    result: list[StepLine] = []
    for step in plan.steps:
        found = [
            record
            for record in left
            if step.name in (record.name, record.planned_name)
            and not (several and step.site is not None and record.site not in (None, step.site))
        ]
        for record in found:
            left.remove(record)
            result.append(StepLine(step, record))
        if not found:
            result.append(StepLine(step, None))
    result += [StepLine(None, record) for record in left]
    return tuple(result)


def running_step(records: Sequence[StepRecord]) -> str:
    """Return the name of the step that runs, "" when none does."""
    return next((item.name for item in records if item.state is StepState.RUNNING), "")


def steps_section(
    task: Task, records: Sequence[StepRecord] | None, now: datetime
) -> tuple[Line, ...]:
    """Return where a task stands among its steps, and its steps with their times."""
    if records is None:
        return (line("reading…", Tone.DIM),)
    lines = step_lines(task.plan, records)
    if not lines:
        return (line("none taken yet", Tone.DIM),)
    head = standing(task, lines, now)
    table = columned(_row(item, now) for item in lines)
    return (*head, line(""), *table) if head else table


def standing(task: Task, lines: Sequence[StepLine], now: datetime) -> tuple[Line, ...]:
    """Return which step runs, which is next, and what can be undone."""
    result: list[Line] = []
    running = [item for item in lines if _state(item) is StepState.RUNNING]
    coming = [item for item in lines if item.record is None]
    if not task.state.is_over:
        for item in running:
            result.append(field("now", _now(item, now)))
        if not running and task.state is TaskState.PAUSED:
            result.append(field("now", line("paused: p lets it go on", Tone.WARNING)))
        if coming and coming[0].planned is not None:
            result.append(field("next", _planned(coming[0].planned)))
    undo = _undo(lines)
    if undo:
        result.append(field("undo", (foreign(undo, limit=400),)))
    return tuple(result)


def _undo(lines: Sequence[StepLine]) -> str:
    """Return what can be undone after the last step that was taken and says so."""
    taken = [
        item.planned.undo
        for item in lines
        if item.planned is not None and item.planned.undo and _state(item) is StepState.DONE
    ]
    return taken[-1] if taken else ""


def _state(item: StepLine) -> StepState | None:
    return item.record.state if item.record is not None else None


def _now(item: StepLine, now: datetime) -> Line:
    record = item.record
    assert record is not None  # noqa: S101
    took = format_duration((now - record.started_at).total_seconds())
    name: Line = (Span("▸ ", Tone.ACCENT), foreign(record.name, Tone.STRONG))
    words = record.text or (item.planned.text if item.planned is not None else "")
    return (*name, *_words(words), Span(f"  {took}", Tone.DIM))


def _planned(step: PlannedStep) -> Line:
    return (Span("· ", Tone.DIM), foreign(step.name), *_words(step.text))


def _words(text: str) -> Line:
    return (Span(": ", Tone.DIM), foreign(text, limit=400)) if text else ()


def _row(item: StepLine, now: datetime) -> tuple[Line, ...]:
    record, planned = item.record, item.planned
    if record is None:
        assert planned is not None  # noqa: S101
        glyph, tone = _TO_COME
        return (
            line("", Tone.DIM),
            (Span(f"{glyph} ", tone), foreign(planned.name, Tone.DIM)),
            (foreign(planned.site, Tone.DIM),) if planned.site else (),
            (),
            (foreign(planned.text, Tone.DIM, 400),),
        )
    glyph, tone = _GLYPHS[StepState.FAILED if record.ended_badly else record.state]
    end = record.finished_at or now
    site = planned.site if planned is not None and planned.site else record.site
    words = record.text or (planned.text if planned is not None else "")
    return (
        line(moment_of_day(record.started_at, now), Tone.DIM),
        (Span(f"{glyph} ", tone), foreign(record.name)),
        (foreign(site, Tone.DIM),) if site else (),
        line(format_duration((end - record.started_at).total_seconds()), Tone.DIM),
        (foreign(words, limit=400),) if words else (),
    )


def moment_of_day(then: datetime, now: datetime) -> str:
    """Return "12:04:31" for today, else with the day."""
    local = then.astimezone(now.tzinfo)
    if local.date() == now.date():
        return f"{local:%H:%M:%S}"
    return moment(then, now)
