"""The columns of the lists of backups, snapshots and servers."""

from datetime import datetime

from dcn_console.cli.columns import findings_column
from dcn_console.cli.listing import Column
from dcn_console.model.rows import BackupRow, ServerRow, SnapshotRow
from dcn_console.model.text import format_age, format_bytes


def backup_columns(now: datetime) -> tuple[Column[BackupRow], ...]:
    """Columns of ``backup list``; the names are indented as the chains' trees."""
    return (
        Column("id", lambda row: row.key, priority=6),
        Column("volume", lambda row: row.volume, show=_volume, priority=0, shrinks=True),
        Column("name", lambda row: row.backup.name, show=_in_tree, heading="BACKUP", priority=0),
        Column("status", lambda row: row.backup.status, priority=1),
        Column(
            "incremental",
            lambda row: row.backup.incremental,
            show=lambda row: "increment" if row.backup.incremental else "full",
            heading="KIND",
            priority=3,
        ),
        Column("site", lambda row: row.site, priority=2),
        Column("stored_at", lambda row: row.stored_at, heading="STORED AT", priority=5),
        Column(
            "size_bytes",
            lambda row: row.backup.size,
            show=lambda row: format_bytes(row.backup.size),
            heading="SIZE",
            align_right=True,
            priority=3,
        ),
        Column(
            "data_at",
            lambda row: row.data_at,
            show=lambda row: format_age(row.data_at, now),
            heading="AGE",
            align_right=True,
            priority=1,
        ),
        Column(
            "verified_on",
            lambda row: row.verified_on,
            show=lambda row: format_age(row.verified_on, now) if row.verified_on else "never",
            heading="VERIFIED",
            align_right=True,
            priority=2,
        ),
        Column(
            "obstacle",
            lambda row: row.obstacle or None,
            show=lambda row: row.obstacle or "yes",
            heading="DELETABLE",
            priority=4,
            shrinks=True,
        ),
        Column("parent", lambda row: row.parent, in_table=False),
        Column("chain", lambda row: row.node.chain, in_table=False),
        Column("depth", lambda row: row.depth, in_table=False),
        Column("volume_id", lambda row: row.backup.volume_id, in_table=False),
        Column("snapshot_id", lambda row: row.backup.snapshot_id, in_table=False),
        Column("availability_zone", lambda row: row.backup.availability_zone, in_table=False),
        Column("project_id", lambda row: row.backup.project_id, in_table=False),
        Column("created_at", lambda row: row.backup.created_at, in_table=False),
        Column("fail_reason", lambda row: row.backup.fail_reason, in_table=False),
        findings_column(2),
    )


def snapshot_columns(now: datetime) -> tuple[Column[SnapshotRow], ...]:
    """Columns of ``snapshot list``."""
    return (
        Column("id", lambda row: row.key, priority=6),
        Column("name", lambda row: row.snapshot.name, priority=0, shrinks=True),
        Column("volume", lambda row: row.volume, priority=0, shrinks=True),
        Column(
            "size_bytes",
            lambda row: row.snapshot.size,
            show=lambda row: format_bytes(row.snapshot.size),
            heading="SIZE",
            align_right=True,
            priority=2,
        ),
        Column("status", lambda row: row.snapshot.status, priority=1),
        Column("site", lambda row: row.site, priority=1),
        Column("volume_id", lambda row: row.snapshot.volume_id, in_table=False),
        Column("project_id", lambda row: row.snapshot.project_id, in_table=False),
        Column(
            "created_at",
            lambda row: row.snapshot.created_at,
            show=lambda row: format_age(row.snapshot.created_at, now),
            heading="AGE",
            align_right=True,
            priority=3,
        ),
    )


def server_columns(now: datetime) -> tuple[Column[ServerRow], ...]:
    """Columns of ``server list``."""
    return (
        Column("id", lambda row: row.key, priority=6),
        Column("name", lambda row: row.server.name, priority=0, shrinks=True),
        Column("status", lambda row: row.server.status, show=_server_status, priority=0),
        Column("site", lambda row: row.site, priority=0),
        Column("availability_zone", lambda row: row.server.availability_zone, priority=6),
        Column("flavor", lambda row: row.server.flavor, priority=4),
        Column("root_volume", _root, heading="ROOT VOLUME", priority=1, shrinks=True),
        Column("data_volumes", _data, heading="DATA VOLUMES", priority=2, shrinks=True),
        Column("image_id", lambda row: row.server.image_id, in_table=False),
        Column("host", lambda row: row.server.host, in_table=False),
        Column("project_id", lambda row: row.server.project_id, in_table=False),
        Column("task_state", lambda row: row.server.task_state, in_table=False),
        Column(
            "created_at",
            lambda row: row.server.created_at,
            show=lambda row: format_age(row.server.created_at, now),
            heading="AGE",
            align_right=True,
            priority=5,
        ),
    )


def _in_tree(row: BackupRow) -> str:
    branch = "  " * (row.depth - 1) + "└ " if row.depth else ""
    return branch + row.backup.label


def _volume(row: BackupRow) -> str:
    name = row.volume or "–"
    return f"{name} (deleted)" if row.volume_exists is False and row.volume else name


def _server_status(row: ServerRow) -> str:
    status = row.server.status or "–"
    return f"{status}, {row.server.task_state}" if row.server.task_state else status


def _root(row: ServerRow) -> str | None:
    return row.root.label if row.root is not None else None


def _data(row: ServerRow) -> str | None:
    return " ".join(volume.label for volume in row.data) or None
