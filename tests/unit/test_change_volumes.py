"""Volumes are snapshotted, extended and deleted: planned, asked once, seen, cleaned up."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from fake_mirror_services import Killed, MirrorContext
from fake_mirror_state import Held
from fake_mirroring import POOL
from fake_volumes import GIB, VolumeServices

from dcn_console.model.errors import ObjectNotFound, UsageError
from dcn_console.model.inventory import Attachment, Image, Server
from dcn_console.model.mirroring import MirrorMode, RbdParent, Watcher
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.storage import Allowance, Backup, StorageQuota, VolumeSnapshot
from dcn_console.model.storage_requests import (
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
)
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.registry import operation_for
from dcn_console.operations.results import StepResult

TAKE = SnapshotVolumes(volume_ids=("1",), name="point")
QUIETLY = SnapshotVolumes(volume_ids=("1",), name="point", stop_server=True)
GROW = ExtendVolumes(volume_ids=("1",), size=2 * GIB)
DELETE = DeleteVolumes(volume_ids=("1",))
WITH_SNAPSHOTS = DeleteVolumes(volume_ids=("1",), with_snapshots=True)
DELETE_SNAPSHOT = DeleteSnapshots(snapshot_ids=("s",))


async def a_plan(services: VolumeServices, request: Request) -> Plan:
    operation = operation_for(request)
    (plan,) = await operation.plan(services.as_services(), request, services.plan_context())
    return plan


async def run(
    services: VolumeServices,
    request: Request,
    results: dict[str, StepResult] | None = None,
    on_wait: Callable[[MirrorContext], None] = lambda context: None,
    plan: Plan | None = None,
) -> tuple[Target, MirrorContext]:
    plan = plan or await a_plan(services, request)
    assert plan.has_work, plan
    context = MirrorContext(services, plan, results=results, on_wait=on_wait)
    return await operation_for(request).run_target(context), context


@pytest.fixture
def services() -> VolumeServices:
    services = VolumeServices()
    services.storage.add_volume()
    services.storage.set_volume("1", size=GIB)
    return services


def add_server(services: VolumeServices, status: str = "ACTIVE") -> None:
    services.storage.set_volume(
        "1", status="in-use", attachments=(Attachment(server_id="web", device="/dev/vdb"),)
    )
    assert services.nova is not None
    services.nova.servers["web"] = Server(id="web", name="web", status=status)


def add_snapshot(services: VolumeServices, **more: Any) -> VolumeSnapshot:
    fields = {"id": "s", "name": "before", "status": "available", "volume_id": "1", **more}
    services.storage.snapshots["s"] = VolumeSnapshot(**fields)
    return services.storage.snapshots["s"]


def add_clone(services: VolumeServices, snapshot: str) -> None:
    held = Held(id="c", size=GIB, created_at=services.clock.now)
    held.parent = RbdParent(pool=POOL, image="volume-1", snapshot=snapshot)
    services.world.plants["dcn0"].images[POOL, "volume-child"] = held


def refusals(plan: Plan) -> str:
    return " ".join(check.text for check in plan.refusals)


def warnings(plan: Plan) -> str:
    return " ".join(check.text for check in plan.warnings)


async def killed_and_taken_up(services: VolumeServices, request: Request) -> Target:
    """Kill the runner right after its first change, and let another go on."""
    results: dict[str, StepResult] = {}
    plan = await a_plan(services, request)

    def kill(write: str) -> None:
        services.world.after_write = lambda write: None
        raise Killed

    services.world.after_write = kill
    with pytest.raises(Killed):
        await run(services, request, results, plan=plan)
    target, _ = await run(services, request, results, plan=plan)
    return target


@pytest.mark.parametrize(
    ("request_", "change"),
    [
        (TAKE, "snapshot 1"),
        (GROW, "extend 1"),
        (DELETE, "delete 1"),
        (DELETE_SNAPSHOT, "delete s"),
    ],
)
@pytest.mark.parametrize("how", ["killed", "lost"])
async def test_nothing_is_asked_twice(
    services: VolumeServices, request_: Request, change: str, how: str
) -> None:
    if request_ is DELETE_SNAPSHOT:
        add_snapshot(services)
    if how == "killed":
        target = await killed_and_taken_up(services, request_)
    else:
        services.storage.lose_answers = 1
        target, _ = await run(services, request_)
    assert target.state is TargetState.DONE, target.text
    assert services.storage.asked == [change]


@pytest.mark.parametrize("request_", [TAKE, GROW, DELETE])
async def test_a_volume_with_which_something_else_is_at_work_is_left_alone(
    services: VolumeServices, request_: Request
) -> None:
    services.storage.set_volume("1", status="backing-up")
    (refusal,) = (await a_plan(services, request_)).refusals
    assert "is backing-up" in refusal.text
    assert refusal.way_out.endswith(" 1")
    open_task = MirrorContext(services, await a_plan(services, GROW)).task
    operation = operation_for(request_)
    (plan,) = await operation.plan(
        services.as_services(), request_, services.plan_context(open_task)
    )
    assert "1 open task (7) works on this volume already" in refusals(plan)


@pytest.mark.parametrize("request_", [TAKE, GROW, DELETE])
async def test_a_copy_that_is_not_primary_is_left_alone(
    services: VolumeServices, request_: Request
) -> None:
    services.world.enable("dcn0", POOL, "volume-1", MirrorMode.JOURNAL)
    services.world.held("dcn0", "volume-1").primary = False
    assert "is not primary at dcn0" in refusals(await a_plan(services, request_))


async def test_a_volume_at_no_site_or_gone_is_told(services: VolumeServices) -> None:
    services.storage.set_volume("1", availability_zone="nova")
    with pytest.raises(UsageError, match="no site"):
        await a_plan(services, TAKE)
    with pytest.raises(ObjectNotFound):
        await a_plan(services, DeleteVolumes(volume_ids=("unknown",)))


async def test_a_snapshot_of_a_volume_in_use_is_taken_by_force(services: VolumeServices) -> None:
    add_server(services)
    plan = await a_plan(services, TAKE)
    assert any("as after a power cut" in check.text for check in plan.checks)
    assert plan.commands == ("openstack volume snapshot create --volume 1 --force point",)
    target, _ = await run(services, TAKE)
    assert target.state is TargetState.DONE, target.text
    assert "volumes/volume-1@snapshot-snapshot-1 is there" in target.verified


async def test_a_running_server_is_stopped_and_started_again(services: VolumeServices) -> None:
    add_server(services)
    target, _ = await run(services, QUIETLY)
    assert target.state is TargetState.DONE, target.text
    assert services.nova is not None
    assert services.nova.asked == ["stop web", "start web"]
    assert "server web started" in target.verified


async def test_a_server_is_stopped_for_one_volume_at_a_time(services: VolumeServices) -> None:
    add_server(services)
    services.storage.add_volume("2", status="in-use", attachments=(Attachment(server_id="web"),))
    request = SnapshotVolumes(volume_ids=("1", "2"), stop_server=True)
    operation = operation_for(request)
    first, second = await operation.plan(services.as_services(), request, services.plan_context())
    assert not first.is_refused
    assert "Server web uses several of these volumes" in refusals(second)
    open_task = MirrorContext(services, first).task
    alone = SnapshotVolumes(volume_ids=("2",), stop_server=True)
    (plan,) = await operation.plan(services.as_services(), alone, services.plan_context(open_task))
    assert "works on a server that uses it already" in refusals(plan)


@pytest.mark.parametrize("request_", [TAKE, GROW])
async def test_an_rbd_image_in_a_pool_unknown_here_is_no_hindrance(
    services: VolumeServices, request_: Request
) -> None:
    plant = services.world.plants["dcn0"].images
    plant["fast", "volume-1"] = plant[POOL, "volume-1"]
    held = plant.pop((POOL, "volume-1"))
    services.storage.source = lambda volume_id: held  # type: ignore[method-assign]
    plan = await a_plan(services, request_)
    assert "is not in pool volumes of dcn0" in warnings(plan)
    target, _ = await run(services, request_, plan=plan)
    assert target.state is TargetState.DONE, target.text
    assert "its RBD image is" in target.verified


async def test_a_server_that_was_stopped_before_stays_so(services: VolumeServices) -> None:
    add_server(services, status="SHUTOFF")
    plan = await a_plan(services, QUIETLY)
    assert [step.name for step in plan.steps] == ["ask", "watch", "verify"]
    await run(services, QUIETLY)
    assert services.nova is not None
    assert not services.nova.asked


async def test_a_failed_snapshot_is_removed_and_the_server_runs_again(
    services: VolumeServices,
) -> None:
    add_server(services)
    services.storage.fail_reason = "create snapshot:Snapshot failed"
    target, _ = await run(services, QUIETLY)
    assert target.state is TargetState.FAILED
    assert "Snapshot failed" in target.text
    assert not services.storage.snapshots
    assert services.nova is not None
    assert services.nova.servers["web"].status == "ACTIVE"


async def test_a_cancelled_snapshot_starts_the_server_again(services: VolumeServices) -> None:
    add_server(services)

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = bool(services.storage.snapshots)

    target, _ = await run(services, QUIETLY, on_wait=cancel)
    assert target.state is TargetState.CANCELLED
    assert services.nova is not None
    assert services.nova.asked == ["stop web", "start web"]


async def test_without_nova_no_server_can_be_stopped(services: VolumeServices) -> None:
    add_server(services)
    services.nova = None
    assert "Which server to stop cannot be told" in refusals(await a_plan(services, QUIETLY))
    assert not (await a_plan(services, TAKE)).is_refused


async def test_a_snapshot_of_another_projects_volume_is_told_of(services: VolumeServices) -> None:
    assert "another project" not in warnings(await a_plan(services, TAKE))
    services.storage.set_volume("1", project_id="theirs")
    assert "the snapshot will be your project's" in warnings(await a_plan(services, TAKE))


async def test_quotas_of_snapshots_are_judged(services: VolumeServices) -> None:
    services.storage.quota = StorageQuota(
        snapshots=Allowance(used=3, allowed=3), volume_bytes=Allowance(used=GIB, allowed=GIB)
    )
    plan = await a_plan(services, TAKE)
    assert "Quota snapshots: 0 are free of 3, 1 needed." in refusals(plan)
    assert "Quota gigabytes" in warnings(plan)


async def test_a_volume_grows_with_its_rbd_image(services: VolumeServices) -> None:
    plan = await a_plan(services, GROW)
    assert plan.irreversible
    target, _ = await run(services, GROW)
    assert target.state is TargetState.DONE, target.text
    assert target.verified == "volume “db” has 2 GiB, its RBD image too"
    again = await a_plan(services, GROW)
    assert again.targets == ()
    assert again.skipped == {"dcn0": "has 2 GiB already"}


async def test_what_cannot_grow_is_refused(services: VolumeServices) -> None:
    services.storage.quota = StorageQuota(
        volume_bytes=Allowance(used=GIB, allowed=GIB), largest_volume=GIB
    )
    services.storage.microversion = "3.27"
    text = refusals(await a_plan(services, GROW))
    assert "Quota gigabytes: 0 B is free of 1 GiB, 1 GiB needed." in text
    assert "1 GiB at most" in text
    assert "up to 3.27" in text
    services.storage.set_volume("1", size=5 * GIB)
    assert "cannot become smaller" in refusals(await a_plan(services, GROW))


async def test_a_failed_extension_is_told_with_its_reason(services: VolumeServices) -> None:
    services.storage.fail_reason = "extend volume:No space left"
    target, _ = await run(services, GROW)
    assert target.state is TargetState.FAILED
    assert "it is error_extending: extend volume:No space left" in target.text
    assert "--state available 1" in target.text


async def test_an_extension_that_an_earlier_request_began_is_waited_for(
    services: VolumeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    extend = services.volumes.extend

    async def refused(volume_id: str, size_bytes: int) -> None:
        await extend(volume_id, size_bytes)
        await extend(volume_id, size_bytes)

    monkeypatch.setattr(services.volumes, "extend", refused)
    target, _ = await run(services, GROW)
    assert target.state is TargetState.DONE, target.text


async def test_an_extension_that_never_happens_ends(services: VolumeServices) -> None:
    services.volumes.stuck = True
    target, _ = await run(services, GROW)
    assert target.state is TargetState.FAILED
    assert "did not extend" in target.text
    assert services.storage.asked == ["extend 1"]


async def test_a_volume_is_deleted_by_name_and_seen_gone(services: VolumeServices) -> None:
    plan = await a_plan(services, DELETE)
    assert plan.typed_name == "db"
    assert "no good backup of it" in warnings(plan)
    target, _ = await run(services, DELETE)
    assert target.state is TargetState.DONE, target.text
    assert target.verified == "volume “db” is gone from Cinder, its RBD image too"


async def test_what_is_left_in_the_cluster_is_told(services: VolumeServices) -> None:
    services.rich["dcn0"].thrown_away = ("volume-1",)
    target, _ = await run(services, DELETE)
    assert "in the trash" in target.verified

    services.storage.add_volume("2", name="parent")
    services.world.plants["dcn0"].images[POOL, "volume-2.deleted"] = Held(
        id="d", size=GIB, created_at=services.clock.now
    )
    target, _ = await run(services, DeleteVolumes(volume_ids=("2",)))
    assert "stays as volumes/volume-2.deleted until its clones are gone" in target.verified


async def test_what_depends_on_a_volume_is_said_first(services: VolumeServices) -> None:
    add_snapshot(services)
    assert "It has 1 snapshot: before." in refusals(await a_plan(services, DELETE))
    plan = await a_plan(services, WITH_SNAPSHOTS)
    assert not plan.is_refused
    assert "1 snapshot of it will be deleted too: before." in warnings(plan)
    assert plan.commands == ("openstack volume delete --purge 1",)

    add_clone(services, "snapshot-s")
    text = refusals(await a_plan(services, WITH_SNAPSHOTS))
    assert "volumes/volume-child is a clone of its snapshots" in text
    add_clone(services, "volume-child.clone_snap")
    plan = await a_plan(services, WITH_SNAPSHOTS)
    assert not plan.is_refused
    assert "no room is free, until those are gone" in warnings(plan)

    services.world.enable("dcn0", POOL, "volume-1", MirrorMode.JOURNAL)
    assert "copies at other sites will be deleted" in warnings(await a_plan(services, DELETE))
    services.storage.backups["b"] = Backup(
        id="b", status="available", volume_id="1", data_at=services.clock.now
    )
    plan = await a_plan(services, DELETE)
    assert any("1 backup of it will stay" in check.text for check in plan.checks)


@pytest.mark.parametrize("request_", [DELETE, DELETE_SNAPSHOT])
async def test_an_image_of_a_server_that_needs_a_snapshot_is_told_of(
    services: VolumeServices, request_: Request
) -> None:
    add_snapshot(services)
    assert "no server boots" not in warnings(await a_plan(services, request_))
    services.glance.of_servers["s"] = Image(id="i", name="golden")
    text = warnings(await a_plan(services, request_))
    assert "image “golden” needs it: no server boots from that then." in text


async def test_a_volume_that_is_used_is_not_deleted(services: VolumeServices) -> None:
    services.world.held("dcn0", "volume-1").watchers = (Watcher(address="10.0.0.1:0/1"),)
    text = refusals(await a_plan(services, DELETE))
    assert "Somebody besides Cinder has its RBD image open: 1 client (10.0.0.1:0/1)" in text
    add_server(services)
    assert "is attached to server web" in refusals(await a_plan(services, DELETE))


async def test_snapshots_go_with_their_volume(services: VolumeServices) -> None:
    add_snapshot(services)
    target, _ = await run(services, WITH_SNAPSHOTS)
    assert target.state is TargetState.DONE, target.text
    assert not services.storage.snapshots


@pytest.mark.parametrize("request_", [DELETE, DELETE_SNAPSHOT])
async def test_what_cinder_does_not_delete_is_told_with_its_reason(
    services: VolumeServices, request_: Request
) -> None:
    if request_ is DELETE_SNAPSHOT:
        add_snapshot(services)
    services.storage.fail_reason = "delete snapshot:Snapshot is busy."
    target, _ = await run(services, request_)
    assert target.state is TargetState.FAILED
    assert "Snapshot is busy" in target.text
    assert len(services.storage.asked) == 1


async def test_a_snapshot_is_deleted_by_name_and_seen_gone(services: VolumeServices) -> None:
    await run(services, TAKE)
    (snapshot_id,) = services.storage.snapshots
    request = DeleteSnapshots(snapshot_ids=(snapshot_id,))
    plan = await a_plan(services, request)
    assert plan.typed_name == "point"
    target, _ = await run(services, request)
    assert target.verified == "snapshot “point” is gone from Cinder, its RBD snapshot too"


async def test_what_depends_on_a_snapshot_is_said_first(services: VolumeServices) -> None:
    add_snapshot(services, status="creating")
    add_clone(services, "snapshot-s")
    text = refusals(await a_plan(services, DELETE_SNAPSHOT))
    assert "is creating" in text
    assert "volumes/volume-child is a clone of it" in text
    add_snapshot(services)
    add_clone(services, "snapshot-other")
    services.storage.backups["b"] = Backup(id="b", volume_id="1", snapshot_id="s")
    plan = await a_plan(services, DELETE_SNAPSHOT)
    assert not plan.is_refused
    assert any("1 backup of it will stay" in check.text for check in plan.checks)


@pytest.mark.parametrize("request_", [TAKE, QUIETLY, GROW, DELETE, DELETE_SNAPSHOT])
async def test_each_is_planned_again_as_it_was_asked(
    services: VolumeServices, request_: Request
) -> None:
    add_server(services) if request_ is QUIETLY else add_snapshot(services)
    plan = await a_plan(services, request_)
    context = MirrorContext(services, plan)
    again = await operation_for(request_).replan(
        services.as_services(), context.task, services.plan_context()
    )
    assert msgspec.structs.replace(again, made_at=plan.made_at) == plan


async def test_the_way_out_of_a_failed_volume_is_a_command(services: VolumeServices) -> None:
    services.storage.set_volume("1", status="error_restoring")
    (refusal,) = (await a_plan(services, TAKE)).refusals
    assert refusal.way_out == "Once it is well: openstack volume set --state available 1"
