"""Makes the screenshots from the embedded demo: run it after a change that can be seen.

    .venv/bin/python screenshots/make.py [NAME…]

Each picture is written as SVG and as PNG. PNGs want a monospaced font with box-drawing
characters, such as Debian's fonts-dejavu-core.
"""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import cairosvg
from textual.pilot import Pilot

from dcn_console.cli.demo import environment, running_demo
from dcn_console.config.paths import Paths
from dcn_console.config.settings import load
from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.mirroring.screen import MirroringScreen
from dcn_console.console.situation import Place
from dcn_console.console.stored.backups import BackupsScreen
from dcn_console.model.mirror_rows import MirrorCondition
from dcn_console.model.tasks import TargetState
from dcn_console.workspace.local import LocalWorkspace

FOLDER = Path(__file__).parent
DEADLINE_SECONDS = 240.0
PNG_SCALE = 1.5
ARRIVED = 20.0
"""Percent of a first sync that a picture wants to show."""
FINDINGS = 11
"""What is wrong in the demo from the start."""

ConsolePilot = Pilot[None]
Scene = Callable[[ConsolePilot, LocalWorkspace], Awaitable[None]]


async def until(pilot: ConsolePilot, true: Callable[[], bool]) -> None:
    """Let the console live until ``true``."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not true():
            await pilot.pause(0.1)
    await pilot.pause(0.6)


async def home(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show the home page with copies under way."""
    if not workspace.tasks():
        await pilot.press("2", "/", *"cirros", "enter", "e")
        await pilot.pause(2.0)
        await pilot.press("y", "escape")
        await until(pilot, lambda: bool(workspace.tasks()))
        await until(pilot, lambda: workspace.tasks()[0].state.is_over)
        await pilot.press("/", *"alpine", "enter", "e")
        await pilot.pause(2.0)
        await pilot.press("y", "escape")
        await until(pilot, lambda: len(workspace.tasks()) > 1)
        await pilot.press("/", *"ubuntu-22", "enter", "e")
        await pilot.pause(2.0)
        await pilot.press("y", "escape")
    await until(pilot, lambda: copying(workspace))


def copying(workspace: LocalWorkspace) -> bool:
    """Whether bytes of a copy have been counted."""
    return any(
        target.state is TargetState.COPYING and (target.progress and target.progress.rate)
        for task in workspace.tasks()
        for target in task.targets
    )


async def plan(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show a plan to confirm."""
    await pilot.press("2", "/", *"windows-2k22", "enter", "e")
    await pilot.pause(2.5)


async def image(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show an image whose copy is gone at one site."""
    await pilot.press("2", "/", *"k8s-node-1.30", "enter", "enter")
    await pilot.pause(2.0)


async def task(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show a task that is copying."""
    await home(pilot, workspace)
    await pilot.press("4", "end", "up", "enter")
    await pilot.pause(2.0)


async def keys(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show the help."""
    await pilot.press("2", "question_mark")
    await pilot.pause(1.0)


def asks(pilot: ConsolePilot) -> bool:
    """Whether a dialog with choices is open."""
    return isinstance(pilot.app.screen, OptionsDialog)


def planned(pilot: ConsolePilot) -> bool:
    """Whether a plan is there to be confirmed."""
    screen = pilot.app.screen
    return isinstance(screen, PlanDialog) and screen.plans is not None


async def begin(pilot: ConsolePilot, letter: str, *choices: str) -> None:
    """Choose an action of the mirroring menu, make choices and confirm the plan."""
    await pilot.press("M", letter)
    await until(pilot, lambda: asks(pilot))
    await pilot.press(*choices, "enter")
    await until(pilot, lambda: planned(pilot))


async def mirroring(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show the mirroring page with a first sync under way."""
    await pilot.press("3", "/", *"handover-notes", "enter")
    await begin(pilot, "e")
    await pilot.press("y", "escape", "m")
    await until(pilot, lambda: arriving(workspace))
    screen = pilot.app.screen
    if isinstance(screen, MirroringScreen):
        row = next(row for row in workspace.rows().mirrors if row.label == "handover-notes")
        screen.tables[Place.MIRRORS].move_to_key(row.key)
    await pilot.pause(0.6)


def arriving(workspace: LocalWorkspace) -> bool:
    """Whether a good part of a first sync has arrived."""
    return any(
        row.progress is not None and row.progress.rate and (row.progress.percent or 0) > ARRIVED
        for row in workspace.rows().mirrors
        if row.condition is MirrorCondition.SYNCING
    )


async def relocation(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show the task of a relocation that is half done."""
    await pilot.press("m", "/", *"price-list", "enter")
    await begin(pilot, "r")
    before = len(workspace.tasks())
    await pilot.press("y")
    await until(pilot, lambda: len(workspace.tasks()) > before)
    await pilot.press("escape", "escape", "4", "home", "enter")
    number = workspace.tasks()[0].number
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not any(step.name == "promote" for step in await workspace.steps(number)):
            await pilot.pause(0.1)
    await pilot.pause(0.6)


async def backups(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show the page of backups with the cursor in the middle of a chain."""
    await until(pilot, lambda: bool(workspace.rows().dues))
    await pilot.press("b")
    await pilot.pause(1.0)
    screen = pilot.app.screen
    if isinstance(screen, BackupsScreen):
        rows = workspace.rows().backups
        row = next(row for row in rows if row.backup.label == "shop-db-01-20261120")
        screen.tables[Place.BACKUPS].move_to_key(row.key)
    await pilot.pause(0.6)


async def validation(pilot: ConsolePilot, workspace: LocalWorkspace) -> None:
    """Show the task that validates a site, half done."""
    await pilot.press("1", "home", "down", "P")
    await until(pilot, lambda: asks(pilot))
    await pilot.press("enter")
    await until(pilot, lambda: planned(pilot))
    before = len(workspace.tasks())
    await pilot.press("y")
    await until(pilot, lambda: len(workspace.tasks()) > before)
    await pilot.press("escape", "4", "home", "enter")
    number = workspace.tasks()[0].number
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not any(step.name == "server image" for step in await workspace.steps(number)):
            await pilot.pause(0.5)
    await pilot.pause(3.0)


SCENES: tuple[tuple[str, tuple[int, int], Scene], ...] = (
    ("home-120x40", (120, 40), home),
    ("task-120x40", (120, 40), task),
    ("home-200x60", (200, 60), home),
    ("home-80x24", (80, 24), home),
    ("plan-120x40", (120, 40), plan),
    ("image-120x40", (120, 40), image),
    ("mirroring-120x40", (120, 40), mirroring),
    ("relocation-120x40", (120, 40), relocation),
    ("backups-120x40", (120, 40), backups),
    ("validation-120x40", (120, 40), validation),
    ("help-120x40", (120, 40), keys),
)


async def shoot(names: set[str]) -> None:
    """Write the pictures called ``names``, or all."""
    for name, size, scene in SCENES:
        if not names or name in names:
            await take(name, size, scene)
            print(name)


async def take(name: str, size: tuple[int, int], scene: Scene) -> None:
    """Write one picture of the console as ``scene`` leaves it."""
    paths = Paths.resolve()
    workspace = LocalWorkspace(paths, load(paths, {}).settings)
    app = ConsoleApp(workspace)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: len(workspace.rows().findings) >= FINDINGS)
        await scene(pilot, workspace)
        svg = app.export_screenshot(title="dcn-console demo")
    (FOLDER / f"{name}.svg").write_text(svg)
    local = re.sub(r"font-family: [^;]*;", "font-family: DejaVu Sans Mono, monospace;", svg)
    cairosvg.svg2png(
        bytestring=local.encode(), write_to=str(FOLDER / f"{name}.png"), scale=PNG_SCALE
    )


def main() -> None:
    """Start the demo, take the pictures, take the demo down."""
    with running_demo(None) as demo:
        os.environ.clear()
        os.environ.update(environment(demo.folder))
        asyncio.run(shoot(set(sys.argv[1:])))


if __name__ == "__main__":
    main()
