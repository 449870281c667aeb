"""A relocation from step to step, killed and cancelled everywhere."""

from collections.abc import Callable

import msgspec
import pytest
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirroring import IMAGE

from dcn_console.model.mirroring import MirrorMode, Watcher
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Relocate
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.relocate import MirrorRelocate
from dcn_console.operations.relocate.names import Relocation
from dcn_console.operations.results import StepResult

MODES = (MirrorMode.JOURNAL, MirrorMode.SNAPSHOT)
RELOCATE = MirrorRelocate()


def mirrored(mode: MirrorMode = MirrorMode.JOURNAL) -> FakeServices:
    services = FakeServices("dcn0")
    services.world.make_mirrored("central", mode)
    services.world.plants["central"].schedules.append((IMAGE, "15m"))
    services.world.write("central", 3, "written at central")
    services.add_volume()
    return services


async def plan_of(services: FakeServices, *, stop_server: bool = False) -> Plan:
    request = Relocate(subjects=(SUBJECT,), stop_server=stop_server)
    (plan,) = await RELOCATE.plan(services.as_services(), request, services.plan_context())
    assert not plan.refusals, plan.refusals
    return plan


async def run(context: MirrorContext) -> Target:
    return await RELOCATE.run_target(context)


def assert_relocated(services: FakeServices, mode: MirrorMode) -> None:
    here, there = services.world.held("dcn0"), services.world.held("central")
    assert here.primary and not there.primary
    assert here.data == there.data
    assert here.data[3] == "written at central"
    if mode is MirrorMode.SNAPSHOT:
        assert services.world.plants["dcn0"].schedules == [(IMAGE, "15m")]
        assert services.world.plants["central"].schedules == []


def assert_at_home(services: FakeServices) -> None:
    here, there = services.world.held("central"), services.world.held("dcn0")
    assert here.primary and not there.primary
    services.world.settle(60)
    assert there.status is not None
    assert "split" not in there.status.description


@pytest.mark.parametrize("mode", MODES)
async def test_the_other_side_is_primary_in_the_end_and_nothing_is_lost(mode: MirrorMode) -> None:
    services = mirrored(mode)
    plan = await plan_of(services)
    context = MirrorContext(services, plan)
    ended = await run(context)
    assert ended.state is TargetState.DONE, ended
    assert_relocated(services, mode)
    assert list(context.results) == [step.name for step in plan.steps]
    assert "central follows and has all" in ended.verified
    back = await plan_of(services)
    assert back.targets == ("central",)
    assert (await run(MirrorContext(services, back))).state is TargetState.DONE
    assert_at_home(services)


@pytest.mark.parametrize("mode", MODES)
async def test_killed_after_every_step_it_goes_on_where_it_was(mode: MirrorMode) -> None:
    for name in [step.name for step in (await plan_of(mirrored(mode))).steps]:
        services = mirrored(mode)
        plan = await plan_of(services)
        results: dict[str, StepResult] = {}
        context = MirrorContext(services, plan, results=results, on_step=_killer(name))
        with pytest.raises(Killed):
            await run(context)
        assert name not in results
        ended = await run(MirrorContext(services, plan, results=results))
        assert ended.state is TargetState.DONE, (name, ended)
        assert_relocated(services, mode)
        assert _count(services, "demote") == 1
        assert _count(services, "promote") == 1


@pytest.mark.parametrize("mode", MODES)
async def test_killed_right_after_every_change_it_goes_on(mode: MirrorMode) -> None:
    services = mirrored(mode)
    await run(MirrorContext(services, await plan_of(services)))
    for number in range(1, len(services.world.writes) + 1):
        services = mirrored(mode)
        plan = await plan_of(services)
        results: dict[str, StepResult] = {}
        services.world.after_write = _killer_of_change(services, number)
        with pytest.raises(Killed):
            await run(MirrorContext(services, plan, results=results))
        services.world.after_write = lambda write: None
        ended = await run(MirrorContext(services, plan, results=results))
        assert ended.state is TargetState.DONE, (number, ended)
        assert_relocated(services, mode)


@pytest.mark.parametrize("mode", MODES)
async def test_cancelled_before_the_demotion_nothing_is_changed(mode: MirrorMode) -> None:
    services = mirrored(mode)
    context = MirrorContext(services, await plan_of(services))
    context.cancel_now = True
    ended = await run(context)
    assert ended.state is TargetState.CANCELLED
    assert "nothing was changed" in ended.text
    assert not _count(services, "demote")
    assert_at_home(services)


@pytest.mark.parametrize("mode", MODES)
async def test_cancelled_after_the_demotion_the_old_primary_is_primary_again(
    mode: MirrorMode,
) -> None:
    services = mirrored(mode)
    plan = await plan_of(services)

    def cancel(name: str) -> None:
        if name == "demote":
            context.cancel_now = True

    context = MirrorContext(services, plan, on_step=cancel)
    ended = await run(context)
    assert ended.state is TargetState.CANCELLED, ended
    assert "central is primary again" in ended.text
    assert "undo" in context.results
    assert_at_home(services)


async def test_cancelled_after_the_promotion_it_goes_on_and_says_so() -> None:
    services = mirrored()

    def cancel(name: str) -> None:
        if name == "promote":
            context.cancel_now = True

    context = MirrorContext(services, await plan_of(services), on_step=cancel)
    ended = await run(context)
    assert ended.state is TargetState.DONE
    assert_relocated(services, MirrorMode.JOURNAL)
    assert any("dcn0 is primary already" in line for line in context.lines)


async def test_a_demotion_that_never_arrives_is_undone_and_explained() -> None:
    services = mirrored()
    plan = await plan_of(services)

    def stop_daemon(name: str) -> None:
        if name == "final sync":
            services.world.plants["dcn0"].daemon = False

    ended = await run(MirrorContext(services, plan, on_step=stop_daemon))
    assert ended.state is TargetState.FAILED
    assert "not within" in ended.text
    assert "dcn0 is secondary" in ended.text
    assert "central is primary again" in ended.text
    assert_at_home(services)


async def test_a_cluster_lost_in_the_middle_is_waited_for() -> None:
    services = mirrored()
    looks = []

    def lose(name: str) -> None:
        if name == "demote":
            services.world.plants["dcn0"].reachable = False

    def mend(context: MirrorContext) -> None:
        if not services.world.plants["dcn0"].reachable:
            looks.append(context.shown[-1].state)
            services.world.plants["dcn0"].reachable = len(looks) > 20

    context = MirrorContext(services, await plan_of(services), on_step=lose, on_wait=mend)
    assert (await run(context)).state is TargetState.DONE
    assert set(looks) == {TargetState.WAITING}
    assert_relocated(services, MirrorMode.JOURNAL)


async def test_a_promotion_that_is_busy_is_tried_again() -> None:
    services = mirrored()
    services.clusters["dcn0"].mirroring.busy_promotions = 5
    assert (await run(MirrorContext(services, await plan_of(services)))).state is TargetState.DONE


async def test_a_server_that_writes_holds_up_the_demotion() -> None:
    services = mirrored()
    plan = await plan_of(services)

    def attach(name: str) -> None:
        if name == "final sync":
            held = services.world.held("central")
            held.watchers = (Watcher(address="10.0.0.9:0/1"),)

    ended = await run(MirrorContext(services, plan, on_step=attach))
    assert ended.state is TargetState.FAILED
    assert "10.0.0.9" in ended.text
    assert "central stays primary" in ended.text
    assert not _count(services, "demote")


@pytest.mark.parametrize("fails", [False, True])
async def test_the_server_is_stopped_and_started_where_it_can_run(fails: bool) -> None:
    services = mirrored()
    services.add_volume(server="web-1")
    assert services.nova is not None
    plan = await plan_of(services, stop_server=True)

    def cancel(name: str) -> None:
        context.cancel_now = fails and name == "demote"

    context = MirrorContext(services, plan, on_step=cancel)
    ended = await run(context)
    if fails:
        assert ended.state is TargetState.CANCELLED
        assert services.nova.asked == ["stop web-1", "start web-1"]
        return
    assert ended.state is TargetState.DONE
    assert services.nova.asked == ["stop web-1"]
    back = await plan_of(services, stop_server=True)
    assert (await run(MirrorContext(services, back))).state is TargetState.DONE
    assert services.nova.asked == ["stop web-1", "start web-1"]
    assert services.nova.servers["web-1"].status == "ACTIVE"


async def test_a_dead_manager_fails_the_schedules_and_says_what_works() -> None:
    services = mirrored(MirrorMode.SNAPSHOT)
    plan = await plan_of(services)
    services.world.plants["dcn0"].manager = False
    ended = await run(MirrorContext(services, plan))
    assert ended.state is TargetState.FAILED
    assert "dcn0 is primary" in ended.text
    assert "no mirror snapshots are scheduled" in ended.text
    assert services.world.held("dcn0").primary


async def test_one_left_without_a_primary_is_taken_up_to_either_side() -> None:
    for destination in ("dcn0", "central"):
        services = mirrored()
        services.world.settle(60)
        await services.clusters["central"].mirroring.demote("volumes", IMAGE)
        services.world.settle(60)
        request = Relocate(subjects=(SUBJECT,), destination=destination)
        (plan,) = await RELOCATE.plan(services.as_services(), request, services.plan_context())
        ended = await run(MirrorContext(services, plan))
        assert ended.state is TargetState.DONE, ended
        assert services.world.held(destination).primary


async def test_parameters_survive_as_plain_json() -> None:
    plan = await plan_of(mirrored(MirrorMode.SNAPSHOT))
    read_back = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    assert parameters_of(read_back, Relocation) == parameters_of(plan, Relocation)
    assert parameters_of(plan, Relocation).schedules == ("15m",)


def _killer(name: str) -> Callable[[str], None]:
    def kill(taken: str) -> None:
        if taken == name:
            raise Killed

    return kill


def _killer_of_change(services: FakeServices, number: int) -> Callable[[str], None]:
    def kill(write: str) -> None:
        if len(services.world.writes) == number:
            raise Killed

    return kill


def _count(services: FakeServices, what: str) -> int:
    return sum(f" {what} " in write for write in services.world.writes)
