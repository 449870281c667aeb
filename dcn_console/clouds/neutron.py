"""Neutron: what a server can be put on, and routed networks (Network API ref, v2)."""

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cloud import NETWORK, Cloud
from dcn_console.clouds.paging import pages
from dcn_console.clouds.wire import shared
from dcn_console.model.bare_metal import Subnet
from dcn_console.model.compute import Network, SecurityGroup
from dcn_console.model.errors import ObjectNotFound


class WireNetwork(msgspec.Struct):
    """A network; its zones are those it is in, the hints those it was asked for."""

    id: str
    name: str | None = None
    external: bool | None = msgspec.field(default=None, name="router:external")
    shared: bool | None = None
    availability_zones: list[str] | None = None
    availability_zone_hints: list[str] | None = None


class WireSubnet(msgspec.Struct):
    """A subnet; it has a segment only where the extension of that name is on."""

    id: str
    name: str | None = None
    network_id: str | None = None
    segment_id: str | None = None


class WireSecurityGroup(msgspec.Struct):
    """A security group."""

    id: str
    name: str | None = None
    project_id: str | None = None


class Neutron:
    """The network service of one cloud. Everything raises as ``Cloud.request``."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def networks(self) -> tuple[Network, ...]:
        """The networks that these credentials may see."""
        doing = "Neutron: list networks"

        async def ask(query: dict[str, str]) -> Answer:
            return await self._cloud.request(NETWORK, "GET", "/networks", params=query, doing=doing)

        found = pages(doing, ask, {}, "networks", WireNetwork)
        return tuple([network_from(item) async for items in found for item in items])

    async def security_groups(self, project_id: str | None = None) -> tuple[SecurityGroup, ...]:
        """The security groups of a project, by default of every one that may be seen."""
        doing = "Neutron: list security groups"
        query = {"project_id": project_id} if project_id else {}

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._cloud.request(
                NETWORK, "GET", "/security-groups", params=page_query, doing=doing
            )

        found = pages(doing, ask, query, "security_groups", WireSecurityGroup)
        return tuple([group_from(item) async for items in found for item in items])

    async def has_segments(self) -> bool:
        """Whether networks can have segments: the extension that routed networks rest on."""
        try:
            await self._cloud.request(
                NETWORK, "GET", "/extensions/segment", doing="Neutron: look for segments"
            )
        except ObjectNotFound:
            return False
        return True

    async def subnets(self, network_id: str) -> tuple[Subnet, ...]:
        """The subnets of a network, with the segments that they belong to."""
        doing = "Neutron: list subnets"

        async def ask(query: dict[str, str]) -> Answer:
            return await self._cloud.request(NETWORK, "GET", "/subnets", params=query, doing=doing)

        found = pages(doing, ask, {"network_id": network_id}, "subnets", WireSubnet)
        return tuple(
            [
                subnet_from(item)
                async for items in found
                for item in items
                if item.network_id in (None, network_id)
            ]
        )


def network_from(wire: WireNetwork) -> Network:
    """Return the network that Neutron described."""
    zones = [*(wire.availability_zone_hints or ()), *(wire.availability_zones or ())]
    return Network(
        id=wire.id,
        name=wire.name or wire.id,
        external=bool(wire.external),
        shared=bool(wire.shared),
        availability_zones=tuple(dict.fromkeys(zones)),
    )


def subnet_from(wire: WireSubnet) -> Subnet:
    """Return the subnet that Neutron described."""
    return Subnet(
        id=wire.id,
        name=wire.name or wire.id,
        network=wire.network_id or "",
        segment=wire.segment_id or None,
    )


def group_from(wire: WireSecurityGroup) -> SecurityGroup:
    """Return the security group that Neutron described."""
    return SecurityGroup(id=wire.id, name=wire.name or wire.id, project_id=shared(wire.project_id))
