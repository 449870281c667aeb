"""Taking a mirror snapshot now and seeing it arrive, against clusters in memory."""

import pytest
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext

from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import TakeMirrorSnapshot
from dcn_console.model.tasks import TargetState
from dcn_console.operations.mirror_snapshot import MirrorSnapshotNow
from dcn_console.operations.results import StepResult


def mirrored(mode: MirrorMode = MirrorMode.SNAPSHOT) -> FakeServices:
    services = FakeServices()
    services.add_volume()
    services.world.make_mirrored("central", mode)
    return services


async def plan(services: FakeServices) -> Plan:
    request = TakeMirrorSnapshot(subjects=(SUBJECT,))
    context = services.plan_context()
    (made,) = await MirrorSnapshotNow().plan(services.as_services(), request, context)
    return made


async def test_what_was_written_arrives() -> None:
    services = mirrored()
    made = await plan(services)
    assert made.targets == ("dcn0",)
    services.world.write("central", 1, "newer")
    context = MirrorContext(services, made)
    ended = await MirrorSnapshotNow().run_target(context)
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.held("dcn0").data[1] == "newer"
    assert "dcn0: complete up to mirror snapshot" in ended.verified
    assert list(context.results) == [step.name for step in made.steps]


async def test_killed_right_after_it_was_taken_it_is_not_taken_twice() -> None:
    services = mirrored()
    made = await plan(services)
    results: dict[str, StepResult] = {}

    def kill(write: str) -> None:
        services.world.after_write = lambda write: None
        raise Killed

    services.world.after_write = kill
    context = MirrorContext(services, made, results=results)
    with pytest.raises(Killed):
        await MirrorSnapshotNow().run_target(context)
    again = MirrorContext(services, made, results=results)
    again.task = context.task
    ended = await MirrorSnapshotNow().run_target(again)
    assert ended.state is TargetState.DONE, ended.text
    assert len([write for write in services.world.writes if "snapshot" in write]) == 1


async def test_journal_mode_takes_none() -> None:
    made = await plan(mirrored(MirrorMode.JOURNAL))
    assert made.is_refused
    assert "journal mode" in made.refusals[0].text


async def test_one_that_is_not_mirrored_is_refused() -> None:
    services = FakeServices()
    services.add_volume()
    services.world.make("central")
    made = await plan(services)
    assert made.is_refused
    assert "mirror enable" in made.refusals[0].way_out


async def test_a_silent_primary_is_refused_by_name() -> None:
    services = mirrored()
    services.world.plants["central"].reachable = False
    made = await plan(services)
    assert made.is_refused
    assert "central" in made.refusals[0].text


async def test_cancelled_it_stops_watching_only() -> None:
    services = mirrored()
    made = await plan(services)

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = True

    context = MirrorContext(services, made, on_wait=cancel)
    ended = await MirrorSnapshotNow().run_target(context)
    assert ended.state is TargetState.CANCELLED
    assert "Ceph goes on copying" in ended.text


async def test_a_copy_that_does_not_receive_from_the_primary_is_not_waited_for() -> None:
    services = FakeServices("dcn0", "dcn1")
    services.add_volume()
    services.world.make_mirrored("central", MirrorMode.SNAPSHOT)
    services.world.held("central").primary, services.world.held("dcn0").primary = False, True
    made = await plan(services)
    assert made.targets == ("central",)
    stranded = next(check for check in made.checks if check.site == "dcn1")
    assert "does not receive from dcn0" in stranded.text
    ended = await MirrorSnapshotNow().run_target(MirrorContext(services, made))
    assert ended.state is TargetState.DONE, ended.text
    assert "dcn1" not in ended.verified
