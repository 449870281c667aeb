"""Failing back from the mirroring menu: the facts of both sides, the choices, the typed name."""

from console_pilot import choose, mirroring, planned, put_on_mirror, shown, type_text, until
from fake_workspace import FakeWorkspace

from dcn_console.model.mirror_rows import MirrorCondition
from dcn_console.model.requests import FailBack


async def test_failing_back_tells_when_each_side_was_last_written_and_wants_the_name() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        row = await put_on_mirror(pilot, screen, MirrorCondition.SPLIT_BRAIN)
        await choose(pilot, app, "M", "b")
        await until(pilot, lambda: "last written" in shown(app), "the facts")
        assert "central       last written 2026-11-21 12:03:58, 33 s ago" in shown(app)
        assert "dcn0          last written 2026-11-21 11:40:00, 24 min ago" in shown(app)
        await pilot.press("right", "down", "right")
        request = await planned(pilot, app, workspace)
        assert isinstance(request, FailBack)
        assert (request.destination, request.safety_copy) == ("central", False)
        await type_text(pilot, row.label)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the mirroring page")
        assert workspace.typed == [(row.label,)]


async def test_whom_it_goes_back_to_may_be_left_open() -> None:
    workspace = FakeWorkspace()
    async with mirroring(workspace) as (app, pilot, screen):
        await put_on_mirror(pilot, screen, MirrorCondition.SPLIT_BRAIN)
        await choose(pilot, app, "M", "b")
        request = await planned(pilot, app, workspace)
        assert isinstance(request, FailBack)
        assert (request.destination, request.safety_copy) == (None, True)
