"""Snapshots of volumes (Cinder API ref, v3: Volume snapshots)."""

from collections.abc import AsyncIterator, Mapping

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cinder_volumes import as_filter
from dcn_console.clouds.paging import pages
from dcn_console.clouds.service_api import ServiceApi, path_of
from dcn_console.clouds.storage_wire import WireSnapshot, snapshot_from
from dcn_console.clouds.wire import decode_one
from dcn_console.model.storage import VolumeSnapshot
from dcn_console.model.text import printable

_METADATA_FILTER = "3.22"
_WAYS_OUT = {
    400: "See the status of volume and snapshot with “openstack volume show” and "
    "“openstack volume snapshot show”.",
}


class CinderSnapshots:
    """The snapshots of one Cinder. Everything raises as ``Cloud.request``."""

    def __init__(self, api: ServiceApi) -> None:
        self._api = api

    async def pages(
        self, page_size: int = 1000, *, all_projects: bool = True
    ) -> AsyncIterator[tuple[VolumeSnapshot, ...]]:
        """Snapshots page by page, of every project the credentials may see."""
        query = {"limit": str(page_size)} | ({"all_tenants": "1"} if all_projects else {})
        async for part in self._pages("Cinder: list snapshots", query, {}):
            yield part

    async def snapshot(self, snapshot_id: str) -> VolumeSnapshot:
        """One snapshot; raises ObjectNotFound."""
        doing = f"Cinder: show snapshot {printable(snapshot_id, 60)}"
        content = await self.body(snapshot_id)
        return snapshot_from(decode_one(doing, content, "snapshot", WireSnapshot))

    async def body(self, snapshot_id: str) -> bytes:
        """The raw body of one snapshot; raises ObjectNotFound."""
        doing = f"Cinder: show snapshot {printable(snapshot_id, 60)}"
        return (await self._api.get(path_of("snapshots", snapshot_id), doing)).content

    async def of_volume(self, volume_id: str) -> tuple[VolumeSnapshot, ...]:
        """The snapshots of one volume; an older Cinder that lists all is filtered here."""
        query = {"limit": "1000", "all_tenants": "1", "volume_id": volume_id}
        doing = f"Cinder: list snapshots of volume {printable(volume_id, 60)}"
        return tuple(
            [
                snapshot
                async for part in self._pages(doing, query, {})
                for snapshot in part
                if snapshot.volume_id == volume_id
            ]
        )

    async def create(
        self, volume_id: str, name: str, metadata: Mapping[str, str], *, force: bool = False
    ) -> VolumeSnapshot:
        """Ask for a snapshot; it is there when its status is "available".

        ``force`` takes it of a volume in use. The microversion asked for is below 3.66, where
        every Cinder honours it; from there on it is ignored (cinder/api/v3/snapshots.py).
        HttpError 400 in the wrong state, 413 when a quota is used up.
        """
        doing = f"Cinder: snapshot volume {printable(volume_id, 60)} as “{printable(name)}”"
        body = {
            "volume_id": volume_id,
            "name": name,
            "force": force,
            "metadata": dict(metadata),
        }
        answer = await self._api.change(
            "POST", "/snapshots", doing, {"snapshot": body}, ways_out=_WAYS_OUT
        )
        return snapshot_from(decode_one(doing, answer.content, "snapshot", WireSnapshot))

    async def delete(self, snapshot_id: str) -> None:
        """Ask for a snapshot's end; it is over when it is not found. HttpError 400 when busy."""
        await self._api.change(
            "DELETE",
            path_of("snapshots", snapshot_id),
            f"Cinder: delete snapshot {printable(snapshot_id, 60)}",
            ways_out=_WAYS_OUT,
        )

    async def made_with(self, metadata: Mapping[str, str]) -> tuple[VolumeSnapshot, ...]:
        """The snapshots of all projects that carry all of ``metadata``.

        Cinder filters them from 3.22 on; where it does not, the rest is left out here.
        """
        query = {"limit": "1000", "all_tenants": "1", "metadata": as_filter(metadata)}
        headers = await self._api.at_most(_METADATA_FILTER)
        doing = "Cinder: look for snapshots by their metadata"
        return tuple(
            [
                snapshot
                async for part in self._pages(doing, query, headers)
                for snapshot in part
                if metadata.items() <= snapshot.metadata.items()
            ]
        )

    async def _pages(
        self, doing: str, query: dict[str, str], headers: dict[str, str]
    ) -> AsyncIterator[tuple[VolumeSnapshot, ...]]:
        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._api.get("/snapshots/detail", doing, page_query, headers)

        async for items in pages(doing, ask, query, "snapshots", WireSnapshot):
            yield tuple(map(snapshot_from, items))
