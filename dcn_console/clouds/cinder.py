"""Cinder: volumes, services, backend pools and availability zones (Cinder API ref, v3)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cinder_wire import (
    WirePool,
    WireService,
    WireVolume,
    WireZone,
    pool_from,
    service_from,
    volume_from,
)
from dcn_console.clouds.cloud import BLOCK_STORAGE, ApiVersion, Cloud
from dcn_console.clouds.paging import pages
from dcn_console.clouds.wire import decode_one, decode_page
from dcn_console.model.errors import HttpError
from dcn_console.model.inventory import CinderPool, CinderService, Volume
from dcn_console.model.text import printable

TIME_FILTER_MICROVERSION = "3.60"
"""Since when volumes can be filtered by ``updated_at`` (Cinder API microversion history)."""

_ADMINISTRATORS_ONLY = {403: "By default only administrators may do this."}


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """An availability zone of Cinder."""

    name: str
    available: bool = True


class Cinder:
    """The block storage service of one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def versions(self) -> tuple[ApiVersion, ...]:
        """The announced API versions; features are probed, never derived from these."""
        return await self._cloud.versions(BLOCK_STORAGE)

    async def volume_pages(
        self,
        page_size: int = 1000,
        updated_since: datetime | None = None,
        *,
        all_projects: bool = True,
    ) -> AsyncIterator[tuple[Volume, ...]]:
        """Volumes page by page as they arrive, of every project the credentials may see.

        Cinder silently lists only the own project to credentials that may not list all.
        ``updated_since`` leaves out volumes not changed since then; it raises HttpError 406
        where Cinder is too old for it.
        """
        query = {"limit": str(page_size)}
        headers = {}
        if all_projects:
            query["all_tenants"] = "1"
        if updated_since is not None:
            since = updated_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
            query["updated_at"] = f"gte:{since}"
            headers["OpenStack-API-Version"] = f"volume {TIME_FILTER_MICROVERSION}"
        doing = "Cinder: list volumes"

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._get("/volumes/detail", doing, page_query, headers)

        async for items in pages(doing, ask, query, "volumes", WireVolume):
            yield tuple(map(volume_from, items))

    async def volume(self, volume_id: str) -> Volume:
        """One volume; raises ObjectNotFound."""
        doing = f"Cinder: show volume {printable(volume_id)}"
        content = await self.volume_body(volume_id)
        return volume_from(decode_one(doing, content, "volume", WireVolume))

    async def volume_body(self, volume_id: str) -> bytes:
        """The raw body of one volume; raises ObjectNotFound."""
        doing = f"Cinder: show volume {printable(volume_id)}"
        return (await self._get(f"/volumes/{quote(volume_id, safe='') or '-'}", doing)).content

    async def services(self) -> tuple[CinderService, ...]:
        """The services with their state (os-services); HttpError 403 for tenants."""
        doing = "Cinder: list services"
        answer = await self._get("/os-services", doing)
        items = decode_page(doing, answer.content, "services", WireService).items
        return tuple(map(service_from, items))

    async def pools(self) -> tuple[CinderPool, ...]:
        """The backend pools (scheduler-stats/get_pools); HttpError 403 for tenants."""
        doing = "Cinder: list backend pools"
        answer = await self._get("/scheduler-stats/get_pools", doing, {"detail": "true"})
        return tuple(map(pool_from, decode_page(doing, answer.content, "pools", WirePool).items))

    async def availability_zones(self) -> tuple[Zone, ...]:
        """The availability zones, open to everybody (os-availability-zone)."""
        doing = "Cinder: list availability zones"
        answer = await self._get("/os-availability-zone", doing)
        items = decode_page(doing, answer.content, "availabilityZoneInfo", WireZone).items
        return tuple(
            Zone(name=item.name, available=(item.state or {}).get("available") is not False)
            for item in items
        )

    async def _get(
        self,
        path: str,
        doing: str,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return await self._cloud.request(
            BLOCK_STORAGE,
            "GET",
            path,
            params=params,
            headers=headers,
            doing=doing,
            ways_out=_ADMINISTRATORS_ONLY,
        )


def understands_time_filter(error: HttpError) -> bool:
    """Whether an error of a filtered list is about something else than the filter itself."""
    return error.status not in (400, 406)
