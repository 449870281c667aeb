"""Pictures of the screens at three sizes, with the clock stopped.

After a deliberate change of looks: ``pytest tests/console/test_console_pictures.py
--snapshot-update`` on the Python and Textual versions that pyproject.toml pins, then look at
every picture that changed.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from console_pilot import DEADLINE_SECONDS
from fake_data import HOSTILE_NAMES, MIB, image_row, sample_rows, topology
from fake_mirror_plans import TASK_NUMBER, relocation_steps, relocation_task
from fake_workspace import FakeWorkspace
from textual.pilot import Pilot

from dcn_console.console.app import ConsoleApp
from dcn_console.console.situation import Place
from dcn_console.model.mirror_rows import MirrorCondition
from dcn_console.model.rows import Placement, Rows

SIZES = [(80, 24), (120, 40), (200, 60)]

Before = Callable[[Pilot[None]], Awaitable[None]]
Compare = Callable[..., bool]


def console(workspace: FakeWorkspace | None = None) -> ConsoleApp:
    made = workspace or FakeWorkspace()
    return ConsoleApp(made, made.clock)


def pressing(*keys: str, image: str = "") -> Before:
    """Put the cursor on an image, press keys, and wait until every worker has answered."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, ConsoleApp)
        await pilot.pause()
        if image:
            row = next(row for row in app.rows.images if row.image.name == image)
            assert app.home.tables[Place.IMAGES].move_to_key(row.key)
        for key in keys:
            await pilot.press(key)
            await asyncio.wait_for(app.workers.wait_for_complete(), DEADLINE_SECONDS)
            await pilot.pause()

    return run


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_home_page(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(
        console(), terminal_size=size, run_before=pressing(image="cirros-0.6.2-x86_64-disk")
    )


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_plan(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = pressing("e", image="win-2k22-datacenter")
    assert snap_compare(console(), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_a_task(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console(), terminal_size=size, run_before=pressing("4", "enter"))


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_an_image(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = pressing("enter", image="debian-12-genericcloud")
    assert snap_compare(console(), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_mirroring_page(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console(), terminal_size=size, run_before=pressing("m"))


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_a_mirrored_rbd_image(snap_compare: Compare, size: tuple[int, int]) -> None:
    workspace = FakeWorkspace()
    volume = next(
        row.volume.label
        for row in workspace.current.volumes
        if any(mirror.condition is MirrorCondition.DEMOTED for mirror in row.mirrors)
    )
    workspace.current_tasks = (relocation_task(volume), *workspace.current_tasks)
    workspace.step_records = {TASK_NUMBER: relocation_steps()}
    before = pressing("m", "down", "down", "down", "enter")
    assert snap_compare(console(workspace), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_backups(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = pressing("b", "down", "down", "down")
    assert snap_compare(console(), terminal_size=size, run_before=before)


def test_picture_of_a_backup(snap_compare: Compare) -> None:
    before = pressing("b", "down", "down", "enter")
    assert snap_compare(console(), terminal_size=(120, 40), run_before=before)


def test_picture_of_a_volume_of_a_backup_plan(snap_compare: Compare) -> None:
    before = pressing("b", "tab", "down", "down", "enter")
    assert snap_compare(console(), terminal_size=(120, 40), run_before=before)


def test_picture_of_the_backups_menu(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=(80, 24), run_before=pressing("b", "B"))


def test_picture_of_a_restore(snap_compare: Compare) -> None:
    before = pressing("b", "down", "B", "r")
    assert snap_compare(console(), terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_servers(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console(), terminal_size=size, run_before=pressing("n"))


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_snapshots(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console(), terminal_size=size, run_before=pressing("v", "down"))


def test_picture_of_a_server(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=(120, 40), run_before=pressing("n", "enter"))


def test_picture_of_a_pair(snap_compare: Compare) -> None:
    before = pressing("m", "tab", "enter", "enter")
    assert snap_compare(console(), terminal_size=(120, 40), run_before=before)


def test_picture_of_the_mirroring_menu(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=(80, 24), run_before=pressing("m", "M"))


def test_picture_of_a_resync(snap_compare: Compare) -> None:
    before = pressing("m", "M", "y")
    assert snap_compare(console(), terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_a_failover(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = pressing("m", "M", "f")
    assert snap_compare(console(), terminal_size=size, run_before=before)


def test_picture_of_the_sites_to_copy_to(snap_compare: Compare) -> None:
    before = pressing("c", image="octavia-amphora-haproxy")
    assert snap_compare(console(), terminal_size=(120, 40), run_before=before)


def test_picture_of_a_site_selected(snap_compare: Compare) -> None:
    before = pressing("1", "down", "enter")
    assert snap_compare(console(), terminal_size=(120, 40), run_before=before)


def test_picture_of_help(snap_compare: Compare) -> None:
    workspace = FakeWorkspace()
    workspace.read_only = "This console is read-only: started with --read-only."
    before = pressing("question_mark")
    assert snap_compare(console(workspace), terminal_size=(120, 70), run_before=before)


def test_picture_of_trouble(snap_compare: Compare) -> None:
    workspace = FakeWorkspace()
    workspace.read_only = "This console is read-only: started with --read-only."
    workspace.errors = {"images": "Glance did not answer within 15 s."}
    workspace.failing_since = workspace.taken_at
    workspace.runner = False
    assert snap_compare(console(workspace), terminal_size=(120, 40), run_before=pressing())


def test_picture_of_hostile_names(snap_compare: Compare) -> None:
    sites = topology()
    base = sample_rows()
    rows = Rows(
        sites=base.sites,
        images=tuple(
            image_row(900 + number, name, 44 * MIB, {"dcn0": Placement.PRESENT}, sites=sites)
            for number, name in enumerate(HOSTILE_NAMES)
        ),
    )
    workspace = FakeWorkspace(rows=rows)
    assert snap_compare(console(workspace), terminal_size=(120, 40), run_before=pressing())


def test_picture_of_a_tiny_terminal(snap_compare: Compare) -> None:
    assert snap_compare(console(), terminal_size=(40, 10), run_before=pressing())


def test_picture_of_a_light_theme(snap_compare: Compare) -> None:
    app = console()
    app.theme = "dcn-light"
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressing())
