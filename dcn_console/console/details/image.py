"""The page of an image."""

import shlex
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns.images import placement_words
from dcn_console.console.details.document import (
    Section,
    columned,
    commands_section,
    field,
    findings_section,
    text_field,
)
from dcn_console.console.spans import Line, Span, Tone, foreign, line
from dcn_console.model.inventory import Image
from dcn_console.model.rows import ImageRow
from dcn_console.model.sites import Topology
from dcn_console.model.text import format_age, format_bytes


def image_sections(row: ImageRow, topology: Topology, now: datetime) -> dict[str, Section]:
    """Return all sections of the page."""
    return {
        "fields": Section("Image", _fields(row.image, now)),
        "placement": Section("Placement", _placement(row)),
        "findings": findings_section(row.findings),
        "commands": commands_section(image_commands(row, topology)),
    }


def _bytes(count: int | None) -> Line:
    if count is None:
        return line("–", Tone.DIM)
    return (Span(format_bytes(count)), Span(f"  {count:,} bytes", Tone.DIM))


def _fields(image: Image, now: datetime) -> tuple[Line, ...]:
    fields = [
        text_field("name", image.name, Tone.STRONG),
        text_field("id", image.id),
        text_field("status", image.status),
        text_field("format", f"{image.disk_format or '–'} / {image.container_format or '–'}"),
        field("size", _bytes(image.size)),
        field("virtual size", _bytes(image.virtual_size)),
        text_field("visibility", image.visibility),
        text_field("owner", image.owner),
        text_field("created", _when(image.created_at, now)),
        text_field("updated", _when(image.updated_at, now)),
        field("protected", line("yes" if image.protected else "no")),
    ]
    if image.hidden:
        fields.append(field("hidden", line("yes")))
    if image.tags:
        fields.append(text_field("tags", ", ".join(image.tags)))
    if image.hash_value:
        fields.append(
            text_field(image.hash_algorithm or "hash", f"{image.hash_value[:32]}…", Tone.DIM)
        )
    if image.import_task:
        fields.append(text_field("import task", image.import_task))
    return tuple(fields)


def _when(moment: datetime | None, now: datetime) -> str | None:
    return None if moment is None else f"{full_moment(moment, now)}  {format_age(moment, now)} ago"


def _placement(row: ImageRow) -> tuple[Line, ...]:
    lines = []
    for cell in row.cells:
        words = placement_words(cell.state, cell.percent)
        if cell.task is not None:
            words = (*words, Span(f", task {cell.task}", Tone.DIM))
        told = cell.text if cell.text != cell.state.value else ""
        note: Line = (foreign(told, Tone.DIM, 400),) if told else ()
        if note:
            words = (*words, Span("  "), *note)
        lines.append(((foreign(cell.site, Tone.STRONG),), words))
    return columned(lines)


def image_commands(row: ImageRow, topology: Topology) -> tuple[str, ...]:
    """Return the commands that show the same: Glance's view, its tasks, and each RBD image."""
    key = shlex.quote(row.image.id)
    commands = [f"openstack image show {key}", f"glance image-tasks {key}"]
    for site in topology:
        access = site.cluster
        if access is None or site.store not in row.image.stores:
            continue
        user = shlex.quote(access.user)
        commands.append(
            f"rbd -c {shlex.quote(access.conf)} --id {user} "
            f"info {shlex.quote(access.images_pool)}/{key}@snap"
        )
    return tuple(commands)
