"""Hostile text in backups, snapshots, servers and mirrored RBD images, and in plans of them."""

from itertools import cycle
from typing import Any

import msgspec
import pytest
from console_pilot import running, shown, until
from fake_data import NOW, sample_rows
from fake_mirrors import with_mirrors
from fake_stored import with_stored
from fake_workspace import FakeWorkspace
from hostile_text import NAMES, assert_clean
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.details.screen import DetailScreen
from dcn_console.console.dialogs.menu import MenuDialog
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.navigation import to_home
from dcn_console.console.pages.raw import RawScreen
from dcn_console.console.table_screen import TableScreen
from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.rows import Rows

KEPT = {
    "id",
    "key",
    "status",
    "site",
    "stored_at",
    "parent",
    "dependents",
    "fsid",
    "availability_zone",
}
"""Fields by which rows find each other; what is in them is ours, or an id."""


def spoilt(value: Any, names: Any, field: str = "") -> Any:
    """Return a value with every foreign text in it replaced by the next hostile one."""
    if field in KEPT or field.endswith("_id"):
        return value
    if type(value) is str:
        return next(names)
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(
            value,
            **{name: spoilt(getattr(value, name), names, name) for name in value.__struct_fields__},
        )
    if isinstance(value, tuple):
        return tuple(spoilt(item, names, field) for item in value)
    if type(value) is dict:
        return {key: spoilt(item, names, str(key)) for key, item in value.items()}
    return value


def hostile_rows() -> Rows:
    rows = with_stored(with_mirrors(sample_rows()))
    names = cycle(NAMES)
    return msgspec.structs.replace(
        rows,
        **{
            field: spoilt(getattr(rows, field), names)
            for field in ("backups", "dues", "snapshots", "servers", "mirrors", "pairs", "volumes")
        },
    )


def hostile_plan(name: str) -> Plan:
    return Plan(
        operation="backup-restore",
        title=name,
        objects=(ObjectReference(kind="backup", id=name, name=name),),
        targets=("dcn0",),
        skipped={"dcn1": name},
        checks=(Check(outcome=Outcome.WARNING, text=name, way_out=name),),
        steps=(PlannedStep(name=name, site="dcn0", text=name, undo=name),),
        commands=(name,),
        typed_name=name,
        irreversible=name,
        estimate_basis=name,
        parameters={"offers": {"flavors": (name, "x"), "networks": (name,), "alike": {name: name}}},
        made_at=NOW,
    )


async def page(pilot: Pilot[None], app: ConsoleApp, key: str) -> TableScreen:
    to_home(app)
    await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
    await pilot.press(key)
    await until(pilot, lambda: not isinstance(app.screen, HomeScreen), "the page")
    screen = app.screen
    assert isinstance(screen, TableScreen)
    await until(pilot, lambda: screen.table.has_focus, "focus")
    return screen


@pytest.mark.parametrize(
    ("key", "size"),
    [("b", (120, 40)), ("b", (40, 10)), ("v", (80, 24)), ("n", (40, 10)), ("m", (80, 24))],
)
async def test_hostile_text_is_text_in_tables_previews_pages_and_bodies(
    key: str, size: tuple[int, int]
) -> None:
    workspace = FakeWorkspace(rows=hostile_rows())
    async with running(workspace, size) as (app, pilot):
        screen = await page(pilot, app, key)
        for place in screen.ORDER:
            screen.go(place)
            await until(pilot, lambda: screen.table.has_focus, "focus")
            for row in range(min(len(screen.table.state.view), len(NAMES))):
                screen.table.state.move_to(row)
                screen.altered(app.clock())
                await pilot.pause()
                assert_clean(app)
                screen.chosen(place, screen.table.state.view[row])
                await pilot.pause()
                if isinstance(app.screen, DetailScreen):
                    assert_clean(app)
                    app.pop_screen()
                app.action_run("raw")
                await pilot.pause()
                if isinstance(app.screen, RawScreen):
                    assert_clean(app)
                    app.pop_screen()
                await pilot.pause()
        assert app.is_running


async def test_hostile_text_is_text_in_menus_forms_and_plans() -> None:
    workspace = FakeWorkspace(rows=hostile_rows())
    async with running(workspace, (80, 24)) as (app, pilot):
        await page(pilot, app, "b")
        for name in NAMES:
            workspace.plans = (hostile_plan(name),)
            await pilot.press("B")
            await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
            assert_clean(app)
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the form")
            await pilot.press("down", "down", "down", "down", *"web")
            await until(pilot, lambda: "▸" not in shown(app) or "keys" in shown(app), "the lists")
            assert_clean(app)
            await pilot.press("enter")
            await until(
                pilot,
                lambda: isinstance(app.screen, PlanDialog) and app.screen.plans is not None,
                "the plan",
            )
            await until(pilot, lambda: "type " in shown(app), "what is to be typed")
            assert_clean(app)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the form again")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, TableScreen), "the page")
