"""A resync: whose data is given up is refused or planned, copied aside first, and asked once."""

from collections.abc import Callable
from datetime import datetime

import msgspec
import pytest
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirroring import IMAGE, POOL
from fake_split import NEW, OLD, SAFETY, TornServices, asked, both_primary, safety_copies, split

from dcn_console.model.mirroring import MirrorMode, ReplayState, ReplayStatus, Watcher
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Resync
from dcn_console.model.tasks import ProgressSource, Target, TargetState
from dcn_console.operations.registry import operation, operation_for
from dcn_console.operations.results import StepResult
from dcn_console.operations.resync import MirrorResync

MODES = (MirrorMode.JOURNAL, MirrorMode.SNAPSHOT)
RESYNC = MirrorResync()


async def plan_of(services: FakeServices, victim: str = OLD, *, safety_copy: bool = True) -> Plan:
    request = Resync(subjects=(SUBJECT,), victim=victim, safety_copy=safety_copy)
    (plan,) = await RESYNC.plan(services.as_services(), request, services.plan_context())
    return plan


async def refusal(services: FakeServices, victim: str = OLD) -> str:
    plan = await plan_of(services, victim)
    assert plan.refusals, plan.checks
    return " ".join(f"{check.text} {check.way_out}" for check in plan.refusals)


def assert_resynced(services: TornServices) -> None:
    world = services.world
    old, new = world.held(OLD), world.held(NEW)
    assert new.primary and not old.primary
    assert old.data == new.data
    assert old.data[1] == "written at the new primary"
    assert 3 not in old.data
    assert len(set(services.resynced)) == 1


@pytest.mark.parametrize("mode", MODES)
async def test_the_victim_ends_with_the_primarys_data_and_its_own_is_kept(mode: MirrorMode) -> None:
    services = await split(mode)
    held = dict(services.world.held(OLD).data)
    before = services.world.held(OLD).id
    plan = await plan_of(services)
    assert not plan.refusals, plan.refusals
    context = MirrorContext(services, plan)
    ended = await RESYNC.run_target(context)
    assert ended.state is TargetState.DONE, ended
    assert_resynced(services)
    assert services.resynced == [before]
    assert services.world.held(OLD).id != before
    (copy,) = safety_copies(services)
    assert services.world.held(OLD, copy).data == held
    assert held[3] == "written at the old primary"
    assert copy in ended.verified
    assert list(context.results) == [step.name for step in plan.steps]
    assert any("vanish" in shown.text for shown in context.shown)
    sources = {shown.progress.source for shown in context.shown if shown.progress is not None}
    assert ProgressSource.CEPH in sources
    assert ProgressSource.RBD_IMAGE in sources


async def test_the_plan_tells_when_each_side_was_last_written_and_what_is_lost() -> None:
    services = await split(MirrorMode.SNAPSHOT)
    plan = await plan_of(services)
    held = {site: services.world.held(site).modified_at for site in (OLD, NEW)}
    written = plan.parameters["written"]
    assert {site: datetime.fromisoformat(at) for site, at in written.items()} == held
    texts = [check.text for check in plan.checks]
    assert any(f"{OLD} (secondary, says split-brain) was last written at" in one for one in texts)
    assert any(f"{NEW} (primary) was last written at" in one for one in texts)
    assert plan.typed_name == "pet volume"
    assert "kept in a safety copy" in plan.irreversible
    assert plan.targets == (OLD,)
    assert plan.bytes_to_move
    (copying,) = [one for one in plan.commands if " cp " in one]
    assert SAFETY in copying
    assert any("mirror image resync" in one for one in plan.commands)


async def test_a_side_of_which_ceph_does_not_tell_has_no_time() -> None:
    services = await split(MirrorMode.JOURNAL)
    services.world.held(OLD).modified_at = None
    plan = await plan_of(services)
    assert plan.parameters["written"][OLD] is None
    assert any("does not tell" in check.text for check in plan.checks)


async def test_without_a_safety_copy_nothing_is_kept_and_that_is_said() -> None:
    services = await split(MirrorMode.SNAPSHOT)
    plan = await plan_of(services, safety_copy=False)
    assert any("lost for good" in check.text for check in plan.warnings)
    assert "safety copy" not in plan.irreversible
    assert (await RESYNC.run_target(MirrorContext(services, plan))).state is TargetState.DONE
    assert_resynced(services)
    assert not safety_copies(services)


@pytest.mark.parametrize("mode", MODES)
async def test_killed_after_every_step_it_is_asked_for_once(mode: MirrorMode) -> None:
    for name in [step.name for step in (await plan_of(await split(mode))).steps]:
        services = await split(mode)
        plan = await plan_of(services)
        results: dict[str, StepResult] = {}

        def kill(step: str, name: str = name) -> None:
            if step == name:
                raise Killed

        with pytest.raises(Killed):
            context = MirrorContext(services, plan, results=results, on_step=kill)
            await RESYNC.run_target(context)
        services.world.settle(200)
        ended = await RESYNC.run_target(_again(context))
        assert ended.state is TargetState.DONE, (name, ended)
        assert_resynced(services)
        assert len(safety_copies(services)) == 1


@pytest.mark.parametrize("mode", MODES)
async def test_killed_right_after_every_change_it_goes_on(mode: MirrorMode) -> None:
    services = await split(mode)
    await RESYNC.run_target(MirrorContext(services, await plan_of(services)))
    for number in range(1, len(services.world.writes) + 1):
        services = await split(mode)
        plan = await plan_of(services)
        results: dict[str, StepResult] = {}
        services.world.after_write = _killer(services, number)
        with pytest.raises(Killed):
            context = MirrorContext(services, plan, results=results)
            await RESYNC.run_target(context)
        services.world.after_write = lambda write: None
        services.world.settle(200)
        ended = await RESYNC.run_target(_again(context))
        assert ended.state is TargetState.DONE, (number, ended)
        assert_resynced(services)
        assert len(safety_copies(services)) == 1


async def test_cancelled_before_it_is_asked_for_nothing_is_given_up_nor_left_behind() -> None:
    for name in ("note", "safety copy"):
        services = await split(MirrorMode.JOURNAL)
        ended = await _cancelled_after(services, name)
        assert ended.state is TargetState.CANCELLED, (name, ended)
        assert "nothing was given up" in ended.text
        assert not asked(services, f"{OLD} resync")
        assert not safety_copies(services)
        assert services.world.held(OLD).data[3] == "written at the old primary"


async def test_cancelled_once_it_is_asked_for_only_the_waiting_ends() -> None:
    services = await split(MirrorMode.JOURNAL)
    ended = await _cancelled_after(services, "resync")
    assert ended.state is TargetState.CANCELLED
    assert "Ceph goes on" in ended.text
    assert len(safety_copies(services)) == 1
    assert safety_copies(services)[0] in ended.text


async def test_cancelled_and_killed_while_asking_the_safety_copy_stays() -> None:
    services = await split(MirrorMode.JOURNAL)
    services.world.resync_seconds = 100_000
    plan = await plan_of(services)
    results: dict[str, StepResult] = {}

    def kill(write: str) -> None:
        if "resync" in write:
            raise Killed

    services.world.after_write = kill
    with pytest.raises(Killed):
        killed = MirrorContext(services, plan, results=results)
        await RESYNC.run_target(killed)
    services.world.after_write = lambda write: None
    context = _again(killed)
    context.cancel_now = True
    assert (await RESYNC.run_target(context)).state is TargetState.CANCELLED
    assert len(safety_copies(services)) == 1


async def test_a_report_on_the_rbd_image_there_was_counts_for_nothing() -> None:
    services = FakeServices(NEW)
    services.world.make_mirrored(OLD, MirrorMode.JOURNAL)
    services.add_volume()
    services.world.sync_seconds = 60
    plan = await plan_of(services, NEW)
    assert any("need not be copied anew" in check.text for check in plan.warnings)
    status = services.world.held(NEW).status
    assert status is not None
    assert status.entries_behind == 0

    def still_said(context: MirrorContext) -> None:
        held = services.world.plants[NEW].images.get((POOL, IMAGE))
        if held is not None and held.syncing and held.status is None:
            held.status = status

    context = MirrorContext(services, plan, on_wait=still_said)
    ended = await RESYNC.run_target(context)
    assert ended.state is TargetState.DONE, ended
    assert not services.world.held(NEW).syncing


async def test_data_that_arrives_while_it_is_copied_aside_ends_it_before_any_loss() -> None:
    services = await split(MirrorMode.JOURNAL)
    plan = await plan_of(services)

    def write(what: str) -> None:
        if "copy" in what:
            services.world.held(OLD).data[0] = f"moved on after {what} {len(services.world.writes)}"

    services.world.after_write = write
    ended = await RESYNC.run_target(MirrorContext(services, plan))
    assert ended.state is TargetState.FAILED
    assert "waived" in ended.text
    assert not asked(services, f"{OLD} resync")
    assert not safety_copies(services)


@pytest.mark.parametrize("in_use", [True, False])
async def test_what_differs_in_the_end_is_an_error_unless_a_client_writes(in_use: bool) -> None:
    services = await split(MirrorMode.JOURNAL)

    def differ(step: str) -> None:
        if step == "copy anew":
            old, new = services.world.held(OLD), services.world.held(NEW)
            old.data = dict.fromkeys(old.data, "something else")
            new.lock_owner = "client.4711" if in_use else ""

    context = MirrorContext(services, await plan_of(services), on_step=differ)
    ended = await RESYNC.run_target(context)
    assert ended.state is (TargetState.DONE if in_use else TargetState.FAILED)
    said = ended.verified if in_use else ended.text
    assert ("is in use" if in_use else "differ") in said
    assert safety_copies(services)[0] in said


async def test_a_victim_promoted_meanwhile_is_left_alone() -> None:
    services = await split(MirrorMode.JOURNAL)
    plan = await plan_of(services)
    await services.clusters[OLD].mirroring.promote(POOL, IMAGE, force=True)
    ended = await RESYNC.run_target(MirrorContext(services, plan))
    assert ended.state is TargetState.FAILED
    assert f"{OLD} is primary" in ended.text
    assert not asked(services, f"{OLD} resync")


async def test_an_rbd_image_made_anew_since_the_last_look_is_not_asked_to_vanish() -> None:
    services = await split(MirrorMode.JOURNAL)
    plan = await plan_of(services)
    mirroring = services.clusters[OLD].mirroring
    ask = mirroring.resync

    async def too_late(pool: str, name: str, image_id: str) -> None:
        services.world.held(OLD).id = "made anew"
        await ask(pool, name, image_id)

    vars(mirroring)["resync"] = too_late
    await RESYNC.run_target(MirrorContext(services, plan))
    assert services.resynced == ["made anew"]
    assert not asked(services, f"{OLD} resync")


async def test_a_victim_that_is_primary_is_refused_with_the_way_out() -> None:
    services = await both_primary(MirrorMode.JOURNAL)
    said = await refusal(services)
    assert f"mirror failback --to {OLD}" in said
    assert "mirror image demote" in said
    assert (await plan_of(services)).parameters["written"].keys() == {OLD, NEW}
    assert "the only primary" in await refusal(await split(MirrorMode.JOURNAL), NEW)


async def test_without_a_primary_elsewhere_it_is_refused() -> None:
    services = await split(MirrorMode.JOURNAL)
    await services.clusters[NEW].mirroring.demote(POOL, IMAGE)
    assert "nothing to copy from" in await refusal(services)
    services.world.plants[NEW].reachable = False
    assert "does not answer" in await refusal(services)


async def test_an_unreachable_victim_is_refused() -> None:
    services = await split(MirrorMode.JOURNAL)
    services.world.plants[OLD].reachable = False
    assert f"{OLD} cannot be asked" in await refusal(services)


async def test_a_dead_daemon_is_refused() -> None:
    services = await split(MirrorMode.JOURNAL)
    services.world.plants[OLD].daemon = False
    status = services.world.held(OLD).status
    assert status is not None
    services.world.held(OLD).status = type(status)()
    assert "Start rbd-mirror" in await refusal(services)


async def test_no_room_for_the_safety_copy_is_refused_and_waiving_it_helps() -> None:
    services = await split(MirrorMode.JOURNAL)
    services.world.plants[OLD].available = 5 << 20
    assert "free in pool" in await refusal(services)
    assert not (await plan_of(services, safety_copy=False)).refusals


async def test_a_running_server_at_the_victim_is_refused() -> None:
    services = await split(MirrorMode.JOURNAL)
    services.add_volume(server="web-1")
    assert "is running" in await refusal(services)
    services.add_volume(server="web-1", zone="dcn0-zone")
    assert not (await plan_of(services)).refusals


async def test_who_has_a_torn_victim_open_is_told() -> None:
    services = await split(MirrorMode.SNAPSHOT)
    services.world.held(OLD).watchers = (Watcher(address="10.0.0.9:0/1"),)
    plan = await plan_of(services)
    assert any("1 client may have it open" in check.text for check in plan.warnings)


async def test_a_copy_made_anew_that_has_parted_again_is_told_what_holds_it_back() -> None:
    """With a third site behind in the primary's journal (measured on 16.2.15)."""
    services = FakeServices(NEW, "dcn1")
    services.world.make_mirrored(OLD, MirrorMode.JOURNAL)
    services.add_volume()
    services.world.sync_seconds = 600
    torn = ReplayStatus(
        state=ReplayState.ERROR, up=True, description="split-brain detected", reported_at=None
    )
    services.world.held("dcn1").status = torn
    plan = await plan_of(services, NEW)
    told = next(check for check in plan.warnings if check.site == "dcn1")
    assert told.way_out.endswith("mirror resync --victim dcn1")

    def parted(context: MirrorContext) -> None:
        held = services.world.plants[NEW].images.get((POOL, IMAGE))
        if held is not None and held.syncing:
            held.status = msgspec.structs.replace(torn, reported_at=context.now())

    ended = await RESYNC.run_target(MirrorContext(services, plan, on_wait=parted))
    assert ended.state is TargetState.FAILED
    assert "resync that first" in ended.text


async def test_a_pool_that_does_not_receive_is_refused() -> None:
    services = await split(MirrorMode.JOURNAL)
    services.world.disconnect(NEW, OLD)
    assert "does not receive" in await refusal(services)


async def test_a_task_at_work_on_it_is_refused() -> None:
    services = await split(MirrorMode.JOURNAL)
    plan = await plan_of(services)
    task = MirrorContext(services, plan).task
    request = Resync(subjects=(SUBJECT,), victim=OLD)
    (again,) = await RESYNC.plan(services.as_services(), request, services.plan_context(task))
    assert "Task 7" in again.refusals[0].text


async def test_it_can_be_planned_anew_and_is_registered() -> None:
    services = await split(MirrorMode.JOURNAL)
    plan = await plan_of(services, safety_copy=False)
    task = MirrorContext(services, plan).task
    again = await RESYNC.replan(services.as_services(), task, services.plan_context())
    assert again == plan
    assert operation("mirror-resync").name == "mirror-resync"
    assert operation_for(Resync(subjects=(), victim=OLD)).name == "mirror-resync"


def _again(killed: MirrorContext) -> MirrorContext:
    """Return a context of the next runner, for the same task with what was written down."""
    context = MirrorContext(killed.fake, killed.task.plan, results=killed.results)
    context.task = killed.task
    return context


async def _cancelled_after(services: FakeServices, name: str) -> Target:
    def cancel(step: str) -> None:
        if step == name:
            context.cancel_now = True

    context = MirrorContext(services, await plan_of(services), on_step=cancel)
    return await RESYNC.run_target(context)


def _killer(services: FakeServices, number: int) -> Callable[[str], None]:
    def kill(write: str) -> None:
        if len(services.world.writes) == number:
            raise Killed

    return kill
