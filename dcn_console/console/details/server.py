"""The page of a server, as far as storage needs it."""

import shlex
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns.servers import status
from dcn_console.console.details.document import Section, commands_section, field, text_field
from dcn_console.console.spans import NOTHING, Line, Span, Tone, foreign, joined, line
from dcn_console.model.inventory import Volume
from dcn_console.model.rows import ServerRow
from dcn_console.model.text import format_age, format_bytes


def server_sections(row: ServerRow, now: datetime) -> dict[str, Section]:
    """Return all sections of the page."""
    return {
        "fields": Section("Server", _fields(row, now)),
        "volumes": Section("Its volumes", volume_lines(row)),
        "failure": Section("What Nova says of its failure", _failure(row)),
        "commands": commands_section(server_commands(row)),
    }


def volume_lines(row: ServerRow) -> tuple[Line, ...]:
    """Return a line for each volume, the root first, and what goes with the server."""
    lines: list[Line] = []
    if row.root is None and row.server.image_id is not None:
        words = "a disk of an image, kept at its compute host: no volume holds it"
        lines.append(field("root", line(words, Tone.DIM)))
    for volume in row.volumes:
        lines.append(field("root" if volume is row.root else "data", _volume(volume, row)))
    return tuple(lines) or (line("no volumes", Tone.DIM),)


def _volume(volume: Volume, row: ServerRow) -> Line:
    device = next(
        (one.device for one in volume.attachments if one.server_id == row.key and one.device), None
    )
    doomed = volume.id in row.server.doomed_volumes
    return joined(
        (
            (foreign(volume.label, Tone.STRONG, 80),),
            line(format_bytes(volume.size)) if volume.size is not None else NOTHING,
            (foreign(volume.status, Tone.DIM),) if volume.status else line("unknown to Cinder"),
            (foreign(device, Tone.DIM),) if device else NOTHING,
            (Span("▲ deleted with the server", Tone.WARNING),) if doomed else NOTHING,
        ),
        "  ",
    )


def _fields(row: ServerRow, now: datetime) -> tuple[Line, ...]:
    server = row.server
    created = server.created_at
    moment = f"{full_moment(created, now)}  {format_age(created, now)} ago" if created else None
    return (
        text_field("name", server.name, Tone.STRONG),
        text_field("id", server.id),
        field("status", status(row)),
        text_field("site", row.site),
        text_field("zone", server.availability_zone),
        text_field("host", server.host),
        text_field("flavor", server.flavor),
        text_field("image id", server.image_id, Tone.DIM),
        text_field("project", server.project_id),
        text_field("created", moment),
    )


def _failure(row: ServerRow) -> tuple[Line, ...]:
    fault = row.server.fault
    return ((foreign(fault, limit=2000),),) if fault else ()


def server_commands(row: ServerRow) -> tuple[str, ...]:
    """Return the commands that show the same."""
    server = shlex.quote(row.key)
    return (f"openstack server show {server}", f"openstack server volume list {server}")
