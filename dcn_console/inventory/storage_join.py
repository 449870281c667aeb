"""Joining backups, snapshots and servers with the volumes and sites they are about. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import is_

import msgspec

from dcn_console.inventory.storage_findings import backup_findings
from dcn_console.model.backup_chains import GOOD, data_time, nodes
from dcn_console.model.backup_rows import VERIFIED_AT, BackupRow, ServerRow, SnapshotRow
from dcn_console.model.inventory import CinderService, Inventory, Server, Volume
from dcn_console.model.sites import Topology
from dcn_console.model.storage import Backup


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What was joined; ``last_backups`` has the newest good backup by volume id."""

    backups: tuple[BackupRow, ...] = ()
    snapshots: tuple[SnapshotRow, ...] = ()
    servers: tuple[ServerRow, ...] = ()
    last_backups: dict[str, Backup] = {}


class _Chains(msgspec.Struct, frozen=True):
    """The rows of one volume's backups, and what they were made of."""

    backups: list[Backup]
    place: "_Place | None"
    rows: tuple[BackupRow, ...]


_Place = tuple[str, str | None]
"""What rows show of a volume: its label and its availability zone."""


class StorageJoiner:
    """Joins again and again, doing over only what changed since its last time.

    Of the volumes, of which there are many and one or the other changes all the time, it looks
    at what the rows show.
    """

    def __init__(self) -> None:
        self._inventory: Inventory | None = None
        self._stored = Stored()
        self._places: dict[str, _Place] = {}
        self._chains: dict[str, _Chains] = {}
        self._attached: tuple[Volume, ...] = ()
        self._served: frozenset[str] | None = None

    def joined(self, inventory: Inventory) -> Stored:
        """Return the rows; the same object as last time when nothing they show changed."""
        last, self._inventory = self._inventory, inventory
        new = last is None or last.topology is not inventory.topology
        backups = new or (last is not None and last.backups.rows is not inventory.backups.rows)
        snapshots = new or (
            last is not None and last.snapshots.rows is not inventory.snapshots.rows
        )
        servers = new or (last is not None and last.servers.rows is not inventory.servers.rows)
        volumes = last is None or (
            last.volumes.rows is not inventory.volumes.rows
            or last.volumes.complete is not inventory.volumes.complete
        )
        changes: dict[str, object] = {}
        if backups:
            good = last_backups(inventory.backups.rows)
            if good != self._stored.last_backups:
                changes["last_backups"] = good
        if volumes or backups or snapshots:
            places = _places(inventory)
            known = last is not None and last.volumes.complete is inventory.volumes.complete
            moved, self._places = not known or places != self._places, places
            if new or not known:
                self._chains = {}
            backups, snapshots = backups or moved, snapshots or moved
        served = backup_zones(inventory.services.rows)
        if served != self._served:
            self._served, self._chains, backups = served, {}, True
        if volumes or servers:
            attached = _attached(inventory)
            servers = servers or not _same(attached, self._attached)
            self._attached = attached
        if backups:
            changes["backups"] = self._backup_rows(inventory)
        if snapshots:
            changes["snapshots"] = tuple(snapshot_rows(inventory, self._places))
        if servers:
            changes["servers"] = tuple(server_rows(inventory))
        if changes:
            self._stored = msgspec.structs.replace(self._stored, **changes)
        return self._stored

    def _backup_rows(self, inventory: Inventory) -> tuple[BackupRow, ...]:
        """Return the rows of all backups, volume by volume, made anew where one changed."""
        of_volume: dict[str, list[Backup]] = {}
        for backup in inventory.backups.rows:
            of_volume.setdefault(backup.volume_id or "", []).append(backup)
        sites = sites_by_zone(inventory.topology)
        chains: dict[str, _Chains] = {}
        for volume_id in sorted(of_volume):
            backups, place = of_volume[volume_id], self._places.get(volume_id)
            chain = self._chains.get(volume_id)
            if chain is None or chain.place != place or not _same(chain.backups, backups):
                known = inventory.volumes.complete
                made = backup_rows(backups, place, sites, self._served, known=known)
                chain = _Chains(backups, place, tuple(made))
            chains[volume_id] = chain
        self._chains = chains
        return tuple(row for chain in chains.values() for row in chain.rows)


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


def backup_zones(services: Iterable[CinderService]) -> frozenset[str] | None:
    """Return the availability zones where a cinder-backup works, None without any service."""
    listed = tuple(services)
    if not listed:
        return None
    return frozenset(
        one.availability_zone or ""
        for one in listed
        if one.binary == "cinder-backup" and one.state == "up" and one.status != "disabled"
    )


def backup_rows(
    backups: Sequence[Backup],
    place: _Place | None,
    sites: Mapping[str, str],
    served: frozenset[str] | None = None,
    *,
    known: bool,
) -> Iterable[BackupRow]:
    """Yield the rows of one volume's backups as trees; ``known`` is whether all volumes are.

    ``served`` are the zones where a cinder-backup works, None while nobody knows.
    """
    last_good = next(iter(last_backups(backups).values()), None)
    label, zone = place or (None, None)
    for node in nodes(backups, served):
        backup = node.backup
        yield BackupRow(
            node=node,
            volume=label or backup.volume_id,
            volume_exists=True if place is not None else False if known else None,
            site=sites.get(zone or ""),
            stored_at=sites.get(backup.availability_zone or ""),
            verified_on=verified_on(backup),
            findings=backup_findings(node, last_good, volume_is_gone=known and place is None),
        )


def snapshot_rows(inventory: Inventory, places: Mapping[str, _Place]) -> Iterable[SnapshotRow]:
    """Yield a row for each snapshot; ``places`` is by volume id."""
    sites = sites_by_zone(inventory.topology)
    for snapshot in inventory.snapshots.rows:
        label, zone = places.get(snapshot.volume_id or "", (None, None))
        yield SnapshotRow(
            snapshot=snapshot,
            volume=label or snapshot.volume_id,
            site=sites.get(zone or ""),
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


def _places(inventory: Inventory) -> dict[str, _Place]:
    """Return what rows of backups and snapshots show of volumes, by volume id."""
    wanted = {backup.volume_id for backup in inventory.backups.rows}
    wanted.update(snapshot.volume_id for snapshot in inventory.snapshots.rows)
    if not wanted:
        return {}
    return {
        volume.id: (volume.label, volume.availability_zone)
        for volume in inventory.volumes.rows
        if volume.id in wanted
    }


def _attached(inventory: Inventory) -> tuple[Volume, ...]:
    """Return the volumes that rows of servers show."""
    wanted = {volume_id for server in inventory.servers.rows for volume_id in server.volumes}
    return tuple(
        volume for volume in inventory.volumes.rows if volume.attachments or volume.id in wanted
    )


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether two sequences hold the same objects."""
    return len(one) == len(other) and all(map(is_, one, other))
