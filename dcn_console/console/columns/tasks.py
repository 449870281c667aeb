"""Columns of the tasks, and one task's progress as a line."""

from datetime import datetime

from dcn_console.console.bars import bar, percent_text
from dcn_console.console.clock import Clock, moment
from dcn_console.console.spans import (
    Align,
    Line,
    Span,
    Tone,
    fit,
    foreign,
    line,
    shorten,
)
from dcn_console.console.spans import width as cells_of
from dcn_console.console.table.column import Column
from dcn_console.console.words import TASK_GLYPHS
from dcn_console.model.tasks import Progress, Target, TargetState, Task, TaskState
from dcn_console.model.text import format_age, format_bytes, format_duration, format_rate

OLD_FIGURE_SECONDS = 5.0
"""A figure older than this is shown with its age."""

STAGING = "staging on the Glance node (not visible from outside)"

_PHASE_WORDS = {
    TargetState.QUEUED: "queued",
    TargetState.PROBING: "probing",
    TargetState.WAITING: "waiting for",
    TargetState.ASKING: "asking Glance for",
    TargetState.VERIFYING: "verifying",
}
_PHASE_ORDER = (
    TargetState.COPYING,
    TargetState.RUNNING,
    TargetState.STAGING,
    TargetState.VERIFYING,
    TargetState.ASKING,
    TargetState.PROBING,
    TargetState.WAITING,
    TargetState.QUEUED,
    TargetState.PAUSED,
)
WITH_FIGURES = (TargetState.COPYING, TargetState.RUNNING, TargetState.VERIFYING)
"""States whose progress is shown."""
_BAR = (10, 32)
_WORDS_WIDTH = 60
"""From this many cells on there is room for words before the figures."""
_BYTES, _RATE, _LEFT, _PERCENT = 12, 10, 7, 4
_MANY_HOURS = 36_000


def key(task: Task) -> str:
    """Return the key of a task in tables."""
    return str(task.number)


def order(task: Task) -> tuple[int, float]:
    """Return what puts running tasks first, then queued ones, then the newest finished."""
    moment_of = (task.finished_at or task.submitted_at).timestamp()
    if task.state in (TaskState.RUNNING, TaskState.PAUSED, TaskState.CANCELLING):
        return (0, -task.number)
    if task.state is TaskState.QUEUED:
        return (1, task.number)
    return (2, -moment_of)


def haystack(task: Task) -> str:
    """Return the text that the filter searches, in lower case."""
    return f"{task.number}\n{task.title}\n{task.state}\n{task.error}\n{task.submitted_by}".lower()


def is_at(task: Task, site: str) -> bool:
    """Return whether the task acts at a site."""
    return task.target(site) is not None


def leading(task: Task) -> Target | None:
    """Return the target that tells most about what a running task is doing."""
    going = [target for target in task.targets if not target.state.is_over]
    return min(going, key=lambda item: _PHASE_ORDER.index(item.state), default=None)


def source(progress: Progress, now: datetime) -> str:
    """Return where a figure comes from, with its age once it is old."""
    text = progress.source.value
    if progress.measured_at is not None:
        age = (now - progress.measured_at).total_seconds()
        if age >= OLD_FIGURE_SECONDS:
            return f"{text}, {format_age(progress.measured_at, now)} old"
    return text


def time_left(seconds: float | None) -> str:
    """Return the time left in at most seven cells: "0:02", "2:05:00", "31 h"; "–" for None."""
    if seconds is not None and seconds >= _MANY_HOURS:
        return f"{int(seconds // 3600):,} h"
    return format_duration(seconds)


def figures(progress: Progress | None, now: datetime, width: int) -> Line:
    """Return bar, percent, bytes, rate, time left and source in ``width`` cells.

    What has no room leaves from the right but for the rate and the time left, which leave last.
    """
    percent = progress.percent if progress else None
    if progress is None or percent is None:
        return bar(None, max(0, min(_BAR[1], width)))
    columns: list[Line] = [fit(line(percent_text(percent)), _PERCENT, Align.RIGHT)]
    rest = width - _BAR[0] - _PERCENT - 1
    amount = f"{format_bytes(progress.done, short=True)}/{format_bytes(progress.total, short=True)}"
    wanted = (
        (_LEFT, fit(line(time_left(progress.seconds_left)), _LEFT, Align.RIGHT)),
        (_RATE, fit(line(format_rate(progress.rate)), _RATE, Align.RIGHT)),
        (_BYTES, fit(line(amount), _BYTES, Align.RIGHT)),
    )
    chosen: list[Line] = []
    for size, text in wanted:
        if rest >= size + 1:
            rest -= size + 1
            chosen.insert(0, text)
    columns += chosen
    words = source(progress, now)
    extra = min(rest, _BAR[1] - _BAR[0])
    tail: Line = ()
    if rest >= 14 + 2:
        extra = max(0, min(extra, rest - len(words) - 2))
        tail = (Span("  "), *shorten(line(words, Tone.DIM), rest - extra - 2))
    result: list[Span] = list(bar(percent, _BAR[0] + extra))
    for text in columns:
        result += (Span(" "), *text)
    return (*result, *tail)


def phase(target: Target, now: datetime) -> str:
    """Return in words what is going on at a site."""
    if target.state is TargetState.STAGING:
        if target.updated_at is None:
            return STAGING
        return f"{STAGING} {format_duration((now - target.updated_at).total_seconds())}"
    if target.state is TargetState.COPYING:
        return target.text or f"copying to {target.site}, no figure to be had"
    if target.state in (TargetState.RUNNING, TargetState.PAUSED) and target.text:
        return target.text
    words = _PHASE_WORDS.get(target.state, target.state.value)
    text = f"{words} {target.site}"
    return f"{text}: {target.text}" if target.text else text


def progress_line(task: Task, now: datetime, width: int) -> Line:
    """Return how a task stands, on one line of at most ``width`` cells."""
    glyph, tone = TASK_GLYPHS[task.state]
    if task.state is TaskState.RUNNING:
        target = leading(task)
        if target is None:
            return (Span(f"{glyph} ", tone), Span("running", Tone.DIM))
        if target.state in WITH_FIGURES:
            progress = task.progress if target.state is TargetState.COPYING else target.progress
            if progress is not None and progress.percent is not None:
                return _with_figures(target, progress, now, width)
        return _without_figure(phase(target, now), width)
    return shorten((Span(f"{glyph} ", tone), *_standing(task, now)), width)


def _with_figures(target: Target, progress: Progress, now: datetime, width: int) -> Line:
    """Return the figures, and before them what goes on where that is not simply copying."""
    if target.state is not TargetState.RUNNING or not target.text or width < _WORDS_WIDTH:
        return figures(progress, now, width)
    words = shorten((foreign(target.text, Tone.DIM),), width // 3)
    return (*words, Span("  "), *figures(progress, now, width - cells_of(words) - 2))


def _without_figure(words: str, width: int) -> Line:
    size = min(_BAR[0], max(0, width // 4))
    text = foreign(words, Tone.DIM)
    return (*bar(None, size), Span("  "), *shorten((text,), max(0, width - size - 2)))


def _standing(task: Task, now: datetime) -> Line:
    """Return the words for a task that is not simply running."""
    if task.state is TaskState.QUEUED:
        return line(f"queued since {moment(task.submitted_at, now)}", Tone.DIM)
    if task.state is TaskState.PAUSED:
        target = leading(task)
        return (foreign((target and target.text) or "paused: p lets it go on", Tone.WARNING),)
    if task.state is TaskState.CANCELLING:
        return line("cancelling: waits for what cannot be stopped", Tone.WARNING)
    when = moment(task.finished_at, now) if task.finished_at else ""
    if task.state is TaskState.DONE:
        took = ""
        if task.started_at and task.finished_at:
            took = f" in {format_duration((task.finished_at - task.started_at).total_seconds())}"
        return line(f"done {when}{took}{_verified(task)}")
    if task.state is TaskState.CANCELLED:
        return line(f"cancelled {when}")
    return (
        Span(f"{task.state.value} {when}: ", TASK_GLYPHS[task.state][1]),
        foreign(reason(task) or "no reason given"),
    )


def _verified(task: Task) -> str:
    if not task.targets or not all(target.verified for target in task.targets):
        return ""
    return f", verified at {', '.join(target.site for target in task.targets)}"


def reason(task: Task) -> str:
    """Return why a task failed, in full or at some sites."""
    if task.error:
        return task.error
    failed = [target for target in task.targets if target.state is TargetState.FAILED]
    return "; ".join(f"{target.site}: {target.text or 'failed'}" for target in failed)


def task_columns(clock: Clock) -> tuple[Column[Task], ...]:
    """Return the columns of the tasks pane."""
    return (
        Column(
            id="order",
            title="#",
            cell=lambda task, _: line(str(task.number), Tone.DIM),
            sort_key=order,
            minimum=4,
            align=Align.RIGHT,
        ),
        Column(
            id="title",
            title="TASK",
            cell=lambda task, _: (foreign(task.title),),
            sort_key=lambda task: task.title.casefold(),
            minimum=18,
            maximum=36,
            flex=1,
        ),
        Column(
            id="progress",
            title="PROGRESS",
            cell=lambda task, width: progress_line(task, clock(), width),
            sort_key=lambda task: task.progress.percent if task.progress else None,
            minimum=20,
            flex=3,
        ),
    )
