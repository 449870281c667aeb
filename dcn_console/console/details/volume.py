"""The page of a volume."""

import shlex
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns.mirrors import progress
from dcn_console.console.columns.volumes import last_backup, status
from dcn_console.console.details.document import (
    Section,
    commands_section,
    field,
    findings_section,
    text_field,
)
from dcn_console.console.mirror_words import condition, direction
from dcn_console.console.mirroring.preview import judged
from dcn_console.console.spans import Line, Tone, foreign, joined, line
from dcn_console.model.inventory import Volume
from dcn_console.model.rows import VolumeRow
from dcn_console.model.sites import Topology
from dcn_console.model.text import format_age, format_bytes

_PROGRESS = 40


def volume_sections(row: VolumeRow, topology: Topology, now: datetime) -> dict[str, Section]:
    """Return all sections of the page."""
    return {
        "fields": Section("Volume", _fields(row, now)),
        "origin": Section("Where it came from", _origin(row)),
        "mirroring": Section("Mirroring  m opens its page", _mirroring(row)),
        "attachments": Section("Attached to", _attachments(row)),
        "findings": findings_section(
            (*row.findings, *(item for mirror in row.mirrors for item in mirror.findings))
        ),
        "commands": commands_section(volume_commands(row, topology)),
    }


def _fields(row: VolumeRow, now: datetime) -> tuple[Line, ...]:
    volume = row.volume
    created = volume.created_at
    flags = [
        word
        for word, wanted in (("bootable", volume.bootable), ("encrypted", volume.encrypted))
        if wanted
    ]
    return (
        text_field("name", volume.name, Tone.STRONG),
        text_field("id", volume.id),
        field("status", status(row)),
        field("size", line(format_bytes(volume.size))),
        text_field("site", row.site),
        text_field("zone", volume.availability_zone),
        text_field("host", volume.host),
        text_field("type", volume.volume_type),
        text_field("project", volume.project_id),
        field("flags", line(", ".join(flags) or "none", Tone.PLAIN if flags else Tone.DIM)),
        field("last backup", _backup(row, now)),
        text_field(
            "created",
            (created and f"{full_moment(created, now)}  {format_age(created, now)} ago") or None,
        ),
    )


def _backup(row: VolumeRow, now: datetime) -> Line:
    """Return age and name of the last good backup, and how to come to it."""
    backup = row.last_backup
    if backup is None:
        return joined((last_backup(row, now), line("B b makes one", Tone.DIM)), "  ")
    name = (foreign(backup.label, limit=80),)
    return joined((last_backup(row, now), name, line("b goes to it", Tone.DIM)), "  ")


def _origin(row: VolumeRow) -> tuple[Line, ...]:
    volume = row.volume
    lines = []
    if volume.image_id or row.parent_image:
        lines.append(text_field("image", row.parent_image or volume.image_name))
        lines.append(text_field("image id", volume.image_id, Tone.DIM))
    if volume.snapshot_id:
        lines.append(text_field("snapshot", volume.snapshot_id))
    if volume.source_volume_id:
        lines.append(text_field("volume", volume.source_volume_id))
    return tuple(lines)


def _mirroring(row: VolumeRow) -> tuple[Line, ...]:
    lines: list[Line] = []
    for mirror in row.mirrors:
        lines += (
            field("condition", joined((condition(mirror.condition), direction(mirror)), "  ")),
            judged("protected", mirror.protected),
            judged("peer ready", mirror.peer_ready),
        )
        figure = progress(mirror, _PROGRESS)
        if figure:
            lines.append(field("progress", figure))
    return tuple(lines) or (line("not mirrored: M e mirrors it", Tone.DIM),)


def _attachments(row: VolumeRow) -> tuple[Line, ...]:
    lines: list[Line] = []
    for attachment in row.volume.attachments:
        if row.server and len(row.volume.attachments) == 1:
            lines.append(text_field("server", row.server, Tone.STRONG))
        lines.append(text_field("server id", attachment.server_id, Tone.DIM))
        lines.append(text_field("device", attachment.device))
    return tuple(lines)


def volume_commands(row: VolumeRow, topology: Topology) -> tuple[str, ...]:
    """Return the commands that show the same."""
    volume: Volume = row.volume
    commands = [f"openstack volume show {shlex.quote(volume.id)}"]
    site = next((item for item in topology if item.name == row.site), None)
    if site is not None and site.cluster is not None:
        access = site.cluster
        commands.append(
            f"rbd -c {shlex.quote(access.conf)} --id {shlex.quote(access.user)} "
            f"info {shlex.quote(access.volumes_pool)}/volume-{shlex.quote(volume.id)}"
        )
    return tuple(commands)
