"""The pages of servers and of snapshots: what they show, and what can be done from them."""

import msgspec
import pytest
from console_pilot import (
    choose,
    picture,
    planned,
    running,
    said,
    shown,
    strand,
    type_text,
    until,
    view,
)
from fake_data import NOW, sample_rows, topology
from fake_stored import with_stored
from fake_workspace import EVERYTHING, FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.actions import BY_ID
from dcn_console.console.app import ConsoleApp
from dcn_console.console.details.stored_screens import (
    ServerScreen,
    SnapshotScreen,
    StoredDetail,
)
from dcn_console.console.dialogs.backup_forms import BACKUP_FORMS
from dcn_console.console.dialogs.server_forms import SERVER_FORMS
from dcn_console.console.home import HomeScreen
from dcn_console.console.pages.raw import RawScreen
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import plain
from dcn_console.console.stored.page import StoredScreen
from dcn_console.console.stored.servers import ServersScreen
from dcn_console.console.stored.snapshots import SnapshotsScreen
from dcn_console.model.server_requests import ImageOfServer, StartServers, StopServers
from dcn_console.model.storage_requests import BackUpVolumes, CreateVolume, DeleteSnapshots

ROWS = with_stored(sample_rows())


async def opened(pilot: Pilot[None], app: ConsoleApp, key: str) -> StoredScreen:
    """Press a key and wait for its page."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, StoredScreen), "the page")
    screen = app.screen
    assert isinstance(screen, StoredScreen)
    await until(pilot, lambda: screen.table.has_focus, "focus")
    return screen


def preview(screen: StoredScreen) -> str:
    return "\n".join(plain(item) for item in screen.query_one("#preview", Prose).lines)


async def test_servers_are_listed_by_site_with_their_volumes() -> None:
    async with running(FakeWorkspace(), (140, 40)) as (app, pilot):
        screen = await opened(pilot, app, "n")
        sites = [row.site for row in view(screen.table)]
        assert sites == sorted(sites)
        text = next(item for item in picture(app) if "▸ web-0 " in item)
        assert "registry-00" in text
        assert "queue-01" in text
        assert "▲ deleted with the server" in preview(screen)
        assert "⇣ powering-" in shown(app)
        row = next(row for row in view(screen.table) if row.server.name == "jumphost")
        assert screen.table.move_to_key(row.key)
        await until(pilot, lambda: "no volume holds it" in preview(screen), "its disk")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ServerScreen), "its page")
        assert "No valid host was found" in shown(app)


async def test_marked_servers_are_stopped_and_one_is_made_an_image_of() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        screen = await opened(pilot, app, "n")
        keys = tuple(screen.table.state.view[:2])
        await pilot.press("space", "space")
        await choose(pilot, app, "N", "o")
        assert await planned(pilot, app, workspace) == StopServers(server_ids=keys)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the page")
        await pilot.press("backslash", "home")
        await choose(pilot, app, "N", "i")
        await type_text(pilot, "golden")
        wanted = ImageOfServer(server_id=keys[0], name="golden")
        assert await planned(pilot, app, workspace) == wanted


async def test_a_volume_leads_to_its_server_and_a_site_narrows_them() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("3")
        assert app.home.tables[Place.VOLUMES].move_to_key(app.rows.volumes[2].key)
        screen = await opened(pilot, app, "n")
        await until(pilot, lambda: screen.table.state.cursor == "server-2", "the server")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        await type_text(pilot, ":servers @dcn1")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ServersScreen), "the page")
        assert isinstance(app.screen, ServersScreen)
        assert {row.site for row in view(app.screen.table)} == {"dcn1"}


async def test_snapshots_are_deleted_and_become_volumes_where_they_are() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        screen = await opened(pilot, app, "v")
        names = [row.snapshot.name for row in view(screen.table)]
        assert names == ["stuck", "before-update", "golden", "golden-2"]
        assert "✗ error_dele" in shown(app)
        await pilot.press("down")
        first = screen.table.state.view[1]
        await choose(pilot, app, "V", "c")
        await type_text(pilot, "copy")
        wanted = CreateVolume(site="central", name="copy", snapshot_id=first)
        assert await planned(pilot, app, workspace) == wanted
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is screen, "the page")
        await pilot.press("space", "space")
        keys = tuple(screen.table.state.marks)
        assert len(keys) == 2
        await choose(pilot, app, "V", "D")
        assert await planned(pilot, app, workspace) == DeleteSnapshots(snapshot_ids=keys)


async def test_a_snapshot_is_backed_up_in_full() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        screen = await opened(pilot, app, "v")
        (row,) = screen.table.chosen_rows
        await choose(pilot, app, "B", "b")
        assert "incremental" not in shown(app)
        volume_id = row.snapshot.volume_id
        wanted = BackUpVolumes(volume_ids=(volume_id,), snapshot_id=row.key)
        assert await planned(pilot, app, workspace) == wanted


async def test_a_volume_without_snapshots_says_so() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("3")
        table = app.home.tables[Place.VOLUMES]
        assert table.move_to_key(app.rows.volumes[5].key)
        screen = await opened(pilot, app, "v")
        assert [row.snapshot.name for row in screen.table.chosen_rows] == ["stuck"]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert table.move_to_key(app.rows.volumes[6].key)
        await opened(pilot, app, "v")
        assert any(
            "has no snapshots: esc leads back to it, and V s takes one." in text
            for text in said(app)
        )


async def test_the_page_of_a_snapshot_says_when_it_is_gone() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        screen = await opened(pilot, app, "v")
        assert isinstance(screen, SnapshotsScreen)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SnapshotScreen), "its page")
        assert strand(app, "heading").strip() == "Snapshot  stuck"
        workspace.set_rows(msgspec.structs.replace(workspace.current, snapshots=()))
        await until(pilot, lambda: "not there any more" in strand(app, "heading"), "it is gone")
        await pilot.press("escape")
        await until(pilot, lambda: "no snapshots: go to a volume" in shown(app), "nothing left")


async def test_the_id_of_a_server_goes_to_the_clipboard() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await opened(pilot, app, "n")
        await pilot.press("Y")
        await until(pilot, lambda: bool(said(app)), "the answer")
        assert "server web-0 was sent to the clipboard" in said(app)[0]


@pytest.mark.parametrize(("key", "kind"), [("b", "backup"), ("v", "snapshot"), ("n", "server")])
async def test_what_is_stored_has_a_raw_body_in_its_table_and_on_its_page(
    key: str, kind: str
) -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        screen = await opened(pilot, app, key)
        row = screen.table.cursor_row
        assert row is not None
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RawScreen), "its body")
        await until(pilot, lambda: f'"kind": "{kind}"' in shown(app), "it was read")
        assert f"Raw body of {kind}" in strand(app, "heading")
        await pilot.press("escape", "enter")
        await until(pilot, lambda: isinstance(app.screen, StoredDetail), "its page")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RawScreen), "its body again")
        assert workspace.named("body") == [(kind, row.key)] * 2


async def test_a_store_has_no_raw_body_and_the_console_says_what_has() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("1", "1", "y")
        await until(pilot, lambda: bool(said(app)), "the answer")
        assert "an image, a volume, a snapshot, a backup, a server or a task" in said(app)[0]


def at(place: Place, **more: object) -> Situation:
    return Situation(place=place, topology=topology(), plannable=EVERYTHING, **more)  # type: ignore[arg-type]


def test_a_server_that_stands_still_is_not_stopped_again() -> None:
    stopped = next(row for row in ROWS.servers if row.server.status == "SHUTOFF")
    active = next(row for row in ROWS.servers if row.server.status == "ACTIVE")
    stop, start = BY_ID["stop_servers"].reason, BY_ID["start_servers"].reason
    assert stop(at(Place.SERVERS, servers=(stopped,))).endswith("is stopped already.")
    assert start(at(Place.SERVERS, servers=(stopped,))) == ""
    assert start(at(Place.SERVER, servers=(active,))).endswith("is running already.")
    assert stop(at(Place.SERVERS, servers=(stopped, active))) == ""
    assert "first" in stop(at(Place.SERVERS))
    assert "free one" in BY_ID["create_server"].reason(at(Place.SERVERS, servers=(active,)))


@pytest.mark.parametrize("name", ["create_volume", "delete_snapshots"])
def test_snapshots_are_needed_where_snapshots_are_meant(name: str) -> None:
    reason = BY_ID[name].reason
    one, other = ROWS.snapshots[:2]
    assert reason(at(Place.SNAPSHOTS, snapshots=(one,))) == ""
    assert reason(at(Place.SNAPSHOTS)) != ""
    several = reason(at(Place.SNAPSHOTS, snapshots=(one, other)))
    assert bool(several) is (name == "create_volume")
    assert "press b" in BY_ID["restore_backups"].reason(at(Place.SNAPSHOTS, snapshots=(one,)))
    assert "Press v" in BY_ID["delete_snapshots"].reason(at(Place.VOLUMES))


def test_each_of_several_snapshots_gets_its_own_backup() -> None:
    situation = at(Place.SNAPSHOTS, snapshots=ROWS.snapshots[:2])
    form = BACKUP_FORMS["back_up"](situation, ROWS, NOW)
    asked = form.requests({"name": "", "keep": "3"})
    assert asked == tuple(
        BackUpVolumes(volume_ids=(row.snapshot.volume_id or "",), snapshot_id=row.key, keep=3)
        for row in ROWS.snapshots[:2]
    )


def test_starting_names_the_servers() -> None:
    stopped = next(row for row in ROWS.servers if row.server.status == "SHUTOFF")
    form = SERVER_FORMS["start_servers"](at(Place.SERVERS, servers=(stopped,)), ROWS, NOW)
    assert form.title == f"Start server {stopped.server.name}"
    assert form.requests({}) == (StartServers(server_ids=(stopped.key,)),)
