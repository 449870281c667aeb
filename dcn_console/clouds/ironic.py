"""Ironic: the network cards of bare metal nodes (Bare Metal API ref, v1: Ports)."""

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cloud import BARE_METAL, Cloud
from dcn_console.clouds.paging import pages
from dcn_console.clouds.service_api import ServiceApi
from dcn_console.clouds.wire import shared
from dcn_console.model.bare_metal import BareMetalPort

_PHYSICAL_NETWORK = "1.34"
"""Since when a port tells its physical network (Bare Metal API microversion history)."""


class WirePort(msgspec.Struct):
    """A port of ``/ports/detail``."""

    id: str = msgspec.field(name="uuid")
    address: str | None = None
    node: str | None = msgspec.field(default=None, name="node_uuid")
    physical_network: str | None = None


class Ironic:
    """The bare metal service of one cloud. Everything raises as ``Cloud.request``."""

    def __init__(self, cloud: Cloud) -> None:
        self._api = ServiceApi(cloud, BARE_METAL)

    async def ports(self) -> tuple[BareMetalPort, ...]:
        """All ports of all nodes.

        Raises HttpError 406 where Ironic is too old to tell physical networks (1.34, Pike), 403
        for those who may not list ports.
        """
        doing = "Ironic: list ports"
        headers = self._api.header(_PHYSICAL_NETWORK)

        async def ask(query: dict[str, str]) -> Answer:
            return await self._api.get("/ports/detail", doing, query, headers)

        found = pages(doing, ask, {"limit": "1000"}, "ports", WirePort)
        return tuple([port_from(item) async for items in found for item in items])


def port_from(wire: WirePort) -> BareMetalPort:
    """Return the port that Ironic described."""
    return BareMetalPort(
        id=wire.id,
        address=wire.address or "",
        node=wire.node or "",
        physical_network=shared(wire.physical_network) or None,
    )
