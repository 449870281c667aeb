"""Nova: servers, as far as storage needs them (Compute API ref: Servers, Server actions)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cloud import COMPUTE, Cloud
from dcn_console.clouds.nova_wire import (
    WireFlavor,
    WireHost,
    WireKeyPair,
    WireLimits,
    WireMarkedServer,
    WireServer,
    WireVolumeAttachment,
    WireZone,
    flavor_from,
    host_from,
    key_from,
    quota_from,
    server_from,
)
from dcn_console.clouds.paging import pages
from dcn_console.clouds.service_api import ServiceApi, path_of
from dcn_console.clouds.wire import decode_one, decode_page
from dcn_console.model.compute import ComputeHost, ComputeQuota, Flavor, KeyPair, NewServer
from dcn_console.model.errors import HttpError
from dcn_console.model.inventory import Server
from dcn_console.model.text import printable

_READ = "2.47"
"""Since when a server names its flavor; the root device came with 2.3."""
_CREATE = "2.37"
"""Since when a server may ask for no network at all."""
_IMAGE_ID = "2.45"
"""Since when the answer to createImage names the image."""
_CREATE_WAYS_OUT = {
    400: "See the flavor, network and availability zone, and that the volume is bootable.",
    403: "Either a quota of the project is used up (see “openstack quota show”), or the "
    "credentials may not do this.",
}
_STATE_WAYS_OUT = {
    409: "See its status with “openstack server show”, and whether Nova is at something else."
}

W = TypeVar("W", bound=WireServer)


class _ImageMade(msgspec.Struct):
    image_id: str


class Nova:
    """The compute service of one cloud. Everything raises as ``Cloud.request``."""

    def __init__(self, cloud: Cloud) -> None:
        self._api = ServiceApi(cloud, COMPUTE)

    async def microversion(self) -> str | None:
        """The highest microversion, such as "2.93", None where there is none; asked for once."""
        return await self._api.microversion()

    async def server_pages(
        self, page_size: int = 1000, *, all_projects: bool = True
    ) -> AsyncIterator[tuple[Server, ...]]:
        """Servers page by page, of every project the credentials may see.

        Nova refuses ``all_tenants`` to tenants (403); then the own project's are listed.
        """
        async for items in self._pages(WireServer, page_size, all_projects=all_projects):
            yield tuple(map(server_from, items))

    async def server(self, server_id: str) -> Server:
        """One server; raises ObjectNotFound."""
        doing = f"Nova: show server {printable(server_id, 60)}"
        content = await self.server_body(server_id)
        return server_from(decode_one(doing, content, "server", WireServer))

    async def server_body(self, server_id: str) -> bytes:
        """The raw body of one server, with its user data; raises ObjectNotFound."""
        doing = f"Nova: show server {printable(server_id, 60)}"
        headers = await self._api.at_most(_READ)
        answer = await self._api.get(path_of("servers", server_id), doing, headers=headers)
        return answer.content

    async def made_with(self, metadata: Mapping[str, str]) -> tuple[Server, ...]:
        """The servers that carry all of ``metadata``; Nova has no filter for it."""
        return tuple(
            [
                server_from(item)
                async for items in self._pages(WireMarkedServer)
                for item in items
                if metadata.items() <= (item.metadata or {}).items()
            ]
        )

    async def create(self, new: NewServer) -> Server:
        """Ask for a server that boots from a volume, which it leaves behind when it is deleted.

        It is there when its status is ACTIVE, failed when that is ERROR. Returns what is known
        at once. HttpError 403 when a quota is used up, 400 for what cannot be made.
        """
        fields: dict[str, Any] = {
            "name": new.name,
            "flavorRef": new.flavor,
            "block_device_mapping_v2": [
                {
                    "boot_index": 0,
                    "uuid": new.volume_id,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "delete_on_termination": False,
                }
            ],
            "networks": [{"uuid": new.network}] if new.network else "none",
            "availability_zone": new.availability_zone,
            "key_name": new.key,
            "security_groups": [{"name": new.security_group}] if new.security_group else None,
            "metadata": new.metadata,
        }
        doing = f"Nova: create server “{printable(new.name)}”"
        answer = await self._api.change(
            "POST",
            "/servers",
            doing,
            {
                "server": {
                    key: value for key, value in fields.items() if value not in (None, "", {})
                }
            },
            microversion=_CREATE,
            ways_out=_CREATE_WAYS_OUT,
        )
        made = server_from(decode_one(doing, answer.content, "server", WireServer))
        return msgspec.structs.replace(
            made, name=new.name, status=made.status or "BUILD", volumes=(new.volume_id,)
        )

    async def delete(self, server_id: str) -> None:
        """Ask for a server's end; it is over when it is not found."""
        doing = f"Nova: delete server {printable(server_id, 60)}"
        path = path_of("servers", server_id)
        await self._api.change("DELETE", path, doing, ways_out=_STATE_WAYS_OUT)

    async def stop(self, server_id: str) -> None:
        """Ask for a server's shutdown; it is over when its status is SHUTOFF.

        Raises HttpError 409 while Nova does something else with it (Compute API ref: os-stop).
        """
        await self._act(server_id, {"os-stop": None}, "stop")

    async def start(self, server_id: str) -> None:
        """Ask for a stopped server's start; it is over when its status is ACTIVE.

        Raises HttpError 409 for one that is not stopped (Compute API ref: os-start).
        """
        await self._act(server_id, {"os-start": None}, "start")

    async def create_image(self, server_id: str, name: str, metadata: Mapping[str, str]) -> str:
        """Ask for an image of a server and return the image's id.

        Of a server that boots from a volume it holds no data, only the ids of new snapshots of
        its volumes (Compute API ref: createImage). ``metadata`` become properties of the image.
        """
        doing = f"make image “{printable(name)}” of"
        body = {"createImage": {"name": name, "metadata": dict(metadata)}}
        answer = await self._act(server_id, body, doing, _IMAGE_ID)
        return decode_one(f"Nova: {doing} a server", answer.content, None, _ImageMade).image_id

    async def attached(self, server_id: str) -> tuple[str, ...]:
        """The ids of the volumes attached to a server, as Nova has them."""
        doing = f"Nova: list volumes of server {printable(server_id, 60)}"
        path = f"{path_of('servers', server_id)}/os-volume_attachments"
        answer = await self._api.get(path, doing)
        items = decode_page(doing, answer.content, "volumeAttachments", WireVolumeAttachment).items
        return tuple(item.volume_id for item in items)

    async def flavors(self) -> tuple[Flavor, ...]:
        """The flavors that these credentials may use."""
        doing = "Nova: list flavors"

        async def ask(query: dict[str, str]) -> Answer:
            return await self._api.get("/flavors/detail", doing, query)

        found = pages(doing, ask, {"limit": "1000"}, "flavors", WireFlavor)
        return tuple([flavor_from(item) async for items in found for item in items])

    async def key_pairs(self) -> tuple[KeyPair, ...]:
        """The key pairs of the user."""
        doing = "Nova: list key pairs"
        answer = await self._api.get("/os-keypairs", doing)
        return tuple(
            map(key_from, decode_page(doing, answer.content, "keypairs", WireKeyPair).items)
        )

    async def quota(self) -> ComputeQuota:
        """What the credentials' project may have and has."""
        doing = "Nova: show limits"
        answer = await self._api.get("/limits", doing)
        return quota_from(decode_one(doing, answer.content, "limits", WireLimits))

    async def zones(self) -> dict[str, bool]:
        """The availability zones by name, and whether a host of each is enabled.

        Whether it works is not told here (nova/availability_zones.py, get_availability_zones).
        """
        doing = "Nova: list availability zones"
        answer = await self._api.get("/os-availability-zone", doing)
        items = decode_page(doing, answer.content, "availabilityZoneInfo", WireZone).items
        return {item.name: item.state.available for item in items}

    async def hosts(self) -> tuple[ComputeHost, ...]:
        """The compute hosts; HttpError 403 for tenants."""
        doing = "Nova: list compute hosts"
        answer = await self._api.get("/os-services", doing, {"binary": "nova-compute"})
        return tuple(map(host_from, decode_page(doing, answer.content, "services", WireHost).items))

    async def _act(
        self, server_id: str, body: Mapping[str, Any], what: str, microversion: str = ""
    ) -> Answer:
        return await self._api.change(
            "POST",
            f"{path_of('servers', server_id)}/action",
            f"Nova: {what} server {printable(server_id, 60)}",
            body,
            microversion=microversion,
            ways_out=_STATE_WAYS_OUT,
        )

    async def _pages(
        self, item: type[W], page_size: int = 1000, *, all_projects: bool = True
    ) -> AsyncIterator[list[W]]:
        query = {"limit": str(page_size)} | ({"all_tenants": "1"} if all_projects else {})
        headers = await self._api.at_most(_READ)
        doing = "Nova: list servers"

        async def ask(page_query: dict[str, str]) -> Answer:
            try:
                return await self._api.get("/servers/detail", doing, page_query, headers)
            except HttpError as error:
                if error.status != 403 or "all_tenants" not in page_query:
                    raise
                own = {key: value for key, value in page_query.items() if key != "all_tenants"}
                return await self._api.get("/servers/detail", doing, own, headers)

        async for items in pages(doing, ask, query, "servers", item):
            yield items
