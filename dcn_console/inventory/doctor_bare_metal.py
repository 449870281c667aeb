"""The doctor's look at bare metal: is the deployment ready for a spine-leaf network.

Before a director's deployment moves to spine-leaf, routed networks must be on and the physical
network of every bare metal port be that of the provisioning network (Red Hat OpenStack Platform
17.1: Configuring spine-leaf networking, "Mapping bare metal node ports to control plane network
segments").
"""

from collections.abc import Sequence

from dcn_console.clouds.cloud import BARE_METAL, NETWORK, Cloud
from dcn_console.clouds.ironic import Ironic
from dcn_console.clouds.neutron import Neutron
from dcn_console.config.settings import Settings
from dcn_console.inventory.diagnosis import Area, Diagnosis
from dcn_console.inventory.reading import ADMIN
from dcn_console.model.bare_metal import BareMetalPort
from dcn_console.model.errors import DcnError, HttpError
from dcn_console.model.text import count, printable

CONTROL_PLANE = "ctlplane"
"""What director calls the provisioning network, and the physical network it is on."""

METAL = Area("bare metal")

_PORTS = "ports"
_ROUTED = "routed networks"
_NAMED = 3
"""Ports or subnets that a sentence names before it counts the others."""


async def check_bare_metal(
    settings: Settings, cloud: Cloud | None, undercloud: str = ""
) -> tuple[Diagnosis, ...]:
    """Return the diagnoses of bare metal's networks, reading only.

    ``undercloud`` is the cloud in clouds.yaml that has them, "" for ``cloud`` itself.
    """
    if not undercloud:
        return () if cloud is None else await _checked(cloud)
    try:
        other = await Cloud.connect(
            undercloud, settings.clouds_file, settings.request_timeout_seconds, needs_token=False
        )
    except DcnError as error:
        return (METAL.failed(f"undercloud {printable(undercloud)}", error),)
    try:
        return await _checked(other)
    finally:
        other.close()


async def _checked(cloud: Cloud) -> tuple[Diagnosis, ...]:
    if not cloud.has(BARE_METAL):
        text = f"Cloud {printable(cloud.name)} has no bare metal service."
        way_out = "If another cloud has it, name that one: “dcn-console doctor --undercloud CLOUD”."
        return (METAL.skipped(_PORTS, text, way_out),)
    return (await _physical_networks(cloud), await _routed_networks(cloud))


async def _physical_networks(cloud: Cloud) -> Diagnosis:
    try:
        ports = await Ironic(cloud).ports()
    except HttpError as error:
        if error.status == 403:
            return METAL.skipped(_PORTS, "Only administrators may list these.")
        if error.status == 406:
            text = "This Ironic is too old to tell ports' physical networks (1.34 is needed)."
            return METAL.warning(_PORTS, text, "Upgrade before a move to spine-leaf.")
        return METAL.failed(_PORTS, error)
    except DcnError as error:
        return METAL.failed(_PORTS, error)
    unseen = _unseen(cloud)
    if not ports:
        return METAL.skipped(_PORTS, f"No port of a bare metal node is registered.{unseen}")
    wrong = [port for port in ports if port.physical_network != CONTROL_PLANE]
    if not wrong:
        text = f"All {count(len(ports), 'port')} are on the physical network {CONTROL_PLANE}."
        return METAL.ok(_PORTS, text + unseen)
    return METAL.warning(
        _PORTS,
        f"{len(wrong)} of {count(len(ports), 'port')} are not on the physical network "
        f"{CONTROL_PLANE}: {_named(wrong)}.{unseen}",
        f"Before a move to spine-leaf: “openstack baremetal port set --physical-network "
        f"{CONTROL_PLANE} PORT” for each of them.",
    )


def _unseen(cloud: Cloud) -> str:
    """Say that Ironic may hide ports: to tenants it lists those of their own nodes alone.

    Seen on Ironic 21.4: another's list is empty, not refused. Without Keystone there are no roles,
    and everybody let in sees all.
    """
    if not cloud.roles or ADMIN in cloud.roles:
        return ""
    return f" Only nodes of project {printable(cloud.project_name)} were looked at."


def _named(ports: Sequence[BareMetalPort]) -> str:
    named = [
        f"{printable(port.id, 60)} ({printable(port.physical_network or 'none', 60)})"
        for port in ports[:_NAMED]
    ]
    more = len(ports) - len(named)
    return ", ".join(named) + (f" and {count(more, 'other')}" if more else "")


async def _routed_networks(cloud: Cloud) -> Diagnosis:
    if not cloud.has(NETWORK):
        text = f"Cloud {printable(cloud.name)} has no network service."
        return METAL.skipped(_ROUTED, text)
    neutron = Neutron(cloud)
    try:
        if not await neutron.has_segments():
            return METAL.warning(
                _ROUTED,
                "They are off: Neutron has no extension “segment”.",
                "Before a move to spine-leaf set enable_routed_networks = true in "
                "undercloud.conf, which turns Neutron's service plugin “segments” on, and run "
                "“openstack undercloud install” again.",
            )
        networks = [one for one in await neutron.networks() if one.name == CONTROL_PLANE]
        subnets = [subnet for one in networks for subnet in await neutron.subnets(one.id)]
    except DcnError as error:
        return METAL.failed(_ROUTED, error)
    if not subnets:
        what = f"The network {CONTROL_PLANE} has no subnet."
        if not networks:
            what = f"There is no network {CONTROL_PLANE}."
        return METAL.warning(
            _ROUTED,
            f"Neutron has segments, but nothing shows that they are used: {what}",
            "See that these credentials see the provisioning network.",
        )
    outside = [subnet for subnet in subnets if subnet.segment is None]
    if not outside:
        text = (
            f"They are on: every subnet of {CONTROL_PLANE} is in a segment, {len(subnets)} in all."
        )
        return METAL.ok(_ROUTED, text)
    names = ", ".join(printable(subnet.name, 60) for subnet in outside[:_NAMED])
    more = len(outside) - _NAMED
    names += f" and {count(more, 'other')}" if more > 0 else ""
    return METAL.warning(
        _ROUTED,
        f"{len(outside)} of {count(len(subnets), 'subnet')} of {CONTROL_PLANE} "
        f"{'is' if len(outside) == 1 else 'are'} in no segment: {names}.",
        "Associate each with its segment: “openstack subnet set --network-segment SEGMENT SUBNET”.",
    )
