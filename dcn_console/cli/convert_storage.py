"""Rows of backups, snapshots and servers into the objects of the JSON contract."""

from dcn_console.cli.contract_storage import (
    BackupObject,
    ServerObject,
    ServerVolumeObject,
    SnapshotObject,
)
from dcn_console.cli.convert import finding_objects, utc
from dcn_console.model.rows import BackupRow, ServerRow, SnapshotRow


def backup_object(row: BackupRow) -> BackupObject:
    """Return the JSON object of a backup."""
    backup = row.backup
    return BackupObject(
        id=backup.id,
        name=backup.name,
        status=backup.status,
        incremental=backup.incremental,
        parent=row.parent,
        chain=row.node.chain,
        depth=row.depth,
        dependents=row.node.dependents,
        deletable=not row.obstacle,
        obstacle=row.obstacle,
        volume_id=backup.volume_id,
        volume=row.volume,
        volume_exists=row.volume_exists,
        snapshot_id=backup.snapshot_id,
        site=row.site,
        stored_at=row.stored_at,
        availability_zone=backup.availability_zone,
        size_bytes=backup.size,
        encrypted=backup.encrypted,
        project_id=backup.project_id,
        fail_reason=backup.fail_reason,
        data_at=utc(row.data_at),
        created_at=utc(backup.created_at),
        verified_on=utc(row.verified_on),
        findings=finding_objects(row.findings),
    )


def snapshot_object(row: SnapshotRow) -> SnapshotObject:
    """Return the JSON object of a snapshot."""
    snapshot = row.snapshot
    return SnapshotObject(
        id=snapshot.id,
        name=snapshot.name,
        status=snapshot.status,
        size_bytes=snapshot.size,
        volume_id=snapshot.volume_id,
        volume=row.volume,
        site=row.site,
        project_id=snapshot.project_id,
        created_at=utc(snapshot.created_at),
    )


def server_object(row: ServerRow) -> ServerObject:
    """Return the JSON object of a server."""
    server = row.server
    return ServerObject(
        id=server.id,
        name=server.name,
        status=server.status,
        task_state=server.task_state,
        site=row.site,
        availability_zone=server.availability_zone,
        host=server.host,
        flavor=server.flavor,
        image_id=server.image_id,
        volumes=tuple(
            ServerVolumeObject(
                id=volume.id,
                name=volume.name,
                size_bytes=volume.size,
                root=row.root is not None and volume.id == row.root.id,
            )
            for volume in row.volumes
        ),
        project_id=server.project_id,
        created_at=utc(server.created_at),
    )
