"""The first lines of every screen: where one is, what goes on, and what is out of order."""

from datetime import datetime
from typing import Any

from dcn_console.console.clock import moment
from dcn_console.console.spans import NOTHING, Line, Span, Tone, foreign, joined, line, width
from dcn_console.model.inventory import Inventory, Snapshot, Source
from dcn_console.model.rows import Rows
from dcn_console.model.tasks import Task, TaskState
from dcn_console.model.text import count, format_age
from dcn_console.workspace.interface import Workspace

STALE_SECONDS = 120.0
"""Data older than this is shown with its age."""

_APART = "  "
_ERROR_LIMIT = 400
_CHECK_UP: Line = (
    Span("→ ", Tone.DIM),
    Span("r tries again at once; “dcn-console doctor” in a shell looks at everything.", Tone.DIM),
)


def header_parts(
    workspace: Workspace, rows: Rows, tasks: tuple[Task, ...], now: datetime, size: int
) -> tuple[Line, Line]:
    """Return the left and the right part of the header for ``size`` cells.

    What has no room leaves in this order: the counts, the program's name, the task words.
    """
    name = line(" dcn-console", Tone.ACCENT)
    where = (Span(" "), *_where(workspace))
    counts = line(
        f"{count(len(rows.sites), 'site')}{_APART}{count(len(rows.images), 'image')}"
        f"{_APART}{count(len(rows.volumes), 'volume')}",
        Tone.DIM,
    )
    policy = (Span(" READ-ONLY ", Tone.WARNING),) if workspace.read_only_reason else NOTHING
    clock = line(f"{now:%H:%M:%S} ", Tone.DIM)
    right = joined((policy, task_counts(tasks), clock), _APART)
    short = joined((policy, clock), _APART)
    for left, other in (
        (joined((name, where, counts), _APART), right),
        (joined((name, where), _APART), right),
        (where, right),
        (where, short),
    ):
        if width(left) + width(other) + 1 <= size:
            return left, other
    return where, policy


def _where(workspace: Workspace) -> Line:
    cloud = foreign(workspace.cloud_name, Tone.STRONG, 24)
    if not workspace.project_name:
        if workspace.inventory().images.error:
            return (cloud, Span(" · not connected", Tone.BAD))
        return (cloud, Span(" · connecting", Tone.DIM))
    return (cloud, Span(" · ", Tone.DIM), foreign(workspace.project_name, limit=24))


def task_counts(tasks: tuple[Task, ...]) -> Line:
    """Return how many tasks run, wait and failed; failed ones count until they are retried."""
    retried = {task.retry_of for task in tasks if task.retry_of is not None}
    running = sum(task.state in (TaskState.RUNNING, TaskState.CANCELLING) for task in tasks)
    paused = sum(task.state is TaskState.PAUSED for task in tasks)
    queued = sum(task.state is TaskState.QUEUED for task in tasks)
    failed = sum(
        task.state in (TaskState.FAILED, TaskState.PARTLY_DONE) and task.number not in retried
        for task in tasks
    )
    parts = (
        line(f"{running} running", Tone.ACCENT) if running else NOTHING,
        line(f"‖ {paused} paused", Tone.WARNING) if paused else NOTHING,
        line(f"{queued} queued") if queued else NOTHING,
        line(f"✗ {failed} failed", Tone.BAD) if failed else NOTHING,
    )
    words = joined(parts)
    if words:
        return (Span("tasks ", Tone.DIM), *words)
    return line("no open tasks" if tasks else "no tasks", Tone.DIM)


def banner(workspace: Workspace, now: datetime) -> tuple[Line, ...]:
    """Return what is wrong with the services and the way out; nothing when all answer."""
    troubles = failures(workspace.inventory())
    if not troubles:
        return ()
    name, error, since = troubles[0]
    when = f" since {moment(since, now)}" if since else ""
    more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
    if workspace.project_name:
        return (_trouble(f"{name}: no news{when}{more}: ", error),)
    return (_trouble(f"not connected{when}: ", error), _CHECK_UP)


def failures(inventory: Inventory) -> tuple[tuple[str, str, datetime | None], ...]:
    """Return what cannot be read, why and since when; each reason once."""
    found: dict[str, tuple[str, str, datetime | None]] = {}
    for name, snapshot in (
        ("images", inventory.images),
        ("stores", inventory.stores),
        ("volumes", inventory.volumes),
        ("block storage services", inventory.services),
        ("servers", inventory.servers),
        ("snapshots", inventory.snapshots),
        ("backups", inventory.backups),
    ):
        if snapshot.error and snapshot.error not in found:
            found[snapshot.error] = (name, snapshot.error, snapshot.failing_since)
    return tuple(found.values())


def _trouble(what: str, error: str) -> Line:
    return (Span("▲ ", Tone.BAD), Span(what, Tone.BAD), foreign(error, Tone.PLAIN, _ERROR_LIMIT))


def freshness(snapshot: Snapshot[Any], shown: int, now: datetime) -> Line:
    """Return how far the rows of a pane can be trusted; nothing when they are live and whole."""
    age = format_age(snapshot.taken_at, now)
    if snapshot.error:
        since = f" since {moment(snapshot.failing_since, now)}" if snapshot.failing_since else ""
        held = f", {age} old" if snapshot.taken_at else ""
        return line(f"✗ no answer{since}{held}", Tone.BAD)
    if snapshot.source is Source.CACHE:
        return line(f"cached {age} ago", Tone.WARNING)
    if not snapshot.complete:
        return line(f"reading… {shown:,} so far" if shown else "reading…", Tone.ACCENT)
    if snapshot.taken_at and (now - snapshot.taken_at).total_seconds() >= STALE_SECONDS:
        return line(f"{age} old", Tone.WARNING)
    return (foreign(snapshot.notice, Tone.DIM),) if snapshot.notice else NOTHING


def absence(snapshot: Snapshot[Any], what: str, none: str) -> str:
    """Return what stands where there are no rows: ``none`` only when all were read."""
    if snapshot.complete:
        return none
    return f"the {what} could not be read yet" if snapshot.error else f"reading the {what}…"
