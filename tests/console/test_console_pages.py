"""Pages of objects, help, messages and raw bodies."""

import msgspec
from console_pilot import running, shown, strand, until
from fake_tasks import sample_tasks
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.actions import ACTIONS
from dcn_console.console.app import ConsoleApp
from dcn_console.console.details.screens import ImageScreen, TaskScreen, VolumeScreen
from dcn_console.console.home import HomeScreen
from dcn_console.console.pages.raw import RawScreen
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place
from dcn_console.console.spans import plain
from dcn_console.model.errors import ServiceUnreachable
from dcn_console.model.tasks import Task, TaskState


def section(app: ConsoleApp, name: str) -> str:
    """The text of a section of a page."""
    return "\n".join(plain(item) for item in app.screen.query_one(f"#section-{name}", Prose).lines)


async def open_image(pilot: Pilot[None], app: ConsoleApp, name: str) -> None:
    row = next(row for row in app.rows.images if row.image.name == name)
    assert app.home.tables[Place.IMAGES].move_to_key(row.key)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, ImageScreen), "the page")
    await pilot.pause()


async def open_task(pilot: Pilot[None], app: ConsoleApp, number: int) -> None:
    await pilot.press("4")
    assert app.home.tables[Place.TASKS].move_to_key(str(number))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, TaskScreen), "the page")
    await until(pilot, lambda: "reading…" not in section(app, "steps"), "the steps")


async def test_the_page_of_an_image() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await open_image(pilot, app, "debian-12-genericcloud")
        assert "debian-12-genericcloud" in strand(app, "heading")
        assert "2,147,483,648 bytes" in section(app, "fields")
        assert "dcn1     ? gone: Glance lists it" in section(app, "placement")
        assert "→ Remove the copy from the store" in section(app, "findings")
        assert "$ openstack image show 00000004-" in section(app, "commands")
        assert "/etc/ceph/dcn0.conf --id openstack info images/" in section(app, "commands")


async def test_an_image_can_be_copied_from_its_page() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await open_image(pilot, app, "fedora-40")
        await pilot.press("e")
        await until(pilot, lambda: "10 GiB to move" in shown(app), "the plan")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ImageScreen), "the page")


async def test_a_page_follows_its_object_and_says_when_it_is_gone() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await open_image(pilot, app, "fedora-40")
        rows = workspace.current
        changed = tuple(
            msgspec.structs.replace(
                row, image=msgspec.structs.replace(row.image, status="deactivated")
            )
            if row.image.name == "fedora-40"
            else row
            for row in rows.images
        )
        workspace.set_rows(msgspec.structs.replace(rows, images=changed))
        await until(pilot, lambda: "deactivated" in section(app, "fields"), "the change")
        workspace.set_rows(msgspec.structs.replace(rows, images=rows.images[:3]))
        await until(pilot, lambda: "not there any more" in shown(app), "the notice")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_the_page_of_a_volume() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await pilot.press("3")
        row = app.rows.volumes[3]
        assert app.home.tables[Place.VOLUMES].move_to_key(row.key)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, VolumeScreen), "the page")
        await pilot.pause()
        assert row.volume.id in section(app, "fields")
        assert "its server web-1 in dcn0" in section(app, "findings")
        assert f"volumes/volume-{row.volume.id}" in section(app, "commands")


async def test_the_page_of_a_task_that_runs() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await open_task(pilot, app, 14)
        sites = section(app, "sites")
        assert "dcn0  ⇣ copying" in sites
        assert "42%" in sites
        assert "bytes in target RBD image, looked 0:01 ago" in sites
        steps = " ".join(section(app, "steps").split())
        assert "✓ probe dcn0 0:01 the pool answers" in steps
        assert "now ▸ watch: counting bytes 0:07 next · verify: look at the copy" in steps
        assert "[red]hostile[/] line from Glance" in section(app, "log")
        assert "glance image-import" in section(app, "commands")
        workspace.advance(1)
        await until(pilot, lambda: "67%" in section(app, "sites"), "progress")
        workspace.advance(5)
        await until(pilot, lambda: "✓ done" in section(app, "sites"), "the end")
        assert "saw: RBD image with its protected snapshot" in section(app, "sites")


async def test_the_page_of_a_task_tells_of_every_site() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await open_task(pilot, app, 15)
        sites = section(app, "sites")
        assert "dcn0  ⇣ staging" in sites
        assert "staging on the Glance node (not visible from outside) 0:12" in sites
        assert "dcn1  ▲ waiting" in sites
        assert "next try at 12:05 · 2 attempts" in sites
        assert "%" not in sites


async def test_the_page_of_a_failed_task_says_why() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await open_task(pilot, app, 11)
        assert "no space left in store dcn0 · 3 attempts" in section(app, "sites")
        assert "✗ failed" in section(app, "fields")


async def test_steps_are_read_again_as_the_task_goes_on() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await open_task(pilot, app, 14)
        before = len(workspace.named("steps"))
        workspace.advance(1)
        await until(pilot, lambda: len(workspace.named("steps")) > before, "another reading")


async def test_hung_steps_do_not_hold_the_page() -> None:
    workspace = FakeWorkspace()
    workspace.hanging = {"steps"}
    async with running(workspace) as (app, pilot):
        await pilot.press("4", "enter")
        await until(pilot, lambda: isinstance(app.screen, TaskScreen), "the page")
        for _ in range(5):
            workspace.advance(0.1)
            await pilot.pause()
        assert len(workspace.named("steps")) == 1
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_the_raw_body_is_shown_as_text() -> None:
    workspace = FakeWorkspace()
    async with running(workspace) as (app, pilot):
        await open_image(pilot, app, "fedora-40")
        await pilot.press("y")
        await until(pilot, lambda: '"name": "[red]x[/]"' in shown(app), "the body")
        assert workspace.named("body") == [("image", "00000007-1f2e-4d3c-8b9a-00000000d889")]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ImageScreen), "the page")


async def test_a_body_that_cannot_be_read_says_why() -> None:
    workspace = FakeWorkspace()
    workspace.failing = {"body": ServiceUnreachable("No answer.", way_out="Try later.")}
    async with running(workspace) as (app, pilot):
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RawScreen), "the page")
        await until(pilot, lambda: "No answer." in shown(app), "the reason")
        assert "Try later." in shown(app)


async def test_help_shows_every_key_and_why_one_is_dimmed() -> None:
    workspace = FakeWorkspace()
    workspace.read_only = "This console is read-only."
    async with running(workspace) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: "Moving about" in shown(app), "help")
        await pilot.press("G")
        await pilot.pause()
        assert "missing where wanted" in shown(app)
        text = "\n".join(plain(item) for item in app.screen.query_one("#text", Prose).lines)
        assert text.count("not now: This console is read-only.") == sum(
            action.changes for action in ACTIONS
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")


async def test_messages_stay_readable() -> None:
    workspace = FakeWorkspace()
    workspace.failing = {
        "cancel": ServiceUnreachable("Task store [gone].", way_out="Look at the disk.")
    }
    async with running(workspace) as (app, pilot):
        await pilot.press("4", "x")
        await until(pilot, lambda: "Task store [gone]." in shown(app), "the toast")
        await pilot.press("L")
        await until(pilot, lambda: "✗ error" in shown(app), "the page")
        assert "→ Look at the disk." in shown(app)


async def test_a_number_key_goes_home_from_any_page() -> None:
    async with running(FakeWorkspace()) as (app, pilot):
        await open_image(pilot, app, "fedora-40")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, RawScreen), "the body")
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
        assert app.home.tables[Place.TASKS].has_focus


async def test_tasks_of_every_state_have_a_page() -> None:
    queued = sample_tasks()[0]
    states: tuple[Task, ...] = tuple(
        msgspec.structs.replace(queued, number=100 + number, state=state)
        for number, state in enumerate(TaskState)
    )
    async with running(FakeWorkspace(tasks=states)) as (app, pilot):
        for task in states:
            await open_task(pilot, app, task.number)
            assert task.state.value in section(app, "fields")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, HomeScreen), "the home page")
