"""The page of a mirrored RBD image: both clusters side by side, and what follows from both."""

import shlex
from collections.abc import Sequence
from datetime import datetime

from dcn_console.console.clock import full_moment
from dcn_console.console.columns.mirrors import report_age
from dcn_console.console.columns.tasks import figures
from dcn_console.console.details.document import (
    Section,
    commands_section,
    field,
    findings_section,
    text_field,
)
from dcn_console.console.details.steps import running_step, steps_section
from dcn_console.console.mirror_words import (
    CONDITION_GLYPHS,
    direction,
    side_words,
    site_name,
    state_words,
)
from dcn_console.console.mirroring.preview import judged
from dcn_console.console.spans import NOTHING, Line, Span, Tone, foreign, joined, line
from dcn_console.console.words import TASK_GLYPHS
from dcn_console.model.mirror_rows import MirrorRow, MirrorSide
from dcn_console.model.mirroring import MirrorMode, ReplayStatus
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import StepRecord, Task
from dcn_console.model.text import count, format_age, format_bytes, format_duration, format_rate

_FIGURES = 84


def mirror_sections(
    row: MirrorRow,
    topology: Topology,
    task: Task | None,
    steps: Sequence[StepRecord] | None,
    now: datetime,
) -> dict[str, Section]:
    """Return all sections of the page."""
    return {
        "judgement": Section(
            "Both sides together", (*_judgement(row, now), *_at_work(task, steps))
        ),
        "findings": findings_section(row.findings),
        "source": Section(_title(row.source, row), _side(row.source, row, now)),
        "destination": Section(_title(row.destination, row), _side(row.destination, row, now)),
        "task": _task(task, steps, now),
        "commands": commands_section(mirror_commands(row, topology)),
    }


def _judgement(row: MirrorRow, now: datetime) -> tuple[Line, ...]:
    glyph, tone = CONDITION_GLYPHS[row.condition]
    why: Line = (Span(": ", Tone.DIM), foreign(row.text, limit=400)) if row.text else NOTHING
    lines: list[Line] = [
        field("condition", (Span(f"{glyph} {row.condition.value}", tone), *why)),
        judged("protected", row.protected),
        judged("peer ready", row.peer_ready),
        field("direction", direction(row)),
        field("lag", _lag(row, now)),
    ]
    if row.behind:
        lines.append(text_field("behind", row.behind))
    if row.progress is not None:
        lines.append(field("progress", figures(row.progress, now, _FIGURES)))
    mode = row.mode.value if row.mode is not None else None
    lines += [
        text_field("mode", mode),
        field("schedules", _schedules(row)),
        field("size", line(format_bytes(row.size))),
        text_field("RBD image", f"{row.pool}/{row.image}"),
        text_field("global id", row.global_id, Tone.DIM),
    ]
    return tuple(lines)


def _at_work(task: Task | None, steps: Sequence[StepRecord] | None) -> tuple[Line, ...]:
    """Return in one line which task is at work and at which step; the section has them all."""
    if task is None:
        return ()
    glyph, tone = TASK_GLYPHS[task.state]
    step = running_step(steps or ())
    words: Line = (Span("  ▸ ", Tone.ACCENT), foreign(step, Tone.STRONG)) if step else NOTHING
    return (
        field(
            "task",
            (Span(f"{glyph} {task.number} ", tone), foreign(task.title), *words),
        ),
    )


def _lag(row: MirrorRow, now: datetime) -> Line:
    if row.consistent_at is None:
        return line("the destination holds no consistent point that is known", Tone.DIM)
    return (
        Span(format_age(row.consistent_at, now)),
        Span(
            f"  a failover would lose what was written since {full_moment(row.consistent_at, now)}",
            Tone.DIM,
        ),
    )


def _schedules(row: MirrorRow) -> Line:
    if row.mode is MirrorMode.JOURNAL:
        return line("none needed: every write is sent", Tone.DIM)
    if not row.schedules:
        return line("none: nothing arrives by itself", Tone.WARNING)
    parts: list[Line] = []
    for item in row.schedules:
        whose = "the whole pool" if item.image is None else "this RBD image"
        parts.append((foreign(f"every {item.interval}"), Span(f" ({whose})", Tone.DIM)))
    return joined(parts, ", ")


def _title(side: MirrorSide, row: MirrorRow) -> str:
    name = site_name(side.site).text
    if side.primary:
        return f"{name}: primary"
    if side.primary is False:
        return f"{name}: secondary"
    return f"{name}: {'source' if side is row.source else 'destination'}"


def _side(side: MirrorSide, row: MirrorRow, now: datetime) -> tuple[Line, ...]:
    lines: list[Line] = [field("state", side_words(side))]
    if side.image_id:
        lines.append(text_field("RBD image id", side.image_id, Tone.DIM))
    status = side.status
    if status is None:
        if side.exists:
            lines.append(field("report", line("no daemon reports here", Tone.DIM)))
        return tuple(lines)
    lines.append(text_field("report", status.description or status.state.value))
    up = line("up") if status.up else line("down", Tone.BAD)
    lines.append(field("daemon", (*up, Span(f", {state_words(status)}", Tone.DIM))))
    if status.reported_at is not None:
        shown = report_age(row, now) if side is row.destination else NOTHING
        age = shown or line(format_age(status.reported_at, now), Tone.DIM)
        at = Span(f"  {full_moment(status.reported_at, now)}", Tone.DIM)
        lines.append(field("report's age", (*age, at)))
    lines += _replay(status, now)
    return tuple(lines)


def _replay(status: ReplayStatus, now: datetime) -> list[Line]:
    lines: list[Line] = []
    if status.local_snapshot_at is not None:
        lines.append(text_field("snapshot here", full_moment(status.local_snapshot_at, now)))
    if status.remote_snapshot_at is not None:
        lines.append(text_field("at primary", full_moment(status.remote_snapshot_at, now)))
    if status.syncing_percent is not None:
        lines.append(field("syncing", line(f"{status.syncing_percent:.0f}%")))
    if status.percent is not None:
        lines.append(field("first copy", line(f"{status.percent:.0f}%")))
    if status.last_snapshot_bytes is not None:
        lines.append(field("last snapshot", line(format_bytes(status.last_snapshot_bytes))))
    if status.entries_behind is not None:
        rate = f", {status.entries_per_second:.0f}/s" if status.entries_per_second else ""
        lines.append(
            field("behind", line(f"{count(status.entries_behind, 'entry', 'entries')}{rate}"))
        )
    if status.bytes_per_second:
        lines.append(field("rate", line(format_rate(status.bytes_per_second))))
    if status.seconds_until_synced is not None:
        lines.append(field("synced in", line(format_duration(status.seconds_until_synced))))
    return lines


def _task(task: Task | None, steps: Sequence[StepRecord] | None, now: datetime) -> Section:
    if task is None:
        return Section("Task", ())
    glyph, tone = TASK_GLYPHS[task.state]
    head = field(
        f"task {task.number}",
        (Span(f"{glyph} {task.state.value}  ", tone), foreign(task.title, Tone.STRONG)),
    )
    return Section("Task at work on it", (head, *steps_section(task, steps, now)))


def mirror_commands(row: MirrorRow, topology: Topology) -> tuple[str, ...]:
    """Return the commands that ask both clusters the same."""
    commands = []
    for side in (row.source, row.destination):
        site = next((item for item in topology if item.name == side.site), None)
        if site is not None and site.cluster is not None:
            access = site.cluster
            commands.append(
                f"rbd -c {shlex.quote(access.conf)} --id {shlex.quote(access.user)} "
                f"mirror image status {shlex.quote(f'{row.pool}/{row.image}')}"
            )
    return tuple(commands)
