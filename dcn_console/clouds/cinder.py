"""Cinder: volumes, services, pools, zones, quotas, messages (Cinder API ref, v3)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cinder_attachments import CinderAttachments
from dcn_console.clouds.cinder_backups import CinderBackups
from dcn_console.clouds.cinder_snapshots import CinderSnapshots
from dcn_console.clouds.cinder_volumes import CinderVolumes
from dcn_console.clouds.cinder_wire import (
    WirePool,
    WireService,
    WireVolume,
    WireZone,
    pool_from,
    service_from,
    volume_from,
)
from dcn_console.clouds.cloud import BLOCK_STORAGE, Cloud
from dcn_console.clouds.paging import pages
from dcn_console.clouds.service_api import ServiceApi, path_of
from dcn_console.clouds.storage_wire import (
    WireMessage,
    WireQuotas,
    message_from,
    quota_from,
)
from dcn_console.clouds.versions import ApiVersion
from dcn_console.clouds.wire import decode_one, decode_page
from dcn_console.model.inventory import CinderPool, CinderService, Volume
from dcn_console.model.storage import StorageQuota, UserMessage
from dcn_console.model.text import printable

TIME_FILTER_MICROVERSION = "3.60"
"""Since when volumes can be filtered by ``updated_at`` (Cinder API microversion history)."""

_MESSAGES_FILTER_MICROVERSION = "3.5"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADMINISTRATORS_ONLY = {403: "By default only administrators may do this."}


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """An availability zone of Cinder."""

    name: str
    available: bool = True


class Cinder:
    """The block storage service of one cloud.

    ``volumes``, ``snapshots``, ``backups`` and ``attachments`` are what makes and changes those.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._api = ServiceApi(cloud, BLOCK_STORAGE)
        self.volumes = CinderVolumes(self._api)
        self.snapshots = CinderSnapshots(self._api)
        self.backups = CinderBackups(self._api)
        self.attachments = CinderAttachments(self._api)

    async def versions(self) -> tuple[ApiVersion, ...]:
        """The announced API versions; features are probed, never derived from these."""
        return await self._cloud.versions(BLOCK_STORAGE)

    async def microversion(self) -> str | None:
        """The highest microversion, such as "3.70", None where there is none; asked for once."""
        return await self._api.microversion()

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
        headers: dict[str, str] = {}
        if all_projects:
            query["all_tenants"] = "1"
        if updated_since is not None:
            since = updated_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
            query["updated_at"] = f"gte:{since}"
            headers = self._api.header(TIME_FILTER_MICROVERSION)
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
        return (await self._get(path_of("volumes", volume_id), doing)).content

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

    async def quota(self, project_id: str | None = None) -> StorageQuota:
        """What a project, by default the own one, uses and may use (os-quota-sets).

        Another project's are for administrators (HttpError 403).
        """
        doing = "Cinder: show quotas"
        path = path_of("os-quota-sets", project_id or self._cloud.project_id)
        answer = await self._get(path, doing, {"usage": "true"})
        return quota_from(decode_one(doing, answer.content, "quota_set", WireQuotas))

    async def messages(self, resource_id: str) -> tuple[UserMessage, ...]:
        """What Cinder told the user about an object, oldest first (Messages, microversion 3.5)."""
        doing = f"Cinder: list messages about {printable(resource_id, 60)}"
        headers = self._api.header(_MESSAGES_FILTER_MICROVERSION)
        answer = await self._get("/messages", doing, {"resource_uuid": resource_id}, headers)
        items = decode_page(doing, answer.content, "messages", WireMessage).items
        messages = [message_from(item) for item in items if item.resource_uuid == resource_id]
        return tuple(sorted(messages, key=lambda one: one.created_at or _EPOCH))

    async def _get(
        self,
        path: str,
        doing: str,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return await self._api.get(path, doing, params, headers, _ADMINISTRATORS_ONLY)
