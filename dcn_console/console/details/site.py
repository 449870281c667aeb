"""The page of a site."""

import shlex
from datetime import datetime

from dcn_console.console.bars import bar
from dcn_console.console.columns.sites import NEARLY_FULL_PERCENT, site_state
from dcn_console.console.details.document import (
    Section,
    commands_section,
    field,
    findings_section,
    text_field,
)
from dcn_console.console.spans import Line, Span, Tone, foreign, line
from dcn_console.model.rows import SiteRow
from dcn_console.model.text import format_age, format_bytes

_BAR = 24


def site_sections(row: SiteRow, now: datetime) -> dict[str, Section]:
    """Return all sections of the page."""
    return {
        "fields": Section("Site", _fields(row, now)),
        "capacity": Section("Capacity of its Ceph cluster", _capacity(row)),
        "health": Section("Health of its Ceph cluster", _health(row)),
        "findings": findings_section(row.findings),
        "commands": commands_section(site_commands(row)),
    }


def _fields(row: SiteRow, now: datetime) -> tuple[Line, ...]:
    site = row.site
    glyph, words, tone = site_state(row, now)
    lines = [
        text_field("name", site.name, Tone.STRONG),
        field("role", line("hub" if site.is_hub else "edge")),
        field("state", (Span(f"{glyph} ", tone), foreign(words))),
        text_field("store", site.store),
        text_field("zone", site.availability_zone),
        field("images", line(f"{row.images:,}")),
        field("volumes", line(f"{row.volumes:,}")),
    ]
    if site.read_only:
        lines.append(field("policy", line("read-only: nothing may be changed here", Tone.WARNING)))
    if site.cluster is not None:
        lines.append(text_field("ceph.conf", site.cluster.conf))
        lines.append(text_field("fsid", site.cluster.fsid))
    if row.taken_at is not None:
        lines.append(field("as of", line(f"{format_age(row.taken_at, now)} ago")))
    return tuple(lines)


def _capacity(row: SiteRow) -> tuple[Line, ...]:
    capacity = row.capacity
    if capacity is None:
        return (line("not known", Tone.DIM),)
    full = capacity.used_percent >= NEARLY_FULL_PERCENT
    gauge = bar(capacity.used_percent, _BAR, Tone.WARNING if full else Tone.ACCENT)
    return (
        (*gauge, Span(f"  {capacity.used_percent:.0f}% used", Tone.STRONG)),
        field("total", line(format_bytes(capacity.total))),
        field("used", line(format_bytes(capacity.used))),
        field("free", line(format_bytes(capacity.available))),
    )


def _health(row: SiteRow) -> tuple[Line, ...]:
    if row.unreachable_since is not None:
        return ((Span("✗ ", Tone.BAD), foreign(row.error or "no answer", limit=1000)),)
    lines: list[Line] = [text_field("Ceph says", row.health)]
    lines += [(Span("▲ ", Tone.WARNING), foreign(text, limit=1000)) for text in row.warnings]
    if row.error:
        lines.append((Span("✗ ", Tone.BAD), foreign(row.error, limit=1000)))
    return tuple(lines)


def site_commands(row: SiteRow) -> tuple[str, ...]:
    """Return the commands that show the same."""
    site = row.site
    commands = []
    if site.cluster is not None:
        access = f"-c {shlex.quote(site.cluster.conf)} --id {shlex.quote(site.cluster.user)}"
        commands += [f"ceph {access} -s", f"ceph {access} df"]
    if site.availability_zone:
        commands.append("openstack volume service list --long")
    if site.store:
        commands.append("glance stores-info")
    return tuple(commands)
