"""What a server can be put on: flavors, networks, key pairs and security groups, to pick from."""

from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.compute import Network, SecurityGroup
from dcn_console.model.errors import ServiceError
from dcn_console.model.plans import Check
from dcn_console.model.text import printable
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.servers.where import nova_of

_LIMIT = 60


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """Its name."""


N = TypeVar("N", bound=Named)


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """The names of what there is, sorted; those of a service that did not answer are missing.

    Networks that share a name, as those of several projects do, are told by their ids, and so is
    one without any; ``alike`` has their names by id. The names are foreign text as it came.
    """

    flavors: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    alike: dict[str, str] = {}


async def offers(services: Services) -> tuple[Offers, list[Check]]:
    """Ask Nova and Neutron; also returns checks that say what there is, and what is not known."""
    nova, neutron = nova_of(services), services.neutron
    project = services.cloud.project_id or None
    checks: list[Check] = []

    async def asked(what: str, asking: Awaitable[Sequence[N]]) -> tuple[N, ...]:
        try:
            found = await asking
        except ServiceError as error:
            checks.append(warned(f"{what} are not known: {error.message}", error.way_out))
            return ()
        known = sorted({printable(one.name, _LIMIT) for one in found})
        checks.append(fine(f"{what}: {', '.join(known) or 'none'}."))
        return tuple(found)

    flavors = await asked("Flavors", nova.flavors())
    keys = await asked("Key pairs", nova.key_pairs())
    networks: tuple[Network, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    if neutron is not None:
        networks = await asked("Networks", neutron.networks())
        groups = await asked("Security groups", neutron.security_groups(project))
    shared = Counter(network.name for network in networks)
    alike = {one.id: one.name for one in networks if not one.name or shared[one.name] > 1}
    alone = {one.name for one in networks if one.id not in alike}
    made = Offers(
        flavors=_names(flavors),
        networks=(*sorted(alone), *sorted(alike, key=lambda key: (alike[key], key))),
        keys=_names(keys),
        groups=_names(groups),
        alike=alike,
    )
    return made, checks


async def no_flavor(services: Services) -> tuple[tuple[Check, ...], dict[str, Any]]:
    """Return the refusal of a server without a flavor, and parameters with all the ``offers``."""
    found, checks = await offers(services)
    there = " ".join(check.text for check in checks)
    refusal = refused("Which flavor the server is to have is not said.", there)
    return (refusal, *checks), {"offers": msgspec.to_builtins(found)}


def _names(things: Sequence[Named]) -> tuple[str, ...]:
    return tuple(sorted({one.name for one in things if one.name}))
