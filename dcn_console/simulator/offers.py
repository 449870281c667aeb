"""What servers can be made with: flavors, networks, security groups and key pairs.

All follow from the deployment, so that nothing of it has to be kept.
"""

from typing import NamedTuple

from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.records import UserRecord


class OfferedFlavor(NamedTuple):
    """A flavor: memory in MiB, disk in GiB."""

    id: str
    name: str
    cores: int
    memory: int
    disk: int


class OfferedNetwork(NamedTuple):
    """A network, and the zones that it is in."""

    id: str
    name: str
    zones: tuple[str, ...]
    is_external: bool = False


class OfferedSubnet(NamedTuple):
    """A subnet, and the segment it belongs to."""

    id: str
    name: str
    network: str
    segment: str | None


class OfferedGroup(NamedTuple):
    """A security group."""

    id: str
    name: str
    project_id: str


class OfferedKey(NamedTuple):
    """A key pair's public half."""

    name: str
    fingerprint: str
    public_key: str


PROVISIONING = "ctlplane"
"""The network that bare metal nodes are provisioned on, as director calls it."""
_FLAVORS = (("m1.tiny", 1, 512, 1), ("m1.small", 1, 2048, 20), ("m1.medium", 2, 4096, 40))


def flavors(deployment: Deployment) -> tuple[OfferedFlavor, ...]:
    """Return the flavors."""
    dice = Dice(deployment.seed)
    return tuple(
        OfferedFlavor(dice.identifier(f"flavor/{name}"), name, cores, memory, disk)
        for name, cores, memory, disk in _FLAVORS
    )


def flavor(deployment: Deployment, wanted: str) -> OfferedFlavor | None:
    """Return the flavor with that id or name."""
    return next((item for item in flavors(deployment) if wanted in (item.id, item.name)), None)


def networks(deployment: Deployment) -> tuple[OfferedNetwork, ...]:
    """Return a network for each site, and the one to the world outside."""
    dice = Dice(deployment.seed)
    local = (
        OfferedNetwork(
            dice.identifier(f"network/{site.name}"), f"{site.name}-net", (site.availability_zone,)
        )
        for site in deployment.sites
    )
    zone = deployment.hub.availability_zone
    outside = OfferedNetwork(dice.identifier("network/public"), "public", (zone,), True)
    provisioning = OfferedNetwork(dice.identifier("network/ctlplane"), PROVISIONING, ())
    return (*local, outside, *((provisioning,) if deployment.bare_metal else ()))


def subnets(deployment: Deployment) -> tuple[OfferedSubnet, ...]:
    """Return the subnets of the provisioning network: a leaf for each site, if there is one."""
    dice = Dice(deployment.seed)
    return tuple(
        OfferedSubnet(
            dice.identifier(f"subnet/{site.name}"),
            f"{site.name}-leaf",
            network.id,
            dice.identifier(f"segment/{site.name}") if deployment.routed_networks else None,
        )
        for network in networks(deployment)
        if network.name == PROVISIONING
        for site in deployment.sites
    )


def groups(deployment: Deployment) -> tuple[OfferedGroup, ...]:
    """Return each project's security groups."""
    dice = Dice(deployment.seed)
    return tuple(
        OfferedGroup(dice.identifier(f"group/{project.id}/{name}"), name, project.id)
        for project in deployment.projects
        for name in ("default", "ssh")
    )


def key_pairs(deployment: Deployment, user: UserRecord) -> tuple[OfferedKey, ...]:
    """Return the key pairs of a user."""
    digest = Dice(deployment.seed).hex_identifier(f"key/{user.name}")
    fingerprint = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    return (OfferedKey(f"{user.name}-key", fingerprint, f"ssh-rsa {digest} {user.name}"),)
