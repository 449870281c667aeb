"""Columns of the volumes."""

from datetime import datetime

from dcn_console.console.clock import Clock
from dcn_console.console.columns.mirrors import short_progress
from dcn_console.console.columns.where import site_column
from dcn_console.console.mirror_words import ARRIVING, GRAVITY, condition, worst_condition
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, line
from dcn_console.console.table.column import Column, folded
from dcn_console.console.words import finding_words, name_with_finding
from dcn_console.model.backup_chains import data_time
from dcn_console.model.findings import BACKUP_OVERDUE
from dcn_console.model.rows import VolumeRow
from dcn_console.model.text import format_age, format_bytes

_STATUS_TONES = {"in-use": Tone.PLAIN, "available": Tone.DIM, "avail": Tone.DIM}


def is_at(row: VolumeRow, site: str) -> bool:
    """Return whether the volume lives at a site."""
    return row.site == site


def haystack(row: VolumeRow) -> str:
    """Return the text that the filter searches, in lower case."""
    volume = row.volume
    text = (
        f"{volume.name}\n{volume.id}\n{volume.status}\n{volume.availability_zone}\n{volume.host}"
        f"\n{volume.volume_type}\n{volume.project_id}\n{row.server}\n{row.parent_image}"
    )
    for mirror in row.mirrors:
        text += f"\n{mirror.condition}\n{mirror.source.site}\n{mirror.destination.site}"
    if row.findings:
        text += "\n" + "\n".join(finding_words(item) for item in row.findings)
    return text.lower()


def status(row: VolumeRow, width: int = 99) -> Line:
    """Return the status, errors standing out; the longest usual word is cut as people cut it."""
    word = row.volume.status
    if word == "available" and width < len(word):
        word = "avail"
    if word and "error" in word:
        return (Span("✗ ", Tone.BAD), foreign(word, Tone.BAD))
    return (foreign(word, _STATUS_TONES.get(word or "", Tone.ACCENT)),)


def _name(row: VolumeRow, width: int) -> Line:
    name = foreign(row.volume.name) if row.volume.name else foreign(row.volume.id, Tone.DIM)
    return name_with_finding(name, row.findings, width)


def _mirror(row: VolumeRow, width: int) -> Line:
    """Return how a volume is mirrored: "● in sync", "73% 88M/s", "–"."""
    mirror = worst_condition(row.mirrors)
    if mirror is None:
        return line("–", Tone.DIM)
    figure = mirror.progress
    if mirror.condition in ARRIVING and figure is not None and figure.percent is not None:
        return short_progress(figure)
    return condition(mirror.condition)


def _mirror_key(row: VolumeRow) -> tuple[int, float] | None:
    mirror = worst_condition(row.mirrors)
    if mirror is None:
        return None
    percent = mirror.progress.percent if mirror.progress is not None else None
    return (GRAVITY[mirror.condition], percent or 0.0)


def _server(row: VolumeRow, _width: int) -> Line:
    if row.server:
        return (foreign(row.server),)
    if row.volume.attachments:
        return (foreign(row.volume.attachments[0].server_id, Tone.DIM),)
    return ()


def _is_late(row: VolumeRow) -> bool:
    return any(item.kind == BACKUP_OVERDUE for item in row.findings)


def last_backup(row: VolumeRow, now: datetime) -> Line:
    """Return the age of the last good backup: "▲ 3 d" when a plan wants a newer one."""
    late = _is_late(row)
    glyph = line("▲ ", Tone.WARNING) if late else ()
    if row.last_backup is None:
        return (*glyph, Span("none" if late else "–", Tone.WARNING if late else Tone.DIM))
    age = format_age(data_time(row.last_backup), now)
    return (*glyph, Span(age, Tone.WARNING if late else Tone.PLAIN))


def _backup_key(row: VolumeRow) -> tuple[bool, float] | None:
    """Return what puts the overdue first, then the oldest; those never backed up come last."""
    late = _is_late(row)
    if row.last_backup is None:
        return (False, 0.0) if late else None
    return (not late, data_time(row.last_backup).timestamp())


def volume_columns(clock: Clock) -> tuple[Column[VolumeRow], ...]:
    """Return the columns of the volumes pane."""
    return (
        Column(
            id="name",
            title="NAME",
            cell=_name,
            sort_key=lambda row: folded(row.volume.label),
            minimum=10,
            wanted=18,
            maximum=40,
            flex=4,
        ),
        Column(
            id="size",
            title="SIZE",
            cell=lambda row, _: line(format_bytes(row.volume.size, short=True)),
            sort_key=lambda row: row.volume.size,
            minimum=4,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="status",
            title="STATUS",
            cell=status,
            sort_key=lambda row: row.volume.status,
            minimum=6,
            wanted=9,
            maximum=16,
            flex=1,
        ),
        Column(
            id="mirror",
            title="MIRROR",
            cell=_mirror,
            sort_key=_mirror_key,
            minimum=12,
            maximum=18,
            flex=2,
            priority=1,
        ),
        Column(
            id="backup",
            title="BACKUP",
            cell=lambda row, _: last_backup(row, clock()),
            sort_key=_backup_key,
            minimum=8,
            priority=2,
            align=Align.RIGHT,
        ),
        site_column(lambda row: row.site or row.volume.availability_zone, priority=2),
        Column(
            id="server",
            title="SERVER",
            cell=_server,
            sort_key=lambda row: row.server or None,
            minimum=10,
            maximum=24,
            flex=2,
            priority=3,
        ),
        Column(
            id="image",
            title="IMAGE",
            cell=lambda row, _: (foreign(row.parent_image, Tone.DIM),) if row.parent_image else (),
            sort_key=lambda row: row.parent_image,
            minimum=10,
            maximum=24,
            flex=2,
            priority=4,
        ),
        Column(
            id="age",
            title="AGE",
            cell=lambda row, _: line(format_age(row.volume.created_at, clock()), Tone.DIM),
            sort_key=lambda row: row.volume.created_at,
            minimum=6,
            priority=4,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="type",
            title="TYPE",
            cell=lambda row, _: (foreign(row.volume.volume_type, Tone.DIM),),
            sort_key=lambda row: row.volume.volume_type,
            minimum=10,
            maximum=20,
            flex=1,
            priority=5,
        ),
        Column(
            id="host",
            title="HOST",
            cell=lambda row, _: (foreign(row.volume.host, Tone.DIM),),
            sort_key=lambda row: row.volume.host,
            minimum=16,
            maximum=36,
            flex=1,
            priority=6,
        ),
    )
