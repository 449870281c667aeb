"""Believable backups, snapshots and servers of the sample deployment, for tests of the console."""

from datetime import timedelta

from fake_data import NOW
from msgspec.structs import replace

from dcn_console.inventory.backup_dues import overdue_findings
from dcn_console.inventory.storage_join import backup_rows, last_backups
from dcn_console.model.backup_plans import BackupPlan, all_due
from dcn_console.model.backup_rows import VERIFIED_AT, BackupRow, DueRow, ServerRow, SnapshotRow
from dcn_console.model.inventory import Server
from dcn_console.model.rows import Rows, VolumeRow
from dcn_console.model.sites import Topology
from dcn_console.model.storage import Backup, VolumeSnapshot

CHAINS = ((0, (75.1, 51.1, 27.1, 3.1)), (1, (97.9, 73.9, 49.9)), (2, (50.4, 26.4)), (4, (480.0,)))
"""Number of a volume, and the ages in hours of its full backup and of the increments on it."""
SNAPSHOTS = (
    (0, "before-update", 30.0),
    (3, "golden", 400.0),
    (3, "golden-2", 20.0),
    (5, "stuck", 9.0),
)
"""Number of a volume, name and age in hours of the snapshots."""
FAILED = 2
"""The volume whose newest backup failed."""
OVERDUE = 1
"""The volume whose last good backup is too old for its plan."""
PLANS = (
    BackupPlan(name="shops", site="dcn0", every=24.0, keep=7, incremental_of=6),
    BackupPlan(name="hub", site="central", every=12.0),
    BackupPlan(name="weekly", site="dcn1", every=168.0),
    BackupPlan(name="marked", metadata={"backup": "daily"}, every=24.0),
)
"""Backup plans: one with an overdue volume, one whose volumes are not known here."""
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
    topology = Topology(tuple(row.site for row in rows.sites))
    few = [row.volume for row in rows.volumes[:6]]
    judged = all_due(PLANS, few, [row.backup for row in made], topology, NOW)
    late = overdue_findings(judged, topology)
    volumes = tuple(
        replace(
            row, last_backup=good.get(row.key), findings=(*row.findings, *late.get(row.key, ()))
        )
        if row.key in good or row.key in late
        else row
        for row in rows.volumes
    )
    findings = (
        *rows.findings,
        *(finding for row in made for finding in row.findings),
        *(finding for some in late.values() for finding in some),
    )
    dues = (
        *(DueRow(plan=plan) for plan in PLANS if plan.metadata),
        *(
            DueRow(
                plan=one.plan,
                volume_id=one.volume.id,
                volume=one.volume.label,
                site=one.volume.availability_zone,
                state=one.state,
                last_good=one.last_good,
                incremental=one.incremental,
                failed=one.failed,
            )
            for one in judged
        ),
    )
    return replace(
        rows,
        volumes=volumes,
        backups=tuple(made),
        dues=dues,
        snapshots=_snapshots(rows),
        servers=_servers(rows),
        findings=findings,
    )


def _snapshots(rows: Rows) -> tuple[SnapshotRow, ...]:
    """Make a snapshot of some volumes; one cannot be deleted by Cinder."""
    made = []
    for number, (volume, name, hours) in enumerate(SNAPSHOTS):
        row = rows.volumes[volume]
        snapshot = VolumeSnapshot(
            id=f"{volume:08x}-cccc-4ddd-8eee-{number:012x}",
            name=name,
            status="error_deleting" if name == "stuck" else "available",
            volume_id=row.key,
            size=row.volume.size,
            project_id=row.volume.project_id,
            created_at=NOW - timedelta(hours=hours),
        )
        made.append(SnapshotRow(snapshot=snapshot, volume=row.volume.label, site=row.site))
    return tuple(made)


def _servers(rows: Rows) -> tuple[ServerRow, ...]:
    """Make the servers that the first volumes are attached to, and one without volumes."""
    made = []
    for number, row in enumerate(rows.volumes[:40]):
        if not row.volume.attachments:
            continue
        data = (rows.volumes[number + 1].volume,) if number % 4 == 0 else ()
        server = Server(
            id=row.volume.attachments[0].server_id,
            name=row.server,
            status=("ACTIVE", "ACTIVE", "SHUTOFF")[number % 3],
            task_state="powering-off" if number == 1 else None,
            availability_zone=row.site,
            host=f"compute-{row.site}-{number % 2}",
            flavor="m1.small",
            project_id=row.volume.project_id,
            volumes=(row.key, *(volume.id for volume in data)),
            doomed_volumes=(row.key,) if number == 0 else (),
            created_at=row.volume.created_at,
        )
        made.append(ServerRow(server=server, site=row.site, root=row.volume, data=data))
    bare = Server(
        id="server-image",
        name="jumphost",
        status="ERROR",
        availability_zone="dcn1",
        image_id="0",
        fault="No valid host was found. There are not enough hosts available.",
        created_at=NOW - timedelta(days=2),
    )
    return (*made, ServerRow(server=bare, site="dcn1"))


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
