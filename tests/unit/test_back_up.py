"""Backups to the hub: what is planned, watched, verified, let go, and cleaned up."""

from collections.abc import Callable

import msgspec
import pytest
from fake_backups import BACKUPS, PROJECT, BackupServices
from fake_mirror_services import Killed, MirrorContext
from fake_mirroring import OBJECT

from dcn_console.model.errors import ObjectNotFound, UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.storage import Allowance, Backup, StorageQuota, VolumeSnapshot
from dcn_console.model.storage_requests import BackUpVolumes
from dcn_console.model.tasks import ProgressSource, Target, TargetState
from dcn_console.operations.back_up import BackupCreate
from dcn_console.operations.backups.reasons import explained
from dcn_console.operations.results import StepResult


async def a_plan(services: BackupServices, **more: object) -> Plan:
    request = BackUpVolumes(volume_ids=("1",), **more)  # type: ignore[arg-type]
    operation = BackupCreate()
    (plan,) = await operation.plan(services.as_services(), request, services.plan_context())
    return plan


async def run(
    services: BackupServices,
    plan: Plan,
    results: dict[str, StepResult] | None = None,
    on_wait: Callable[[MirrorContext], None] = lambda context: None,
) -> tuple[Target, MirrorContext]:
    context = MirrorContext(services, plan, results=results, on_wait=on_wait)
    context.task = msgspec.structs.replace(context.task, id=plan.made_at.isoformat())
    return await BackupCreate().run_target(context), context


async def back_up(services: BackupServices, **more: object) -> Backup:
    """Make a backup and return it."""
    plan = await a_plan(services, **more)
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    services.clock.forward(60)
    return newest(services)


def newest(services: BackupServices) -> Backup:
    found = services.storage.newest("1")
    assert found is not None
    return found


@pytest.fixture
def services() -> BackupServices:
    services = BackupServices()
    services.storage.add_volume()
    return services


def refusals(plan: Plan) -> str:
    return " ".join(check.text for check in plan.refusals)


def warnings(plan: Plan) -> str:
    return " ".join(check.text for check in plan.warnings)


async def test_a_full_backup_is_watched_by_its_bytes_and_compared(services: BackupServices) -> None:
    plan = await a_plan(services)
    assert not plan.is_refused
    assert plan.targets == ("central",)
    assert plan.bytes_to_move == 2 * OBJECT
    target, context = await run(services, plan)
    assert target.state is TargetState.DONE
    assert "full" in target.verified
    assert "all 2 objects in use are the same as at dcn0" in target.verified
    backup = newest(services)
    assert services.data("central", f"volume-1.backup.{backup.id}", BACKUPS) == services.data(
        "dcn0", "volume-1"
    )
    figures = {
        (shown.progress.source, shown.progress.done, shown.progress.total)
        for shown in context.shown
        if shown.progress and shown.state is TargetState.COPYING
    }
    assert (ProgressSource.RBD_IMAGE, OBJECT, 2 * OBJECT) in figures


async def test_the_pool_of_backups_may_have_any_name(services: BackupServices) -> None:
    services.storage.pool = "keep-q"
    plan = await a_plan(services)
    assert "no backup tells yet which pool backups go to" in warnings(plan)
    target, context = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    counted = [one.progress for one in context.shown if one.progress and one.progress.done]
    assert any(one.source is ProgressSource.RBD_IMAGE for one in counted), context.shown
    services.storage.add_volume("2")
    request = BackUpVolumes(volume_ids=("2",))
    (another,) = await BackupCreate().plan(services.as_services(), request, services.plan_context())
    assert "no backup tells yet" not in warnings(another)
    assert another.parameters["pool"] == "keep-q"


async def test_a_site_that_does_not_answer_is_told_in_the_plan(services: BackupServices) -> None:
    services.world.plants["dcn0"].reachable = False
    plan = await a_plan(services)
    assert plan.bytes_to_move is None
    assert "How many bytes will move is not known" in warnings(plan)


async def test_an_increment_counts_only_what_came_since(services: BackupServices) -> None:
    await back_up(services)
    services.write(3, "later")
    plan = await a_plan(services, incremental=True)
    assert plan.bytes_to_move == OBJECT
    assert "--incremental" in plan.commands[0]
    target, _ = await run(services, plan)
    assert "incremental" in target.verified
    assert newest(services).incremental


async def test_the_first_increment_is_a_full_backup_and_says_so(services: BackupServices) -> None:
    plan = await a_plan(services, incremental=True)
    assert any("this will be a full one" in check.text for check in plan.checks)
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE
    assert not newest(services).incremental


async def test_nothing_builds_on_the_backups_of_another_project(services: BackupServices) -> None:
    backup = await back_up(services)
    services.storage.set_backup(backup.id, project_id="another")
    plan = await a_plan(services, incremental=True)
    assert "1 backup is of another project" in warnings(plan)
    assert "--incremental" not in plan.commands[0]


async def test_nothing_builds_on_a_failed_newest_backup(services: BackupServices) -> None:
    backup = await back_up(services)
    services.storage.set_backup(backup.id, status="error")
    plan = await a_plan(services, incremental=True)
    assert "is error, and Cinder builds on no other" in warnings(plan)
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE


async def test_a_volume_that_lost_its_backup_snapshot_gets_a_full_one(
    services: BackupServices,
) -> None:
    await back_up(services)
    services.storage.source("1").snapshots = ()
    plan = await a_plan(services, incremental=True)
    assert "lost the snapshot" in warnings(plan)
    assert "--incremental" not in plan.commands[0]


async def test_a_silent_full_backup_is_noticed_with_cinders_message(
    services: BackupServices,
) -> None:
    await back_up(services)
    plan = await a_plan(services, incremental=True)
    services.storage.force_full = "Too many snapshots, a full backup was made."
    target, context = await run(services, plan)
    assert target.state is TargetState.DONE
    assert "FULL backup although an incremental" in target.verified
    assert "Too many snapshots" in target.verified
    assert any("FULL" in line for line in context.lines)


async def test_a_volume_in_use_is_backed_up_with_force(services: BackupServices) -> None:
    services.storage.set_volume("1", status="in-use")
    plan = await a_plan(services)
    assert "--force" in plan.commands[0]
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE
    assert services.storage.volumes["1"].status == "in-use"


async def test_older_chains_go_only_after_the_new_backup_was_verified(
    services: BackupServices,
) -> None:
    first = await back_up(services)
    await back_up(services, incremental=True)
    plan = await a_plan(services, keep=1)
    assert "2 older backups will be deleted" in warnings(plan)
    assert plan.steps[-1].name == "drop older"
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE, target.text
    assert set(services.storage.backups) == {newest(services).id}
    deleted = [one for one in services.storage.asked if one.startswith("delete")]
    assert deleted[-1] == f"delete {first.id}"


async def test_nothing_goes_when_the_new_backup_is_wrong(services: BackupServices) -> None:
    first = await back_up(services)
    plan = await a_plan(services, keep=1)

    services.storage.rotten = True
    target, _ = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "is not what dcn0" in target.text
    assert first.id in services.storage.backups


async def test_a_failure_says_the_way_out_and_leaves_nothing(services: BackupServices) -> None:
    plan = await a_plan(services)
    services.storage.fail_reason = "[errno 2] RADOS object not found (error calling conf_read_file)"
    target, _ = await run(services, plan)
    assert target.state is TargetState.FAILED
    assert "restart cinder-backup" in target.text
    assert services.storage.backups == {}


async def test_a_lost_answer_makes_no_second_backup(services: BackupServices) -> None:
    plan = await a_plan(services)
    services.storage.lose_answers = 1
    target, _ = await run(services, plan)
    assert target.state is TargetState.DONE
    assert len(services.storage.backups) == 1


@pytest.mark.parametrize("where", ["after asking", "while watching"])
async def test_a_killed_runner_takes_the_backup_up_again(
    services: BackupServices, where: str
) -> None:
    plan = await a_plan(services)
    results: dict[str, StepResult] = {}

    def kill(_: object) -> None:
        raise Killed

    if where == "after asking":
        services.world.after_write = kill
    with pytest.raises(Killed):
        await run(services, plan, results, kill if where == "while watching" else lambda _: None)
    services.world.after_write = lambda write: None
    target, _ = await run(services, plan, results)
    assert target.state is TargetState.DONE
    assert services.storage.asked == ["back up 1"]


async def test_cancelling_leaves_the_backup_to_cinder(services: BackupServices) -> None:
    plan = await a_plan(services)

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = True

    target, _ = await run(services, plan, on_wait=cancel)
    assert target.state is TargetState.CANCELLED
    assert "Cinder cannot be stopped" in target.text
    assert len(services.storage.backups) == 1


async def test_a_backup_deleted_in_the_middle_is_a_clear_failure(services: BackupServices) -> None:
    plan = await a_plan(services)

    def delete(context: MirrorContext) -> None:
        services.storage.backups.clear()

    target, _ = await run(services, plan, on_wait=delete)
    assert target.state is TargetState.FAILED
    assert "deleted by somebody else" in target.text


async def test_what_cannot_work_is_refused_in_the_plan(services: BackupServices) -> None:
    storage = services.storage
    storage.set_volume("1", status="extending")
    assert "is extending" in refusals(await a_plan(services))
    storage.set_volume("1", status="available")
    storage.quota = StorageQuota(backups=Allowance(used=10, allowed=10))
    assert "Quota backups: 0 are free of 10" in refusals(await a_plan(services))
    storage.quota = StorageQuota(backup_bytes=Allowance(used=OBJECT, allowed=2 * OBJECT))
    assert "Quota backup_gigabytes" in refusals(await a_plan(services))
    storage.quota = StorageQuota()
    storage.microversion = "3.50"
    assert "needs 3.51" in refusals(await a_plan(services))
    storage.microversion = "3.70"
    down = msgspec.structs.replace(storage.services[-1], state="down")
    storage.services = (*storage.services[:-1], down)
    assert "No cinder-backup works in zone central-zone" in refusals(await a_plan(services))
    storage.services = storage.services[:-1]
    assert "has no cinder-backup" in refusals(await a_plan(services))
    with pytest.raises(UsageError):
        await a_plan(services, keep=0)
    storage.volumes.clear()
    with pytest.raises(ObjectNotFound):
        await a_plan(services)


async def test_a_snapshot_gets_one_backup_and_a_full_one(services: BackupServices) -> None:
    storage = services.storage
    snapshot = VolumeSnapshot(
        id="s1", status="available", volume_id="1", created_at=services.clock.now
    )
    storage.snapshots["s1"] = snapshot
    plan = await a_plan(services, snapshot_id="s1", incremental=True)
    assert "always a full one" in warnings(plan)
    assert plan.bytes_to_move == 4 * OBJECT
    storage.backups["old"] = Backup(
        id="old", volume_id="1", snapshot_id="s0", status="available", project_id=PROJECT
    )
    assert "can keep only one" in refusals(await a_plan(services, snapshot_id="s1"))


async def test_without_ceph_access_the_time_of_earlier_ones_is_shown(
    services: BackupServices,
) -> None:
    services.clusters.clear()
    context = msgspec.structs.replace(services.plan_context(), rate_to=lambda site: 1.0)
    request = BackUpVolumes(volume_ids=("1",))
    (plan,) = await BackupCreate().plan(services.as_services(), request, context)
    assert plan.bytes_to_move is None
    plan = msgspec.structs.replace(plan, estimate_seconds=8.0)
    target, ran = await run(services, plan)
    assert target.state is TargetState.DONE
    assert "no Ceph access" in target.verified
    sources = {shown.progress.source for shown in ran.shown if shown.progress}
    assert sources == {ProgressSource.HISTORY}


@pytest.mark.parametrize(
    ("said", "way_out"),
    [
        ("Service not found for creating backup.", "volume service list"),
        ("[errno 17] RBD image already exists (error creating image)", "leave this failed one"),
        ("[errno 13] RADOS permission denied (error connecting to the cluster)", "keyring"),
        ("Driver initialize connection failed (error: … Command: ceph mon dump", "restart cinder-"),
        ("incomplete backup reset on manager restart", "try again"),
        ("Timed out waiting for a reply to message ID a443", "cinder-volume at the volume's site"),
        ("", "cinder-backup's log"),
        ("something nobody knows", "See the log of cinder-backup"),
    ],
)
def test_known_reasons_come_with_a_way_out(said: str, way_out: str) -> None:
    assert way_out in explained(said, "backup “x”")
