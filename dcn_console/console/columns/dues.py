"""Columns of the backup plans: every volume with its last good backup, the overdue first."""

from dcn_console.console.clock import Clock
from dcn_console.console.columns.where import site_column
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, line
from dcn_console.console.table.column import Column
from dcn_console.model.backup_chains import data_time
from dcn_console.model.backup_plans import DueState
from dcn_console.model.rows import DueRow
from dcn_console.model.text import format_age

_STATES = {
    DueState.OVERDUE: ("▲", Tone.WARNING),
    DueState.DUE: ("…", Tone.ACCENT),
    DueState.RUNNING: ("⇣", Tone.ACCENT),
    DueState.OK: ("●", Tone.GOOD),
}
_RANKS = {state: rank for rank, state in enumerate(_STATES)}


def is_at(row: DueRow, site: str) -> bool:
    """Return whether the volume lives at a site."""
    return row.site == site


def haystack(row: DueRow) -> str:
    """Return the text that the filter searches, in lower case."""
    name = row.last_good.name if row.last_good is not None else ""
    return (
        f"{row.volume}\n{row.volume_id}\n{row.plan.name}\n{row.site}\n{row.state}\n{name}"
        f"\n{row.failed}"
    ).lower()


def state(row: DueRow) -> Line:
    """Return how the volume stands, with its glyph."""
    if row.state is None:
        return (Span("? ", Tone.DIM), Span("unknown", Tone.DIM))
    glyph, tone = _STATES[row.state]
    return (Span(f"{glyph} ", tone), Span(row.state.value, tone))


def urgency(row: DueRow) -> tuple[int, float, str]:
    """Return what puts first what is overdue, those without any backup before all."""
    rank = len(_RANKS) if row.state is None else _RANKS[row.state]
    moment = data_time(row.last_good).timestamp() if row.last_good is not None else 0.0
    return (rank, moment, (row.volume or "").casefold())


def last_good(row: DueRow, clock: Clock) -> Line:
    """Return the age of the last good backup."""
    if row.state is None:
        return line("–", Tone.DIM)
    late = row.state is DueState.OVERDUE
    if row.last_good is None:
        return line("never", Tone.WARNING if late else Tone.DIM)
    age = format_age(data_time(row.last_good), clock())
    return line(age, Tone.WARNING if late else Tone.PLAIN)


def _volume(row: DueRow, _width: int) -> Line:
    if row.volume_id is None:
        return line("chosen by metadata", Tone.DIM)
    return (foreign(row.volume),)


def due_columns(clock: Clock) -> tuple[Column[DueRow], ...]:
    """Return the columns of the backup plans."""
    return (
        Column(
            id="volume",
            title="VOLUME",
            cell=_volume,
            sort_key=lambda row: (row.volume or "").casefold(),
            minimum=16,
            wanted=20,
            maximum=40,
            flex=4,
        ),
        Column(
            id="state", title="STATE", cell=lambda row, _: state(row), sort_key=urgency, minimum=9
        ),
        Column(
            id="last_good",
            title="LAST GOOD",
            cell=lambda row, _: last_good(row, clock),
            sort_key=lambda row: data_time(row.last_good) if row.last_good is not None else None,
            minimum=9,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="every",
            title="EVERY",
            cell=lambda row, _: line(f"{row.plan.every:g} h", Tone.DIM),
            sort_key=lambda row: row.plan.every,
            minimum=6,
            priority=2,
            align=Align.RIGHT,
        ),
        Column(
            id="plan",
            title="PLAN",
            cell=lambda row, _: (foreign(row.plan.name),),
            sort_key=lambda row: row.plan.name,
            minimum=8,
            maximum=24,
            flex=2,
            priority=1,
        ),
        site_column(lambda row: row.site, priority=2),
        Column(
            id="failed",
            title="WHY THE LAST ONE FAILED",
            cell=lambda row, _: (foreign(row.failed, Tone.WARNING),) if row.failed else (),
            sort_key=lambda row: row.failed or None,
            minimum=16,
            wanted=24,
            flex=6,
            priority=3,
        ),
        Column(
            id="backup",
            title="BACKUP",
            cell=lambda row, _: (
                (foreign(row.last_good.label, Tone.DIM),) if row.last_good is not None else ()
            ),
            sort_key=lambda row: row.last_good.label if row.last_good is not None else None,
            minimum=16,
            maximum=40,
            flex=3,
            priority=4,
        ),
    )
