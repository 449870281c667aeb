"""Validating a site from the console: where it can be begun, and what it asks for."""

from datetime import UTC, datetime

import msgspec
from console_pilot import planned, running, shown, type_text, until
from fake_data import topology
from fake_workspace import EVERYTHING, FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.actions import BY_ID
from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.situation import Place, Situation
from dcn_console.model.plans import ObjectReference, Plan, PlannedStep
from dcn_console.model.server_requests import ValidateSite

VALIDATE = BY_ID["validate_site"]


def a_workspace() -> FakeWorkspace:
    workspace = FakeWorkspace()
    workspace.plans = (
        Plan(
            operation="site-validate",
            title="validate site dcn1",
            objects=(ObjectReference(kind="site", id="dcn1", name="dcn1"),),
            targets=("dcn1",),
            steps=(PlannedStep(name="import image", text="import an image of 16 MiB"),),
            made_at=datetime.now(UTC),
        ),
    )
    return workspace


async def at_site(pilot: Pilot[None], app: ConsoleApp, name: str) -> None:
    """Put the cursor on a site."""
    await pilot.press("1")
    table = app.home.tables[Place.SITES]
    await until(pilot, lambda: table.has_focus, "the sites")
    assert table.move_to_key(name)
    await pilot.pause()


async def validating(pilot: Pilot[None], app: ConsoleApp) -> None:
    """Open the form of a site, and go to the field whether there is a server."""
    await at_site(pilot, app, "dcn1")
    await pilot.press("P")
    await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
    await pilot.press("down")


def offering(workspace: FakeWorkspace, **offers: object) -> None:
    """Have the plan tell what a server can be put on."""
    (plan,) = workspace.plans
    workspace.plans = (msgspec.structs.replace(plan, parameters={"offers": offers}),)


def test_only_an_edge_is_validated() -> None:
    there = Situation(place=Place.SITES, topology=topology(), plannable=EVERYTHING, site="dcn1")
    hub = Situation(place=Place.SITES, topology=topology(), plannable=EVERYTHING, site="central")
    nowhere = Situation(place=Place.IMAGES, topology=topology(), plannable=EVERYTHING)
    locked = Situation(
        place=Place.SITES,
        topology=topology(),
        plannable=EVERYTHING,
        site="dcn1",
        read_only_reason="read-only",
    )
    assert VALIDATE.reason(there) == ""
    assert "the hub" in VALIDATE.reason(hub)
    assert "Press 1" in VALIDATE.reason(nowhere)
    assert VALIDATE.reason(locked) == "Read-only."


async def test_a_site_is_validated_from_its_line() -> None:
    workspace = a_workspace()
    offering(workspace, flavors=["m1.small"], networks=["lab"])
    async with running(workspace) as (app, pilot):
        await at_site(pilot, app, "dcn1")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
        assert "Validate dcn1" in shown(app)
        await pilot.press("down", "right")
        assert await planned(pilot, app, workspace) == ValidateSite(
            site="dcn1", without_server=True
        )
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("submit") == [(("validate site dcn1",),)]


async def test_flavor_and_network_are_picked_from_what_the_cloud_has() -> None:
    workspace = a_workspace()
    offering(
        workspace, flavors=["m1.large", "m1.small", "[red]x[/]"], networks=["lab", "[b]net[/b]"]
    )
    async with running(workspace, size=(80, 24)) as (app, pilot):
        await validating(pilot, app)
        assert workspace.named("plan") == [(ValidateSite(site="dcn1", offers=True),)]
        await until(pilot, lambda: "● the smallest" in shown(app), "the flavors")
        assert "[red]x[/]" in shown(app)
        assert "● none" in shown(app)
        await pilot.press("down", "m", "m", "down", "left")
        assert await planned(pilot, app, workspace) == ValidateSite(
            site="dcn1", flavor="m1.small", network="[b]net[/b]"
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
        await until(pilot, lambda: "● m1.small" in shown(app), "what was picked")
        await pilot.press("down", "down", *["left"] * 2)
        assert await planned(pilot, app, workspace) == ValidateSite(
            site="dcn1", network="[b]net[/b]"
        )


async def test_what_the_cloud_does_not_tell_is_typed() -> None:
    workspace = a_workspace()
    offering(workspace, flavors=["m1.small"], networks=[])
    async with running(workspace) as (app, pilot):
        await validating(pilot, app)
        await until(pilot, lambda: "No networks to pick from" in shown(app), "what is missing")
        await pilot.press("down", "down")
        await type_text(pilot, "lab")
        assert await planned(pilot, app, workspace) == ValidateSite(site="dcn1", network="lab")


async def test_without_nova_nothing_is_asked_about_a_server() -> None:
    workspace = a_workspace()
    async with running(workspace, size=(80, 24)) as (app, pilot):
        await validating(pilot, app)
        await until(pilot, lambda: "This cloud has no Nova" in shown(app), "that there is none")
        for gone in ("with a server ", "flavor", "network"):
            assert gone not in shown(app)
        await pilot.press("left")
        await until(pilot, lambda: "● yes" in shown(app), "the cursor on the choice that stays")
        assert await planned(pilot, app, workspace) == ValidateSite(site="dcn1", keep=True)
