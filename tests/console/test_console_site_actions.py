"""Validating a site from the console: where it can be begun, and what it asks for."""

from datetime import UTC, datetime

from console_pilot import running, shown, until
from fake_data import topology
from fake_workspace import EVERYTHING, FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.actions import BY_ID
from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
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
    async with running(workspace) as (app, pilot):
        await at_site(pilot, app, "dcn1")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
        assert "Validate dcn1" in shown(app)
        await pilot.press("down", "right", "enter")
        await until(
            pilot,
            lambda: isinstance(app.screen, PlanDialog) and app.screen.plans is not None,
            "the plan",
        )
        (request,) = workspace.named("plan")[-1]
        assert request == ValidateSite(site="dcn1", without_server=True)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("submit") == [(("validate site dcn1",),)]
