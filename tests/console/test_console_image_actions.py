"""From the menus of images and servers to a planned request: choices, plan, typed names."""

from datetime import UTC, datetime

import msgspec
import pytest
from console_pilot import choose, planned, put_on, running, shown, type_text, until
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.actions import BY_ID
from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.situation import Place, Situation
from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage
from dcn_console.model.inventory import Attachment, Volume
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.requests import Request
from dcn_console.model.rows import VolumeRow
from dcn_console.model.server_requests import (
    CreateServer,
    DeleteServers,
    ImageOfServer,
    StartServers,
    StopServers,
)

FREE = VolumeRow(volume=Volume(id="v1", name="root", status="available"), site="dcn0")
USED = VolumeRow(
    volume=Volume(id="v2", name="used", status="in-use", attachments=(Attachment(server_id="s1"),)),
    site="dcn0",
    server="web",
)


def a_plan(typed_name: str = "") -> Plan:
    return Plan(
        operation="image-delete",
        title="a plan",
        objects=(ObjectReference(kind="image", id="i", name="cirros"),),
        targets=("dcn0",),
        typed_name=typed_name,
        irreversible="it will be gone for good" if typed_name else "",
        made_at=datetime.now(UTC),
    )


def a_workspace(typed_name: str = "") -> FakeWorkspace:
    workspace = FakeWorkspace()
    workspace.set_rows(msgspec.structs.replace(workspace.rows(), volumes=(FREE, USED)))
    workspace.plans = (a_plan(typed_name),)
    return workspace


async def on_volume(pilot: Pilot[None], app: ConsoleApp, row: VolumeRow) -> None:
    await pilot.press("3")
    table = app.home.tables[Place.VOLUMES]
    await until(pilot, lambda: table.has_focus, "the volumes")
    assert table.move_to_key(row.key)
    await pilot.pause()


async def test_an_image_is_imported_from_a_url() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await choose(pilot, app, "I", "i")
        await pilot.press("enter")
        await until(pilot, lambda: "Type the path of a file" in shown(app), "what is wrong")
        await type_text(pilot, "https://host/x.qcow2")
        await pilot.press("down")
        await type_text(pilot, "new")
        await pilot.press("down", "right")
        wanted = ImportImage(name="new", url="https://host/x.qcow2", sites=("dcn0", "dcn1"))
        assert await planned(pilot, app, workspace) == wanted
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("submit") == [(("a plan",),)]


async def test_an_image_is_imported_from_a_file_as_it_is() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await choose(pilot, app, "I", "i")
        await type_text(pilot, "disk")
        await pilot.press("down")
        await type_text(pilot, "new")
        await pilot.press("down", "down", "down", "right")
        wanted = ImportImage(name="new", path="disk", convert=False)
        assert await planned(pilot, app, workspace) == wanted


async def test_a_copy_is_deleted_where_there_is_one() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        row = app.rows.images[0]
        await put_on(pilot, app, row.image.label)
        await choose(pilot, app, "I", "d")
        request = await planned(pilot, app, workspace)
        assert isinstance(request, DeleteCopies)
        assert request.image_ids == (row.key,)
        cell = row.cell(request.sites[0])
        assert cell is not None
        assert cell.state.value == "present"


async def test_deleting_an_image_everywhere_wants_its_name_typed() -> None:
    workspace = a_workspace("cirros")
    async with running(workspace) as (app, pilot):
        row = app.rows.images[0]
        await put_on(pilot, app, row.image.label)
        await choose(pilot, app, "I", "x")
        assert await planned(pilot, app, workspace) == DeleteImages(image_ids=(row.key,))
        await pilot.press("y")
        await pilot.pause()
        assert workspace.named("submit") == []


async def test_what_a_server_is_put_on_is_picked_where_it_is_known() -> None:
    workspace = a_workspace()
    offers = {"flavors": ("m1.large", "m1.small", "tiny"), "networks": [], "keys": ["mine"]}
    workspace.plans = (msgspec.structs.replace(a_plan(), parameters={"offers": offers}),)
    async with running(workspace) as (app, pilot):
        await on_volume(pilot, app, FREE)
        await choose(pilot, app, "N", "c")
        await until(pilot, lambda: "No networks, groups to pick from" in shown(app), "the offers")
        await type_text(pilot, "web")
        await pilot.press("down", "right", "t", "down")
        await type_text(pilot, "net")
        wanted = CreateServer(name="web", volume_id="v1", flavor="tiny", network="net")
        assert await planned(pilot, app, workspace) == wanted
        await pilot.press("escape")
        await until(pilot, lambda: "No networks, groups to pick from" in shown(app), "the offers")
        await pilot.press("down", "left", "down", "down", "right")
        wanted = msgspec.structs.replace(wanted, flavor="m1.small", key="mine")
        assert await planned(pilot, app, workspace) == wanted


@pytest.mark.parametrize(
    ("letter", "wanted"),
    [
        ("o", StopServers(server_ids=("s1",))),
        ("s", StartServers(server_ids=("s1",))),
        ("x", DeleteServers(server_ids=("s1",))),
        ("i", ImageOfServer(server_id="s1")),
    ],
)
async def test_the_server_of_a_volume_is_steered(letter: str, wanted: Request) -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await on_volume(pilot, app, USED)
        await choose(pilot, app, "N", letter)
        if isinstance(app.screen, OptionsDialog):
            assert "Image of server web" in shown(app)
        assert await planned(pilot, app, workspace) == wanted


@pytest.mark.parametrize(
    ("name", "situation", "word"),
    [
        ("import_image", Situation(place=Place.TASKS), "Press 2"),
        ("import_image", Situation(place=Place.IMAGES), "no hub"),
        ("delete_copies", Situation(place=Place.IMAGES), "cursor on an image"),
        ("delete_images", Situation(place=Place.IMAGES, read_only_reason="off"), "Off."),
        ("create_server", Situation(place=Place.IMAGES), "press 3"),
        ("create_server", Situation(place=Place.VOLUMES, volumes=(USED,)), "attached already"),
        ("create_server", Situation(place=Place.VOLUMES, volumes=(USED, FREE)), "one volume"),
        ("stop_servers", Situation(place=Place.VOLUMES, volumes=(FREE,)), "No server has it"),
        ("delete_servers", Situation(place=Place.VOLUMES), "cursor on a volume"),
        ("image_of_server", Situation(place=Place.VOLUMES, volumes=(FREE,)), "No server"),
    ],
)
def test_why_not(name: str, situation: Situation, word: str) -> None:
    assert word in BY_ID[name].available(situation)
