"""From the volumes' menu to a planned request: choices, plan, typed names."""

from datetime import UTC, datetime

import pytest
from console_pilot import choose, planned, put_on, running, shown, type_text, until
from fake_data import topology
from fake_workspace import EVERYTHING, FakeWorkspace
from textual.pilot import Pilot
from textual.widgets import Button, Input

from dcn_console.console.actions import BY_ID
from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.checks import gibibytes, gibibytes_or_none
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import plain
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.rows import VolumeRow
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)
from dcn_console.model.text import printable

GIB = 1024**3
ACTIONS = ("create_volume", "snapshot_volumes", "extend_volumes", "upload_volumes",
           "delete_volumes")  # fmt: skip


def a_plan(typed_name: str = "") -> Plan:
    return Plan(
        operation="volume-delete",
        title="a plan",
        objects=(ObjectReference(kind="volume", id="v", name="db"),),
        targets=("dcn0",),
        typed_name=typed_name,
        irreversible="its data will be gone for good" if typed_name else "",
        made_at=datetime.now(UTC),
    )


def a_workspace(typed_name: str = "") -> FakeWorkspace:
    workspace = FakeWorkspace()
    workspace.plans = (a_plan(typed_name),)
    return workspace


async def on_a_volume(pilot: Pilot[None], app: ConsoleApp) -> VolumeRow:
    await pilot.press("3")
    table = app.home.tables[Place.VOLUMES]
    await until(pilot, lambda: table.has_focus, "the volumes")
    row: VolumeRow = app.rows.volumes[0]
    assert table.move_to_key(row.key)
    await pilot.pause()
    return row


async def test_a_snapshot_is_named_and_the_server_may_be_stopped() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        row = await on_a_volume(pilot, app)
        await choose(pilot, app, "V", "s")
        await type_text(pilot, "before")
        await pilot.press("down", "left")
        wanted = SnapshotVolumes(volume_ids=(row.key,), name="before", stop_server=True)
        assert await planned(pilot, app, workspace) == wanted
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("submit") == [(("a plan",),)]


async def test_marked_volumes_are_extended_together_and_a_size_is_asked_for() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await on_a_volume(pilot, app)
        table = app.home.tables[Place.VOLUMES]
        rows = app.rows.volumes[:2]
        for row in rows:
            assert table.move_to_key(row.key)
            await pilot.press("space")
        await choose(pilot, app, "V", "x")
        await pilot.press("enter")
        await until(pilot, lambda: "Type a whole number of GiB" in shown(app), "what is wrong")
        await type_text(pilot, "20")
        ids = tuple(row.key for row in rows)
        wanted = ExtendVolumes(volume_ids=ids, size=20 * GIB)
        assert await planned(pilot, app, workspace) == wanted


async def test_a_volume_cannot_be_made_smaller() -> None:
    workspace = a_workspace()
    async with running(workspace, (80, 24)) as (app, pilot):
        row = await on_a_volume(pilot, app)
        has = (row.volume.size or 0) // GIB
        await choose(pilot, app, "V", "x")
        await until(pilot, lambda: f"It has {has} now." in shown(app), "what it has")
        await type_text(pilot, str(has))
        await pilot.press("enter")
        await until(pilot, lambda: "only become larger" in shown(app), "what is wrong")
        await type_text(pilot, "0")
        wanted = ExtendVolumes(volume_ids=(row.key,), size=has * 10 * GIB)
        assert await planned(pilot, app, workspace) == wanted


async def test_an_image_goes_where_it_is_wanted() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        row = await on_a_volume(pilot, app)
        await choose(pilot, app, "V", "u")
        await type_text(pilot, "golden")
        assert await planned(pilot, app, workspace) == UploadVolumes(
            volume_ids=(row.key,), name="golden"
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
        await pilot.press("down", "right", "down", "right")
        assert await planned(pilot, app, workspace) == UploadVolumes(
            volume_ids=(row.key,),
            name="golden",
            disk_format="qcow2",
            sites=tuple(site.name for site in workspace.topology.edges),
        )


async def test_a_deletion_wants_the_name_typed() -> None:
    workspace = a_workspace("db")
    async with running(workspace) as (app, pilot):
        row = await on_a_volume(pilot, app)
        await choose(pilot, app, "V", "d")
        await pilot.press("left")
        wanted = DeleteVolumes(volume_ids=(row.key,), with_snapshots=True)
        assert await planned(pilot, app, workspace) == wanted
        assert "gone for good" in shown(app)
        await pilot.press("enter")
        await pilot.pause()
        assert workspace.named("submit") == []
        await type_text(pilot, "db")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.typed == [("db",)]


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_a_long_name_can_be_read_whole_where_it_is_to_be_typed(
    size: tuple[int, int],
) -> None:
    name = " ".join(["database-of-the-central-warehouse"] * 7) + " [red]\N{PACKAGE}\x1b[/]"
    workspace = a_workspace(name)
    async with running(workspace, size) as (app, pilot):
        await on_a_volume(pilot, app)
        await choose(pilot, app, "V", "d")
        await planned(pilot, app, workspace)
        dialog = app.screen
        assert isinstance(dialog, PlanDialog)
        text = " ".join(plain(line) for line in dialog.query_one("#plan", Prose).lines)
        assert f"To be typed below {printable(name)}" in text
        field = dialog.query_one("#typed-name", Input)
        confirm = dialog.query_one("#confirm", Button)
        assert field.region.bottom <= size[1]
        assert field.region.width > 10
        assert "type ?" in shown(app)
        field.value = name[:-1]
        await pilot.pause()
        assert confirm.disabled
        field.value = printable(name).replace("\N{REPLACEMENT CHARACTER}", "?")
        await until(pilot, lambda: not confirm.disabled, "the button")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.typed == [(name,)]


async def test_a_volume_of_an_image_is_offered_first_where_its_copy_is() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        row = app.rows.images[0]
        await put_on(pilot, app, row.image.name or "")
        await choose(pilot, app, "V", "c")
        await type_text(pilot, "boot")
        request = await planned(pilot, app, workspace)
        assert isinstance(request, CreateVolume)
        assert (request.name, request.image_id, request.size) == ("boot", row.key, None)
        cell = row.cell(request.site)
        assert cell is not None
        assert cell.state.value == "present"


async def test_an_empty_volume_is_offered_where_the_cursor_is() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        row = await on_a_volume(pilot, app)
        await choose(pilot, app, "V", "c")
        await type_text(pilot, "new")
        await pilot.press("down", "down")
        await type_text(pilot, "3")
        assert await planned(pilot, app, workspace) == CreateVolume(
            site=row.site or "", name="new", size=3 * GIB
        )


@pytest.mark.parametrize("name", ACTIONS)
def test_each_says_why_it_cannot_be_run(name: str) -> None:
    def why(place: Place, reason: str = "") -> str:
        return BY_ID[name].reason(
            Situation(
                place=place,
                topology=topology(),
                plannable=EVERYTHING,
                read_only_reason=reason,
            )
        )

    assert "press 3" in why(Place.TASKS)
    assert why(Place.VOLUMES, "the console is read-only") == "The console is read-only."
    if name == "create_volume":
        assert why(Place.VOLUMES) == ""
        assert "made of one image" in why(Place.IMAGES)
    else:
        assert "Put the cursor on a volume" in why(Place.VOLUMES)
        assert "Press 3" in why(Place.IMAGES)


def test_sizes_are_whole_gibibytes() -> None:
    assert gibibytes("10") == gibibytes_or_none("") == gibibytes_or_none("1") == ""
    for wrong in ("", "0", "-1", "1.5", "ten", "²", "9" * 5000):
        assert gibibytes(wrong)
