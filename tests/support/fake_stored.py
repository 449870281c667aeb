"""Believable backups, snapshots and servers of the sample deployment, for tests of the console."""

from datetime import timedelta

from fake_data import NOW
from msgspec.structs import replace

from dcn_console.inventory.storage_join import backup_rows, last_backups
from dcn_console.model.backup_rows import VERIFIED_AT, BackupRow
from dcn_console.model.findings import BACKUP_OVERDUE
from dcn_console.model.rows import Finding, Rows, Severity, VolumeRow
from dcn_console.model.storage import Backup

CHAINS = ((0, (75.1, 51.1, 27.1, 3.1)), (1, (97.9, 73.9, 49.9)), (2, (50.4, 26.4)), (4, (480.0,)))
"""Number of a volume, and the ages in hours of its full backup and of the increments on it."""
FAILED = 2
"""The volume whose newest backup failed."""
OVERDUE = 1
"""The volume whose last good backup is too old for its plan."""
REASON = "RBD permission denied (error connecting to the cluster)"


def with_stored(rows: Rows) -> Rows:
    """Return the rows with backups of some volumes, one of a volume that is gone."""
    if not rows.volumes:
        return rows
    made: list[BackupRow] = []
    good: dict[str, Backup] = {}
    sites = {site.site.name: site.site.name for site in rows.sites}
    for number, ages in CHAINS:
        volume = rows.volumes[number]
        backups = _chain(volume, ages)
        if number == FAILED:
            backups = (*backups, _failed(volume))
        good |= last_backups(backups)
        place = (volume.volume.label, volume.site)
        made += backup_rows(backups, place, sites, known=True)
    made += backup_rows((_orphan(),), None, sites, known=True)
    volumes = tuple(
        replace(row, last_backup=good[row.key], findings=(*row.findings, *_late(row, number)))
        if row.key in good
        else row
        for number, row in enumerate(rows.volumes)
    )
    findings = (
        *rows.findings,
        *(finding for row in made for finding in row.findings),
        *_late(rows.volumes[OVERDUE], OVERDUE),
    )
    return replace(rows, volumes=volumes, backups=tuple(made), findings=findings)


def backup_id(volume: int, number: int) -> str:
    """Return the id of a sample backup: the volume's number, and its own in the chain."""
    return f"{volume:08x}-bbbb-4ccc-8ddd-{number:012x}"


def _chain(row: VolumeRow, ages: tuple[float, ...]) -> tuple[Backup, ...]:
    volume = int(row.key[:8], 16)
    return tuple(
        _backup(row, backup_id(volume, number), hours, incremental=number > 0)
        for number, hours in enumerate(ages)
    )


def _backup(row: VolumeRow, key: str, hours: float, *, incremental: bool) -> Backup:
    at = NOW - timedelta(hours=hours)
    proved = {VERIFIED_AT: (at + timedelta(hours=2)).isoformat()} if hours > 70 else {}
    return Backup(
        id=key,
        name=f"{row.volume.label}-{at:%m%d}",
        status="available",
        volume_id=row.key,
        size=row.volume.size,
        availability_zone="central",
        container="backups",
        incremental=incremental,
        project_id="7c1f0a52b8d94d0f9f6f0f4f5be1a2d3",
        metadata=proved,
        data_at=at,
        created_at=at,
    )


def _failed(row: VolumeRow) -> Backup:
    failed = _backup(row, backup_id(FAILED, 99), 2.4, incremental=False)
    return replace(failed, status="error", fail_reason=REASON)


def _orphan() -> Backup:
    at = NOW - timedelta(days=60)
    return Backup(
        id=backup_id(999, 0),
        name="old-till-server-final",
        status="available",
        volume_id="ffffffff-aaaa-4bbb-8ccc-000000000999",
        size=40 * 1024**3,
        availability_zone="central",
        data_at=at,
        created_at=at,
    )


def _late(row: VolumeRow, number: int) -> tuple[Finding, ...]:
    if number != OVERDUE:
        return ()
    return (
        Finding(
            kind=BACKUP_OVERDUE,
            severity=Severity.WARNING,
            key=row.key,
            site=row.site,
            text=f"Volume “{row.volume.label}” has no good backup since 2026-11-19 10:10 UTC; "
            "the plan “shops” wants one every 24 h.",
            way_out="Run “dcn-console backup run-due”, and see that a timer runs it.",
        ),
    )
