"""What a server can be put on: flavors, networks, key pairs and security groups, to pick from."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.plans import Check
from dcn_console.model.text import printable
from dcn_console.operations.mirror_subject import fine, warned
from dcn_console.operations.servers.where import nova_of

_LIMIT = 60


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """Its name."""


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """The names of what there is, sorted; those of a service that did not answer are missing."""

    flavors: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


async def offers(services: Services) -> tuple[Offers, list[Check]]:
    """Ask Nova and Neutron; also returns checks that say what there is, and what is not known."""
    nova, neutron = nova_of(services), services.neutron
    project = services.cloud.project_id or None
    checks: list[Check] = []

    async def names(what: str, asking: Awaitable[Sequence[Named]]) -> tuple[str, ...]:
        try:
            found = await asking
        except ServiceError as error:
            checks.append(warned(f"{what} are not known: {error.message}", error.way_out))
            return ()
        known = tuple(sorted({printable(one.name, _LIMIT) for one in found}))
        checks.append(fine(f"{what}: {', '.join(known) or 'none'}."))
        return known

    flavors = await names("Flavors", nova.flavors())
    keys = await names("Key pairs", nova.key_pairs())
    networks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    if neutron is not None:
        networks = await names("Networks", neutron.networks())
        groups = await names("Security groups", neutron.security_groups(project))
    return Offers(flavors=flavors, networks=networks, keys=keys, groups=groups), checks
