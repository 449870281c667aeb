"""Columns of the mirrored RBD images: both clusters in one line, and what follows from both."""

from datetime import datetime

from dcn_console.console.bars import bar, percent_text
from dcn_console.console.clock import Clock
from dcn_console.console.columns.tasks import time_left
from dcn_console.console.mirror_words import (
    ARRIVING,
    GRAVITY,
    condition,
    direction,
    judgement,
    side_words,
)
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, joined, line
from dcn_console.console.spans import width as cells_of
from dcn_console.console.table.column import Column
from dcn_console.console.words import finding_words, name_with_finding, severity_rank, worst
from dcn_console.model.findings import MIRROR_LAG
from dcn_console.model.mirror_rows import MirrorRow
from dcn_console.model.tasks import Progress
from dcn_console.model.text import format_age, format_bytes

OLD_REPORT_SECONDS = 90.0
"""A report older than this is shown as a warning: daemons write every 10 to 30 s."""

_BAR_WIDTH, _AMOUNT_WIDTH, _WIDEST = 24, 38, 46
"""From so many cells on progress has a bar, and bytes; more than the last are not needed."""
_LONGEST_BAR = 16


def is_at(row: MirrorRow, where: str) -> bool:
    """Return whether a row is mirrored at a site, or belongs to the pair with that key."""
    return where in (row.source.site, row.destination.site) or where in pair_keys(row)


def pair_keys(row: MirrorRow) -> tuple[str, str]:
    """Return the keys that the row's pair of sites can have, whichever side comes first."""
    first, second = row.source.site, row.destination.site
    return f"{row.pool}/{first}/{second}", f"{row.pool}/{second}/{first}"


def haystack(row: MirrorRow) -> str:
    """Return the text that the filter searches, in lower case."""
    text = (
        f"{row.label}\n{row.image}\n{row.global_id}\n{row.pool}\n{row.mode}\n{row.condition}"
        f"\n{row.source.site}\n{row.destination.site}\n{row.text}"
    )
    if row.findings:
        text += "\n" + "\n".join(finding_words(item) for item in row.findings)
    return text.lower()


def gravity(row: MirrorRow) -> tuple[int, int, str]:
    """Return what puts first what is wrong."""
    severity = worst(row.findings)
    rank = 9 if severity is None else severity_rank(severity)
    return (rank, GRAVITY[row.condition], row.label.casefold())


def lag(row: MirrorRow, now: datetime) -> Line:
    """Return the time since the last consistent point at the destination."""
    if row.consistent_at is None:
        return line("–", Tone.DIM)
    late = any(item.kind == MIRROR_LAG for item in row.findings)
    return line(format_age(row.consistent_at, now), Tone.WARNING if late else Tone.PLAIN)


def report_age(row: MirrorRow, now: datetime) -> Line:
    """Return how old the destination's report is."""
    if row.reported_at is None:
        return line("–", Tone.DIM)
    old = (now - row.reported_at).total_seconds() > OLD_REPORT_SECONDS
    return line(format_age(row.reported_at, now), Tone.WARNING if old else Tone.DIM)


def progress(row: MirrorRow, width: int) -> Line:
    """Return how data arrives, else how far the row is behind or what arrived last."""
    figure = row.progress
    if figure is not None and figure.percent is not None:
        return arriving(figure, width)
    if row.behind:
        return (foreign(row.behind),)
    if figure is not None and row.condition in ARRIVING:
        return line("no figure yet", Tone.DIM)
    status = row.destination.status
    if status is not None and status.last_snapshot_bytes is not None:
        return line(f"last {format_bytes(status.last_snapshot_bytes, short=True)}", Tone.DIM)
    return ()


def arriving(figure: Progress, width: int) -> Line:
    """Return bar, percent, bytes, rate and time left as far as they fit, at least the percent."""
    if width < _BAR_WIDTH:
        return short_progress(figure)
    rate = f"{format_bytes(figure.rate, short=True)}/s" if figure.rate else ""
    parts: list[Line] = [
        line(f"{percent_text(figure.percent):>4}"),
        line(f"{rate:>6}"),
        line(f"{time_left(figure.seconds_left):>7}"),
    ]
    amount = f"{format_bytes(figure.done, short=True)}/{format_bytes(figure.total, short=True)}"
    if width >= _AMOUNT_WIDTH:
        parts.insert(1, line(f"{amount:>11}"))
    tail = (Span(" "), *joined(parts))
    return (*bar(figure.percent, min(_LONGEST_BAR, width - cells_of(tail))), *tail)


def short_progress(figure: Progress) -> Line:
    """Return percent and rate: "73% 88M/s"."""
    percent = Span(percent_text(figure.percent), Tone.ACCENT)
    if not figure.rate:
        return (percent,)
    return (percent, Span(f" {format_bytes(figure.rate, short=True)}/s"))


def mirror_columns(clock: Clock) -> tuple[Column[MirrorRow], ...]:
    """Return the columns of the mirrored RBD images."""
    return (
        Column(
            id="name",
            title="NAME",
            cell=lambda row, width: name_with_finding(foreign(row.label), row.findings, width),
            sort_key=lambda row: row.label.casefold(),
            minimum=12,
            wanted=15,
            maximum=40,
            flex=5,
        ),
        Column(
            id="condition",
            title="CONDITION",
            cell=lambda row, _: condition(row.condition),
            sort_key=gravity,
            minimum=16,
        ),
        Column(
            id="direction",
            title="DIRECTION",
            cell=direction,
            sort_key=lambda row: (row.source.site, row.destination.site),
            minimum=15,
            wanted=16,
            maximum=30,
            flex=4,
            priority=1,
        ),
        Column(
            id="mode",
            title="MODE",
            cell=lambda row, _: line(row.mode.value, Tone.DIM) if row.mode else line("–", Tone.DIM),
            sort_key=lambda row: row.mode,
            minimum=8,
            priority=5,
        ),
        Column(
            id="progress",
            title="PROGRESS",
            cell=progress,
            sort_key=lambda row: row.progress.percent if row.progress else None,
            minimum=10,
            wanted=25,
            maximum=_WIDEST,
            flex=6,
            priority=3,
        ),
        Column(
            id="lag",
            title="LAG",
            cell=lambda row, _: lag(row, clock()),
            sort_key=lambda row: row.consistent_at,
            minimum=6,
            align=Align.RIGHT,
            priority=2,
        ),
        Column(
            id="age",
            title="REPORT",
            cell=lambda row, _: report_age(row, clock()),
            sort_key=lambda row: row.reported_at,
            minimum=6,
            align=Align.RIGHT,
            priority=6,
        ),
        Column(
            id="protected",
            title="PROTECTED",
            cell=lambda row, _: judgement(row.protected),
            sort_key=lambda row: str(row.protected.holds),
            minimum=9,
            priority=2,
        ),
        Column(
            id="ready",
            title="PEER READY",
            cell=lambda row, _: judgement(row.peer_ready),
            sort_key=lambda row: str(row.peer_ready.holds),
            minimum=10,
            priority=4,
        ),
        Column(
            id="source",
            title="SOURCE SAYS",
            cell=lambda row, _: side_words(row.source),
            minimum=19,
            maximum=30,
            flex=1,
            priority=8,
        ),
        Column(
            id="destination",
            title="DESTINATION SAYS",
            cell=lambda row, _: side_words(row.destination),
            minimum=26,
            maximum=36,
            flex=1,
            priority=7,
        ),
        Column(
            id="task",
            title="TASK",
            cell=_task,
            sort_key=lambda row: row.task,
            minimum=5,
            priority=9,
        ),
        Column(
            id="schedule",
            title="SCHEDULE",
            cell=_schedule,
            sort_key=lambda row: ",".join(item.interval for item in row.schedules) or None,
            minimum=8,
            maximum=16,
            flex=1,
            priority=10,
        ),
        Column(
            id="size",
            title="SIZE",
            cell=lambda row, _: line(format_bytes(row.size, short=True)),
            sort_key=lambda row: row.size,
            minimum=5,
            align=Align.RIGHT,
            descends_first=True,
            priority=11,
        ),
        Column(
            id="pool",
            title="POOL",
            cell=lambda row, _: (foreign(row.pool, Tone.DIM),),
            sort_key=lambda row: row.pool,
            minimum=8,
            maximum=16,
            flex=1,
            priority=12,
        ),
    )


def _task(row: MirrorRow, _width: int) -> Line:
    return line(f"#{row.task}", Tone.ACCENT) if row.task is not None else ()


def _schedule(row: MirrorRow, _width: int) -> Line:
    if not row.schedules:
        return ()
    return (foreign(", ".join(item.interval for item in row.schedules), Tone.DIM),)
