"""The home page, driven by keys."""

import pytest
from console_pilot import (
    DEADLINE_SECONDS,
    picture,
    put_on,
    running,
    shown,
    strand,
    type_text,
    until,
    view,
)
from fake_workspace import FakeWorkspace
from textual.events import Key

from dcn_console.console import typeahead
from dcn_console.console.details.screens import ImageScreen, TaskScreen, VolumeScreen
from dcn_console.console.footer import KeyFooter
from dcn_console.console.home import HomeScreen
from dcn_console.console.prompt import PromptBar
from dcn_console.console.situation import Place


@pytest.fixture
def all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let keys wait for the one before them however long a busy machine takes for it."""
    monkeypatch.setattr(typeahead, "PATIENCE_SECONDS", DEADLINE_SECONDS)


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


@pytest.mark.usefixtures("all_the_time")
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


@pytest.mark.usefixtures("all_the_time")
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
        assert workspace.named("plan") == []
        assert ("refresh",) not in workspace.calls
        assert len(app.screen_stack) == 1


async def test_keys_that_come_while_the_console_is_left_do_nothing() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        screens = app._screen_stack
        kept = tuple(screens)
        screens.clear()
        try:
            await app.on_event(Key("end", None))
            await app._handle_key(Key("end", None))
            forwarded = Key("end", None)
            forwarded._set_forwarded()
            await app.on_event(forwarded)
        finally:
            screens.extend(kept)
        await pilot.pause()
        assert app.is_running


@pytest.mark.usefixtures("all_the_time")
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
        assert "almalinu…" in shown(app)
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
        assert workspace.named("plan") == []
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
