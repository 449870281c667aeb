"""The page of a snapshot of a volume."""

import shlex
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns.snapshots import status
from dcn_console.console.details.document import Section, commands_section, field, text_field
from dcn_console.console.spans import Line, Tone, line
from dcn_console.model.rows import SnapshotRow
from dcn_console.model.text import format_age, format_bytes


def snapshot_sections(row: SnapshotRow, now: datetime) -> dict[str, Section]:
    """Return all sections of the page."""
    return {
        "fields": Section("Snapshot", snapshot_fields(row, now)),
        "commands": commands_section((f"openstack volume snapshot show {shlex.quote(row.key)}",)),
    }


def snapshot_fields(row: SnapshotRow, now: datetime) -> tuple[Line, ...]:
    """Return what is known of a snapshot."""
    snapshot = row.snapshot
    created = snapshot.created_at
    moment = f"{full_moment(created, now)}  {format_age(created, now)} ago" if created else None
    return (
        text_field("name", snapshot.name, Tone.STRONG),
        text_field("id", snapshot.id),
        text_field("volume", row.volume),
        text_field("volume id", snapshot.volume_id, Tone.DIM),
        text_field("created", moment),
        field("status", status(row)),
        field("size", line(format_bytes(snapshot.size))),
        text_field("site", row.site),
        text_field("project", snapshot.project_id),
        text_field("description", snapshot.description),
    )
