"""Rows of volumes, from their own list and from what else is known of them."""

from collections.abc import Callable, Iterable, Mapping, Set
from operator import attrgetter

from msgspec.structs import replace

from dcn_console.inventory.findings import volume_findings
from dcn_console.inventory.keeping import Before, same_rows, same_tuple, touched
from dcn_console.inventory.storage_join import sites_by_zone
from dcn_console.model.inventory import Inventory, Server, Volume
from dcn_console.model.mirror_rows import MirrorRow
from dcn_console.model.rows import Finding, VolumeRow
from dcn_console.model.storage import Backup

_key: Callable[[VolumeRow], str] = attrgetter("volume.id")


def with_more(
    old: tuple[VolumeRow, ...],
    volumes: tuple[VolumeRow, ...],
    mirrors: Mapping[str, tuple[MirrorRow, ...]],
    backups: Mapping[str, Backup],
    overdue: Mapping[str, tuple[Finding, ...]],
) -> tuple[VolumeRow, ...]:
    """Return the rows with their mirrored copies, last backups and overdue backups, by id.

    Those that equal an ``old`` row are that old object.
    """
    if not mirrors and not backups and not overdue:
        return volumes

    def more() -> Iterable[VolumeRow]:
        for row in volumes:
            few, backup, late = mirrors.get(row.key), backups.get(row.key), overdue.get(row.key)
            if few is None and backup is None and late is None:
                yield row
            else:
                findings = (*row.findings, *(late or ()))
                yield replace(row, mirrors=few or (), last_backup=backup, findings=findings)

    return same_rows(old, more())


class VolumeRows:
    """Makes the rows of volumes; a row that did not change is the same object as before.

    They have what the list of volumes tells, and the names of their images and servers.
    """

    def __init__(self, previous: Iterable[VolumeRow] = ()) -> None:
        self._rows = tuple(previous)
        self._inventory: Inventory | None = None

    def joined(self, inventory: Inventory) -> tuple[VolumeRow, ...]:
        """Return the rows of this moment, in the order of the volumes."""
        last, self._inventory = self._inventory, inventory
        if last is None or last.topology is not inventory.topology:
            self._make(inventory, lambda _: False)
            return self._rows
        images = touched(last.images.rows, inventory.images.rows)
        servers = touched(last.servers.rows, inventory.servers.rows)
        if last.volumes.rows is not inventory.volumes.rows or images or servers:
            self._make(inventory, lambda volume: _stands(volume, images, servers))
        return self._rows

    def _make(self, inventory: Inventory, stands: Callable[[Volume], bool]) -> None:
        """Make the rows of all volumes but those that are the old objects and ``stand``."""
        volumes = inventory.volumes.rows
        before = Before(self._rows, _key)
        rows = [before.find(index, volume.id) for index, volume in enumerate(volumes)]
        stale = [
            index
            for index, (volume, old) in enumerate(zip(volumes, rows, strict=True))
            if old is None or old.volume is not volume or not stands(volume)
        ]
        made = volume_rows([volumes[index] for index in stale], inventory)
        for index, row in zip(stale, made, strict=True):
            if rows[index] != row:
                rows[index] = row
        self._rows = same_tuple(self._rows, tuple(row for row in rows if row is not None))


def volume_rows(volumes: Iterable[Volume], inventory: Inventory) -> Iterable[VolumeRow]:
    """Yield a row for each of the volumes."""
    volumes = tuple(volumes)
    wanted = {volume.image_id for volume in volumes}
    names = {image.id: image.name for image in inventory.images.rows if image.id in wanted}
    servers = {server.id: server for server in inventory.servers.rows}
    sites = sites_by_zone(inventory.topology)
    for volume in volumes:
        yield VolumeRow(
            volume=volume,
            site=sites.get(volume.availability_zone or ""),
            parent_image=_parent_image(volume, names),
            server=_server(volume, servers),
            findings=volume_findings(volume, servers),
        )


def _stands(volume: Volume, images: Set[str], servers: Set[str]) -> bool:
    """Whether neither the image of a volume nor a server that it is attached to changed."""
    return volume.image_id not in images and not (
        servers and any(one.server_id in servers for one in volume.attachments)
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
