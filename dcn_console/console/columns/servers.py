"""Columns of the servers: what each runs on, and the volumes it has."""

from dcn_console.console.clock import Clock
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, joined, line
from dcn_console.console.table.column import Column
from dcn_console.model.inventory import Volume
from dcn_console.model.rows import ServerRow
from dcn_console.model.text import format_age

_STATES = {
    "ACTIVE": ("●", Tone.GOOD),
    "SHUTOFF": ("○", Tone.DIM),
    "ERROR": ("✗", Tone.BAD),
}


def is_at(row: ServerRow, site: str) -> bool:
    """Return whether the server runs at a site."""
    return row.site == site


def haystack(row: ServerRow) -> str:
    """Return the text that the filter searches, in lower case."""
    server = row.server
    volumes = "\n".join(f"{volume.name}\n{volume.id}" for volume in row.volumes)
    return (
        f"{server.name}\n{server.id}\n{server.status}\n{server.task_state or ''}\n{row.site}"
        f"\n{server.availability_zone}\n{server.flavor}\n{server.host}\n{server.project_id}"
        f"\n{volumes}"
    ).lower()


def status(row: ServerRow) -> Line:
    """Return the status, and what Nova does with the server at the moment."""
    server = row.server
    glyph, tone = _STATES.get(server.status or "", ("▲", Tone.WARNING))
    if server.task_state:
        return (Span("⇣ ", Tone.ACCENT), foreign(server.task_state, Tone.ACCENT))
    return (Span(f"{glyph} ", tone), foreign(server.status, tone))


def root(row: ServerRow) -> Line:
    """Return the volume it boots from; one without boots from an image on the compute host."""
    if row.root is not None:
        return _volume(row.root)
    if row.server.image_id is not None:
        return line("image, on its host", Tone.DIM)
    return line("–", Tone.DIM)


def data(row: ServerRow) -> Line:
    """Return the other volumes."""
    return joined((_volume(volume) for volume in row.data), ", ")


def _volume(volume: Volume) -> Line:
    known = volume.status is not None
    return (foreign(volume.label, Tone.PLAIN if known else Tone.DIM),)


def _by_site(row: ServerRow) -> tuple[str, str]:
    return (row.site or "~", row.server.label.casefold())


def server_columns(clock: Clock) -> tuple[Column[ServerRow], ...]:
    """Return the columns of the servers."""
    return (
        Column(
            id="server",
            title="SERVER",
            cell=lambda row, _: (foreign(row.server.label),),
            sort_key=lambda row: row.server.label.casefold(),
            minimum=14,
            wanted=20,
            maximum=40,
            flex=4,
        ),
        Column(
            id="site",
            title="SITE",
            cell=lambda row, _: (foreign(row.site or row.server.availability_zone, Tone.DIM),),
            sort_key=_by_site,
            minimum=8,
            maximum=14,
            flex=1,
            priority=1,
        ),
        Column(
            id="status",
            title="STATUS",
            cell=lambda row, _: status(row),
            sort_key=lambda row: row.server.status,
            minimum=9,
            wanted=11,
            maximum=20,
            flex=1,
        ),
        Column(
            id="root",
            title="ROOT VOLUME",
            cell=lambda row, _: root(row),
            sort_key=lambda row: row.root.label.casefold() if row.root is not None else None,
            minimum=14,
            wanted=18,
            maximum=36,
            flex=3,
        ),
        Column(
            id="data",
            title="DATA VOLUMES",
            cell=lambda row, _: data(row),
            sort_key=lambda row: len(row.data),
            minimum=12,
            wanted=18,
            maximum=60,
            flex=4,
            priority=2,
            descends_first=True,
        ),
        Column(
            id="flavor",
            title="FLAVOR",
            cell=lambda row, _: (foreign(row.server.flavor, Tone.DIM),),
            sort_key=lambda row: row.server.flavor,
            minimum=9,
            maximum=16,
            flex=1,
            priority=3,
        ),
        Column(
            id="age",
            title="AGE",
            cell=lambda row, _: line(format_age(row.server.created_at, clock()), Tone.DIM),
            sort_key=lambda row: row.server.created_at,
            minimum=6,
            priority=4,
            align=Align.RIGHT,
            descends_first=True,
        ),
        Column(
            id="host",
            title="HOST",
            cell=lambda row, _: (foreign(row.server.host, Tone.DIM),),
            sort_key=lambda row: row.server.host,
            minimum=12,
            maximum=30,
            flex=1,
            priority=5,
        ),
    )
