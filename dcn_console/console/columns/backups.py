"""Columns of the backups: the chains of increments as trees, and what may go."""

from dcn_console.console.clock import Clock
from dcn_console.console.columns.where import site_column
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, line
from dcn_console.console.spans import width as cells_of
from dcn_console.console.table.column import Column
from dcn_console.console.words import finding_words, name_with_finding
from dcn_console.model.backup_chains import GOOD
from dcn_console.model.rows import BackupRow
from dcn_console.model.text import format_age, format_bytes

DEEPEST = 6
"""Increments of increments are indented up to here, so that long chains leave room for names."""

_REASON_WIDTH = 20
"""Cells from which on there is room for a reason."""

_MOVING = frozenset({"creating", "restoring", "deleting", "backing-up"})


def is_at(row: BackupRow, where: str) -> bool:
    """Return whether a backup's volume is at a site, or is the one with that id."""
    return where in (row.site, row.backup.volume_id)


def haystack(row: BackupRow) -> str:
    """Return the text that the filter searches, in lower case."""
    backup = row.backup
    text = (
        f"{backup.name}\n{backup.id}\n{row.volume}\n{backup.volume_id}\n{backup.status}"
        f"\n{kind(row)}\n{row.site}\n{row.stored_at}\n{backup.fail_reason or ''}"
    )
    if row.findings:
        text += "\n" + "\n".join(finding_words(item) for item in row.findings)
    return text.lower()


def branch(depth: int) -> Span:
    """Return the branch of the tree before an increment, nothing before a full backup."""
    return Span(" " * (min(depth, DEEPEST) - 1) + "└ " if depth else "", Tone.DIM)


def status(row: BackupRow) -> Line:
    """Return the status with its glyph."""
    word = row.backup.status
    if word == GOOD:
        return (Span("● ", Tone.GOOD), foreign(word))
    if word and word.startswith("error"):
        return (Span("✗ ", Tone.BAD), foreign(word, Tone.BAD))
    glyph = "⇣ " if word in _MOVING else "? "
    return (Span(glyph, Tone.ACCENT), foreign(word, Tone.ACCENT))


def kind(row: BackupRow) -> str:
    """Return what a backup holds in a word."""
    if row.backup.incremental:
        return "increment"
    return "snapshot" if row.backup.snapshot_id else "full"


def deletable(row: BackupRow, width: int = 99) -> Line:
    """Return whether a backup can be deleted by itself, else why not, as far as there is room."""
    if not row.obstacle:
        return line("✓ yes", Tone.DIM)
    words = foreign(row.obstacle, Tone.DIM)
    if width < _REASON_WIDTH:
        needing = len(row.node.dependents)
        words = Span(f"{needing} on it" if needing else "no", Tone.DIM)
    return (Span("✗ ", Tone.WARNING), words)


def volume(row: BackupRow, width: int = 99) -> Line:
    """Return the volume's name, and whether it is gone."""
    if row.volume_exists is False:
        gone = line("✗ gone", Tone.WARNING)
        return gone if width < _REASON_WIDTH else (*gone, Span(" "), foreign(row.volume, Tone.DIM))
    return (foreign(row.volume),)


def in_tree(row: BackupRow) -> tuple[str, str, int]:
    """Return what brings the trees together: by volume, each as it is drawn."""
    return ((row.volume or "").casefold(), row.backup.volume_id or "", row.node.order)


def _name(row: BackupRow, width: int) -> Line:
    before = branch(row.depth)
    name = foreign(row.backup.name) if row.backup.name else foreign(row.backup.id, Tone.DIM)
    room = max(1, width - cells_of((before,)))
    return (before, *name_with_finding(name, row.findings, room))


def backup_columns(clock: Clock) -> tuple[Column[BackupRow], ...]:
    """Return the columns of the backups."""

    def verified(row: BackupRow, _width: int) -> Line:
        if row.verified_on is None:
            return line("never", Tone.DIM)
        return line(format_age(row.verified_on, clock()))

    return (
        Column(
            id="backup",
            title="BACKUP",
            cell=_name,
            sort_key=in_tree,
            minimum=18,
            wanted=26,
            maximum=60,
            flex=6,
        ),
        Column(
            id="volume",
            title="VOLUME",
            cell=volume,
            sort_key=lambda row: (row.volume or "").casefold(),
            minimum=10,
            wanted=16,
            maximum=34,
            flex=3,
            priority=2,
        ),
        Column(
            id="age",
            title="AGE",
            cell=lambda row, _: line(format_age(row.data_at, clock())),
            sort_key=lambda row: row.data_at,
            minimum=6,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="status",
            title="STATUS",
            cell=lambda row, _: status(row),
            sort_key=lambda row: row.backup.status,
            minimum=11,
            maximum=16,
            flex=1,
        ),
        Column(
            id="verified",
            title="VERIFIED",
            cell=verified,
            sort_key=lambda row: (row.verified_on is not None, row.verified_on or 0),
            minimum=8,
            priority=1,
            align=Align.RIGHT,
        ),
        Column(
            id="size",
            title="SIZE",
            cell=lambda row, _: line(format_bytes(row.backup.size, short=True)),
            sort_key=lambda row: row.backup.size,
            minimum=5,
            priority=3,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="deletable",
            title="DELETABLE",
            cell=deletable,
            sort_key=lambda row: row.obstacle,
            minimum=10,
            wanted=20,
            maximum=60,
            flex=4,
            priority=2,
        ),
        site_column(lambda row: row.site, priority=3),
        Column(
            id="kind",
            title="KIND",
            cell=lambda row, _: line(kind(row), Tone.DIM),
            sort_key=kind,
            minimum=9,
            priority=4,
        ),
        Column(
            id="stored_at",
            title="STORED AT",
            cell=lambda row, _: (foreign(row.stored_at or row.backup.availability_zone, Tone.DIM),),
            sort_key=lambda row: row.stored_at,
            minimum=9,
            maximum=14,
            flex=1,
            priority=5,
        ),
    )
