"""From the mirroring menu to a submitted task: choices, plan, typed names."""

import pytest
from console_pilot import mirroring, put_on_mirror, running, said, shown, type_text, until, view
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot
from textual.widgets import Button

from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.checks import interval, interval_or_none, percent
from dcn_console.console.dialogs.menu import MenuDialog
from dcn_console.console.dialogs.options import OptionsDialog
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.dialogs.typed_names import TypedNames
from dcn_console.console.home import HomeScreen
from dcn_console.console.situation import Place
from dcn_console.model.mirror_rows import MirrorCondition, MirrorRow
from dcn_console.model.mirroring import MirrorMode, PeerDirection, PoolMode
from dcn_console.model.requests import (
    AddSchedule,
    ChangePoolMode,
    ConnectPeers,
    ContentCheck,
    DisableMirroring,
    EnableMirroring,
    FailBack,
    FailOver,
    NameMirrorSite,
    RbdSubject,
    Rehearse,
    Relocate,
    RemovePeer,
    RemoveSchedule,
    Request,
    Resync,
    TakeMirrorSnapshot,
    VerifyMirror,
)
from dcn_console.model.rows import VolumeRow


async def choose(pilot: Pilot[None], app: ConsoleApp, letter: str) -> None:
    """Open the menu and press a letter."""
    await pilot.press("M")
    await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
    await pilot.press(letter)
    await until(pilot, lambda: isinstance(app.screen, OptionsDialog | PlanDialog), "a dialog")


async def planned(pilot: Pilot[None], app: ConsoleApp) -> PlanDialog:
    await until(
        pilot,
        lambda: isinstance(app.screen, PlanDialog) and app.screen.plans is not None,
        "the plan",
    )
    screen = app.screen
    assert isinstance(screen, PlanDialog)
    return screen


def asked(workspace: FakeWorkspace) -> Request:
    request = workspace.named("plan")[-1][0]
    assert isinstance(request, Request)
    return request


def is_open(app: ConsoleApp) -> bool:
    return isinstance(app.screen, PlanDialog)


@pytest.mark.parametrize(
    ("letter", "wanted"),
    [
        ("d", DisableMirroring),
        ("n", TakeMirrorSnapshot),
        ("r", Relocate),
        ("f", FailOver),
        ("b", FailBack),
        ("v", VerifyMirror),
        ("t", Rehearse),
        ("s", AddSchedule),
        ("m", ChangePoolMode),
        ("a", NameMirrorSite),
        ("x", RemovePeer),
    ],
)
async def test_every_action_asks_for_a_plan(letter: str, wanted: type[Request]) -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        table = screen.tables[Place.MIRRORS]
        row: MirrorRow = next(
            item
            for item in view(table)
            if item.condition is MirrorCondition.IN_SYNC and item.mode is MirrorMode.SNAPSHOT
        )
        assert table.move_to_key(row.key)
        await choose(pilot, app, letter)
        if isinstance(app.screen, OptionsDialog):
            await pilot.press("enter")
        await planned(pilot, app)
        request = asked(workspace)
        assert type(request) is wanted
        for subject in getattr(request, "subjects", ()):
            assert (subject.pool, subject.image) == (row.pool, row.image)
        await pilot.press("escape")
        await until(pilot, lambda: not is_open(app), "the way back")
        if isinstance(app.screen, OptionsDialog):
            await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        assert workspace.named("submit") == []


async def test_leaving_the_plan_leads_back_to_the_choices() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.IN_SYNC)
        await choose(pilot, app, "r")
        await pilot.press("left", "down", "down")
        await type_text(pilot, "0")
        await pilot.press("enter")
        await planned(pilot, app)
        first = asked(workspace)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the choices")
        await pilot.press("enter")
        await planned(pilot, app)
        assert asked(workspace) == first
        assert isinstance(first, Relocate)
        assert (first.stop_server, first.sample_percent) == (True, 50.0)
        assert workspace.named("submit") == []


async def test_relocating_asks_for_the_server_and_the_comparison() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.IN_SYNC)
        await choose(pilot, app, "r")
        await until(pilot, lambda: "stop server" in shown(app), "the fields")
        await pilot.press("left", "down", "down")
        await type_text(pilot, "0")
        await pilot.press("enter")
        dialog = await planned(pilot, app)
        home = next(item.site for item in app.rows.volumes if item.key == row.volume_id)
        assert asked(workspace) == Relocate(
            subjects=(
                RbdSubject(
                    pool="volumes",
                    image=row.image,
                    volume_id=row.volume_id,
                    label=row.label,
                    site=home or "",
                ),
            ),
            stop_server=True,
            check=ContentCheck.SAMPLED,
            sample_percent=50.0,
        )
        text = shown(app)
        assert "central can be promoted again, nothing is lost." in text
        assert "Relocate  y" in text
        assert not dialog.query_one("#confirm", Button).disabled
        await pilot.press("y")
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        assert workspace.named("submit") == [((f"relocate {row.label} → dcn0",),)]
        assert workspace.typed == [()]
        assert "submitted" in said(app)[-1]


async def test_relocating_what_is_secondary_at_both_sides_asks_which_becomes_primary() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.DEMOTED)
        await choose(pilot, app, "r")
        await until(pilot, lambda: "Neither side is primary" in shown(app), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: "Choose which side becomes primary" in shown(app), "the refusal")
        await pilot.press("right", "enter")
        await planned(pilot, app)
        request = asked(workspace)
        assert isinstance(request, Relocate)
        assert request.destination == sorted((row.source.site, row.destination.site))[0]


async def test_what_cannot_be_undone_wants_the_name_typed_exactly() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.IN_SYNC)
        await choose(pilot, app, "f")
        dialog = await planned(pilot, app)
        confirm = dialog.query_one("#confirm", Button)
        assert "Cannot be undone" in shown(app)
        assert "4 min 31 s of writes" in shown(app)
        assert confirm.disabled
        await pilot.press("enter", "y", "enter")
        await pilot.pause()
        assert is_open(app)
        assert workspace.named("submit") == []
        await pilot.press("backspace")
        await type_text(pilot, row.label[:-1])
        assert confirm.disabled
        await type_text(pilot, row.label[-1])
        await until(pilot, lambda: not confirm.disabled, "the button")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        assert workspace.typed == [(row.label,)]


async def test_several_names_are_typed_one_after_the_other() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        table = screen.tables[Place.MIRRORS]
        first = await put_on_mirror(pilot, screen, MirrorCondition.REPLAYING)
        await pilot.press("space")
        second = await put_on_mirror(pilot, screen, MirrorCondition.SYNCING)
        await pilot.press("space")
        await choose(pilot, app, "f")
        await planned(pilot, app)
        for label in (first.label, second.label):
            await until(pilot, lambda: f"type {label}" in shown(app), "the name")  # noqa: B023
            await type_text(pilot, label)
            await pilot.press("enter")
            await pilot.pause()
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        assert workspace.typed == [(first.label, second.label)]
        assert table.state.marks == ()


async def test_escape_leaves_even_from_the_name_and_submits_nothing() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.IN_SYNC)
        await choose(pilot, app, "f")
        await planned(pilot, app)
        await pilot.press("n", "escape")
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        assert workspace.named("submit") == []


async def test_a_resync_shows_when_each_side_was_last_written_and_wants_a_victim() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.SPLIT_BRAIN)
        await choose(pilot, app, "y")
        await until(pilot, lambda: "last written" in shown(app), "the facts")
        assert "central       last written 2026-11-21 12:03:58, 33 s ago" in shown(app)
        assert "dcn0          last written 2026-11-21 11:40:00, 24 min ago" in shown(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "Choose whose data is given up." in shown(app)
        assert isinstance(app.screen, OptionsDialog)
        await pilot.press("right", "right", "down", "right", "enter")
        await planned(pilot, app)
        request = asked(workspace)
        assert isinstance(request, Resync)
        assert (request.victim, request.safety_copy) == ("dcn0", False)
        await type_text(pilot, row.label)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        assert workspace.typed == [(row.label,)]


async def test_facts_that_cannot_be_had_leave_the_choice() -> None:
    workspace = FakeWorkspace()
    workspace.hanging = {"plan"}
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.SPLIT_BRAIN)
        await choose(pilot, app, "y")
        await until(pilot, lambda: "looking at both sides…" in shown(app), "the wait")
        workspace.hanging = set()
        await pilot.press("right", "enter")
        await planned(pilot, app)
        request = asked(workspace)
        assert isinstance(request, Resync)
        assert request.victim == "central"


async def test_volumes_are_mirrored_together() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await pilot.press("3")
        table = app.home.tables[Place.VOLUMES]
        rows: list[VolumeRow] = [row for row in app.rows.volumes if not row.mirrors][:2]
        for row in rows:
            assert table.move_to_key(row.key)
            await pilot.press("space")
        await choose(pilot, app, "e")
        await pilot.press("down", "right", "enter")
        await planned(pilot, app)
        request = asked(workspace)
        assert isinstance(request, EnableMirroring)
        assert request.mode is MirrorMode.SNAPSHOT
        assert request.schedule == "15m"
        assert request.destination is not None
        assert not request.flatten
        assert [subject.volume_id for subject in request.subjects] == [row.key for row in rows]
        assert request.subjects[0].image == f"volume-{rows[0].key}"
        assert request.subjects[0].site == rows[0].site
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert [len(call[0]) for call in workspace.named("submit")] == [2]  # type: ignore[arg-type]
        assert table.state.marks == ()


async def test_journal_mode_has_no_schedule() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await pilot.press("3")
        row = next(row for row in app.rows.volumes if not row.mirrors)
        assert app.home.tables[Place.VOLUMES].move_to_key(row.key)
        await choose(pilot, app, "e")
        await until(pilot, lambda: "every" in shown(app), "the schedule")
        await pilot.press("right")
        await until(pilot, lambda: "every         15m" not in shown(app), "no schedule")
        await pilot.press("enter")
        await planned(pilot, app)
        request = asked(workspace)
        assert isinstance(request, EnableMirroring)
        assert (request.mode, request.schedule) == (MirrorMode.JOURNAL, "")


async def test_a_wrong_interval_is_told_and_nothing_planned() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.SPLIT_BRAIN)
        await choose(pilot, app, "s")
        await pilot.press("down", "down")
        await type_text(pilot, "x")
        await pilot.press("enter")
        await until(pilot, lambda: "An interval is a number and d, h or m" in shown(app), "why")
        assert workspace.named("plan") == []


async def test_an_existing_schedule_can_be_removed() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.SPLIT_BRAIN)
        await choose(pilot, app, "s")
        await pilot.press("right", "enter")
        await planned(pilot, app)
        assert asked(workspace) == RemoveSchedule(
            site=row.source.site, pool="volumes", interval="15m", image=None
        )


async def test_two_sites_are_connected() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, _screen):
        await pilot.press("tab")
        await choose(pilot, app, "c")
        await pilot.press("enter")
        await planned(pilot, app)
        assert asked(workspace) == ConnectPeers(
            pool="volumes",
            source="central",
            destination="dcn0",
            direction=PeerDirection.BOTH,
            mode=PoolMode.IMAGE,
        )


async def test_the_menu_dims_what_cannot_be_done_and_says_why() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await pilot.press("3")
        row = next(row for row in app.rows.volumes if not row.mirrors)
        assert app.home.tables[Place.VOLUMES].move_to_key(row.key)
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
        await pilot.press("r")
        await pilot.pause()
        assert f"not now: {row.volume.label} is not mirrored." in shown(app)
        assert isinstance(app.screen, MenuDialog)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_a_read_only_console_offers_no_mirroring() -> None:
    workspace = FakeWorkspace()
    workspace.read_only = "This console is read-only."
    async with mirroring(workspace) as (app, pilot, _screen):
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
        for letter in "edrfbyvtcmax":
            await pilot.press(letter)
        await pilot.pause()
        assert isinstance(app.screen, MenuDialog)
        assert "not now: This console is read-only." in shown(app)
        assert workspace.named("plan") == []


async def test_the_menu_dims_what_this_version_cannot_do() -> None:
    workspace = FakeWorkspace()
    workspace.unplannable = {FailOver}
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.IN_SYNC)
        await pilot.press("M")
        await until(pilot, lambda: isinstance(app.screen, MenuDialog), "the menu")
        await pilot.press("f")
        await until(pilot, lambda: "not now: This version" in shown(app), "the reason")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, OptionsDialog), "the other action")
        assert workspace.named("plan") == []


async def test_the_menu_is_for_mirroring_only() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("2", "M")
        await pilot.pause()
        assert "press m" in said(app)[-1]


async def test_an_action_can_be_run_by_name() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.IN_SYNC)
        await type_text(pilot, ":rehearse")
        await pilot.press("enter")
        await planned(pilot, app)
        assert isinstance(asked(workspace), Rehearse)


def test_names_are_typed_as_shown() -> None:
    names = TypedNames(("db\x1b[31m", "db", "db"))
    assert names.wanted == ("db\x1b[31m", "db")
    assert not names.agreed_with("db")
    assert not names.take("db")
    assert names.take("db\N{REPLACEMENT CHARACTER}[31m")
    assert names.agreed_with("db")
    assert not names.agreed_with("dB")
    assert TypedNames().agreed_with("")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("db ", "db"),
        ("my  db", "my db"),
        ("db\N{RIGHT-TO-LEFT OVERRIDE}x", "db?x"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}"),
        ("d\N{ZERO WIDTH JOINER}b", "db"),
        ("   ", "   "),
        ("漢字 \N{PACKAGE}", "漢字 \N{PACKAGE}"),
    ],
)
def test_what_nobody_sees_in_a_name_need_not_be_typed(name: str, text: str) -> None:
    names = TypedNames((name,))
    assert not names.agreed_with("")
    assert not names.agreed_with("other")
    assert names.agreed_with(text)


@pytest.mark.parametrize("text", ["15m", "1h", "2d"])
def test_intervals(text: str) -> None:
    assert interval(text) == interval_or_none(text) == ""


@pytest.mark.parametrize("text", ["15", "0m", "m", "1h30m", "-1m", "15 m", "15m\n"])
def test_wrong_intervals(text: str) -> None:
    assert interval(text)
    assert interval_or_none("") == ""


@pytest.mark.parametrize("text", ["5", "0.5", "100"])
def test_percentages(text: str) -> None:
    assert percent(text) == ""


@pytest.mark.parametrize("text", ["0", "101", "x", "nan", "", "-1"])
def test_wrong_percentages(text: str) -> None:
    assert percent(text)
