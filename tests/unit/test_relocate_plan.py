"""The plan of a relocation: what is refused, warned of and said before anything is changed."""

import msgspec
import pytest
from fake_mirror_services import SUBJECT, FakeServices
from fake_mirroring import IMAGE, POOL

from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import MirrorMode, Watcher
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Relocate
from dcn_console.model.tasks import Task, TaskState
from dcn_console.operations.relocate import MirrorRelocate
from dcn_console.operations.relocate.plan import plan_relocation

MODES = (MirrorMode.JOURNAL, MirrorMode.SNAPSHOT)


async def planned(
    services: FakeServices,
    destination: str | None = None,
    *open_tasks: Task,
    stop_server: bool = False,
) -> Plan:
    request = Relocate(subjects=(SUBJECT,), destination=destination, stop_server=stop_server)
    context = services.plan_context(*open_tasks)
    return await plan_relocation(services.as_services(), SUBJECT, request, context)


def mirrored(mode: MirrorMode = MirrorMode.JOURNAL, *edges: str) -> FakeServices:
    services = FakeServices(*(edges or ("dcn0",)))
    services.world.make_mirrored("central", mode)
    services.add_volume()
    return services


def refusal(plan: Plan) -> str:
    return " ".join(f"{check.text} {check.way_out} {check.option}" for check in plan.refusals)


def warnings(plan: Plan) -> str:
    return " ".join(f"{check.text} {check.way_out}" for check in plan.warnings)


@pytest.mark.parametrize("mode", MODES)
async def test_a_volume_in_sync_may_go_to_the_other_site(mode: MirrorMode) -> None:
    services = mirrored(mode)
    services.world.plants["central"].schedules.append((IMAGE, "15m"))
    plan = await planned(services)
    assert not plan.refusals
    assert plan.targets == ("dcn0",)
    names = [step.name for step in plan.steps]
    assert [name for name in names if name != "mirror snapshot"] == [
        "final sync",
        "demote",
        "wait for both sides",
        "promote",
        "reverse mirroring",
        "verify",
        *(["move schedules"] if mode is MirrorMode.SNAPSHOT else []),
    ]
    assert ("mirror snapshot" in names) is (mode is MirrorMode.SNAPSHOT)
    assert all(step.undo for step in plan.steps)
    assert "Cinder goes on listing" in warnings(plan)
    assert any("mirror image demote" in command for command in plan.commands)


async def test_what_is_not_mirrored_is_refused() -> None:
    services = FakeServices("dcn0")
    services.world.make("central")
    services.add_volume()
    assert "not mirrored" in refusal(await planned(services))


async def test_a_cluster_that_does_not_answer_is_refused() -> None:
    services = mirrored()
    services.world.plants["dcn0"].reachable = False
    assert "dcn0 cannot be asked" in refusal(await planned(services, "dcn0"))
    assert "dcn0 cannot be asked" in refusal(await planned(services))


async def test_a_lost_primary_is_for_failover() -> None:
    services = mirrored()
    services.world.plants["central"].reachable = False
    assert "mirror failover" in refusal(await planned(services))


async def test_a_dead_daemon_cannot_take_the_final_sync() -> None:
    services = mirrored()
    services.world.plants["dcn0"].daemon = False
    services.world.settle(300)
    assert "no rbd-mirror daemon reports" in refusal(await planned(services))


async def test_the_first_copy_must_be_whole() -> None:
    services = FakeServices("dcn0")
    services.add_volume()
    services.world.sync_seconds = 10_000
    services.world.make_mirrored("central", MirrorMode.SNAPSHOT)
    assert "first copy" in refusal(await planned(services))


async def test_two_primaries_and_split_brain_are_refused() -> None:
    services = mirrored()
    there, here = services.clusters["dcn0"], services.clusters["central"]
    await there.mirroring.promote(POOL, IMAGE, force=True)
    assert "both primary" in refusal(await planned(services))
    await here.mirroring.demote(POOL, IMAGE)
    services.world.settle(60)
    assert "split-brain" in refusal(await planned(services))


async def test_a_running_server_is_refused_or_stopped_by_agreement() -> None:
    services = mirrored()
    services.add_volume(server="web-1")
    assert "--stop-server" in refusal(await planned(services))
    plan = await planned(services, stop_server=True)
    assert not plan.refusals
    assert plan.steps[0].name == "stop server"
    assert "started again" in plan.steps[0].undo
    assert "start server" not in [step.name for step in plan.steps]
    assert "stay stopped" in warnings(plan)


async def test_a_server_is_started_again_where_it_can_run() -> None:
    services = mirrored()
    services.add_volume(server="web-1", zone="dcn0-zone")
    plan = await planned(services, stop_server=True)
    assert plan.steps[-1].name == "start server"
    assert "Cinder goes on" not in warnings(plan)


async def test_each_step_before_the_promotion_says_that_the_server_is_started_again() -> None:
    services = mirrored(MirrorMode.SNAPSHOT)
    services.add_volume(server="web-1")
    plan = await planned(services, stop_server=True)
    before = plan.steps[: [step.name for step in plan.steps].index("promote")]
    assert "mirror snapshot" in [step.name for step in before]
    assert all("started again" in step.undo for step in before), before


async def test_a_servers_other_volumes_must_be_back_as_well() -> None:
    services = mirrored()
    volume = services.add_volume(server="web-1", zone="dcn0-zone")
    assert services.nova is not None
    web = services.nova.servers["web-1"]
    services.nova.servers["web-1"] = msgspec.structs.replace(web, volumes=(volume.id,))
    assert "other volume" not in warnings(await planned(services, stop_server=True))
    services.nova.servers["web-1"] = msgspec.structs.replace(web, volumes=(volume.id, "2"))
    plan = await planned(services, stop_server=True)
    assert "Server web has 1 other volume" in warnings(plan)
    assert "other volume" not in warnings(await planned(services))


async def test_clients_without_a_server_are_refused() -> None:
    services = mirrored()
    services.world.held("central").watchers = (Watcher(address="10.0.0.9:0/1"),)
    assert "10.0.0.9" in refusal(await planned(services))


async def test_the_daemons_of_snapshot_mode_are_no_clients() -> None:
    services = mirrored(MirrorMode.SNAPSHOT)
    services.world.held("central").watchers = (Watcher(address="10.0.0.9:0/1"),)
    plan = await planned(services)
    assert not plan.refusals
    assert "may have it open" not in warnings(plan)
    services.world.held("central").watchers *= 2
    assert "may have it open" in warnings(await planned(services))


async def test_mirroring_one_way_only_is_warned_of() -> None:
    services = mirrored()
    services.world.disconnect("dcn0", "central")
    plan = await planned(services)
    assert not plan.refusals
    assert "mirror peer connect --both-ways volumes central dcn0" in warnings(plan)
    assert "reverse mirroring" not in [step.name for step in plan.steps]


async def test_of_several_copies_the_one_that_can_come_back_is_chosen() -> None:
    services = mirrored(MirrorMode.JOURNAL, "dcn0", "dcn1")
    plan = await planned(services)
    assert plan.targets == ("dcn0",)
    assert "dcn1 also has a copy, and does not receive from dcn0" in warnings(plan)
    assert "Relocate back to central later and resync dcn1, or give" in warnings(plan)
    assert f"mirror image disable --force {POOL}/{IMAGE}" in warnings(plan)


@pytest.mark.parametrize("site", ["central", "dcn0"])
async def test_too_small_permissions_are_refused_before_anything_changes(site: str) -> None:
    services = mirrored()
    services.world.plants[site].writable = False
    plan = await planned(services)
    assert f"Site {site}: permission denied" in refusal(plan)
    assert services.world.writes == []


async def test_the_primary_itself_is_skipped() -> None:
    plan = await planned(mirrored(), "central")
    assert plan.skipped == {"central": "is primary already"}
    assert not plan.has_work


async def test_without_a_primary_the_site_must_be_named() -> None:
    services = mirrored()
    await services.clusters["central"].mirroring.demote(POOL, IMAGE)
    assert "--to" in refusal(await planned(services))
    plan = await planned(services, "dcn0")
    assert plan.steps[0].name == "wait for both sides"


@pytest.mark.parametrize("demoted", [False, True])
async def test_what_moves_of_an_encrypted_volume_is_told(demoted: bool) -> None:
    services = mirrored()
    volume = services.cinder.volumes["1"]
    services.cinder.volumes["1"] = msgspec.structs.replace(volume, encrypted=True)
    if demoted:
        await services.clusters["central"].mirroring.demote(POOL, IMAGE)
    told = [check.text for check in (await planned(services, "dcn0")).checks]
    assert any("its data moves as it is" in text and "key stays in" in text for text in told)
    assert demoted or "Cinder has it attached to no server." in told


async def test_another_task_at_work_is_refused() -> None:
    services = mirrored()
    plan = await planned(services)
    task = Task(
        number=3, id="3", plan=plan, state=TaskState.RUNNING, submitted_at=services.clock.now
    )
    assert "Task 3 is at work" in refusal(await planned(services, None, task))
    again = await MirrorRelocate().replan(services.as_services(), task, services.plan_context())
    assert again.parameters == plan.parameters


async def test_an_unknown_site_and_a_cinder_that_is_down_are_told() -> None:
    services = mirrored()
    with pytest.raises(UsageError, match="mars"):
        await planned(services, "mars")
    services.cinder.volumes.clear()
    assert "cannot be told" in refusal(await planned(services))
