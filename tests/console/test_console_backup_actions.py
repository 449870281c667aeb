"""From the backups' menu to a planned request, on volumes: choices, plan, typed names."""

from dataclasses import replace

import msgspec
import pytest
from console_pilot import running, shown, type_text, until
from fake_data import NOW, sample_rows, topology
from fake_stored import FAILED, backup_id, with_stored
from fake_workspace import EVERYTHING, FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.actions import BY_ID
from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.backup_forms import BACKUP_FORMS
from dcn_console.console.dialogs.checks import number_or_none
from dcn_console.console.dialogs.menu import MenuDialog
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.situation import Place, Situation
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.requests import ContentCheck, Request
from dcn_console.model.rows import VolumeRow
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)

ROWS = with_stored(sample_rows())
ACTIONS = ("back_up", "restore_backups", "check_backups", "delete_backups")


def a_workspace(typed_name: str = "") -> FakeWorkspace:
    workspace = FakeWorkspace()
    workspace.plans = (
        Plan(
            operation="backup-restore",
            title="a plan",
            objects=(ObjectReference(kind="volume", id="v", name="db"),),
            targets=("dcn0",),
            typed_name=typed_name,
            irreversible="what “db” holds now will be overwritten" if typed_name else "",
            made_at=NOW,
        ),
    )
    return workspace


async def on_volumes(pilot: Pilot[None], app: ConsoleApp, *numbers: int) -> list[VolumeRow]:
    """Put the cursor on a volume; mark them when there are more."""
    await pilot.press("3")
    table = app.home.tables[Place.VOLUMES]
    await until(pilot, lambda: table.has_focus, "the volumes")
    rows = [app.rows.volumes[number] for number in numbers]
    for row in rows:
        assert table.move_to_key(row.key)
        if len(rows) > 1:
            await pilot.press("space")
    await pilot.pause()
    return rows


async def choose(pilot: Pilot[None], app: ConsoleApp, letter: str) -> None:
    await pilot.press("B")
    await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
    await pilot.press(letter)
    await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")


async def planned(pilot: Pilot[None], app: ConsoleApp, workspace: FakeWorkspace) -> list[Request]:
    before = len(workspace.named("plan"))
    await pilot.press("enter")
    await until(
        pilot,
        lambda: isinstance(app.screen, PlanDialog) and app.screen.plans is not None,
        "the plan",
    )
    asked = [call[0] for call in workspace.named("plan")[before:]]
    assert all(isinstance(request, Request) for request in asked)
    return asked  # type: ignore[return-value]


async def test_a_volume_with_a_backup_gets_an_increment_unless_told_otherwise() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        (row,) = await on_volumes(pilot, app, 0)
        await choose(pilot, app, "b")
        assert await planned(pilot, app, workspace) == [
            BackUpVolumes(volume_ids=(row.key,), incremental=True)
        ]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
        await pilot.press("right", "down")
        await type_text(pilot, "before")
        await pilot.press("down")
        await type_text(pilot, "none")
        await pilot.press("enter")
        await until(pilot, lambda: "Type a whole number" in shown(app), "what is wrong")
        await pilot.press(*["backspace"] * 4, "7")
        assert await planned(pilot, app, workspace) == [
            BackUpVolumes(volume_ids=(row.key,), name="before", keep=7)
        ]
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("submit") == [(("a plan",),)]


async def test_marked_volumes_are_backed_up_in_full_when_one_never_was() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        rows = await on_volumes(pilot, app, 0, 3)
        await choose(pilot, app, "b")
        ids = tuple(row.key for row in rows)
        assert await planned(pilot, app, workspace) == [BackUpVolumes(volume_ids=ids)]


async def test_the_last_good_backup_is_restored_at_another_site() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        (row,) = await on_volumes(pilot, app, 1)
        assert row.site == "dcn0"
        await choose(pilot, app, "r")
        assert f"{row.volume.label} as it was 2 d ago" in shown(app)
        await pilot.press("down")
        await type_text(pilot, "db-back")
        assert await planned(pilot, app, workspace) == [
            RestoreBackup(backup_id=backup_id(1, 2), site="dcn1", name="db-back")
        ]


async def test_a_server_can_be_made_of_what_is_restored() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await on_volumes(pilot, app, 1)
        await choose(pilot, app, "r")
        assert "flavor" not in shown(app)
        assert workspace.named("plan") == [], "nobody wants a server: nothing is looked up"
        await pilot.press(*["down"] * 4)
        await type_text(pilot, "web-again")
        await until(pilot, lambda: "No flavors, networks, keys, groups" in shown(app), "it looked")
        await pilot.press("down", "enter")
        await until(
            pilot, lambda: "A server needs a flavor." in shown(app), "a server needs a flavor"
        )
        await type_text(pilot, "m1.small")
        await pilot.press("down")
        await type_text(pilot, "lab-net")
        assert await planned(pilot, app, workspace) == [
            RestoreBackup(
                backup_id=backup_id(1, 2),
                site="dcn1",
                server="web-again",
                flavor="m1.small",
                network="lab-net",
            )
        ]


async def test_what_a_restored_server_is_put_on_is_picked_from_lists() -> None:
    workspace = a_workspace()
    offers = {
        "flavors": ("m1.large", "m1.small", "[red]x[/]"),
        "networks": ("lab", "id-1-of-net", "id-2-of-net"),
        "keys": ["mine"],
        "groups": ["default", "ssh"],
        "alike": {"id-1-of-net": "net", "id-2-of-net": "net"},
    }
    workspace.plans = (msgspec.structs.replace(workspace.plans[0], parameters={"offers": offers}),)
    async with running(workspace) as (app, pilot):
        await on_volumes(pilot, app, 1)
        await choose(pilot, app, "r")
        await pilot.press(*["down"] * 4)
        await type_text(pilot, "web")
        await until(pilot, lambda: "[red]x[/]" in shown(app), "the flavors")
        assert "net id-2-of-" in shown(app)
        await pilot.press("down", "m", "down", "left", "down", "right", "down", "s")
        assert await planned(pilot, app, workspace) == [
            RestoreBackup(
                backup_id=backup_id(1, 2),
                site="dcn1",
                server="web",
                flavor="m1.small",
                network="id-2-of-net",
                key="mine",
                security_group="ssh",
            )
        ]


async def test_what_was_typed_before_the_lists_came_is_kept() -> None:
    workspace = a_workspace()
    offers = {"flavors": ("m1.large", "m1.small"), "networks": ("lab",), "keys": ["mine"]}
    workspace.plans = (msgspec.structs.replace(workspace.plans[0], parameters={"offers": offers}),)
    workspace.hanging.add("plan")
    async with running(workspace) as (app, pilot):
        await on_volumes(pilot, app, 1)
        await choose(pilot, app, "r")
        await pilot.press(*["down"] * 4)
        await type_text(pilot, "web")
        await until(pilot, lambda: "looking what there is" in shown(app), "it looks")
        await pilot.press("down")
        await type_text(pilot, "m1.s")
        await pilot.press("down")
        await type_text(pilot, "3f0e-net")
        dialog = app.screen
        assert isinstance(dialog, OptionsDialog)
        dialog._told(workspace.plans)
        await pilot.pause()
        assert dialog.answers["flavor"] == "m1.small"
        assert dialog.answers["network"] == "3f0e-net"
        assert dialog.answers["key"] == ""


async def test_overwriting_the_volume_itself_wants_its_name_typed() -> None:
    workspace = a_workspace("db")
    async with running(workspace) as (app, pilot):
        (row,) = await on_volumes(pilot, app, 1)
        await choose(pilot, app, "r")
        await pilot.press("right")
        await until(pilot, lambda: "its name is asked for" in shown(app), "what it means")
        await pilot.press("down", "right")
        assert await planned(pilot, app, workspace) == [
            RestoreBackup(backup_id=backup_id(1, 2), volume_id=row.key, check=ContentCheck.FULL)
        ]
        assert "will be overwritten" in shown(app)
        await pilot.press("enter")
        await pilot.pause()
        assert workspace.named("submit") == []
        await type_text(pilot, "db")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.typed == [("db",)]


async def test_another_volume_is_overwritten_by_name_or_id() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await on_volumes(pilot, app, 1)
        other = app.rows.volumes[5]
        await choose(pilot, app, "r")
        await pilot.press("right", "right", "down")
        await type_text(pilot, "nothing-like-it")
        await pilot.press("enter")
        await until(pilot, lambda: "no volume of that name" in shown(app), "what is wrong")
        await pilot.press(*["backspace"] * 15)
        await type_text(pilot, other.volume.name or "")
        assert await planned(pilot, app, workspace) == [
            RestoreBackup(backup_id=backup_id(1, 2), volume_id=other.key)
        ]


async def test_each_of_several_volumes_gets_its_own_restore() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await on_volumes(pilot, app, 0, 4)
        await choose(pilot, app, "r")
        await pilot.press("left", "left")
        asked = await planned(pilot, app, workspace)
        assert asked == [
            RestoreBackup(backup_id=backup_id(0, 3), site=asked[0].site),  # type: ignore[attr-defined]
            RestoreBackup(backup_id=backup_id(4, 0), site=asked[0].site),  # type: ignore[attr-defined]
        ]


async def test_the_last_good_backup_is_proved_where_one_wants_it() -> None:
    workspace = a_workspace()
    async with running(workspace) as (app, pilot):
        await on_volumes(pilot, app, FAILED)
        await choose(pilot, app, "c")
        await pilot.press("right", "down", "down")
        await pilot.press("backspace", "2")
        assert await planned(pilot, app, workspace) == [
            CheckBackups(backup_ids=(backup_id(FAILED, 1),), site="dcn0", sample_percent=2.0)
        ]


def at(place: Place, **more: object) -> Situation:
    return Situation(place=place, topology=topology(), plannable=EVERYTHING, **more)  # type: ignore[arg-type]


def test_increments_that_would_go_too_are_counted() -> None:
    full, increment = ROWS.backups[0], ROWS.backups[1]
    form = BACKUP_FORMS["delete_backups"](at(Place.BACKUPS, backups=(full, increment)), ROWS, NOW)
    assert "2 increments that build on it too." in form.fields[0].options[0].hint
    assert form.requests({"dependents": "yes"}) == (
        DeleteBackups(backup_ids=(full.key, increment.key), with_dependents=True),
    )
    last = ROWS.backups[3]
    form = BACKUP_FORMS["delete_backups"](at(Place.BACKUPS, backups=(last,)), ROWS, NOW)
    assert form.fields == ()
    assert form.requests({}) == (DeleteBackups(backup_ids=(last.key,)),)


def test_the_volume_of_a_backup_is_overwritten_only_where_it_is_still_there() -> None:
    kept, orphan = ROWS.backups[0], ROWS.backups[-1]
    assert orphan.volume_exists is False
    for row, words in ((kept, "over itself"), (orphan, "")):
        form = BACKUP_FORMS["restore_backups"](at(Place.BACKUPS, backups=(row,)), ROWS, NOW)
        offered = [option.words for option in form.fields[0].options]
        assert "over another" in offered
        assert ("over itself" in offered) is bool(words)


@pytest.mark.parametrize("name", ACTIONS)
def test_each_says_why_it_cannot_be_run(name: str) -> None:
    reason = BY_ID[name].reason
    assert "press 3" in reason(at(Place.TASKS)).lower()
    read_only = at(Place.VOLUMES, read_only_reason="the console is read-only")
    assert reason(read_only) == "The console is read-only."
    assert "first" in reason(at(Place.VOLUMES)) or "press b" in reason(at(Place.VOLUMES))


def test_what_has_no_good_backup_is_named() -> None:
    reason = BY_ID["restore_backups"].reason
    never, also = ROWS.volumes[3], ROWS.volumes[5]
    assert f"{never.volume.label} has no good backup yet" in reason(
        at(Place.VOLUMES, volumes=(never,))
    )
    assert "2 of them have no good backup" in reason(at(Place.VOLUMES, volumes=(never, also)))
    failed = next(row for row in ROWS.backups if row.backup.status == "error")
    assert "cannot be restored" in reason(at(Place.BACKUPS, backups=(failed,)))
    assert reason(at(Place.BACKUPS, backups=(ROWS.backups[0],))) == ""
    gone = replace(at(Place.BACKUPS), backups=(ROWS.backups[-1],))
    assert "gone" in BY_ID["back_up"].reason(gone)


def test_numbers_to_keep_are_whole() -> None:
    assert number_or_none("") == number_or_none("12") == ""
    for wrong in ("0", "-1", "1.5", "ten", "9" * 5000):
        assert number_or_none(wrong)
