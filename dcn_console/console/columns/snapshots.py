"""Columns of the snapshots of volumes."""

from dcn_console.console.clock import Clock
from dcn_console.console.columns.where import site_column
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, line
from dcn_console.console.table.column import Column
from dcn_console.model.rows import SnapshotRow
from dcn_console.model.text import format_age, format_bytes


def is_at(row: SnapshotRow, where: str) -> bool:
    """Return whether a snapshot's volume is at a site, or is the one with that id."""
    return where in (row.site, row.snapshot.volume_id)


def haystack(row: SnapshotRow) -> str:
    """Return the text that the filter searches, in lower case."""
    snapshot = row.snapshot
    return (
        f"{snapshot.name}\n{snapshot.id}\n{row.volume}\n{snapshot.volume_id}\n{snapshot.status}"
        f"\n{row.site}\n{snapshot.project_id}"
    ).lower()


def status(row: SnapshotRow) -> Line:
    """Return the status with its glyph."""
    word = row.snapshot.status
    if word == "available":
        return (Span("● ", Tone.GOOD), foreign(word))
    if word and word.startswith("error"):
        return (Span("✗ ", Tone.BAD), foreign(word, Tone.BAD))
    return (Span("⇣ ", Tone.ACCENT), foreign(word, Tone.ACCENT))


def snapshot_columns(clock: Clock) -> tuple[Column[SnapshotRow], ...]:
    """Return the columns of the snapshots."""
    return (
        Column(
            id="snapshot",
            title="SNAPSHOT",
            cell=lambda row, _: (foreign(row.snapshot.label),),
            sort_key=lambda row: row.snapshot.label.casefold(),
            minimum=16,
            wanted=24,
            maximum=60,
            flex=4,
        ),
        Column(
            id="volume",
            title="VOLUME",
            cell=lambda row, _: (foreign(row.volume),),
            sort_key=lambda row: (row.volume or "").casefold(),
            minimum=14,
            wanted=20,
            maximum=40,
            flex=3,
        ),
        Column(
            id="status",
            title="STATUS",
            cell=lambda row, _: status(row),
            sort_key=lambda row: row.snapshot.status,
            minimum=11,
            maximum=20,
            flex=1,
        ),
        Column(
            id="size",
            title="SIZE",
            cell=lambda row, _: line(format_bytes(row.snapshot.size, short=True)),
            sort_key=lambda row: row.snapshot.size,
            minimum=5,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="age",
            title="AGE",
            cell=lambda row, _: line(format_age(row.snapshot.created_at, clock())),
            sort_key=lambda row: row.snapshot.created_at,
            minimum=6,
            align=Align.RIGHT,
            descends_first=True,
        ),
        site_column(lambda row: row.site, priority=1),
        Column(
            id="project",
            title="PROJECT",
            cell=lambda row, _: (foreign(row.snapshot.project_id, Tone.DIM),),
            sort_key=lambda row: row.snapshot.project_id,
            minimum=12,
            maximum=32,
            flex=1,
            priority=4,
        ),
    )
