"""The mirroring page: what it shows, how it is narrowed, and the pages behind it."""

from collections.abc import Sequence

import msgspec
import pytest
from console_pilot import (
    mirroring,
    picture,
    put_on_mirror,
    running,
    said,
    shown,
    strand,
    type_text,
    until,
    view,
)
from fake_data import sample_rows
from fake_mirror_plans import TASK_NUMBER, relocation_steps, relocation_task
from fake_mirrors import CONDITIONS
from fake_workspace import FakeWorkspace

from dcn_console.console.details.mirror_screens import MirrorScreen, PairScreen
from dcn_console.console.details.screens import VolumeScreen
from dcn_console.console.home import HomeScreen
from dcn_console.console.mirror_words import direction
from dcn_console.console.mirroring.screen import MirroringScreen
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place
from dcn_console.console.spans import cells, plain
from dcn_console.model.mirror_rows import MirrorCondition, MirrorRow
from dcn_console.model.rows import Rows


def prose(screen: MirroringScreen | MirrorScreen | PairScreen, name: str) -> str:
    return "\n".join(plain(item) for item in screen.query_one(f"#{name}", Prose).lines)


def changed(rows: Rows, key: str, **changes: object) -> Rows:
    """The rows with one mirrored RBD image changed, all others the same objects."""
    return msgspec.structs.replace(
        rows,
        mirrors=tuple(
            msgspec.structs.replace(row, **changes) if row.key == key else row
            for row in rows.mirrors
        ),
    )


async def test_what_is_wrong_comes_first_with_glyph_and_word() -> None:
    async with mirroring(FakeWorkspace()) as (app, _pilot, screen):
        rows: list[MirrorRow] = view(screen.tables[Place.MIRRORS])
        assert rows[0].condition is MirrorCondition.SPLIT_BRAIN
        assert rows[-1].condition is MirrorCondition.IN_SYNC
        wrong = [bool(row.findings) for row in rows]
        assert wrong == sorted(wrong, reverse=True)
        text = shown(app)
        for words in ("✗ split-brain", "✗ daemon dead", "▲ both secondary", "⇣ syncing"):
            assert words in text
        assert "● in sync" in text
        assert "5 with findings" in text


async def test_the_pairs_say_how_they_do_in_one_line_each() -> None:
    async with mirroring(FakeWorkspace()) as (app, _pilot, _screen):
        first, second = (item for item in picture(app)[3:5] if "volumes" in item)
        assert "central → dcn1" in first
        assert "✗ mirror daemon dead" in first
        assert "dcn1 ✗ none" in first
        assert "central ↔ dcn0" in second
        assert "✗ split-brain" in second
        assert "dcn0 ● 2" in second


async def test_progress_has_bar_percent_rate_and_time_left() -> None:
    async with mirroring(FakeWorkspace(), (200, 60)) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.SYNCING)
        text = next(item for item in picture(app) if f"▸ {row.label}" in item)
        assert "━" in text
        assert "41%" in text
        assert "88M/s" in text
        assert "57:36" in text


async def test_narrow_terminals_keep_what_matters() -> None:
    async with mirroring(FakeWorkspace(), (80, 24)) as (app, _pilot, _screen):
        text = shown(app)
        for title in ("NAME", "CONDITION", "DIRECTION", "PROGRESS", "LAG", "PROTECTED"):
            assert title in text
        assert "41% 88M/s" in text
        assert "SOURCE SAYS" not in text


async def test_a_tiny_terminal_shows_the_rows_alone() -> None:
    async with mirroring(FakeWorkspace(), (40, 10)) as (app, _pilot, _screen):
        assert "split-brain" in shown(app)
        assert "Pairs of sites" not in shown(app)


async def test_both_sides_of_the_row_under_the_cursor_stand_below() -> None:
    async with mirroring(FakeWorkspace()) as (_app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.SPLIT_BRAIN)
        text = prose(screen, "preview")
        assert "protected     ✗ no: dcn0 said split-brain" in text
        assert "central       primary  “local image is primary”  11 s ago" in text
        assert "dcn0          secondary · error  “split-brain”" in text
        assert "→ Decide which side's data to give up" in text


async def test_the_lag_ticks_and_only_that_is_painted() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.REPLAYING)
        assert " 8 s " in next(item for item in picture(app) if row.label in item)
        workspace.clock.advance(3)
        app.tick()
        await pilot.pause()
        assert " 11 s " in next(item for item in picture(app) if row.label in item)
        painted: list[str] = []
        table = screen.tables[Place.MIRRORS]
        refresh = table.refresh_keys

        def watched(keys: Sequence[str]) -> None:
            painted.extend(keys)
            refresh(keys)

        table.refresh_keys = watched  # type: ignore[method-assign]
        app.tick()
        assert painted == []
        workspace.clock.advance(1)
        app.tick()
        assert row.key in painted
        assert len(painted) < len(table.state.view)


async def test_a_new_report_repaints_its_row_and_keeps_the_cursor() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.REPLAYING)
        workspace.set_rows(changed(workspace.current, row.key, behind="7,777 entries"))
        await until(pilot, lambda: "7,777 entries" in shown(app), "the report")
        assert screen.tables[Place.MIRRORS].state.cursor == row.key
        healed = changed(
            workspace.current, row.key, condition=MirrorCondition.SPLIT_BRAIN, behind=""
        )
        workspace.set_rows(healed)
        await until(pilot, lambda: "7,777" not in shown(app), "the change")
        assert screen.tables[Place.MIRRORS].state.cursor == row.key


async def test_a_pair_narrows_the_rows_and_again_opens_its_page() -> None:
    async with mirroring(FakeWorkspace()) as (app, pilot, screen):
        await pilot.press("tab", "enter")
        await pilot.pause()
        rows: list[MirrorRow] = view(screen.tables[Place.MIRRORS])
        assert 0 < len(rows) < len(app.rows.mirrors)
        assert {row.destination.site for row in rows} == {"dcn1"}
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PairScreen), "the pair's page")
        page = app.screen_stack[-1]
        assert isinstance(page, PairScreen)
        assert "● central-hci-0" in prose(page, "section-first")
        assert "✗ none" in prose(page, "section-second")
        assert "receives only" in prose(page, "section-second")
        assert "Start the rbd-mirror daemon at dcn1." in prose(page, "section-findings")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        await pilot.press("escape")
        await pilot.pause()
        assert len(view(screen.tables[Place.MIRRORS])) == len(app.rows.mirrors)
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_filter_sort_and_marks_work_as_on_the_home_page() -> None:
    async with mirroring(FakeWorkspace()) as (_app, pilot, screen):
        table = screen.tables[Place.MIRRORS]
        await type_text(pilot, "/@dcn1 !sync")
        await pilot.press("enter")
        rows: list[MirrorRow] = view(table)
        assert {row.condition for row in rows} <= {
            MirrorCondition.DAEMON_DEAD,
            MirrorCondition.RESYNCING,
        }
        await pilot.press("escape")
        await pilot.pause()
        assert len(view(table)) == len(table.state.view) == table.state.total
        before = table.state.sort_column
        await pilot.press("s")
        assert table.state.sort_column is not before
        await pilot.press("space", "space")
        assert len(table.state.marks) == 2


async def test_the_command_line_goes_to_the_page_with_site_and_filter() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await type_text(pilot, ":mirroring @dcn1 /db")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MirroringScreen), "the page")
        screen = app.screen
        assert isinstance(screen, MirroringScreen)
        await until(pilot, lambda: screen.tables[Place.MIRRORS].state.filter.text == "db", "filter")
        rows: list[MirrorRow] = view(screen.tables[Place.MIRRORS])
        assert rows
        assert all("dcn1" in (row.source.site, row.destination.site) for row in rows)
        assert all("db" in row.label for row in rows)


async def test_a_volume_leads_to_its_row() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        volume = next(row for row in app.rows.volumes if row.mirrors)
        await pilot.press("3")
        assert app.home.tables[Place.VOLUMES].move_to_key(volume.key)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, MirroringScreen), "the page")
        screen = app.screen
        assert isinstance(screen, MirroringScreen)
        await until(
            pilot,
            lambda: screen.tables[Place.MIRRORS].state.cursor == volume.mirrors[0].key,
            "the cursor",
        )


async def test_a_volume_without_mirroring_says_how_to_begin() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        volume = next(row for row in app.rows.volumes if not row.mirrors)
        await pilot.press("3")
        assert app.home.tables[Place.VOLUMES].move_to_key(volume.key)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, MirroringScreen), "the page")
        assert (
            said(app)[-1]
            == f"{volume.volume.label} is not mirrored: esc leads back to it, and M e mirrors it."
        )


async def test_the_volumes_pane_says_how_each_is_mirrored() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("3")
        await type_text(pilot, "/syncing")
        await pilot.press("enter")
        await until(pilot, lambda: "6% 61M/s" in shown(app), "the resync")
        assert "41% 88M/s" in shown(app)
        assert "MIRROR" in shown(app)


async def test_the_page_of_a_volume_tells_of_its_mirroring() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        volume = next(row for row in app.rows.volumes if row.mirrors)
        await pilot.press("3")
        assert app.home.tables[Place.VOLUMES].move_to_key(volume.key)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, VolumeScreen), "the page")
        await until(pilot, lambda: "● in sync  central → dcn1" in shown(app), "its mirroring")
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, MirroringScreen), "the mirroring page")


async def test_the_page_of_a_row_has_both_clusters_side_by_side() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.REPLAYING)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MirrorScreen), "the page")
        page = app.screen
        assert isinstance(page, MirrorScreen)
        assert row.label in strand(app, "heading")
        judged = prose(page, "section-judgement")
        assert "condition     ⇢ replaying: 12 journal entries behind" in judged
        assert "lag           8 s  a failover would lose what was written since" in judged
        assert row.global_id in judged
        assert "local image is primary" in prose(page, "section-source")
        there = prose(page, "section-destination")
        assert "behind        12 entries" in there
        assert row.destination.image_id in there
        left, right = page.query_one("#left"), page.query_one("#right")
        assert left.region.y == right.region.y
        assert left.region.right <= right.region.x
        assert "mirror image status volumes/" in prose(page, "section-commands")
        workspace.set_rows(changed(workspace.current, row.key, behind="3 entries"))
        await until(pilot, lambda: "3 entries" in prose(page, "section-judgement"), "news")


async def test_the_page_of_a_row_follows_the_task_at_work_on_it() -> None:
    workspace = FakeWorkspace()
    workspace.current_tasks = (relocation_task(), *workspace.current_tasks)
    workspace.step_records = {TASK_NUMBER: relocation_steps()}
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.DEMOTED)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MirrorScreen), "the page")
        page = app.screen
        assert isinstance(page, MirrorScreen)
        await until(pilot, lambda: "▸ settle" in prose(page, "section-task"), "the steps")
        text = prose(page, "section-task")
        assert "next          · promote: make dcn0 primary" in text
        assert "undo          central can be promoted again, nothing is lost." in text
        assert f"⇣ {TASK_NUMBER} relocate db-05 → dcn0  ▸ settle" in prose(
            page, "section-judgement"
        )


async def test_a_row_that_leaves_is_said_to_be_gone() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.REPLAYING)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MirrorScreen), "the page")
        workspace.set_rows(msgspec.structs.replace(workspace.current, mirrors=()))
        await until(pilot, lambda: "not there any more" in strand(app, "heading"), "the note")


async def test_without_mirroring_the_page_says_how_to_begin() -> None:
    async with mirroring(FakeWorkspace(sample_rows())) as (app, pilot, _screen):
        assert "no pool is mirrored" in shown(app) or "reading…" in shown(app)
        await pilot.press("tab", "enter", "enter", "M")
        await pilot.pause()
        assert "connect sites" in shown(app)


async def test_every_condition_can_be_shown() -> None:
    known = {condition for condition, _ in CONDITIONS}
    workspace = FakeWorkspace()
    async with mirroring(workspace, (200, 60)) as (app, pilot, screen):
        for condition in set(MirrorCondition) - known:
            first = app.rows.mirrors[0]
            workspace.set_rows(changed(workspace.current, first.key, condition=condition))
            await until(pilot, lambda: condition.value in shown(app), condition.value)  # noqa: B023
            assert screen.tables[Place.MIRRORS].state.total == len(app.rows.mirrors)


def between_long_names(edges: Sequence[str]) -> Rows:
    """One volume mirrored from a hub to several edges."""
    rows = FakeWorkspace().current
    first = rows.mirrors[0]
    side = msgspec.structs.replace
    mirrors = tuple(
        side(
            first,
            source=side(first.source, site="hub-one"),
            destination=side(first.destination, site=edge),
        )
        for edge in edges
    )
    pairs = tuple(
        side(
            rows.pairs[0],
            sides=tuple(
                side(one, site=name)
                for one, name in zip(rows.pairs[0].sides, ("hub-one", edge), strict=True)
            ),
            ends=("hub-one", edge),
        )
        for edge in edges
    )
    return side(rows, mirrors=mirrors, pairs=pairs)


async def test_rows_of_one_rbd_image_differ_where_there_is_little_room() -> None:
    edges = ("edge-01", "edge-02", "edge-03")
    workspace = FakeWorkspace(between_long_names(edges))
    async with mirroring(workspace, size=(80, 24)) as (app, _pilot, screen):
        assert len(view(screen.tables[Place.MIRRORS])) == len(edges)
        text = shown(app)
        for edge in edges:
            assert len([one for one in picture(app) if edge in one and "│" in one]) >= 2, text


@pytest.mark.parametrize("width", range(5, 40))
def test_both_sites_are_there_in_any_width(width: int) -> None:
    row = between_long_names(["a-site-with-a-long-name-01"]).mirrors[0]
    words = plain(direction(row, width))
    assert cells(words) <= width
    assert words.startswith("h")
    if width >= 9:
        assert words.endswith("1")


def test_the_primary_stays_whole_as_long_as_it_takes_no_more_than_half() -> None:
    row = between_long_names(["edge-of-the-north"]).mirrors[0]
    assert plain(direction(row, 15)).startswith("hub-one")
