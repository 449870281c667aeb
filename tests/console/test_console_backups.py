"""The page of backups: plans and trees, what it is narrowed to, and what can be done from it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from console_pilot import picture, running, said, shown, strand, type_text, until, view
from fake_stored import FAILED, OVERDUE, REASON, backup_id
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.details.screens import VolumeScreen
from dcn_console.console.details.stored_screens import BackupScreen
from dcn_console.console.dialogs.menu import MenuDialog
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place
from dcn_console.console.spans import plain
from dcn_console.console.stored.backups import BackupsScreen
from dcn_console.console.stored.preview import chain_of
from dcn_console.model.rows import BackupRow
from dcn_console.model.storage_requests import BackUpVolumes, CheckBackups, DeleteBackups


@asynccontextmanager
async def page(
    workspace: FakeWorkspace, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[ConsoleApp, Pilot[None], BackupsScreen]]:
    """Run the console with the page of backups open."""
    async with running(workspace, size) as (app, pilot):
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BackupsScreen), "the page of backups")
        screen = app.screen
        assert isinstance(screen, BackupsScreen)
        await until(pilot, lambda: screen.tables[Place.BACKUPS].has_focus, "focus")
        yield app, pilot, screen


async def put_on(pilot: Pilot[None], screen: BackupsScreen, key: str) -> None:
    assert screen.tables[Place.BACKUPS].move_to_key(key)
    await pilot.pause()


def preview(screen: BackupsScreen) -> str:
    return "\n".join(plain(item) for item in screen.query_one("#preview", Prose).lines)


async def test_the_overdue_come_first_with_their_last_good_backup() -> None:
    async with page(FakeWorkspace()) as (app, pilot, screen):
        lines = [item for item in picture(app) if "overdue  " in item]
        assert [item.split()[1] for item in lines] == ["registry-03", "scratch-04", "queue-01"]
        assert "never" in lines[0]
        assert "20 d" in lines[1]
        assert "▲ 3 overdue" in shown(app)
        await pilot.press("tab")
        await until(pilot, lambda: "every 12 h, keeps all" in preview(screen), "what it wants")
        assert "a full backup: B b makes one now" in preview(screen)


async def test_a_chain_is_drawn_as_a_tree_with_what_can_go() -> None:
    async with page(FakeWorkspace(), (160, 40)) as (app, pilot, screen):
        rows: list[BackupRow] = [
            row for row in view(screen.tables[Place.BACKUPS]) if row.volume == "registry-00"
        ]
        assert [row.depth for row in rows] == [0, 1, 2, 3]
        text = [item for item in picture(app) if "registry-00-11" in item and "200G" in item]
        assert ["└" in item for item in text] == [False, True, True, True]
        assert "✗ registry-00-1119 and 2" in text[0]
        assert "✓ yes" in text[3]
        await put_on(pilot, screen, rows[1].key)
        words = preview(screen)
        assert "full 3 d ← ▸ 2 d ← 1 d ← 3 h" in words
        assert "together with 2 increments it can" in words
        assert "B c proves it" in words


async def test_why_a_backup_failed_is_said() -> None:
    async with page(FakeWorkspace(), (160, 40)) as (app, pilot, screen):
        await put_on(pilot, screen, backup_id(FAILED, 99))
        assert REASON in preview(screen)
        assert "✗ error" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BackupScreen), "the backup's page")
        assert REASON in shown(app)


async def test_from_a_volume_one_comes_to_its_last_good_backup() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("3")
        table = app.home.tables[Place.VOLUMES]
        assert table.move_to_key(app.rows.volumes[OVERDUE].key)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BackupsScreen), "the page")
        screen = app.screen
        assert isinstance(screen, BackupsScreen)
        await until(
            pilot,
            lambda: screen.tables[Place.BACKUPS].state.cursor == backup_id(OVERDUE, 2),
            "the backup",
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert table.move_to_key(app.rows.volumes[3].key)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BackupsScreen), "the page")
        assert any(
            "has no good backup: esc leads back to it, and B b makes one." in text
            for text in said(app)
        )


async def test_a_volume_of_a_plan_narrows_the_backups_then_opens_its_page() -> None:
    async with page(FakeWorkspace()) as (app, pilot, screen):
        await pilot.press("tab", "down", "down", "enter")
        table = screen.tables[Place.BACKUPS]
        await until(pilot, lambda: len(table.state.view) == 3, "the volume's backups")
        assert {row.volume for row in view(table)} == {"queue-01"}
        assert "@queue-01" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, VolumeScreen), "the volume's page")
        assert "▲ 2 d  queue-01-1119  b goes to it" in shown(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(table.state.view) == table.state.total, "all of them")
        assert isinstance(app.screen, BackupsScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_a_site_narrows_plans_and_backups() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await type_text(pilot, ":backups @dcn1")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BackupsScreen), "the page")
        screen = app.screen
        assert isinstance(screen, BackupsScreen)
        for place in (Place.DUES, Place.BACKUPS):
            assert {row.site for row in view(screen.tables[place])} == {"dcn1"}


async def planned(pilot: Pilot[None], app: ConsoleApp, workspace: FakeWorkspace) -> object:
    await until(
        pilot,
        lambda: isinstance(app.screen, PlanDialog) and bool(workspace.named("plan")),
        "the plan",
    )
    return workspace.named("plan")[-1][0]


async def test_marked_backups_are_deleted_together() -> None:
    workspace = FakeWorkspace()
    async with page(workspace) as (app, pilot, screen):
        keys = (backup_id(1, 1), backup_id(1, 2))
        for key in keys:
            await put_on(pilot, screen, key)
            await pilot.press("space")
        await pilot.press("B")
        await until(pilot, lambda: "Backups of 2 backups" in shown(app), "the menu")
        await pilot.press("d")
        assert await planned(pilot, app, workspace) == DeleteBackups(backup_ids=keys)


async def test_a_backup_is_proved_and_its_volume_backed_up_again() -> None:
    workspace = FakeWorkspace()
    async with page(workspace) as (app, pilot, screen):
        await put_on(pilot, screen, backup_id(1, 1))
        for letter, wanted in (
            ("c", CheckBackups(backup_ids=(backup_id(1, 1),), site="central")),
            ("b", BackUpVolumes(volume_ids=(app.rows.volumes[1].key,), incremental=True)),
        ):
            await pilot.press("B")
            await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
            await pilot.press(letter)
            await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
            await pilot.press("enter")
            assert await planned(pilot, app, workspace) == wanted
            await pilot.press("escape", "escape")
            await until(pilot, lambda: app.screen is screen, "the page")


async def test_an_overdue_volume_is_backed_up_from_its_plan() -> None:
    workspace = FakeWorkspace()
    async with page(workspace) as (app, pilot, _screen):
        await pilot.press("tab", "down", "B", "b")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
        await pilot.press("enter")
        ids = (app.rows.volumes[4].key,)
        wanted = BackUpVolumes(volume_ids=ids, incremental=True)
        assert await planned(pilot, app, workspace) == wanted


async def test_the_page_of_a_backup_follows_it_and_says_when_it_is_gone() -> None:
    workspace = FakeWorkspace()
    async with page(workspace) as (app, pilot, screen):
        await put_on(pilot, screen, backup_id(0, 1))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BackupScreen), "the backup's page")
        assert strand(app, "heading").strip() == "Backup  registry-00-1119"
        assert "✗ registry-00-1120 and 1 other build on it" in shown(app)
        rows = workspace.current
        left = tuple(row for row in rows.backups if row.key != backup_id(0, 1))
        workspace.set_rows(msgspec.structs.replace(rows, backups=left))
        await until(pilot, lambda: "not there any more" in strand(app, "heading"), "it is gone")


async def test_a_finding_of_a_backup_opens_its_page() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("1", "1", "1")
        table = app.home.tables[Place.FINDINGS]
        row = next(row for row in view(table) if row.finding.key == backup_id(FAILED, 99))
        assert row.name == "queue-02-1121"
        assert table.move_to_key(row.key)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BackupScreen), "the backup's page")


async def test_a_tiny_terminal_shows_the_backups_alone() -> None:
    async with page(FakeWorkspace(), (60, 14)) as (app, _pilot, _screen):
        text = shown(app)
        assert "Backup plans" not in text
        assert "Under the cursor" not in text
        assert "└" in text


def test_a_chain_that_names_itself_ends() -> None:
    row = FakeWorkspace().current.backups[1]
    node = msgspec.structs.replace(row.node, parent=row.key)
    turned = msgspec.structs.replace(row, node=node)
    assert chain_of(turned, lambda _: turned)
