"""Restores: to a new volume at any site, over an existing one, and what proves them."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from fake_backups import BACKUPS, BackupServices
from fake_mirror_services import Killed, MirrorContext
from fake_mirroring import OBJECT

from dcn_console.model.backup_rows import VERIFIED_AT
from dcn_console.model.errors import HttpError, UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ContentCheck
from dcn_console.model.storage import Allowance, StorageQuota
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)
from dcn_console.model.tasks import (
    ProgressSource,
    StepRecord,
    StepState,
    Target,
    TargetState,
)
from dcn_console.operations.back_up import BackupCreate
from dcn_console.operations.base import Operation
from dcn_console.operations.check_backups import BackupCheck
from dcn_console.operations.create_server.plan import ASK_STEP as SERVER_ASK
from dcn_console.operations.create_server.plan import VERIFY_STEP as SERVER_VERIFY
from dcn_console.operations.create_server.plan import WATCH_STEP as SERVER_WATCH
from dcn_console.operations.delete_backups import BackupDelete
from dcn_console.operations.restore_backup import BackupRestore
from dcn_console.operations.restore_backup.server import PREFIX
from dcn_console.operations.results import StepResult

COUNTED = "Incremental backups exist for this backup."


async def run(
    services: BackupServices,
    operation: Operation,  # type: ignore[type-arg]
    plan: Plan,
    results: dict[str, StepResult] | None = None,
    on_wait: Callable[[MirrorContext], None] = lambda context: None,
) -> tuple[Target, MirrorContext]:
    context = MirrorContext(services, plan, results=results, on_wait=on_wait)
    context.task = msgspec.structs.replace(context.task, id=plan.made_at.isoformat())
    target = await operation.run_target(context)
    return target, context


async def back_up(services: BackupServices, *, incremental: bool = False) -> str:
    """Make a backup and return its id."""
    request = BackUpVolumes(volume_ids=("1",), incremental=incremental)
    (plan,) = await BackupCreate().plan(services.as_services(), request, services.plan_context())
    target, _ = await run(services, BackupCreate(), plan)
    assert target.state is TargetState.DONE, target.text
    services.clock.forward(60)
    found = services.storage.newest("1")
    assert found is not None
    return found.id


async def restore_plan(services: BackupServices, backup_id: str, **more: object) -> Plan:
    more = {"site": "dcn1"} | more if "volume_id" not in more else more
    request = RestoreBackup(backup_id=backup_id, **more)  # type: ignore[arg-type]
    (plan,) = await BackupRestore().plan(services.as_services(), request, services.plan_context())
    return plan


async def delete_plans(services: BackupServices, *ids: str, **more: bool) -> tuple[Plan, ...]:
    request = DeleteBackups(backup_ids=ids, **more)
    return await BackupDelete().plan(services.as_services(), request, services.plan_context())


async def check_plan(services: BackupServices, backup_id: str, site: str = "dcn1") -> Plan:
    request = CheckBackups(backup_ids=(backup_id,), site=site, check=ContentCheck.FULL)
    (plan,) = await BackupCheck().plan(services.as_services(), request, services.plan_context())
    return plan


@pytest.fixture
def services() -> BackupServices:
    services = BackupServices()
    services.storage.add_volume()
    return services


def refusals(plan: Plan) -> str:
    return " ".join(check.text for check in plan.refusals)


def warnings(plan: Plan) -> str:
    return " ".join(check.text for check in plan.warnings)


def restored_at(services: BackupServices, zone: str = "dcn1-zone") -> list[str]:
    return [
        volume.id
        for volume in services.storage.volumes.values()
        if volume.availability_zone == zone
    ]


async def test_an_increment_is_restored_at_another_site_as_it_was(services: BackupServices) -> None:
    await back_up(services)
    services.write(3, "later")
    backup_id = await back_up(services, incremental=True)
    wanted = dict(services.data("dcn0", "volume-1"))
    services.write(3, "after the backup")
    plan = await restore_plan(services, backup_id, check=ContentCheck.FULL)
    assert not plan.is_refused
    assert plan.targets == ("dcn1",)
    assert plan.bytes_to_move == 3 * OBJECT
    target, context = await run(services, BackupRestore(), plan)
    assert target.state is TargetState.DONE, target.text
    assert "all 3 objects in use are the same as at dcn0" in target.verified
    (volume_id,) = restored_at(services)
    assert services.data("dcn1", f"volume-{volume_id}") == wanted
    sources = {shown.progress.source for shown in context.shown if shown.progress}
    assert ProgressSource.RBD_IMAGE in sources


async def test_boot_flag_and_image_metadata_are_carried_over(services: BackupServices) -> None:
    services.storage.set_volume("1", bootable=True)
    services.storage.image_metadata["1"] = {"os_type": "linux"}
    plan = await restore_plan(services, await back_up(services))
    target, _ = await run(services, BackupRestore(), plan)
    assert "os_type" in target.verified
    (volume_id,) = restored_at(services)
    assert services.storage.volumes[volume_id].bootable
    assert services.storage.image_metadata[volume_id] == {"os_type": "linux"}


async def test_without_the_old_volume_the_backup_itself_is_compared_with(
    services: BackupServices,
) -> None:
    backup_id = await back_up(services)
    del services.storage.volumes["1"]
    plan = await restore_plan(services, backup_id)
    target, _ = await run(services, BackupRestore(), plan)
    assert "the same as at central" in target.verified


async def test_wrong_data_is_told_and_the_volume_left(services: BackupServices) -> None:
    plan = await restore_plan(services, await back_up(services), check=ContentCheck.FULL)
    services.storage.rotten = True
    target, _ = await run(services, BackupRestore(), plan)
    assert target.state is TargetState.FAILED
    assert "is not what dcn0" in target.text
    assert restored_at(services)


async def test_a_fallback_of_the_zone_is_told(services: BackupServices) -> None:
    plan = await restore_plan(services, await back_up(services))
    services.storage.zone_fallback = "central-zone"
    target, _ = await run(services, BackupRestore(), plan)
    assert target.state is TargetState.FAILED
    assert "in zone central-zone, not in dcn1-zone" in target.text


@pytest.mark.parametrize("metadata", [{}, {"owner": "somebody"}])
@pytest.mark.parametrize("later", [0.0, 60.0])
async def test_a_killed_runner_makes_no_second_volume(
    services: BackupServices, metadata: dict[str, str], later: float
) -> None:
    """The mark is gone once the old volume's metadata came back with the restore."""
    services.storage.volume_metadata["1"] = metadata
    plan = await restore_plan(services, await back_up(services))
    results: dict[str, StepResult] = {}

    def kill(_: object) -> None:
        raise Killed

    services.world.after_write = kill
    with pytest.raises(Killed):
        await run(services, BackupRestore(), plan, results)
    services.world.after_write = lambda write: None
    submitted = services.clock.now
    services.clock.forward(later)
    context = MirrorContext(services, plan, results=results)
    context.task = msgspec.structs.replace(
        context.task, id=plan.made_at.isoformat(), submitted_at=submitted
    )
    target = await BackupRestore().run_target(context)
    assert target.state is TargetState.DONE, target.text
    assert len(restored_at(services)) == 1


async def test_a_failed_restore_leaves_no_volume(services: BackupServices) -> None:
    plan = await restore_plan(services, await back_up(services))
    services.storage.fail_reason = "[errno 2] error calling conf_read_file"
    target, _ = await run(services, BackupRestore(), plan)
    assert target.state is TargetState.FAILED
    assert "restart cinder-backup" in target.text
    assert restored_at(services) == []


async def test_over_an_existing_volume_needs_its_name(services: BackupServices) -> None:
    backup_id = await back_up(services)
    wanted = dict(services.data("dcn0", "volume-1"))
    services.write(1, "mistake")
    plan = await restore_plan(services, backup_id, volume_id="1")
    assert plan.typed_name == "db"
    assert "overwritten" in plan.irreversible
    assert plan.targets == ("dcn0",)
    target, _ = await run(services, BackupRestore(), plan)
    assert target.state is TargetState.DONE, target.text
    assert services.data("dcn0", "volume-1") == wanted


async def test_a_failed_restore_over_a_volume_says_what_is_left(services: BackupServices) -> None:
    plan = await restore_plan(services, await back_up(services), volume_id="1")
    services.storage.fail_reason = "timed out"
    target, _ = await run(services, BackupRestore(), plan)
    assert target.state is TargetState.FAILED
    assert "neither its old data nor all of the backup" in target.text
    assert "1" in services.storage.volumes


async def test_restores_that_cannot_work_are_refused(services: BackupServices) -> None:
    storage = services.storage
    backup_id = await back_up(services)
    storage.set_volume("1", status="in-use")
    assert "only an available volume" in refusals(
        await restore_plan(services, backup_id, volume_id="1")
    )
    storage.set_volume("1", status="available", size=OBJECT)
    assert "the backup needs" in refusals(await restore_plan(services, backup_id, volume_id="1"))
    storage.quota = StorageQuota(volumes=Allowance(used=3, allowed=3))
    assert "Quota volumes" in refusals(await restore_plan(services, backup_id))
    storage.quota = StorageQuota()
    storage.microversion = "3.46"
    assert "needs 3.47" in refusals(await restore_plan(services, backup_id))
    storage.microversion = "3.70"
    storage.set_backup(backup_id, status="error")
    assert "not available" in refusals(await restore_plan(services, backup_id))
    storage.set_backup(backup_id, status="available")
    services.world.plants["central"].images.pop((BACKUPS, f"volume-1.backup.{backup_id}"))
    assert "no RBD image with the data" in refusals(await restore_plan(services, backup_id))
    with pytest.raises(UsageError):
        await restore_plan(services, backup_id, site="")


async def test_an_increment_without_its_chain_is_told(services: BackupServices) -> None:
    full = await back_up(services)
    increment = await back_up(services, incremental=True)
    plan = await restore_plan(services, increment)
    assert "no good backup that it could build on" not in warnings(plan)
    services.storage.backups.pop(full)
    assert "no good backup that it could build on" in warnings(
        await restore_plan(services, increment)
    )
    services.clusters.clear()
    plan = await restore_plan(services, increment)
    assert "no good backup that it could build on" in warnings(plan)


async def test_encrypted_volumes_and_backups_are_told(services: BackupServices) -> None:
    storage = services.storage
    backup_id = await back_up(services)
    storage.set_backup(backup_id, encrypted=True)
    assert "must still be in the key manager" in warnings(await restore_plan(services, backup_id))
    over = await restore_plan(services, backup_id, volume_id="1")
    assert "only one is encrypted" in refusals(over)
    storage.set_volume("1", encrypted=True)
    assert not (await restore_plan(services, backup_id, volume_id="1")).is_refused
    request = BackUpVolumes(volume_ids=("1",))
    (plan,) = await BackupCreate().plan(services.as_services(), request, services.plan_context())
    assert "is encrypted" in warnings(plan)


async def test_a_volume_deleted_by_somebody_else_in_the_middle(services: BackupServices) -> None:
    plan = await restore_plan(services, await back_up(services))

    backup_id = plan.objects[0].id

    def delete(_: MirrorContext) -> None:
        services.storage.set_backup(backup_id, status="restoring")
        for volume_id in restored_at(services):
            services.storage.volumes.pop(volume_id)

    target, _ = await run(services, BackupRestore(), plan, on_wait=delete)
    assert target.state is TargetState.FAILED
    assert "deleted by somebody else" in target.text
    assert f"volume backup set --state available {backup_id}" in target.text
    assert restored_at(services) == []
    stuck = await restore_plan(services, backup_id)
    assert "--state available" in stuck.refusals[0].way_out


async def test_a_chain_is_deleted_newest_first(services: BackupServices) -> None:
    full = await back_up(services)
    increment = await back_up(services, incremental=True)
    (plan,) = await delete_plans(services, full)
    assert "builds on" in refusals(plan)
    (plan,) = await delete_plans(services, full, with_dependents=True)
    assert not plan.is_refused
    assert plan.typed_name == services.storage.backups[full].label
    assert "last good backup" in " ".join(check.text for check in plan.warnings)
    target, _ = await run(services, BackupDelete(), plan)
    assert target.state is TargetState.DONE, target.text
    assert services.storage.backups == {}
    deleted = [one for one in services.storage.asked if one.startswith("delete")]
    assert deleted == [f"delete {increment}", f"delete {full}"]


async def test_a_missing_service_is_not_taken_for_a_missing_backup(
    services: BackupServices,
) -> None:
    """Cinder answers 404 to the deletion of a backup whose zone has no cinder-backup."""
    failed = await back_up(services)
    services.storage.set_backup(failed, status="error", availability_zone="dcn1-zone")
    (plan,) = await delete_plans(services, failed)
    assert "No cinder-backup works in zone dcn1-zone" in refusals(plan)
    assert "storage_availability_zone = dcn1-zone" in plan.refusals[0].way_out
    target, _ = await run(services, BackupDelete(), plan)
    assert target.state is TargetState.FAILED
    assert "no cinder-backup works in its zone, dcn1-zone" in target.text
    assert failed in services.storage.backups


async def test_a_deletion_goes_on_after_a_kill(services: BackupServices) -> None:
    full = await back_up(services)
    increment = await back_up(services, incremental=True)
    (plan,) = await delete_plans(services, full, increment)
    results: dict[str, StepResult] = {}

    def kill(_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        await run(services, BackupDelete(), plan, results, kill)
    target, _ = await run(services, BackupDelete(), plan, results)
    assert target.state is TargetState.DONE
    assert services.storage.backups == {}


async def test_the_data_of_another_backup_is_never_taken_along(services: BackupServices) -> None:
    good = await back_up(services)
    failed = await back_up(services)
    services.storage.set_backup(good, snapshot_id="s1")
    services.storage.set_backup(failed, snapshot_id="s1", status="error")
    (plan,) = await delete_plans(services, failed)
    assert "may remove the data of" in refusals(plan)


async def test_a_check_leaves_only_the_date(services: BackupServices) -> None:
    backup_id = await back_up(services)
    services.storage.set_backup(backup_id, metadata={"keep": "this"})
    plan = await check_plan(services, backup_id)
    target, _ = await run(services, BackupCheck(), plan)
    assert target.state is TargetState.DONE, target.text
    assert restored_at(services) == []
    metadata = services.storage.backups[backup_id].metadata
    assert metadata["keep"] == "this"
    assert metadata[VERIFIED_AT].startswith("2026-11-21T12:0")


async def test_a_check_that_finds_wrong_data_writes_nothing_down(services: BackupServices) -> None:
    backup_id = await back_up(services)
    plan = await check_plan(services, backup_id)
    services.storage.rotten = True
    target, _ = await run(services, BackupCheck(), plan)
    assert target.state is TargetState.FAILED
    assert restored_at(services) == []
    assert VERIFIED_AT not in services.storage.backups[backup_id].metadata


async def test_a_cancelled_check_still_removes_its_volume(services: BackupServices) -> None:
    backup_id = await back_up(services)
    plan = await check_plan(services, backup_id)

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = True

    target, _ = await run(services, BackupCheck(), plan, on_wait=cancel)
    assert target.state is TargetState.CANCELLED
    assert restored_at(services) == []


async def test_a_check_needs_something_to_compare_with(services: BackupServices) -> None:
    backup_id = await back_up(services)
    del services.clusters["dcn1"]
    assert "no Ceph access to dcn1" in refusals(await check_plan(services, backup_id))


def test_the_steps_of_the_server_are_told_by_the_names_of_the_plan() -> None:
    names = [f"{PREFIX}{step}" for step in (SERVER_ASK, SERVER_WATCH, SERVER_VERIFY)]
    taken = [
        StepRecord(name=name, state=StepState.DONE, started_at=datetime(2026, 1, 1, tzinfo=UTC))
        for name in names
    ]
    assert [one.planned_name for one in taken] == names


async def test_a_backup_that_was_half_deleted_says_how_to_go_on(services: BackupServices) -> None:
    made = await back_up(services)

    def fail(context: MirrorContext) -> None:
        services.storage.set_backup(made, status="error_deleting")

    request = DeleteBackups(backup_ids=(made,))
    (plan,) = await BackupDelete().plan(services.as_services(), request, services.plan_context())
    target, _ = await run(services, BackupDelete(), plan, on_wait=fail)
    assert target.state is TargetState.FAILED, target
    assert f"openstack volume backup set --state error {made}" in target.text


async def test_cinder_may_still_count_an_increment_that_is_gone(
    services: BackupServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = await back_up(services)
    (plan,) = await delete_plans(services, full)
    services.storage.set_backup(full, has_dependents=True)
    backups = services.as_services().cinder.backups
    delete, asked = backups.delete, list[str]()

    async def count_late(backup_id: str) -> None:
        asked.append(backup_id)
        if len(asked) < 3:
            raise HttpError(COUNTED, 400)
        await delete(backup_id)

    monkeypatch.setattr(backups, "delete", count_late)
    target, _ = await run(services, BackupDelete(), plan)
    assert target.state is TargetState.DONE, target.text
    assert services.storage.backups == {}


@pytest.mark.parametrize("has_dependents", [True, False])
async def test_what_cinder_goes_on_refusing_to_delete_is_told(
    services: BackupServices, has_dependents: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = await back_up(services)
    (plan,) = await delete_plans(services, full)
    services.storage.set_backup(full, has_dependents=has_dependents)

    async def refuse(backup_id: str) -> None:
        raise HttpError(COUNTED, 400)

    monkeypatch.setattr(services.as_services().cinder.backups, "delete", refuse)
    target, _ = await run(services, BackupDelete(), plan)
    assert target.state is TargetState.FAILED
    assert COUNTED in target.text
    assert set(services.storage.backups) == {full}
