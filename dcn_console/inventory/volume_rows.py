"""Rows of volumes, from their own list and from what else is known of them. Pure."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from dcn_console.inventory.findings import volume_findings
from dcn_console.inventory.storage_join import sites_by_zone
from dcn_console.model.inventory import Inventory, Server, Volume
from dcn_console.model.mirror_rows import MirrorRow
from dcn_console.model.rows import Finding, VolumeRow
from dcn_console.model.storage import Backup


def with_more(
    volumes: tuple[VolumeRow, ...],
    mirrors: Mapping[str, tuple[MirrorRow, ...]],
    backups: Mapping[str, Backup],
    overdue: Mapping[str, tuple[Finding, ...]],
) -> Iterable[VolumeRow]:
    """Yield the rows with their mirrored copies, last backups and overdue backups, by id."""
    if not mirrors and not backups and not overdue:
        yield from volumes
        return
    for row in volumes:
        few, backup, late = mirrors.get(row.key), backups.get(row.key), overdue.get(row.key)
        if few is None and backup is None and late is None:
            yield row
        else:
            findings = (*row.findings, *(late or ()))
            yield replace(row, mirrors=few or (), last_backup=backup, findings=findings)


def volume_rows(inventory: Inventory) -> Iterable[VolumeRow]:
    """Yield a row for each volume, with what its own list and its servers tell."""
    names = {image.id: image.name for image in inventory.images.rows}
    servers = {server.id: server for server in inventory.servers.rows}
    sites = sites_by_zone(inventory.topology)
    for volume in inventory.volumes.rows:
        yield VolumeRow(
            volume=volume,
            site=sites.get(volume.availability_zone or ""),
            parent_image=_parent_image(volume, names),
            server=_server(volume, servers),
            findings=volume_findings(volume, servers),
        )


def _parent_image(volume: Volume, names: Mapping[str, str | None]) -> str | None:
    if volume.image_id is None:
        return None
    return names.get(volume.image_id) or volume.image_name or volume.image_id


def _server(volume: Volume, servers: Mapping[str, Server]) -> str | None:
    if not volume.attachments:
        return None
    server_id = volume.attachments[0].server_id
    server = servers.get(server_id)
    return server.name or server.id if server is not None else server_id
