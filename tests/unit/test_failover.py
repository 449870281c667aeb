"""Failover: what is lost is told, a living primary refused, and it may be killed anywhere."""

import msgspec
import pytest
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirroring import IMAGE

from dcn_console.model.mirroring import MirrorMode, ReplayState, ReplayStatus
from dcn_console.model.plans import Plan
from dcn_console.model.requests import FailOver
from dcn_console.model.tasks import TargetState
from dcn_console.operations.failover import MirrorFailover
from dcn_console.operations.results import StepResult

MODES = (MirrorMode.JOURNAL, MirrorMode.SNAPSHOT)
FAILOVER = MirrorFailover()


def lost(mode: MirrorMode = MirrorMode.JOURNAL) -> FakeServices:
    services = FakeServices("dcn0")
    services.world.make_mirrored("central", mode)
    services.add_volume()
    services.world.plants["central"].reachable = False
    return services


async def planned(services: FakeServices) -> Plan:
    request = FailOver(subjects=(SUBJECT,))
    (plan,) = await FAILOVER.plan(services.as_services(), request, services.plan_context())
    return plan


@pytest.mark.parametrize("mode", MODES)
async def test_the_other_side_takes_over_and_the_loss_is_told(mode: MirrorMode) -> None:
    services = lost(mode)
    services.clock.forward(180)
    plan = await planned(services)
    assert not plan.refusals
    assert plan.typed_name == "pet volume"
    assert "What central wrote after 2026-11-21 12:0" in plan.irreversible
    assert any("may go on writing" in check.text for check in plan.warnings)
    ended = await FAILOVER.run_target(MirrorContext(services, plan))
    assert ended.state is TargetState.DONE, ended
    assert "can be written to" in ended.verified
    assert services.world.held("dcn0").primary
    assert services.world.held("dcn0").snapshots == ()


async def test_a_daemon_that_does_not_reach_the_primary_proves_nothing_lately() -> None:
    """It goes on reporting that no journal entry is missing (seen on Ceph 16.2)."""
    services = lost()
    heard = services.clock.now
    services.clock.forward(3600)
    held = services.world.held("dcn0")
    held.remote["central"] = ReplayStatus(
        state=ReplayState.STOPPED, description="local image is primary", reported_at=heard
    )
    held.status = ReplayStatus(
        state=ReplayState.REPLAYING, reported_at=services.clock.now, entries_behind=0
    )
    said = (await planned(services)).irreversible
    assert f"What central wrote after {heard:%Y-%m-%d %H:%M:%S} UTC (1 h ago)" in said
    held.remote.clear()
    assert "has arrived is not known" in (await planned(services)).irreversible


async def test_entries_that_are_missing_are_counted() -> None:
    services = lost()
    services.world.plants["central"].reachable = True
    services.world.replay_seconds = 10_000
    services.world.write("central", 1, "late")
    services.world.settle(30)
    services.world.plants["central"].reachable = False
    assert "the 1 entry it was behind" in (await planned(services)).irreversible


async def test_whose_key_reads_an_encrypted_volume_is_told() -> None:
    services = lost()
    volume = services.cinder.volumes["1"]
    services.cinder.volumes["1"] = msgspec.structs.replace(volume, encrypted=True)
    assert any("key stays in" in check.text for check in (await planned(services)).checks)


async def test_a_primary_that_answers_is_refused() -> None:
    services = lost()
    services.world.plants["central"].reachable = True
    (check,) = (await planned(services)).refusals
    assert "mirror relocate" in check.way_out


async def test_a_copy_that_never_was_whole_is_refused() -> None:
    services = FakeServices("dcn0")
    services.add_volume()
    services.world.sync_seconds = 10_000
    services.world.make_mirrored("central", MirrorMode.SNAPSHOT)
    services.world.plants["central"].reachable = False
    assert any("never had the first copy" in one.text for one in (await planned(services)).refusals)


async def test_killed_after_every_change_it_goes_on() -> None:
    for number in (1, 2, 3):
        services = lost(MirrorMode.SNAPSHOT)
        plan = await planned(services)
        results: dict[str, StepResult] = {}

        def kill(write: str, services: FakeServices = services, number: int = number) -> None:
            if len(services.world.writes) == number:
                raise Killed

        services.world.after_write = kill
        with pytest.raises(Killed):
            await FAILOVER.run_target(MirrorContext(services, plan, results=results))
        services.world.after_write = lambda write: None
        ended = await FAILOVER.run_target(MirrorContext(services, plan, results=results))
        assert ended.state is TargetState.DONE
        assert services.world.held("dcn0").snapshots == ()
        assert sum("promote" in write for write in services.world.writes) == 1


async def test_a_primary_that_comes_back_meanwhile_is_left_alone() -> None:
    services = lost()
    plan = await planned(services)
    services.world.plants["central"].reachable = True
    ended = await FAILOVER.run_target(MirrorContext(services, plan))
    assert ended.state is TargetState.FAILED
    assert "answers again" in ended.text
    assert not services.world.held("dcn0").primary


async def test_a_cancelled_failover_changes_nothing() -> None:
    services = lost()
    context = MirrorContext(services, await planned(services))
    context.cancel_now = True
    assert (await FAILOVER.run_target(context)).state is TargetState.CANCELLED
    assert services.world.writes == []


async def test_schedules_follow_when_the_lost_sites_manager_answers() -> None:
    services = lost(MirrorMode.SNAPSHOT)
    services.world.plants["central"].schedules.append((IMAGE, "15m"))
    assert any("cannot be read" in check.text for check in (await planned(services)).warnings)
