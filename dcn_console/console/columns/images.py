"""Columns of the images: one for every site, between what an image is and what is known of it."""

from functools import partial

from dcn_console.console.clock import Clock
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, line
from dcn_console.console.table.column import Column, folded
from dcn_console.console.words import (
    PLACEMENT_GLYPHS,
    PLACEMENT_WORDS,
    finding_words,
    name_with_finding,
)
from dcn_console.model.rows import NOT_RAW, ImageRow, Placement
from dcn_console.model.sites import Topology
from dcn_console.model.text import format_age, format_bytes

HERE = frozenset(Placement) - {Placement.ABSENT, Placement.UNKNOWN, Placement.MISSING}
"""The states in which an image counts as being at a site."""

_SHORT_WORDS = {
    Placement.QUEUED: "queued",
    Placement.FAILED: "failed",
    Placement.MISSING: "missing",
    Placement.GONE: "gone",
}

_PLACEMENT_ORDER = {state: order for order, state in enumerate(Placement)}


def is_at(row: ImageRow, site: str) -> bool:
    """Return whether the image is at a site, or on its way there."""
    cell = row.cell(site)
    return cell is not None and cell.state in HERE


def placement(row: ImageRow, index: int, width: int) -> Line:
    """Return an image's state at the site with that index: a glyph, and a word where it fits."""
    if index >= len(row.cells):
        return line("–", Tone.DIM)
    cell = row.cells[index]
    glyph, tone = PLACEMENT_GLYPHS[cell.state]
    if cell.state is Placement.COPYING:
        return line("copy" if cell.percent is None else f"{int(cell.percent)}%", tone)
    word = _SHORT_WORDS.get(cell.state)
    if word and width >= len(word) + 2:
        return line(f"{glyph} {word}", tone)
    return line(glyph, tone)


def placement_words(cell_state: Placement, percent: float | None) -> Line:
    """Return a placement in full words behind its glyph, for detail screens."""
    glyph, tone = PLACEMENT_GLYPHS[cell_state]
    words = PLACEMENT_WORDS[cell_state]
    if cell_state is Placement.COPYING and percent is not None:
        words = f"{words} {int(percent)}%"
    return (Span(f"{glyph} ", tone), Span(words, Tone.PLAIN))


def haystack(row: ImageRow) -> str:
    """Return the text that the filter searches, in lower case."""
    image = row.image
    text = (
        f"{image.name}\n{image.id}\n{image.status}\n{image.disk_format}\n{image.visibility}"
        f"\n{image.owner}"
    )
    if image.tags:
        text += "\n" + "\n".join(image.tags)
    if row.findings:
        text += "\n" + "\n".join(finding_words(item) for item in row.findings)
    return text.lower()


def _name(row: ImageRow, width: int) -> Line:
    name = foreign(row.image.name) if row.image.name else foreign(row.image.id, Tone.DIM)
    wrong = [item for item in row.findings if item.kind != NOT_RAW]
    return name_with_finding(name, wrong, width)


def _format(row: ImageRow, _width: int) -> Line:
    name = row.image.disk_format
    if any(item.kind == NOT_RAW for item in row.findings):
        return (foreign(name, Tone.WARNING), Span("!", Tone.WARNING))
    return (foreign(name, Tone.DIM),)


def _status(row: ImageRow, _width: int) -> Line:
    status = row.image.status
    return (foreign(status, Tone.DIM if status == "active" else Tone.WARNING),)


def _findings(row: ImageRow, _width: int) -> Line:
    return (Span("; ".join(finding_words(item) for item in row.findings), Tone.WARNING),)


def _placement_key(index: int, row: ImageRow) -> tuple[int, float] | None:
    if index >= len(row.cells):
        return None
    cell = row.cells[index]
    return (_PLACEMENT_ORDER[cell.state], cell.percent or 0.0)


def _site_columns(topology: Topology) -> tuple[Column[ImageRow], ...]:
    return tuple(
        Column(
            id=f"site:{site.name}",
            title=site.name,
            cell=partial(_placement_at, index),
            sort_key=partial(_placement_key, index),
            minimum=max(4, min(len(site.name), 8)),
            maximum=max(9, min(len(site.name), 12)),
            flex=1,
            priority=1 if index else 0,
            scrolls=True,
        )
        for index, site in enumerate(topology)
    )


def _placement_at(index: int, row: ImageRow, width: int) -> Line:
    return placement(row, index, width)


def image_columns(topology: Topology, clock: Clock) -> tuple[Column[ImageRow], ...]:
    """Return the columns of the images pane for these sites."""
    return (
        Column(
            id="name",
            title="NAME",
            cell=_name,
            sort_key=lambda row: folded(row.image.label),
            minimum=12,
            wanted=26,
            maximum=44,
            flex=8,
        ),
        Column(
            id="size",
            title="SIZE",
            cell=lambda row, _: line(format_bytes(row.image.size, short=True)),
            sort_key=lambda row: row.image.size,
            minimum=5,
            align=Align.RIGHT,
            descends_first=True,
            priority=3,
        ),
        Column(
            id="format",
            title="FMT",
            cell=_format,
            sort_key=lambda row: row.image.disk_format,
            minimum=6,
            priority=2,
        ),
        *_site_columns(topology),
        Column(
            id="status",
            title="STATUS",
            cell=_status,
            sort_key=lambda row: row.image.status,
            minimum=8,
            priority=6,
        ),
        Column(
            id="findings",
            title="FINDINGS",
            cell=_findings,
            sort_key=lambda row: -len(row.findings),
            minimum=14,
            maximum=40,
            flex=3,
            priority=5,
        ),
        Column(
            id="age",
            title="AGE",
            cell=lambda row, _: line(format_age(row.image.created_at, clock()), Tone.DIM),
            sort_key=lambda row: row.image.created_at,
            minimum=6,
            priority=4,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="visibility",
            title="VISIBILITY",
            cell=lambda row, _: (foreign(row.image.visibility, Tone.DIM),),
            sort_key=lambda row: row.image.visibility,
            minimum=10,
            priority=7,
        ),
        Column(
            id="virtual",
            title="VIRTUAL",
            cell=lambda row, _: line(format_bytes(row.image.virtual_size, short=True), Tone.DIM),
            sort_key=lambda row: row.image.virtual_size,
            minimum=7,
            priority=8,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="owner",
            title="OWNER",
            cell=lambda row, _: (foreign(row.image.owner, Tone.DIM),),
            sort_key=lambda row: row.image.owner,
            minimum=12,
            maximum=34,
            flex=1,
            priority=9,
        ),
    )
