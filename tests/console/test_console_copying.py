"""From the keys c and e to a submitted task, and steering it."""

import msgspec
from console_pilot import put_on, running, said, shown, type_text, until
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.console.dialogs.retrying import RetryDialog
from dcn_console.console.dialogs.sites import SitesDialog
from dcn_console.console.home import HomeScreen
from dcn_console.console.situation import Place
from dcn_console.model.errors import RefusedError, ServiceUnreachable
from dcn_console.model.requests import CopyImages
from dcn_console.model.tasks import TaskState


def plan_dialog(app: ConsoleApp) -> PlanDialog:
    screen = app.screen
    assert isinstance(screen, PlanDialog)
    return screen


async def open_plan(pilot: Pilot[None], app: ConsoleApp, key: str = "e") -> PlanDialog:
    await pilot.press(key)
    await until(
        pilot,
        lambda: isinstance(app.screen, PlanDialog) and app.screen.plans is not None,
        "the plan",
    )
    return plan_dialog(app)


async def test_one_key_plans_and_one_submits() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        key = (await put_on(pilot, app, "fedora-40")).key
        await open_plan(pilot, app)
        text = shown(app)
        for words in ("fedora-40", "dcn0, dcn1", "10 GiB to move", "about 15:31", "image-import"):
            assert words in text
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("plan") == [(CopyImages(image_ids=(key,)),)]
        assert workspace.named("submit") == [(("copy fedora-40 → dcn0, dcn1",),)]
        assert said(app)[-1] == "Task 18 submitted: copy fedora-40 → dcn0, dcn1"
        await until(pilot, lambda: app.tasks[0].number == 18, "the task")


async def test_enter_cancels_because_cancel_has_the_focus() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await open_plan(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("submit") == []


async def test_the_copy_button_submits() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await open_plan(pilot, app)
        await pilot.press("right", "enter")
        await until(pilot, lambda: workspace.named("submit"), "the submission")


async def test_the_sites_are_asked_with_those_lacking_it_marked() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        key = (await put_on(pilot, app, "octavia-amphora-haproxy")).key
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, SitesDialog), "the dialog")
        assert "✓ dcn1" in shown(app)
        assert "plans for 1 site" in shown(app)
        await pilot.press("j", "space")
        await pilot.pause()
        assert "plans for 2 sites" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog), "the plan")
        assert workspace.named("plan") == [(CopyImages(image_ids=(key,), sites=("dcn0", "dcn1")),)]


async def test_no_marked_site_is_answered_with_a_hint() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, SitesDialog), "the dialog")
        await pilot.press("backslash", "enter")
        await pilot.pause()
        assert "No site is marked" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_marked_images_share_one_dialog_and_are_unmarked_after() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        keys = []
        for name in ("fedora-40", "octavia-amphora-haproxy", "rhel-9.4-x86_64-kvm"):
            keys.append((await put_on(pilot, app, name)).key)
            await pilot.press("space")
        await open_plan(pilot, app)
        text = shown(app)
        assert "copy 3 images: 3 copies" in text
        assert "11 GiB to move" in text
        assert "nothing to do" in text
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert workspace.named("plan") == [(CopyImages(image_ids=tuple(keys)),)]
        assert [len(call[0]) for call in workspace.named("submit")] == [2]  # type: ignore[arg-type]
        assert app.home.tables[Place.IMAGES].state.marks == ()


async def test_warnings_and_refusals_say_what_to_do() -> None:
    workspace = FakeWorkspace()
    rows = workspace.current
    first = rows.images[6]
    broken = msgspec.structs.replace(
        first, image=msgspec.structs.replace(first.image, status="queued", disk_format="qcow2")
    )
    workspace.current = msgspec.structs.replace(
        rows, images=(*rows.images[:6], broken, *rows.images[7:])
    )
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await open_plan(pilot, app)
        text = shown(app)
        assert "This cannot be done as things are; nothing was changed." in text
        assert "✗ fedora-40 is queued" in text
        assert "→ Upload its data first." in text
        assert "▲ fedora-40 is qcow2" in text
        await pilot.press("y")
        await pilot.pause()
        assert workspace.named("submit") == []
        assert isinstance(app.screen, PlanDialog)


async def test_verification_can_be_chosen() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await open_plan(pilot, app)
        assert "metadata:" in shown(app)
        await pilot.press("v")
        await until(pilot, lambda: "deep: read the data back" in shown(app), "the level")
        await until(pilot, lambda: plan_dialog(app).plans is not None, "the plan")
        await pilot.press("y")
        await until(pilot, lambda: app.tasks[0].number == 18, "the task")
        assert app.tasks[0].plan.parameters == {"verify": "deep"}


async def test_a_plan_that_hangs_can_be_left_and_its_answer_is_dropped() -> None:
    workspace = FakeWorkspace()
    workspace.hanging = {"plan"}
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await pilot.press("e")
        await until(pilot, lambda: "reading…" in shown(app), "the dialog")
        await pilot.press("y")
        await pilot.pause()
        assert "still being made" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        await pilot.press("down", "3")
        assert app.home.place is Place.VOLUMES
        assert workspace.named("submit") == []


async def test_a_plan_that_fails_says_why() -> None:
    workspace = FakeWorkspace()
    workspace.failing = {
        "plan": ServiceUnreachable(
            "Glance did not answer [within] 15 s.", way_out="Look at dcn-console doctor."
        )
    }
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await pilot.press("e")
        await until(pilot, lambda: "The plan could not be made." in shown(app), "the failure")
        assert "Glance did not answer [within] 15 s." in shown(app)
        assert "Look at dcn-console doctor." in said(app)[-1]
        await pilot.press("y")
        await pilot.pause()
        assert workspace.named("submit") == []


async def test_a_refused_submission_keeps_the_dialog_and_says_why() -> None:
    workspace = FakeWorkspace()
    workspace.failing = {"submit": RefusedError("Site dcn0 is read-only.")}
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await open_plan(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: "✗ Site dcn0 is read-only." in shown(app), "the refusal")
        workspace.failing = {}
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_a_submission_is_sent_once_however_often_y_is_pressed() -> None:
    workspace = FakeWorkspace()
    workspace.hanging = {"submit"}
    async with running(workspace) as (app, pilot):
        await put_on(pilot, app, "fedora-40")
        await open_plan(pilot, app)
        await pilot.press("y", "y", "y")
        await until(pilot, lambda: "submitting…" in shown(app), "the submission")
        assert len(workspace.named("submit")) == 1
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_a_read_only_console_plans_nothing_and_says_why() -> None:
    workspace = FakeWorkspace()
    workspace.read_only = "This console is read-only: started with --read-only."
    async with running(workspace) as (app, pilot):
        assert "READ-ONLY" in shown(app)
        await put_on(pilot, app, "fedora-40")
        for key in ("c", "e"):
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, HomeScreen)
            assert said(app)[-1] == workspace.read_only
        await pilot.press("4", "x", "R")
        assert workspace.named("plan") == workspace.named("cancel") == []
        assert workspace.named("replan") == []


async def test_the_target_is_the_image_under_the_cursor_when_the_key_was_pressed() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        key = (await put_on(pilot, app, "fedora-40")).key
        await open_plan(pilot, app)
        rows = workspace.current
        workspace.set_rows(msgspec.structs.replace(rows, images=rows.images[:4]))
        await pilot.pause()
        await pilot.press("y")
        await until(pilot, lambda: workspace.named("submit"), "the submission")
        await until(pilot, lambda: app.tasks[0].number == 18, "the task")
        assert app.tasks[0].plan.objects[0].id == key


async def test_a_task_is_cancelled_with_an_honest_sentence() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await pilot.press("4")
        assert app.home.tables[Place.TASKS].move_to_key("14")
        await pilot.press("x")
        await until(pilot, lambda: workspace.named("cancel") == [(14,)], "the call")
        await until(
            pilot, lambda: any("Glance cannot stop" in text for text in said(app)), "the answer"
        )
        await until(
            pilot,
            lambda: any(task.state is TaskState.CANCELLING for task in app.tasks),
            "the state",
        )
        await pilot.press("x")
        assert "being cancelled already" in said(app)[-1]


async def test_what_a_failed_task_left_is_planned_and_confirmed_before_it_is_retried() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await pilot.press("4")
        assert app.home.tables[Place.TASKS].move_to_key("11")
        await pilot.press("R")
        await until(pilot, lambda: bool(getattr(app.screen, "plans", None)), "the plan")
        assert isinstance(app.screen, RetryDialog)
        assert workspace.named("submit") == []
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the submission")
        assert (workspace.current_tasks[0].number, workspace.current_tasks[0].retry_of) == (18, 11)


async def test_retrying_what_cannot_be_undone_wants_its_name_typed_again() -> None:
    workspace = FakeWorkspace()
    failed = next(task for task in workspace.current_tasks if task.number == 11)
    workspace.change_task(11, plan=msgspec.structs.replace(failed.plan, typed_name="db01"))
    async with running(workspace) as (app, pilot):
        await pilot.press("4")
        assert app.home.tables[Place.TASKS].move_to_key("11")
        await pilot.press("R")
        await until(pilot, lambda: bool(getattr(app.screen, "plans", None)), "the plan")
        await type_text(pilot, "db01")
        await pilot.press("enter")
        await until(pilot, lambda: workspace.current_tasks[0].retry_of == 11, "the submission")
        assert workspace.typed == [("db01",)]
