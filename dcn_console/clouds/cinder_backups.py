"""Backups of volumes and snapshots (Cinder API ref, v3: Backups)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.paging import pages
from dcn_console.clouds.service_api import ServiceApi, path_of
from dcn_console.clouds.storage_wire import WireBackup, backup_from
from dcn_console.clouds.wire import decode_one
from dcn_console.model.storage import Backup, NewBackup
from dcn_console.model.text import printable

_READ = "3.64"
"""Since when a backup tells all that is shown of it: its metadata (3.43), its key (3.64)."""
_METADATA = "3.43"
_ZONE = "3.51"
_NO_SERVICE = (
    "Is a cinder-backup up and enabled in that availability zone? See “openstack volume service "
    "list --service cinder-backup”."
)
_CREATE_WAYS_OUT = {500: _NO_SERVICE, 503: _NO_SERVICE}
_DELETE_WAYS_OUT = {
    400: "Only available and failed backups can be deleted, and the newest of a chain first.",
}
_RESTORE_WAYS_OUT = {
    400: "The backup and the volume must be available, and the volume as large as the backup.",
}


class CinderBackups:
    """The backups of one Cinder. Everything raises as ``Cloud.request``."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def pages(
        self, page_size: int = 1000, *, all_projects: bool = True
    ) -> AsyncIterator[tuple[Backup, ...]]:
        """Backups page by page, of every project the credentials may see."""
        query = {"limit": str(page_size)} | ({"all_tenants": "1"} if all_projects else {})
        async for part in self._pages("Cinder: list backups", query):
            yield part

    async def backup(self, backup_id: str) -> Backup:
        """One backup; raises ObjectNotFound."""
        doing = f"Cinder: show backup {printable(backup_id, 60)}"
        content = await self.body(backup_id)
        return backup_from(decode_one(doing, content, "backup", WireBackup))

    async def body(self, backup_id: str) -> bytes:
        """The raw body of one backup; raises ObjectNotFound."""
        doing = f"Cinder: show backup {printable(backup_id, 60)}"
        headers = await self._api.at_most(_READ)
        answer = await self._api.get(path_of("backups", backup_id), doing, headers=headers)
        return answer.content

    async def create(self, new: NewBackup) -> Backup:
        """Ask for a backup and return what is known of it at once; read it for the rest.

        It is there when its status is "available"; where that is "error", ``fail_reason`` tells
        why. The zone needs microversion 3.51 (HttpError 406), HttpError 413 when a quota is used
        up, 400 in the wrong state or without a backup to build on.
        """
        fields: dict[str, Any] = {
            "volume_id": new.volume_id,
            "name": new.name,
            "description": new.description,
            "incremental": new.incremental,
            "force": new.force,
            "snapshot_id": new.snapshot_id,
            "availability_zone": new.availability_zone,
            "metadata": new.metadata,
        }
        doing = f"Cinder: back up volume {printable(new.volume_id, 60)} as “{printable(new.name)}”"
        answer = await self._api.change(
            "POST",
            "/backups",
            doing,
            {
                "backup": {
                    key: value for key, value in fields.items() if value not in (None, "", {})
                }
            },
            microversion=_ZONE if new.availability_zone else _METADATA,
            ways_out=_CREATE_WAYS_OUT,
        )
        made = backup_from(decode_one(doing, answer.content, "backup", WireBackup))
        return msgspec.structs.replace(
            made,
            name=new.name,
            status=made.status or "creating",
            volume_id=new.volume_id,
            snapshot_id=new.snapshot_id,
            incremental=new.incremental,
            metadata=new.metadata,
        )

    async def delete(self, backup_id: str) -> None:
        """Ask for a backup's end; it is over when it is not found.

        HttpError 400 while an increment needs it, or in the wrong state.
        """
        await self._api.change(
            "DELETE",
            path_of("backups", backup_id),
            f"Cinder: delete backup {printable(backup_id, 60)}",
            ways_out=_DELETE_WAYS_OUT,
        )

    async def restore(self, backup_id: str, volume_id: str) -> None:
        """Ask for a backup to be written over a volume.

        It is over when the volume is "available" again, failed when it is "error_restoring".
        HttpError 400 in the wrong state or for a volume that is too small.
        """
        volume = printable(volume_id, 60)
        await self._api.change(
            "POST",
            f"{path_of('backups', backup_id)}/restore",
            f"Cinder: restore backup {printable(backup_id, 60)} over volume {volume}",
            {"restore": {"volume_id": volume_id}},
            ways_out=_RESTORE_WAYS_OUT,
        )

    async def set_metadata(self, backup_id: str, metadata: Mapping[str, str]) -> None:
        """Replace a backup's metadata (microversion 3.43): what is left out is gone."""
        await self._api.change(
            "PUT",
            path_of("backups", backup_id),
            f"Cinder: set the metadata of backup {printable(backup_id, 60)}",
            {"backup": {"metadata": dict(metadata)}},
            microversion=_METADATA,
        )

    async def of_volume(self, volume_id: str) -> tuple[Backup, ...]:
        """All backups of one volume, whichever project they are of."""
        doing = f"Cinder: list backups of volume {printable(volume_id, 60)}"
        query = {"limit": "1000", "all_tenants": "1", "volume_id": volume_id}
        return tuple(
            [
                backup
                async for part in self._pages(doing, query)
                for backup in part
                if backup.volume_id == volume_id
            ]
        )

    async def made_with(self, volume_id: str, metadata: Mapping[str, str]) -> tuple[Backup, ...]:
        """The backups of a volume that carry all of ``metadata``; Cinder has no filter for it."""
        return tuple(
            backup
            for backup in await self.of_volume(volume_id)
            if metadata.items() <= backup.metadata.items()
        )

    async def _pages(self, doing: str, query: dict[str, str]) -> AsyncIterator[tuple[Backup, ...]]:
        headers = await self._api.at_most(_READ)

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._api.get("/backups/detail", doing, page_query, headers)

        async for items in pages(doing, ask, query, "backups", WireBackup):
            yield tuple(map(backup_from, items))
