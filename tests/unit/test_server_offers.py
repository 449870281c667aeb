"""What a server can be put on, as the plan tells it to those who pick."""

from types import SimpleNamespace
from typing import Any, cast

from dcn_console.inventory.services import Services
from dcn_console.model.compute import Flavor, KeyPair, Network, SecurityGroup
from dcn_console.model.errors import ServiceUnreachable
from dcn_console.operations.create_server.offers import no_flavor

LONG = "f" * 80


def services(networks: tuple[Network, ...], *, neutron: bool = True) -> Services:
    async def flavors() -> tuple[Flavor, ...]:
        return (Flavor(id="2", name=LONG), Flavor(id="1", name="[red]x[/]"))

    async def key_pairs() -> tuple[KeyPair, ...]:
        raise ServiceUnreachable("Nova does not answer.")

    async def known_networks() -> tuple[Network, ...]:
        return networks

    async def groups(_project: str | None) -> tuple[SecurityGroup, ...]:
        return (SecurityGroup(id="g", name="ssh"), SecurityGroup(id="h", name="ssh"))

    found: Any = SimpleNamespace(
        cloud=SimpleNamespace(project_id="p"),
        nova=SimpleNamespace(flavors=flavors, key_pairs=key_pairs),
        neutron=SimpleNamespace(networks=known_networks, security_groups=groups),
    )
    if not neutron:
        found.neutron = None
    return cast("Services", found)


async def test_names_come_whole_as_they_are_so_that_they_can_be_found_again() -> None:
    checks, parameters = await no_flavor(services(()))
    assert parameters["offers"]["flavors"] == ("[red]x[/]", LONG)
    assert parameters["offers"]["groups"] == ("ssh",)
    assert checks[0].text == "Which flavor the server is to have is not said."
    assert any(check.text == "Key pairs are not known: Nova does not answer." for check in checks)
    assert parameters["offers"]["keys"] == ()


async def test_networks_that_share_a_name_are_told_by_their_ids() -> None:
    networks = (
        Network(id="id-2", name="private"),
        Network(id="id-3", name="lab"),
        Network(id="id-1", name="private"),
        Network(id="id-4", name=""),
    )
    _, parameters = await no_flavor(services(networks))
    assert parameters["offers"]["networks"] == ("lab", "id-4", "id-1", "id-2")
    assert parameters["offers"]["alike"] == {"id-1": "private", "id-2": "private", "id-4": ""}


async def test_without_neutron_there_are_no_networks_to_pick_from() -> None:
    _, parameters = await no_flavor(services((), neutron=False))
    assert parameters["offers"]["networks"] == ()
