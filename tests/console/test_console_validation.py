"""The page of a site's validation: its own steps, and hostile text in everything foreign."""

from datetime import timedelta
from itertools import cycle

import pytest
from console_pilot import running, shown, until
from fake_data import NOW
from fake_workspace import FakeWorkspace
from hostile_text import NAMES, assert_clean
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.details.screens import TaskScreen
from dcn_console.console.situation import Place
from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.tasks import StepRecord, StepState, Target, TargetState, Task, TaskState
from dcn_console.model.validation import OPERATION

NUMBER = 77
STEPS = ("import image", "copy image", "volume of image", "server of volume", "clean up")


def record(name: str, text: str, outcome: str, state: StepState = StepState.DONE) -> StepRecord:
    ended = None if state is StepState.RUNNING else NOW - timedelta(seconds=30)
    return StepRecord(
        name=name,
        site="dcn1",
        state=state,
        outcome=outcome,
        text=text,
        started_at=NOW - timedelta(seconds=45),
        finished_at=ended,
        moved=5 << 20,
    )


def records(text: str) -> tuple[StepRecord, ...]:
    """One step of each end, one that runs, and one that no plan spoke of."""
    return (
        record(STEPS[0], text, "passed"),
        record(STEPS[1], text, "failed", StepState.FAILED),
        record(STEPS[2], text, "skipped"),
        record(f"{STEPS[3]}: {text}", text, "", StepState.RUNNING),
        record(text, text, "passed"),
    )


def a_validation(name: str, state: TaskState = TaskState.RUNNING, text: str = "") -> Task:
    """A validation of a site of that name, whose every other foreign word is ``text``."""
    text = text or name
    return Task(
        number=NUMBER,
        id=f"task-{NUMBER}",
        plan=Plan(
            operation=OPERATION,
            title=f"validate site {name}",
            objects=(ObjectReference(kind="site", id=name, name=name),),
            targets=(name,),
            skipped={text: text},
            checks=(Check(outcome=Outcome.WARNING, text=text, way_out=text),),
            steps=tuple(PlannedStep(name=step, site=name, text=text, undo=text) for step in STEPS),
            commands=(text,),
            bytes_to_move=16 << 20,
            parameters={"site": name, "cloud": text, "facts": {text: text}},
            made_at=NOW,
        ),
        state=state,
        error=text if state.is_over else "",
        submitted_at=NOW - timedelta(seconds=50),
        started_at=NOW - timedelta(seconds=49),
        finished_at=NOW if state.is_over else None,
        submitted_by=text,
        targets=(Target(site=name, state=TargetState.RUNNING, text=text, attempts=2),),
    )


async def opened(pilot: Pilot[None], app: ConsoleApp) -> TaskScreen:
    """Open the page of the task, and wait until its steps were read."""
    await pilot.press("4")
    table = app.home.tables[Place.TASKS]
    await until(pilot, lambda: table.has_focus, "the tasks")
    assert table.move_to_key(str(NUMBER))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, TaskScreen), "the task's page")
    screen = app.screen
    assert isinstance(screen, TaskScreen)
    await until(pilot, lambda: "reading…" not in shown(app), "the steps")
    return screen


async def test_the_page_says_what_each_step_came_to_and_why() -> None:
    workspace = FakeWorkspace()
    workspace.current_tasks = (a_validation("dcn1"),)
    workspace.step_records[NUMBER] = records("it is [bold]as it is[/]")
    async with running(workspace, (120, 60)) as (app, pilot):
        await opened(pilot, app)
        await until(pilot, lambda: "✗ copy image" in shown(app), "the steps")
        text = shown(app)
        assert "✓ import image" in text
        assert "– volume of image" in text
        assert "▸ server of volume" in text
        assert "· clean up" in text
        assert "it is [bold]as it is[/]" in text


@pytest.mark.parametrize("size", [(40, 10), (80, 24)])
async def test_hostile_text_is_text_on_the_page_of_a_validation(size: tuple[int, int]) -> None:
    workspace = FakeWorkspace()
    async with running(workspace, size) as (app, pilot):
        for name, state in zip(NAMES, cycle((TaskState.RUNNING, TaskState.FAILED)), strict=False):
            workspace.step_records[NUMBER] = records(name)
            workspace.set_tasks((a_validation(name, state),))
            await until(pilot, lambda: app.home.tables[Place.TASKS].state.view, "the task's row")
            screen = await opened(pilot, app)
            for _ in range(4):
                assert_clean(app)
                screen.scroll_page_down(animate=False)
                await pilot.pause()
            assert_clean(app)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.home, "the home page")
            assert_clean(app)
