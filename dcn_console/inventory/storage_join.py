"""Joining backups, snapshots and servers with the volumes and sites they are about. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from dcn_console.inventory.storage_findings import backup_findings
from dcn_console.model.backup_chains import GOOD, BackupNode, data_time, nodes
from dcn_console.model.backup_rows import VERIFIED_AT, BackupRow, ServerRow, SnapshotRow
from dcn_console.model.inventory import Inventory, Server, Volume
from dcn_console.model.sites import Topology
from dcn_console.model.storage import Backup


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What was joined; ``last_backups`` has the newest good backup by volume id."""

    backups: tuple[BackupRow, ...] = ()
    snapshots: tuple[SnapshotRow, ...] = ()
    servers: tuple[ServerRow, ...] = ()
    last_backups: dict[str, Backup] = {}


class StorageJoiner:
    """Joins again and again, doing over only what changed since its last time."""

    def __init__(self) -> None:
        self._inventory: Inventory | None = None
        self._stored = Stored()
        self._nodes: tuple[BackupNode, ...] = ()

    def joined(self, inventory: Inventory) -> Stored:
        """Return the rows; the same object as last time when nothing they show changed."""
        last, self._inventory = self._inventory, inventory
        around = (
            last is None
            or last.topology is not inventory.topology
            or last.volumes.rows is not inventory.volumes.rows
        )
        backups = last is None or last.backups.rows is not inventory.backups.rows
        if backups:
            self._nodes = nodes(inventory.backups.rows)
        changes: dict[str, object] = {}
        if backups:
            changes["last_backups"] = last_backups(inventory.backups.rows)
        if backups or around:
            changes["backups"] = tuple(backup_rows(self._nodes, inventory))
        if around or (last is not None and last.snapshots.rows is not inventory.snapshots.rows):
            changes["snapshots"] = tuple(snapshot_rows(inventory))
        if around or (last is not None and last.servers.rows is not inventory.servers.rows):
            changes["servers"] = tuple(server_rows(inventory))
        if changes:
            self._stored = msgspec.structs.replace(self._stored, **changes)
        return self._stored


def last_backups(backups: Iterable[Backup]) -> dict[str, Backup]:
    """Return the backup with the newest data that can be restored, by volume id."""
    found: dict[str, Backup] = {}
    for backup in backups:
        if backup.status != GOOD or backup.volume_id is None:
            continue
        known = found.get(backup.volume_id)
        if known is None or (data_time(known), known.id) < (data_time(backup), backup.id):
            found[backup.volume_id] = backup
    return found


def backup_rows(tree: Iterable[BackupNode], inventory: Inventory) -> Iterable[BackupRow]:
    """Yield a row for each node, in the same order."""
    tree = tuple(tree)
    volumes = _volumes(inventory, (node.backup.volume_id for node in tree))
    sites = sites_by_zone(inventory.topology)
    known = inventory.volumes.complete
    newest_good = last_backups(inventory.backups.rows)
    for node in tree:
        backup = node.backup
        volume = volumes.get(backup.volume_id or "")
        yield BackupRow(
            node=node,
            volume=volume.label if volume is not None else backup.volume_id,
            volume_exists=True if volume is not None else False if known else None,
            site=sites.get(volume.availability_zone or "") if volume is not None else None,
            stored_at=sites.get(backup.availability_zone or ""),
            verified_on=verified_on(backup),
            findings=backup_findings(node, newest_good.get(backup.volume_id or "")),
        )


def snapshot_rows(inventory: Inventory) -> Iterable[SnapshotRow]:
    """Yield a row for each snapshot."""
    snapshots = inventory.snapshots.rows
    volumes = _volumes(inventory, (snapshot.volume_id for snapshot in snapshots))
    sites = sites_by_zone(inventory.topology)
    for snapshot in snapshots:
        volume = volumes.get(snapshot.volume_id or "")
        yield SnapshotRow(
            snapshot=snapshot,
            volume=volume.label if volume is not None else snapshot.volume_id,
            site=sites.get(volume.availability_zone or "") if volume is not None else None,
        )


def server_rows(inventory: Inventory) -> Iterable[ServerRow]:
    """Yield a row for each server, with the volumes that Nova or Cinder says it has."""
    servers = inventory.servers.rows
    attached: dict[str, list[Volume]] = {server.id: [] for server in servers}
    wanted = {volume_id for server in servers for volume_id in server.volumes}
    known: dict[str, Volume] = {}
    for volume in inventory.volumes.rows:
        if volume.id in wanted:
            known[volume.id] = volume
        for attachment in volume.attachments:
            if attachment.server_id in attached:
                attached[attachment.server_id].append(volume)
    sites = sites_by_zone(inventory.topology)
    for server in servers:
        found = {volume.id: volume for volume in attached[server.id]}
        for volume_id in server.volumes:
            found.setdefault(volume_id, known.get(volume_id) or Volume(id=volume_id))
        ordered = sorted(found.values(), key=lambda one: (_device(one, server) or "~", one.id))
        root = root_volume(server, ordered)
        yield ServerRow(
            server=server,
            site=sites.get(server.availability_zone or ""),
            root=root,
            data=tuple(volume for volume in ordered if volume is not root),
        )


def root_volume(server: Server, volumes: Iterable[Volume]) -> Volume | None:
    """Return the volume that a server boots from, ``volumes`` being in the order of devices.

    It is the one at the root device. Where Nova does not tell that, it is the first bootable one
    of a server without an image.
    """
    if server.image_id is not None:
        return None
    volumes = tuple(volumes)
    if server.root_device:
        at_root = (one for one in volumes if _device(one, server) == server.root_device)
        found = next(at_root, None)
        if found is not None:
            return found
    bootable = (one for one in volumes if one.bootable)
    return next(bootable, volumes[0] if len(volumes) == 1 else None)


def verified_on(backup: Backup) -> datetime | None:
    """Return when a check proved a backup, None for never or for what is no moment."""
    text = backup.metadata.get(VERIFIED_AT, "")
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def sites_by_zone(topology: Topology) -> dict[str, str]:
    """Return the first site of each availability zone, by the zone."""
    return {
        site.availability_zone: site.name
        for site in reversed(topology.sites)
        if site.availability_zone
    }


def _device(volume: Volume, server: Server) -> str | None:
    mine = (one.device for one in volume.attachments if one.server_id == server.id)
    return next(mine, None)


def _volumes(inventory: Inventory, ids: Iterable[str | None]) -> Mapping[str, Volume]:
    wanted = frozenset(ids)
    if not wanted:
        return {}
    return {volume.id: volume for volume in inventory.volumes.rows if volume.id in wanted}
