"""The columns of each list."""

from datetime import datetime
from typing import Any

from dcn_console.cli.listing import Column
from dcn_console.config.suggest import way_out
from dcn_console.model.errors import UsageError
from dcn_console.model.rows import (
    Cell,
    Finding,
    ImageRow,
    Placement,
    SiteRow,
    StoreRow,
    VolumeRow,
)
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Task, TaskState
from dcn_console.model.text import count, format_age, format_bytes

_GLYPHS = {
    Placement.PRESENT: "●",
    Placement.ABSENT: "○",
    Placement.COPYING: "…",
    Placement.QUEUED: "…",
    Placement.FAILED: "✗",
    Placement.MISSING: "!",
    Placement.GONE: "?",
    Placement.UNKNOWN: "–",
}


def site_columns(now: datetime) -> tuple[Column[SiteRow], ...]:
    """Columns of ``site list``."""
    return (
        Column("name", lambda row: row.site.name, priority=0),
        Column("role", lambda row: row.site.role.value, priority=1),
        Column("store", lambda row: row.site.store, priority=3),
        Column("availability_zone", lambda row: row.site.availability_zone, priority=5),
        Column("health", lambda row: row.health, show=_site_health, priority=0),
        Column(
            "used_percent",
            lambda row: round(row.capacity.used_percent, 2) if row.capacity else None,
            show=lambda row: f"{row.capacity.used_percent:.0f}%" if row.capacity else "–",
            heading="USED",
            align_right=True,
            priority=1,
        ),
        Column(
            "available_bytes",
            lambda row: row.capacity.available if row.capacity else None,
            show=lambda row: format_bytes(row.capacity.available if row.capacity else None),
            heading="AVAILABLE",
            align_right=True,
            priority=1,
        ),
        Column("images", lambda row: row.images, align_right=True, priority=2),
        Column("volumes", lambda row: row.volumes, align_right=True, priority=2),
        Column("read_only", lambda row: row.site.read_only, in_table=False),
        Column("fsid", _fsid, in_table=False),
        Column("unreachable_since", lambda row: row.unreachable_since, in_table=False),
        Column("error", lambda row: row.error, in_table=False),
        findings_column(2),
    )


def store_columns(now: datetime) -> tuple[Column[StoreRow], ...]:
    """Columns of ``store list``."""
    return (
        Column("id", lambda row: row.store.id, priority=0),
        Column("site", lambda row: row.site, priority=0),
        Column("type", lambda row: row.store.type, priority=1),
        Column(
            "default",
            lambda row: row.store.default,
            show=lambda row: "default" if row.store.default else "–",
            priority=1,
        ),
        Column(
            "read_only",
            lambda row: row.store.read_only,
            show=lambda row: "read-only" if row.store.read_only else "–",
            priority=2,
        ),
        Column("pool", lambda row: row.store.pool, priority=3),
        Column(
            "available_bytes",
            lambda row: row.capacity.available if row.capacity else None,
            show=lambda row: format_bytes(row.capacity.available if row.capacity else None),
            heading="AVAILABLE",
            align_right=True,
            priority=1,
        ),
        Column("images", lambda row: row.images, align_right=True, priority=2),
        Column("fsid", lambda row: row.store.fsid, in_table=False),
        Column("description", lambda row: row.store.description, priority=5, shrinks=True),
    )


def image_columns(now: datetime, topology: Topology) -> tuple[Column[ImageRow], ...]:
    """Columns of ``image list``, one a site among them."""
    return (
        Column("id", lambda row: row.image.id, priority=6),
        Column("name", lambda row: row.image.name, priority=0, shrinks=True),
        Column(
            "size_bytes",
            lambda row: row.image.size,
            show=lambda row: format_bytes(row.image.size),
            heading="SIZE",
            align_right=True,
            priority=1,
        ),
        Column("disk_format", lambda row: row.image.disk_format, heading="FORMAT", priority=3),
        Column("status", lambda row: row.image.status, priority=2),
        *(_placement_column(site) for site in topology.names),
        Column(
            "virtual_size_bytes",
            lambda row: row.image.virtual_size,
            show=lambda row: format_bytes(row.image.virtual_size),
            in_table=False,
        ),
        Column("visibility", lambda row: row.image.visibility, priority=7),
        Column("owner", lambda row: row.image.owner, in_table=False),
        Column("created_at", lambda row: row.image.created_at, in_table=False),
        Column(
            "updated_at",
            lambda row: row.image.updated_at,
            show=lambda row: format_age(row.image.updated_at, now),
            heading="CHANGED",
            align_right=True,
            priority=5,
        ),
        findings_column(1),
    )


def volume_columns(now: datetime) -> tuple[Column[VolumeRow], ...]:
    """Columns of ``volume list``."""
    return (
        Column("id", lambda row: row.volume.id, priority=6),
        Column("name", lambda row: row.volume.name, priority=0, shrinks=True),
        Column(
            "size_bytes",
            lambda row: row.volume.size,
            show=lambda row: format_bytes(row.volume.size),
            heading="SIZE",
            align_right=True,
            priority=1,
        ),
        Column("status", lambda row: row.volume.status, priority=1),
        Column("site", lambda row: row.site, priority=0),
        Column("availability_zone", lambda row: row.volume.availability_zone, priority=5),
        Column("server", lambda row: row.server, priority=3, shrinks=True),
        Column(
            "image_name", lambda row: row.parent_image, heading="IMAGE", priority=4, shrinks=True
        ),
        Column("host", lambda row: row.volume.host, in_table=False),
        Column("project_id", lambda row: row.volume.project_id, in_table=False),
        Column("volume_type", lambda row: row.volume.volume_type, in_table=False),
        Column("bootable", lambda row: row.volume.bootable, in_table=False),
        Column("created_at", lambda row: row.volume.created_at, in_table=False),
        Column(
            "updated_at",
            lambda row: row.volume.updated_at,
            show=lambda row: format_age(row.volume.updated_at, now),
            heading="CHANGED",
            align_right=True,
            priority=5,
        ),
        findings_column(2),
    )


def task_columns(now: datetime) -> tuple[Column[Task], ...]:
    """Columns of ``task list``."""
    return (
        Column("number", lambda task: task.number, align_right=True, priority=0),
        Column("state", lambda task: task.state.value, priority=0),
        Column("title", lambda task: task.title, priority=0, shrinks=True),
        Column(
            "percent",
            _task_percent,
            show=lambda task: _percent(_task_percent(task)),
            heading="DONE",
            align_right=True,
            priority=1,
        ),
        Column("operation", lambda task: task.plan.operation, in_table=False),
        Column(
            "submitted_at",
            lambda task: task.submitted_at,
            show=lambda task: format_age(task.submitted_at, now),
            heading="SUBMITTED",
            align_right=True,
            priority=2,
        ),
        Column("submitted_by", lambda task: task.submitted_by or None, priority=4),
        Column("started_at", lambda task: task.started_at, in_table=False),
        Column("finished_at", lambda task: task.finished_at, in_table=False),
        Column("sites", lambda task: " ".join(task.plan.targets), in_table=False),
        Column(
            "note",
            lambda task: _task_note(task) or None,
            priority=3,
            shrinks=True,
        ),
    )


def require_sites(topology: Topology, names: tuple[str, ...]) -> None:
    """Raise UsageError for the first of ``names`` that is no site, naming the nearest."""
    for name in names:
        if name not in topology.names:
            raise UsageError(
                f"There is no site “{name}”.",
                way_out=way_out(name, topology.names, "Known sites"),
            )


def placement_text(cell: Cell) -> str:
    """Return a placement in a glyph and a word, such as "● present" or "… 42%"."""
    if cell.percent is not None and cell.state is Placement.COPYING:
        return f"… {cell.percent:.0f}%"
    return f"{_GLYPHS[cell.state]} {cell.state.value}"


def _placement_column(site: str) -> Column[ImageRow]:
    def state(row: ImageRow) -> str | None:
        cell = row.cell(site)
        return None if cell is None else cell.state.value

    def words(row: ImageRow) -> str:
        cell = row.cell(site)
        return "–" if cell is None else placement_text(cell)

    return Column(site.casefold(), state, show=words, heading=site, priority=0)


def _site_health(row: SiteRow) -> str:
    if row.unreachable_since is not None:
        return f"unreachable since {row.unreachable_since.astimezone():%H:%M}"
    if row.error is not None:
        return "unreachable"
    if row.health is None:
        return "–" if row.site.cluster else "no Ceph access"
    word = row.health.removeprefix("HEALTH_").lower()
    return f"{word}, {count(len(row.warnings), 'warning')}" if row.warnings else word


def _fsid(row: SiteRow) -> str | None:
    return row.site.cluster.fsid or None if row.site.cluster else None


def findings_column(priority: int) -> Column[Any]:
    """Return the column of what is wrong, for any rows that have findings."""
    return Column(
        "findings",
        lambda row: finding_kinds(row.findings),
        show=lambda row: finding_kinds(row.findings) or "–",
        priority=priority,
        shrinks=True,
    )


def finding_kinds(findings: tuple[Finding, ...]) -> str | None:
    """Return the kinds of findings, each once, None without any."""
    return " ".join(dict.fromkeys(finding.kind for finding in findings)) or None


def _task_percent(task: Task) -> float | None:
    """Return percent done; None for a task that ended otherwise than done."""
    if task.state.is_over and task.state is not TaskState.DONE:
        return None
    percent = task.progress.percent if task.progress else None
    return None if percent is None else round(percent, 2)


def _percent(percent: float | None) -> str:
    return "–" if percent is None else f"{percent:.0f}%"


def _task_note(task: Task) -> str:
    if task.error:
        return task.error
    for target in task.targets:
        if target.text and not (task.state.is_over and target.state.value == "done"):
            return f"{target.site}: {target.text}"
    return ""
