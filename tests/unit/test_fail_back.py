"""A fail back: the old primary gives up its own changes and is primary again, killed anywhere."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirroring import IMAGE, POOL
from fake_split import NEW, OLD, TornServices, asked, both_primary, safety_copies, split

from dcn_console.model.mirroring import MirrorMode, Watcher
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ContentCheck, FailBack
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.fail_back import MirrorFailback
from dcn_console.operations.fail_back.names import Return
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.registry import operation, operation_for
from dcn_console.operations.results import StepResult

MODES = (MirrorMode.JOURNAL, MirrorMode.SNAPSHOT)
FAILBACK = MirrorFailback()


async def plan_of(
    services: FakeServices,
    *,
    destination: str | None = None,
    stop_server: bool = False,
    safety_copy: bool = True,
) -> Plan:
    request = FailBack(
        subjects=(SUBJECT,),
        destination=destination,
        stop_server=stop_server,
        safety_copy=safety_copy,
        check=ContentCheck.FULL,
    )
    (plan,) = await FAILBACK.plan(services.as_services(), request, services.plan_context())
    return plan


async def refusal(services: FakeServices, destination: str | None = None) -> str:
    plan = await plan_of(services, destination=destination)
    assert plan.refusals, plan.checks
    return " ".join(f"{check.text} {check.way_out} {check.option}" for check in plan.refusals)


def assert_failed_back(services: TornServices, mode: MirrorMode) -> None:
    old, new = services.world.held(OLD), services.world.held(NEW)
    assert old.primary and not new.primary
    assert old.data == new.data
    assert old.data[1] == "written at the new primary"
    assert 3 not in old.data
    assert len(set(services.resynced)) == 1
    (copy,) = safety_copies(services)
    assert services.world.held(OLD, copy).data[3] == "written at the old primary"
    if mode is MirrorMode.SNAPSHOT:
        assert services.world.plants[OLD].schedules == [(IMAGE, "15m")]
        assert services.world.plants[NEW].schedules == []


async def after_failover(mode: MirrorMode) -> TornServices:
    services = await both_primary(mode)
    for site in (OLD, NEW):
        services.world.plants[site].schedules.append((IMAGE, "15m"))
    return services


@pytest.mark.parametrize("mode", MODES)
async def test_both_primary_ends_as_it_was_before_the_failover(mode: MirrorMode) -> None:
    services = await after_failover(mode)
    plan = await plan_of(services)
    assert not plan.refusals, plan.refusals
    assert plan.targets == (OLD,)
    assert plan.typed_name == "pet volume"
    assert set(plan.parameters["written"]) == {OLD, NEW}
    assert any("is primary as well, and is demoted first" in one.text for one in plan.warnings)
    context = MirrorContext(services, plan)
    ended = await FAILBACK.run_target(context)
    assert ended.state is TargetState.DONE, ended
    assert_failed_back(services, mode)
    assert safety_copies(services)[0] in ended.verified
    assert list(context.results) == [step.name for step in plan.steps]
    assert len(set(context.results)) == len(plan.steps)


@pytest.mark.parametrize("mode", MODES)
async def test_a_torn_old_primary_is_not_demoted_again(mode: MirrorMode) -> None:
    services = await split(mode)
    plan = await plan_of(services)
    assert "demote old primary" not in [step.name for step in plan.steps]
    ended = await FAILBACK.run_target(MirrorContext(services, plan))
    assert ended.state is TargetState.DONE, ended
    assert not asked(services, f"{OLD} demote")
    assert services.world.held(OLD).primary


@pytest.mark.parametrize("mode", MODES)
async def test_killed_after_every_step_it_goes_on_where_it_was(mode: MirrorMode) -> None:
    for name in [step.name for step in (await plan_of(await after_failover(mode))).steps]:
        services = await after_failover(mode)
        context = MirrorContext(services, await plan_of(services), on_step=_killer_at(name))
        with pytest.raises(Killed):
            await FAILBACK.run_target(context)
        ended = await FAILBACK.run_target(_again(context))
        assert ended.state is TargetState.DONE, (name, ended)
        assert_failed_back(services, mode)


@pytest.mark.parametrize("mode", MODES)
async def test_killed_right_after_every_change_it_goes_on(mode: MirrorMode) -> None:
    services = await after_failover(mode)
    await FAILBACK.run_target(MirrorContext(services, await plan_of(services)))
    for number in range(1, len(services.world.writes) + 1):
        services = await after_failover(mode)
        context = MirrorContext(services, await plan_of(services))
        services.world.after_write = _killer_of_change(services, number)
        with pytest.raises(Killed):
            await FAILBACK.run_target(context)
        services.world.after_write = lambda write: None
        ended = await FAILBACK.run_target(_again(context))
        assert ended.state is TargetState.DONE, (number, ended)
        assert_failed_back(services, mode)


async def test_cancelled_after_the_demotion_the_old_data_is_still_there() -> None:
    services = await after_failover(MirrorMode.JOURNAL)
    ended = await _cancelled_after(services, "demote old primary")
    assert ended.state is TargetState.CANCELLED
    assert f"{OLD} stays secondary, with its own data" in ended.text
    assert f"{NEW} stays primary" in ended.text
    assert services.world.held(OLD).data[3] == "written at the old primary"
    assert not safety_copies(services)
    assert not asked(services, f"{OLD} resync")
    assert not (await plan_of(services)).refusals


async def test_cancelled_while_it_is_copied_anew_the_new_primary_stays() -> None:
    services = await after_failover(MirrorMode.JOURNAL)
    ended = await _cancelled_after(services, "vanish")
    assert ended.state is TargetState.CANCELLED
    assert "Ceph goes on" in ended.text
    assert services.world.held(NEW).primary
    services.world.settle()
    assert services.world.held(OLD).data == services.world.held(NEW).data
    said = await refusal(services)
    assert f"mirror relocate --to {OLD}" in said


async def test_cancelled_in_the_relocation_the_new_primary_is_primary_again() -> None:
    services = await after_failover(MirrorMode.SNAPSHOT)
    ended = await _cancelled_after(services, "demote")
    assert ended.state is TargetState.CANCELLED
    assert f"mirror relocate --to {OLD}" in ended.text
    assert services.world.held(NEW).primary
    assert services.world.held(OLD).data == services.world.held(NEW).data


async def test_the_server_is_stopped_first_and_started_in_the_end() -> None:
    services = await after_failover(MirrorMode.JOURNAL)
    services.add_volume(server="web-1")
    assert "is running" in await refusal(services)
    services.world.held(OLD).lock_owner = "client.4711"
    plan = await plan_of(services, stop_server=True)
    assert not plan.refusals, plan.refusals
    assert plan.steps[0].name == "stop server"
    assert plan.steps[-1].name == "start server"

    def let_go(name: str) -> None:
        if name == "stop server":
            services.world.held(OLD).lock_owner = ""

    ended = await FAILBACK.run_target(MirrorContext(services, plan, on_step=let_go))
    assert ended.state is TargetState.DONE, ended
    assert services.nova is not None
    assert services.nova.asked == ["stop web-1", "start web-1"]


async def test_a_client_at_either_side_is_refused() -> None:
    for site in (OLD, NEW):
        services = await after_failover(MirrorMode.JOURNAL)
        services.world.held(site).watchers = (Watcher(address="10.0.0.9:0/1"),)
        assert f"{site}: somebody may be writing" in await refusal(services)


async def test_what_follows_is_relocated_instead() -> None:
    services = FakeServices(NEW)
    services.world.make_mirrored(NEW, MirrorMode.SNAPSHOT)
    services.add_volume()
    assert f"mirror relocate --to {OLD}" in await refusal(services)


async def test_the_only_primary_has_nothing_to_go_back_to() -> None:
    services = FakeServices(NEW)
    services.world.make_mirrored(OLD, MirrorMode.JOURNAL)
    services.add_volume()
    assert "only primary already" in await refusal(services)


async def test_an_old_primary_that_does_not_answer_is_waited_for() -> None:
    services = await after_failover(MirrorMode.JOURNAL)
    services.world.plants[OLD].reachable = False
    assert "cannot be primary again before it answers" in await refusal(services)


async def test_no_primary_is_relocated_instead() -> None:
    services = await split(MirrorMode.JOURNAL)
    await services.clusters[NEW].mirroring.demote(POOL, IMAGE)
    assert "mirror relocate --to SITE" in await refusal(services)


async def test_without_cinder_the_old_primary_must_be_named_where_it_is_not_clear() -> None:
    services = await after_failover(MirrorMode.JOURNAL)
    services.add_volume(zone="nowhere")
    assert "--to SITE" in await refusal(services)
    assert not (await plan_of(services, destination=OLD)).refusals
    torn = await split(MirrorMode.JOURNAL)
    torn.add_volume(zone="nowhere")
    assert (await plan_of(torn)).targets == (OLD,)


async def test_whose_newest_data_is_given_up_must_be_said() -> None:
    services = await after_failover(MirrorMode.JOURNAL)
    old, new = services.world.held(OLD), services.world.held(NEW)
    assert new.modified_at is not None
    old.modified_at = new.modified_at + timedelta(minutes=3)
    said = await refusal(services)
    assert f"{OLD} was written last" in said
    assert "--to SITE" in said
    assert not (await plan_of(services, destination=OLD)).refusals
    old.modified_at = None
    assert not (await plan_of(services)).refusals


async def test_a_third_copy_is_warned_about() -> None:
    services = await both_primary(MirrorMode.JOURNAL, "dcn1")
    plan = await plan_of(services)
    assert any("dcn1 also holds a copy" in check.text for check in plan.warnings)


async def test_it_can_be_planned_anew_and_is_registered() -> None:
    services = await after_failover(MirrorMode.SNAPSHOT)
    plan = await plan_of(services, destination=OLD, safety_copy=False)
    task = MirrorContext(services, plan).task
    again = await FAILBACK.replan(services.as_services(), task, services.plan_context())
    assert again == plan
    assert parameters_of(plan, Return).relocation.schedules == ("15m",)
    assert operation("mirror-failback").name == "mirror-failback"
    assert operation_for(FailBack(subjects=())).name == "mirror-failback"


def _again(killed: MirrorContext) -> MirrorContext:
    """Return a context of the next runner, for the same task with what was written down."""
    context = MirrorContext(killed.fake, killed.task.plan, results=killed.results)
    context.task = killed.task
    return context


async def _cancelled_after(services: FakeServices, name: str) -> Target:
    def cancel(step: str) -> None:
        if step == name:
            context.cancel_now = True

    results: dict[str, StepResult] = {}
    context = MirrorContext(services, await plan_of(services), results=results, on_step=cancel)
    return await FAILBACK.run_target(context)


def _killer_at(name: str) -> Callable[[str], None]:
    def kill(step: str) -> None:
        if step == name:
            raise Killed

    return kill


def _killer_of_change(services: FakeServices, number: int) -> Callable[[str], None]:
    def kill(write: str) -> None:
        if len(services.world.writes) == number:
            raise Killed

    return kill
