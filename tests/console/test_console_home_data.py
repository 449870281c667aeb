"""The home page while its data change: marks, cursor, narrowing, ages and what is painted."""

import msgspec
from console_pilot import (
    dimmed,
    picture,
    put_on,
    running,
    said,
    shown,
    strand,
    type_text,
    until,
    view,
    without,
)
from fake_data import MIB, sample_rows
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.details.mirror_screens import MirrorScreen, PairScreen
from dcn_console.console.details.screens import ImageScreen, SiteScreen
from dcn_console.console.home import HomeScreen
from dcn_console.console.situation import Place
from dcn_console.console.table.widget import ResourceTable
from dcn_console.model.mirror_rows import MirrorCondition
from dcn_console.model.rows import Cell, Placement, Rows
from dcn_console.workspace.interface import Change


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
        assert workspace.named("plan") == []


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


async def test_the_first_screen_without_a_connection_says_what_to_do() -> None:
    workspace = FakeWorkspace(rows=Rows(sites=sample_rows().sites), tasks=())
    workspace.project_name = ""
    workspace.complete = False
    async with running(workspace, (80, 24)) as (app, pilot):
        assert "lab · connecting" in strand(app, "header")
        await until(pilot, lambda: "reading the images…" in shown(app), "it reads")
        error = "Keystone: 401 [red]x[/] wrong. Check user, password and project in clouds.yaml."
        workspace.errors = dict.fromkeys(("images", "stores", "volumes", "backups"), error)
        workspace.failing_since = workspace.clock.now
        workspace.tell(Change.CONNECTION)
        await until(pilot, lambda: "lab · not connected" in strand(app, "header"), "no connection")
        await until(pilot, lambda: "project in clouds.yaml." in shown(app), "the way out")
        assert "not connected since 12:04: Keystone: 401 [red]x[/] wrong." in shown(app)
        assert "“dcn-console doctor” in a shell looks at everything." in shown(app)
        assert "the images could not be read yet" in shown(app)
        await pilot.press("b")
        await until(pilot, lambda: "the backups could not be read yet" in shown(app), "no backups")
        await pilot.press("escape", "L")
        await until(pilot, lambda: f"images: {error}"[:40] in shown(app), "it is kept")
        assert len(app.journal.entries) == 1


async def test_nothing_is_called_right_before_it_was_read() -> None:
    workspace = FakeWorkspace(rows=Rows(sites=sample_rows().sites))
    workspace.complete = False
    async with running(workspace, (120, 40)) as (app, pilot):
        assert "nothing wrong found" not in shown(app)
        workspace.complete = True
        workspace.tell(Change.ROWS)
        await until(pilot, lambda: "nothing wrong found" in shown(app), "all is read")


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


async def put_on_finding(pilot: Pilot[None], app: ConsoleApp, name: str) -> None:
    table = app.home.tables[Place.FINDINGS]
    key = next(row.key for row in view(table) if row.name == name)
    assert table.move_to_key(key)
    await pilot.pause()


async def test_findings_of_mirroring_name_their_object_and_open_its_page() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        split = next(
            row for row in app.rows.mirrors if row.condition is MirrorCondition.SPLIT_BRAIN
        )
        await pilot.press("1", "1", "1")
        await put_on_finding(pilot, app, split.label)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MirrorScreen), "the page")
        assert split.label in strand(app, "heading")
        await pilot.press("escape")
        await put_on_finding(pilot, app, "central → dcn1")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PairScreen), "the page")


async def test_a_finding_opens_its_object() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("1", "1", "1")
        await put_on_finding(pilot, app, "debian-12-genericcloud")
        await pilot.press("enter")
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


async def test_the_palette_tells_of_which_menu_a_deletion_is() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Search" in shown(app), "the palette")
        await type_text(pilot, "backups: delete")
        await until(pilot, lambda: "Backups: delete  (B d)" in shown(app), "the action")


async def test_sizes_are_shown_short() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        row = await put_on(pilot, app, "cirros-0.6.2-x86_64-disk")
        assert row.image.size == 44 * MIB
        assert any("cirros" in item and "44M" in item for item in picture(app))


async def test_volumes_say_how_old_their_last_good_backup_is_and_the_overdue_sort_first() -> None:
    async with running(FakeWorkspace(), (80, 24)) as (app, pilot):
        await pilot.press("3")
        table = app.home.tables[Place.VOLUMES]
        await until(pilot, lambda: table.has_focus, "the volumes")
        assert "▲ 3 backups overdue (b)" in shown(app)
        await pilot.press(*"ssss")
        await until(pilot, lambda: "BACKUP▲" in shown(app), "the order")
        names = [row.volume.label for row in view(table)]
        overdue = ["registry-03", "scratch-04", "queue-01"]
        assert names[:6] == [*overdue, "queue-02", "registry-00", "queue-05"]
        await pilot.press("home")
        lines = [next(item for item in picture(app) if name in item) for name in overdue]
        for text, age in zip(lines, ("▲ none", "▲ 20 d", "▲ 2 d"), strict=True):
            assert age in text
