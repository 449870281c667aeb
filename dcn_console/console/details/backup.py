"""The page of a backup."""

import shlex
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns.backups import branch, kind, status, volume
from dcn_console.console.details.document import (
    Section,
    columned,
    commands_section,
    field,
    findings_section,
    text_field,
)
from dcn_console.console.spans import Line, Span, Tone, foreign, line
from dcn_console.console.stored.preview import Find, chain_of, deletion, verification
from dcn_console.model.rows import BackupRow
from dcn_console.model.text import format_age, format_bytes


def backup_sections(row: BackupRow, find: Find, now: datetime) -> dict[str, Section]:
    """Return all sections of the page; ``find`` looks up the other backups of its chain."""
    return {
        "fields": Section("Backup", _fields(row, now)),
        "chain": Section("Its chain, and what can be deleted", _chain(row, find, now)),
        "findings": findings_section(row.findings),
        "failure": Section("Why it failed", _failure(row)),
        "commands": commands_section(backup_commands(row)),
    }


def _fields(row: BackupRow, now: datetime) -> tuple[Line, ...]:
    backup = row.backup
    return (
        text_field("name", backup.name, Tone.STRONG),
        text_field("id", backup.id),
        field("status", status(row)),
        field("kind", line(kind(row))),
        field("volume", volume(row)),
        text_field("volume id", backup.volume_id, Tone.DIM),
        text_field("volume at", row.site),
        text_field("stored at", row.stored_at or backup.availability_zone),
        field("size", line(format_bytes(backup.size))),
        field("data of", _moment(row.data_at, now)),
        field("verified", verification(row, now)),
        field("delete", deletion(row)),
        text_field("snapshot id", backup.snapshot_id, Tone.DIM),
        text_field("project", backup.project_id, Tone.DIM),
        field("flags", line("encrypted" if backup.encrypted else "none", Tone.DIM)),
    )


def _moment(then: datetime | None, now: datetime) -> Line:
    if then is None:
        return line("–", Tone.DIM)
    return (Span(full_moment(then, now)), Span(f"  {format_age(then, now)} ago", Tone.DIM))


def _chain(row: BackupRow, find: Find, now: datetime) -> tuple[Line, ...]:
    """Return the tree, a line a backup, with what can be deleted by itself and why the rest not."""
    return columned(
        (
            (
                Span("▸ " if one.key == row.key else "  ", Tone.ACCENT),
                branch(one.depth),
                foreign(one.backup.label, Tone.STRONG if one.key == row.key else Tone.PLAIN, 60),
            ),
            line(format_age(one.data_at, now), Tone.DIM),
            status(one),
            _goes(one),
        )
        for one in chain_of(row, find)
    )


def _goes(row: BackupRow) -> Line:
    if not row.obstacle:
        return line("✓ deletable", Tone.DIM)
    return (Span("✗ ", Tone.WARNING), foreign(row.obstacle, Tone.DIM, 160))


def _failure(row: BackupRow) -> tuple[Line, ...]:
    reason = row.backup.fail_reason
    return ((foreign(reason, limit=2000),),) if reason else ()


def backup_commands(row: BackupRow) -> tuple[str, ...]:
    """Return the commands that show the same."""
    commands = [f"openstack volume backup show {shlex.quote(row.key)}"]
    if row.backup.volume_id is not None:
        known = shlex.quote(row.backup.volume_id)
        commands.append(f"openstack volume backup list --volume {known} --long")
    return tuple(commands)
