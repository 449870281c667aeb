"""The home page, driven by keys."""

from typing import Any

import msgspec
from console_pilot import picture, running, said, shown, strand, type_text, until
from fake_data import MIB, sample_rows
from fake_workspace import FakeWorkspace
from textual.events import Key
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.details.screens import ImageScreen, SiteScreen, TaskScreen, VolumeScreen
from dcn_console.console.footer import KeyFooter
from dcn_console.console.home import HomeScreen
from dcn_console.console.prompt import PromptBar
from dcn_console.console.situation import Place
from dcn_console.console.table.widget import ResourceTable
from dcn_console.model.rows import Cell, ImageRow, Placement, Rows
from dcn_console.workspace.interface import Change


def dimmed(app: ConsoleApp) -> set[str]:
    """The actions that the footer shows dimmed."""
    return {action.id for action, usable in app.screen.query_one(KeyFooter).items if not usable}


def without(rows: Rows, key: str) -> Rows:
    return msgspec.structs.replace(rows, images=tuple(row for row in rows.images if row.key != key))


def view(table: ResourceTable[Any]) -> list[Any]:
    """The rows a table shows, in order."""
    return [table.state.row(key) for key in table.state.view]


async def put_on(pilot: Pilot[None], app: ConsoleApp, name: str) -> ImageRow:
    """Put the cursor on an image by its name."""
    row = next(row for row in app.rows.images if row.image.name == name)
    assert app.home.tables[Place.IMAGES].move_to_key(row.key)
    await pilot.pause()
    return row


async def test_everything_is_side_by_side() -> None:
    async with running(FakeWorkspace()) as (app, _pilot):
        text = shown(app)
        for words in ("1 Sites", "2 Images 214", "3 Volumes 1,032", "4 Tasks 6", "FINDINGS"):
            assert words in text
        assert "3 sites  214 images  1,032 volumes" in strand(app, "header")
        assert "tasks 2 running 2 queued ✗ 1 failed" in strand(app, "header")


async def test_the_number_keys_go_to_the_panes() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        for key, place in (
            ("1", Place.SITES),
            ("1", Place.STORES),
            ("1", Place.FINDINGS),
            ("1", Place.SITES),
            ("3", Place.VOLUMES),
            ("4", Place.TASKS),
            ("2", Place.IMAGES),
            ("t", Place.TASKS),
        ):
            await pilot.press(key)
            assert app.home.place is place
            assert app.home.tables[place].has_focus


async def test_keys_typed_ahead_go_where_the_first_one_led() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        for key in ("4", "enter"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: isinstance(app.screen, TaskScreen), "the task's page")
        await pilot.press("escape")
        for key in ("3", "down", "down"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        volumes = app.home.tables[Place.VOLUMES]
        await until(pilot, lambda: volumes.state.cursor_index == 2, "the cursor")
        assert app.home.tables[Place.IMAGES].state.cursor_index == 0


async def test_letters_typed_ahead_of_the_prompt_run_no_action() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        for char in "/cexqrjk":
            app.post_message(Key("slash" if char == "/" else char, char))
        table = app.home.table
        await until(pilot, lambda: table.state.filter.text == "cexqrjk", "the filter")
        for key in ("escape", "colon", *"volumes", "enter", "end", "home"):
            app.post_message(Key(key, ":" if key == "colon" else key if len(key) == 1 else None))
        await until(pilot, lambda: app.home.place is Place.VOLUMES, "the command")
        await until(pilot, lambda: app.home.table.has_focus, "the focus")
        assert workspace.named("plan_copy") == []
        assert ("refresh",) not in workspace.calls
        assert len(app.screen_stack) == 1


async def test_enter_pressed_twice_opens_one_page() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        for _ in range(3):
            app.post_message(Key("enter", None))
        await until(pilot, lambda: isinstance(app.screen, ImageScreen), "the page")
        await pilot.pause()
        assert len(app.screen_stack) == 2


async def test_tab_goes_round_the_panes_on_any_width() -> None:
    for size in ((120, 40), (80, 24)):
        async with running(FakeWorkspace(), size) as (app, pilot):
            seen = []
            for _ in range(6):
                seen.append(app.home.place)
                await pilot.press("tab")
            assert len(set(seen)) == 6
            assert seen[0] is Place.IMAGES
            assert app.home.tables[Place.IMAGES].has_focus
            await pilot.press("shift+tab")
            assert app.home.tables[Place.FINDINGS].has_focus


async def test_a_narrow_terminal_shows_the_focused_pane_and_the_tasks() -> None:
    async with running(FakeWorkspace(), (80, 24)) as (app, pilot):
        assert "2 Images" in picture(app)[2]
        assert "4 Tasks 6" in shown(app)
        assert "SITE " not in shown(app)
        await pilot.press("1")
        await pilot.pause()
        assert "1 Sites" in picture(app)[2]
        assert "FINDINGS" in shown(app)
        await pilot.press("4")
        await pilot.pause()
        assert "4 Tasks" in picture(app)[2]
        assert "NAME" not in shown(app)


async def test_a_tiny_terminal_still_shows_something_sane() -> None:
    async with running(FakeWorkspace(), (40, 10)) as (app, pilot):
        assert "2 Images" in shown(app)
        assert "almalinux" in shown(app)
        for key in ("1", "3", "4", "2", "enter", "escape", "question_mark", "escape", "e"):
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: "Copy  y" in shown(app), "the plan")


async def test_the_smallest_sizes_do_not_crash() -> None:
    for size in ((1, 1), (10, 3), (20, 5), (300, 8)):
        async with running(FakeWorkspace(), size) as (app, pilot):
            await pilot.press("1", "2", "3", "4", "2", "down", "enter", "escape", "c", "escape")
            await pilot.pause()
            assert isinstance(app.screen, HomeScreen)


async def test_the_filter_works_while_typing_and_escape_clears_it() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        images = app.home.tables[Place.IMAGES]
        await type_text(pilot, "/rhel")
        assert [row.image.name for row in view(images)] == ["rhel-9.4-x86_64-kvm"]
        assert "1 of 214" in shown(app)
        await pilot.press("enter")
        await pilot.pause()
        assert images.has_focus
        assert not app.screen.query_one(PromptBar).is_open
        assert "/rhel" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert len(images.state.view) == 214


async def test_escape_in_the_prompt_drops_the_filter() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await type_text(pilot, "/zzz")
        assert "nothing passes the filter" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.home.table.state.view) == 214
        assert app.home.table.has_focus


async def test_letters_typed_into_a_filter_run_no_action() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await type_text(pilot, "/qcexR14")
        assert app.home.table.state.filter.text == "qcexR14"
        assert app.home.place is Place.IMAGES
        assert workspace.named("plan_copy") == []
        assert isinstance(app.screen, HomeScreen)


async def test_sorting_keeps_the_cursor_on_its_object() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await put_on(pilot, app, "rhel-9.4-x86_64-kvm")
        key = app.home.table.state.cursor
        for _ in range(4):
            await pilot.press("s")
            assert app.home.table.state.cursor == key
        await pilot.press("S")
        assert app.home.table.state.cursor == key


async def test_sizes_sort_as_numbers_greatest_first() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("s")
        table = app.home.table
        sizes = [row.image.size for row in view(table)]
        assert sizes == sorted(sizes, reverse=True)
        await pilot.pause()
        assert "SIZE▼" in shown(app)


async def test_a_click_on_a_title_sorts_and_again_turns_around() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        table = app.home.tables[Place.VOLUMES]
        await pilot.click("#volumes", offset=(20, 0))
        assert table.state.sort_column is not None
        first = (table.state.sort_column.id, table.state.descending)
        await pilot.click("#volumes", offset=(20, 0))
        assert (table.state.sort_column.id, not table.state.descending) == first


async def test_a_click_moves_the_cursor_and_a_second_one_opens() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.click("#volumes", offset=(5, 3))
        table = app.home.tables[Place.VOLUMES]
        assert app.home.place is Place.VOLUMES
        assert table.state.cursor_index == 2
        await pilot.click("#volumes", offset=(5, 3), times=2)
        await until(pilot, lambda: isinstance(app.screen, VolumeScreen), "the page")


async def test_a_click_on_the_footer_runs_its_action() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        line = picture(app)[-1]
        await pilot.click(KeyFooter, offset=(line.index("? help"), 0))
        await until(pilot, lambda: "Moving about" in shown(app), "help")


async def test_marks_survive_sorting_and_refreshing() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await pilot.press("space", "space")
        table = app.home.table
        marks = set(table.state.marks)
        assert len(marks) == 2
        assert table.state.cursor not in marks
        await pilot.press("s", "S")
        workspace.set_rows(sample_rows())
        await pilot.pause()
        assert set(table.state.marks) == marks
        assert "2 marked" in shown(app)
        await pilot.press("backslash")
        assert table.state.marks == ()


async def test_all_filtered_rows_can_be_marked() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await type_text(pilot, "/rocky")
        await pilot.press("enter", "asterisk")
        table = app.home.table
        assert set(table.state.marks) == set(table.state.view)
        await pilot.press("escape")
        await pilot.pause()
        assert 0 < len(table.state.marks) < 214


async def test_the_cursor_is_cleared_when_its_image_is_deleted() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        row = await put_on(pilot, app, "rhel-9.4-x86_64-kvm")
        workspace.set_rows(without(workspace.current, row.key))
        await until(pilot, lambda: len(app.rows.images) == 213, "the new rows")
        assert app.home.table.state.cursor is None
        assert app.home.situation().images == ()
        assert {"copy", "copy_to_edges"} <= dimmed(app)
        await pilot.press("e")
        assert "Put the cursor on an image first" in said(app)[-1]
        assert workspace.named("plan_copy") == []


async def test_a_site_narrows_images_and_volumes_and_escape_widens() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("1", "down", "enter")
        await pilot.pause()
        assert app.home.narrowed_to == "dcn0"
        images = app.home.tables[Place.IMAGES]
        assert len(images.state.view) == 98
        volumes = app.home.tables[Place.VOLUMES]
        assert {row.site for row in view(volumes)} == {"dcn0"}
        assert "@dcn0" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SiteScreen), "the site's page")
        await pilot.press("escape", "escape")
        assert app.home.narrowed_to is None
        assert isinstance(app.screen, HomeScreen)
        await pilot.press("escape", "escape")
        assert app.is_running


async def test_a_command_goes_narrows_and_filters() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("3")
        await type_text(pilot, ":images @dcn1 /rhel")
        await pilot.press("enter")
        await pilot.pause()
        assert app.home.place is Place.IMAGES
        assert app.home.narrowed_to == "dcn1"
        assert app.home.table.state.filter.text == "rhel"
        await type_text(pilot, ":imges")
        await pilot.press("enter")
        assert "Did you mean :images?" in said(app)[-1]
        await type_text(pilot, ":images @* /")
        await pilot.press("enter")
        await pilot.pause()
        assert len(app.home.table.state.view) == 214


async def test_only_changed_lines_are_painted() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "cirros-0.6.2-x86_64-disk")
        table = app.home.table
        painted: list[int] = []
        original = table.render_line

        def counted(y: int) -> object:
            painted.append(y)
            return original(y)

        table.render_line = counted  # type: ignore[method-assign,assignment]
        images = list(workspace.current.images)
        cell = Cell(site="dcn0", state=Placement.COPYING, percent=57.0, task=14)
        images[0] = msgspec.structs.replace(
            images[0], cells=(images[0].cells[0], cell, images[0].cells[2])
        )
        workspace.set_rows(msgspec.structs.replace(workspace.current, images=tuple(images)))
        await until(pilot, lambda: "57%" in shown(app), "the new figure")
        assert len(set(painted)) == 1


async def test_nothing_is_painted_while_nothing_happens() -> None:
    workspace = FakeWorkspace(tasks=())
    async with running(workspace) as (app, pilot):
        painted: list[str] = []
        for name in ("header", "banner", "tabs"):
            widget = app.screen.query_one(f"#{name}")
            original = widget.render

            def counted(name: str = name, original: object = original) -> object:
                painted.append(name)
                return original()  # type: ignore[operator]

            widget.render = counted  # type: ignore[method-assign,assignment]
        for table in app.screen.query(ResourceTable):
            table.render_line = lambda _y: painted.append("table")  # type: ignore[method-assign,assignment,return-value]
        workspace.tell(Change.ROWS)
        workspace.tell(Change.TASKS)
        app.tick()
        await pilot.pause()
        await pilot.pause()
        assert painted == []
        workspace.clock.advance(1)
        app.tick()
        await pilot.pause()
        assert set(painted) == {"header"}


async def test_a_running_task_moves_on_and_ends() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        assert "42%" in shown(app)
        workspace.advance(1)
        await until(pilot, lambda: "67%" in shown(app), "progress")
        workspace.advance(5)
        await until(pilot, lambda: "1 running" in strand(app, "header"), "the end")
        line = next(item for item in picture(app) if "14 copy cirros" in item)
        assert "✓ done 12:04 in 0:15, verified at dcn0" in line


async def test_staging_is_shown_without_a_figure() -> None:
    async with running(FakeWorkspace()) as (app, _pilot):
        line = next(item for item in picture(app) if "15 copy almalinux" in item)
        assert "staging on the Glance node (not visible from outside) 0:12" in line
        assert "╌╌╌" in line
        assert "%" not in line


async def test_ages_and_errors_are_visible() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        workspace.errors = {"images": "Glance did not answer within 15 s."}
        workspace.failing_since = workspace.clock.now
        workspace.tell(Change.CONNECTION)
        await until(pilot, lambda: "no news since 12:04" in shown(app), "the banner")
        assert "Glance did not answer within 15 s." in shown(app)
        assert "✗ no answer since 12:04" in shown(app)
        workspace.errors = {}
        workspace.clock.advance(300)
        app.tick()
        await until(pilot, lambda: "5 min old" in shown(app), "the age")


async def test_a_site_that_does_not_answer_says_since_when() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        rows = workspace.current
        central = msgspec.structs.replace(rows.sites[0], unreachable_since=workspace.clock.now)
        workspace.set_rows(msgspec.structs.replace(rows, sites=(central, *rows.sites[1:])))
        await until(pilot, lambda: "down 12:04" in shown(app), "the site's state")


async def test_waiting_tasks_without_a_runner_are_pointed_out() -> None:
    workspace = FakeWorkspace()
    workspace.runner = False
    async with running(workspace) as (app, _pilot):
        assert "no runner is alive: tasks wait" in shown(app)


async def test_a_finding_opens_its_object() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("1", "1", "1", "enter")
        await until(pilot, lambda: isinstance(app.screen, ImageScreen), "the page")
        assert "debian-12-genericcloud" in strand(app, "heading")
        assert "Glance lists debian-12-genericcloud at dcn1" in shown(app)


async def test_changes_told_from_a_thread_arrive() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        workspace.current = sample_rows(images=20)
        workspace.tell(Change.ROWS, from_thread=True)
        await until(pilot, lambda: "20 images" in strand(app, "header"), "the new rows")


async def test_images_at_many_sites_can_be_passed_over() -> None:
    workspace = FakeWorkspace(rows=sample_rows(edges=14))
    async with running(workspace) as (app, pilot):
        assert "dcn11" not in shown(app)
        assert "›" in shown(app)
        for _ in range(12):
            await pilot.press("right")
        await pilot.pause()
        assert "dcn11" in shown(app)
        for _ in range(12):
            await pilot.press("left")
        await pilot.pause()
        assert "central" in picture(app)[2]


async def test_the_palette_runs_actions() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Search" in shown(app), "the palette")
        await type_text(pilot, "reading everything")
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("r")
        assert ("refresh",) in app.workspace.calls  # type: ignore[attr-defined]


async def test_sizes_are_shown_short() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        row = await put_on(pilot, app, "cirros-0.6.2-x86_64-disk")
        assert row.image.size == 44 * MIB
        assert any("cirros" in item and "44M" in item for item in picture(app))
