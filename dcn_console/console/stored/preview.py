"""What is known of the row under the cursor, in a few lines below the tables."""

from collections.abc import Callable
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns import backups as columns
from dcn_console.console.columns.dues import last_good, state
from dcn_console.console.details.document import field
from dcn_console.console.spans import NOTHING, Line, Span, Tone, foreign, joined, line
from dcn_console.console.words import SEVERITY_GLYPHS
from dcn_console.model.backup_chains import GOOD
from dcn_console.model.findings import Finding
from dcn_console.model.rows import BackupRow, DueRow
from dcn_console.model.text import count, format_age

Find = Callable[[str], BackupRow | None]
"""Returns the row of a backup's id."""


def chain_of(row: BackupRow, find: Find) -> tuple[BackupRow, ...]:
    """Return the chain a backup is in, as it is drawn; each backup is looked up by its id."""
    root = row
    seen = {row.key}
    while root.parent is not None and (above := find(root.parent)) is not None:
        if above.key in seen:
            break
        seen.add(above.key)
        root = above
    below = (find(key) for key in root.node.dependents)
    return tuple(
        sorted((root, *(one for one in below if one is not None)), key=lambda one: one.node.order)
    )


def backup_lines(row: BackupRow, find: Find, now: datetime) -> tuple[Line, ...]:
    """Return what a backup is part of, whether it can go, when it was proved, what is wrong."""
    chain = chain_of(row, find)
    return (
        field("chain", _chain(row, chain, now)),
        field("delete", deletion(row)),
        field("verified", verification(row, now)),
        *found(row.findings),
        *_failure(row),
    )


def due_lines(row: DueRow, now: datetime) -> tuple[Line, ...]:
    """Return what the plan wants, what the volume has, and the way out."""
    plan = row.plan
    wants = [f"every {plan.every:g} h"]
    if plan.incremental_of:
        wants.append(f"{count(plan.incremental_of, 'increment')} after each full one")
    wants.append(f"keeps {plan.keep} good ones" if plan.keep else "keeps all")
    lines = [field("plan", (foreign(plan.name, Tone.STRONG, 60), Span(f"  {', '.join(wants)}")))]
    if row.state is None:
        words = ", ".join(f"{key}={value}" for key, value in plan.metadata.items())
        lines.append(field("volumes", (foreign(f"those with metadata {words}", limit=200),)))
        lines.append((Span("→ ", Tone.DIM), Span("“dcn-console backup plans” looks them up.")))
        return tuple(lines)
    name = (foreign(row.last_good.label, limit=80),) if row.last_good is not None else NOTHING
    lines.append(field("last good", joined((last_good(row, lambda: now), name, state(row)), "  ")))
    if row.failed:
        failed = foreign(row.failed, Tone.WARNING, 400)
        lines.append(field("failed", (Span("▲ ", Tone.WARNING), failed)))
    following = "an increment" if row.incremental else "a full backup"
    lines.append(
        field("next", line(f"{following}: B b makes one now, “backup run-due” from a timer"))
    )
    return tuple(lines)


def deletion(row: BackupRow) -> Line:
    """Return whether a backup can be deleted, and what would have to go with it."""
    if not row.obstacle:
        return (Span("✓ ", Tone.GOOD), Span("it can be deleted by itself"))
    more = len(row.node.dependents)
    way_out = f": together with {count(more, 'increment')} it can" if more else ""
    return (Span("✗ ", Tone.WARNING), foreign(row.obstacle, limit=200), Span(way_out))


def verification(row: BackupRow, now: datetime) -> Line:
    """Return when a backup was proved."""
    if row.verified_on is not None:
        moment, age = full_moment(row.verified_on, now), format_age(row.verified_on, now)
        return (Span("✓ ", Tone.GOOD), Span(f"{moment}, {age} ago"))
    if row.backup.status == GOOD:
        return line("never: B c proves it on a scratch volume", Tone.DIM)
    return line("never", Tone.DIM)


def found(findings: tuple[Finding, ...]) -> tuple[Line, ...]:
    """Return findings with their ways out."""
    lines: list[Line] = []
    for finding in findings:
        glyph, tone = SEVERITY_GLYPHS[finding.severity]
        way_out: Line = (
            (Span(" → ", Tone.DIM), foreign(finding.way_out, Tone.DIM, 1000))
            if finding.way_out
            else NOTHING
        )
        lines.append((Span(f"{glyph} ", tone), foreign(finding.text, limit=1000), *way_out))
    return tuple(lines)


def _chain(row: BackupRow, chain: tuple[BackupRow, ...], now: datetime) -> Line:
    """Return the ages of all backups of a chain, that of the row standing out."""
    if len(chain) == 1 and not row.backup.incremental:
        return line(f"{columns.kind(row)}, nothing builds on it")
    parts: list[Line] = []
    if chain[0].backup.incremental:
        parts.append(line("✗ its full backup is missing", Tone.BAD))
    for one in chain:
        here = one.key == row.key
        age = format_age(one.data_at, now)
        words = age if one.backup.incremental else f"{columns.kind(one)} {age}"
        bad = one.backup.status != GOOD
        tone = Tone.STRONG if here else Tone.BAD if bad else Tone.DIM
        parts.append((Span(f"▸ {words}" if here else words, tone), *_mark(bad=bad)))
    return joined(parts, " ← ")


def _mark(*, bad: bool) -> Line:
    return (Span(" ✗", Tone.BAD),) if bad else NOTHING


def _failure(row: BackupRow) -> tuple[Line, ...]:
    """Return why a backup failed, unless a finding tells it."""
    reason = row.backup.fail_reason
    if not reason or any(reason[:60] in finding.text for finding in row.findings):
        return ()
    return (field("failed", (Span("✗ ", Tone.BAD), foreign(reason, limit=600))),)
