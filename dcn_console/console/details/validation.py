"""The steps of a site's validation on its task's page: one line each, and why one did not pass."""

from collections.abc import Sequence
from datetime import datetime

from dcn_console.console.spans import Align, Line, Span, Tone, fit, foreign, width
from dcn_console.model.tasks import StepRecord, Task
from dcn_console.model.text import format_bytes, format_duration
from dcn_console.model.validation import Stage, StageOutcome, report_of

_GLYPHS = {
    StageOutcome.PASSED: ("✓", Tone.GOOD),
    StageOutcome.FAILED: ("✗", Tone.BAD),
    StageOutcome.SKIPPED: ("–", Tone.DIM),
    StageOutcome.CANCELLED: ("⊘", Tone.DIM),
    StageOutcome.RUNNING: ("▸", Tone.ACCENT),
    StageOutcome.TO_COME: ("·", Tone.DIM),
}
_TOLD = frozenset({StageOutcome.FAILED, StageOutcome.SKIPPED, StageOutcome.CANCELLED})
"""What a step came to when its text says why."""
_TIME = 6
_RATE = 12


def stage_lines(
    task: Task, records: Sequence[StepRecord], now: datetime, size: int
) -> tuple[Line, ...]:
    """Return the validation's steps, as wide as ``size`` cells allow, with time and rate."""
    stages = report_of(task, records, now).stages
    names = max((width((foreign(stage.name),)) for stage in stages), default=0)
    sites = max((width((foreign(stage.site),)) for stage in stages), default=0)
    with_rate = 2 + names + 2 + sites + 2 + _TIME + 2 + _RATE <= size
    lines: list[Line] = []
    for stage in stages:
        lines.append(_stage(stage, names, sites, with_rate=with_rate))
        if stage.outcome in _TOLD and stage.text:
            tone = Tone.BAD if stage.outcome is StageOutcome.FAILED else Tone.DIM
            lines.append((Span("  "), foreign(stage.text, tone, 400)))
    return tuple(lines)


def _stage(stage: Stage, names: int, sites: int, *, with_rate: bool) -> Line:
    glyph, tone = _GLYPHS[stage.outcome]
    begun = stage.seconds is not None
    name = foreign(stage.name, Tone.STRONG if stage.outcome is StageOutcome.RUNNING else tone)
    plain = foreign(stage.name) if stage.outcome is StageOutcome.PASSED else name
    time = format_duration(stage.seconds) if stage.seconds is not None else ""
    rate = f"{format_bytes(int(stage.rate))}/s" if stage.rate else ""
    columns = [
        (Span(f"{glyph} ", tone), *fit((plain,), names)),
        fit((foreign(stage.site, Tone.DIM),), sites),
        fit((Span(time, Tone.PLAIN if begun else Tone.DIM),), _TIME, Align.RIGHT),
    ]
    if with_rate:
        columns.append(fit((Span(rate, Tone.DIM),), _RATE, Align.RIGHT))
    line: list[Span] = []
    for index, column in enumerate(columns):
        line += [Span("  ")] if index else []
        line += column
    return tuple(line)
