"""Hostile names, hung and failing calls, late answers, and leaving at once."""

from collections.abc import Callable

import msgspec
import pytest
from console_pilot import picture, running, said, shown, strand, type_text, until
from fake_data import HOSTILE_NAMES, MIB, NOW, image_row, sample_rows, topology
from fake_tasks import plan
from fake_workspace import FakeWorkspace
from rich.cells import cell_len

from dcn_console.console.dialogs.menu import MenuDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.navigation import to_home
from dcn_console.console.situation import Place
from dcn_console.model.errors import ClusterUnreachable
from dcn_console.model.inventory import Image, Source, Volume
from dcn_console.model.rows import Cell, Finding, ImageRow, Placement, Rows, Severity, VolumeRow
from dcn_console.model.tasks import Target, TargetState, Task, TaskState
from dcn_console.workspace.interface import Change

CALLS = ("start", "plan", "submit", "cancel", "replan", "steps", "log", "body", "stop")


def hostile_workspace() -> FakeWorkspace:
    sites = topology()
    images = tuple(
        image_row(
            900 + number,
            name,
            44 * MIB,
            {"central": Placement.PRESENT},
            sites=sites,
            findings=(("no-central-copy", Severity.ERROR, "[/]", f"{name} [/x]", name),),
        )
        for number, name in enumerate(HOSTILE_NAMES)
    )
    volumes = tuple(
        VolumeRow(volume=Volume(id=name or "v", name=name, status=name, host=name), site=name)
        for name in HOSTILE_NAMES
    )
    base = sample_rows(images=0, volumes=0)
    rows = msgspec.structs.replace(
        base,
        images=images,
        volumes=volumes,
        findings=tuple(
            Finding(kind=name, severity=Severity.WARNING, key=name, text=name)
            for name in HOSTILE_NAMES
        ),
    )
    tasks = tuple(
        Task(
            number=number,
            id=str(number),
            plan=plan(name, name, ("[b]dcn0",)),
            state=state,
            targets=(Target(site="[b]dcn0", state=TargetState.FAILED, text=name),),
            submitted_at=NOW,
            submitted_by=name,
            error=name,
        )
        for number, name in enumerate(HOSTILE_NAMES)
        for state in (TaskState.FAILED,)
    )
    return FakeWorkspace(rows=rows, tasks=tasks)


@pytest.mark.parametrize("size", [(120, 40), (40, 10)])
async def test_hostile_names_are_text_everywhere(size: tuple[int, int]) -> None:
    workspace = hostile_workspace()
    async with running(workspace, size) as (app, pilot):
        for pane in ("1", "1", "1", "2", "3", "4"):
            await pilot.press(pane)
            table = app.home.table
            for row in range(len(table.state.view)):
                table.state.move_to(row)
                table.action_choose()
                await pilot.pause()
                app.action_run("raw" if pane != "1" else "help")
                await pilot.pause()
                to_home(app)
        await pilot.press("2", "home", "asterisk", "e")
        await until(pilot, lambda: "copy" in shown(app), "the plan")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert app.is_running
        assert all("\x1b" not in item for item in picture(app))


async def test_markup_in_names_is_shown_as_it_is() -> None:
    async with running(hostile_workspace()) as (app, _pilot):
        text = shown(app)
        for name in ("[red]x[/]", "x[/foo]", "[@click=app.quit]", "../../etc/passwd"):
            assert name in text


async def test_wide_names_leave_the_columns_straight() -> None:
    async with running(hostile_workspace(), (160, 40)) as (app, _pilot):
        table = app.home.tables[Place.IMAGES]
        for y in range(len(HOSTILE_NAMES) + 1):
            assert table.render_line(y).cell_length == table.scrollable_content_region.width
            text = table.render_line(y).text
            assert cell_len(text) == table.scrollable_content_region.width


async def test_objects_of_which_nothing_is_known_are_shown() -> None:
    rows = Rows(
        sites=sample_rows().sites,
        images=(ImageRow(image=Image(id="bare")), ImageRow(image=Image(id="two"), cells=())),
        volumes=(VolumeRow(volume=Volume(id="bare")),),
    )
    async with running(FakeWorkspace(rows=rows, tasks=())) as (app, pilot):
        for pane in ("2", "3"):
            await pilot.press(pane, "enter")
            await pilot.pause()
            assert "bare" in shown(app)
            for key in ("escape", "s", "s", "s", "s", "S"):
                await pilot.press(key)
        await pilot.press("2", "e")
        await pilot.pause()
        assert app.is_running


async def test_an_empty_deployment_says_so() -> None:
    workspace = FakeWorkspace(rows=Rows(), tasks=())
    workspace.snapshot_source = Source.NONE
    workspace.complete = False
    async with running(workspace) as (app, pilot):
        assert "reading the images…" in shown(app)
        for key in ("down", "enter", "space", "asterisk", "e", "c", "y", "1", "enter", "4", "x"):
            await pilot.press(key)
        assert isinstance(app.screen, HomeScreen)
        workspace.complete = True
        workspace.snapshot_source = Source.LIVE
        workspace.tell(Change.ROWS)
        await until(pilot, lambda: "no images" in shown(app), "the words")


async def test_hung_calls_leave_the_keys_alive() -> None:
    workspace = FakeWorkspace()
    workspace.hanging = set(CALLS)
    async with running(workspace) as (app, pilot):
        await pilot.press("e", "escape", "y")
        await pilot.pause()
        assert "reading…" in shown(app)
        await pilot.press("4", "x", "R", "enter")
        await pilot.pause()
        assert "reading…" in shown(app)
        await pilot.press("escape", "2")
        before = app.home.table.state.cursor
        await pilot.press("down")
        assert app.home.table.state.cursor != before
        await type_text(pilot, "/rhel")
        assert len(app.home.table.state.view) == 1


async def test_every_failing_call_is_told_and_kept() -> None:
    workspace = FakeWorkspace()
    error = ClusterUnreachable("dcn0 did not answer within 10 s.", way_out="Look at its mons.")
    workspace.failing = dict.fromkeys(CALLS, error)
    async with running(workspace) as (app, pilot):
        await until(pilot, lambda: said(app), "the failed start")
        await pilot.press("4", "x", "enter")
        await until(pilot, lambda: len(said(app)) >= 3, "the messages")
        assert set(said(app)) == {"dcn0 did not answer within 10 s. Look at its mons."}
        assert app.is_running


async def test_a_defect_in_a_call_does_not_end_the_console() -> None:
    workspace = FakeWorkspace()
    workspace.failing = {"plan": ZeroDivisionError("oh [no]")}
    async with running(workspace) as (app, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "ZeroDivisionError: oh [no]" in shown(app), "the failure")
        assert app.is_running


async def test_leaving_waits_for_nothing_that_hangs() -> None:
    workspace = FakeWorkspace()
    workspace.hanging = set(CALLS)
    async with running(workspace) as (app, pilot):
        await pilot.press("e")
        await pilot.pause()
        app.exit()
        await until(pilot, lambda: not app.is_running, "the end")
    assert workspace.callbacks == []
    assert workspace.named("stop") == [()]


@pytest.mark.parametrize(
    "prepare",
    [
        lambda workspace: workspace.tell(Change.ROWS),
        lambda workspace: workspace.tell(Change.TASKS),
        lambda workspace: workspace.set_rows(Rows()),
        lambda workspace: workspace.set_tasks(()),
    ],
)
async def test_changes_behind_a_dialog_and_a_page_are_taken(
    prepare: Callable[[FakeWorkspace], None],
) -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("e")
        await pilot.pause()
        prepare(workspace)
        await pilot.pause()
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert app.rows is workspace.current or app.rows == workspace.current


async def test_progress_is_shown_on_the_image_too() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        rows = workspace.current
        image = rows.images[6]
        queued = Cell(site="dcn0", state=Placement.QUEUED, task=18)
        cells = (image.cells[0], queued, image.cells[2])
        workspace.set_rows(
            msgspec.structs.replace(
                rows,
                images=(
                    *rows.images[:6],
                    msgspec.structs.replace(image, cells=cells),
                    *rows.images[7:],
                ),
            )
        )
        await type_text(pilot, "/fedora-40")
        await until(
            pilot,
            lambda: any(
                "fedora-40" in item and "●" in item and "…" in item for item in picture(app)
            ),
            "the cell",
        )


async def test_the_header_drops_what_has_no_room() -> None:
    async with running(FakeWorkspace(), (200, 60)) as (app, _pilot):
        assert "1,032 volumes" in strand(app, "header")
    async with running(FakeWorkspace(), (80, 24)) as (app, _pilot):
        assert "1,032 volumes" not in strand(app, "header")
        assert "2 running" in strand(app, "header")
    async with running(FakeWorkspace(), (40, 10)) as (app, _pilot):
        assert "lab · admin" in strand(app, "header")


async def test_no_older_message_lies_over_a_dialog() -> None:
    async with running(FakeWorkspace(), (80, 24)) as (app, pilot):
        app.say("something that was said before")
        await until(pilot, lambda: "something that was said" in shown(app), "the message")
        await pilot.press("3", "V")
        await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
        await until(pilot, lambda: "something that was said" not in shown(app), "a clear view")
        assert any("something that was said" in entry for entry in said(app))
