"""Helpers for tests that drive the console."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.situation import Place
from dcn_console.console.spans import plain
from dcn_console.console.strand import Strand

DEADLINE_SECONDS = 20.0

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
