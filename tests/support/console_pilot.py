"""Helpers for tests that drive the console."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.menu import MenuDialog
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.footer import KeyFooter
from dcn_console.console.mirroring.screen import MirroringScreen
from dcn_console.console.situation import Place
from dcn_console.console.spans import plain
from dcn_console.console.strand import Strand
from dcn_console.console.table.widget import ResourceTable
from dcn_console.model.mirror_rows import MirrorCondition, MirrorRow
from dcn_console.model.requests import Request
from dcn_console.model.rows import ImageRow, Rows

DEADLINE_SECONDS = 60.0

KEYS = {" ": "space", "/": "slash", "@": "at", "!": "exclamation_mark", ":": "colon", "-": "minus"}


async def until(
    pilot: Pilot[None], condition: Callable[[], object], what: str = "the condition"
) -> None:
    """Let the app run until a condition holds; fail after a deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {DEADLINE_SECONDS:g} s")
        await pilot.pause()


async def type_text(pilot: Pilot[None], text: str) -> None:
    """Press the keys of a text."""
    for char in text:
        await pilot.press(KEYS.get(char, char))
    await pilot.pause()


@asynccontextmanager
async def running(
    workspace: FakeWorkspace, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[ConsoleApp, Pilot[None]]]:
    """Run the console on a workspace, ready for keys."""
    app = ConsoleApp(workspace, workspace.clock)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.home.tables[Place.IMAGES].has_focus, "focus")
        await pilot.pause()
        yield app, pilot


def picture(app: ConsoleApp) -> list[str]:
    """The text on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in line)[:width] for line in lines[:height]]


def shown(app: ConsoleApp) -> str:
    """The text on the screen as one string."""
    return "\n".join(picture(app))


def strand(app: ConsoleApp, name: str) -> str:
    """The text of one of the lines around a screen's body."""
    found = app.screen.query_one(f"#{name}", Strand)
    return plain(found.parts[0]) + plain(found.parts[1])


def said(app: ConsoleApp) -> list[str]:
    """All messages of the session."""
    return [f"{entry.text} {entry.way_out}".strip() for entry in app.journal.entries]


def dimmed(app: ConsoleApp) -> set[str]:
    """The actions that the footer shows dimmed."""
    return {action.id for action, usable in app.screen.query_one(KeyFooter).items if not usable}


def without(rows: Rows, key: str) -> Rows:
    return msgspec.structs.replace(rows, images=tuple(row for row in rows.images if row.key != key))


def view(table: ResourceTable[Any]) -> list[Any]:
    """The rows a table shows, in order."""
    return [table.state.row(key) for key in table.state.view]


@asynccontextmanager
async def mirroring(
    workspace: FakeWorkspace, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[ConsoleApp, Pilot[None], MirroringScreen]]:
    """Run the console with the mirroring page open."""
    async with running(workspace, size) as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, MirroringScreen), "the mirroring page")
        screen = app.screen
        assert isinstance(screen, MirroringScreen)
        await until(pilot, lambda: screen.tables[Place.MIRRORS].has_focus, "focus")
        yield app, pilot, screen


async def put_on_mirror(
    pilot: Pilot[None], screen: MirroringScreen, condition: MirrorCondition
) -> MirrorRow:
    """Put the cursor on the first mirrored RBD image in a condition."""
    table = screen.tables[Place.MIRRORS]
    row: MirrorRow = next(row for row in view(table) if row.condition is condition)
    assert table.move_to_key(row.key)
    await pilot.pause()
    return row


async def put_on(pilot: Pilot[None], app: ConsoleApp, name: str) -> ImageRow:
    """Put the cursor on an image by its name."""
    row = next(row for row in app.rows.images if row.image.name == name)
    assert app.home.tables[Place.IMAGES].move_to_key(row.key)
    await pilot.pause()
    return row


async def choose(pilot: Pilot[None], app: ConsoleApp, menu: str, letter: str) -> None:
    """Open a menu and choose an action of it by its letter."""
    await pilot.press(menu)
    await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
    await pilot.press(letter)
    await until(pilot, lambda: isinstance(app.screen, OptionsDialog | PlanDialog), "a dialog")


async def planned(pilot: Pilot[None], app: ConsoleApp, workspace: FakeWorkspace) -> Request:
    """Go on to the plan; return what was asked for."""
    if isinstance(app.screen, OptionsDialog):
        await pilot.press("enter")
    await until(
        pilot,
        lambda: isinstance(app.screen, PlanDialog) and app.screen.plans is not None,
        "the plan",
    )
    request = workspace.named("plan")[-1][0]
    assert isinstance(request, Request)
    return request
