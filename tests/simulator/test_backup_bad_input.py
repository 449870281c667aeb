"""Backups and restores that cannot work, or go wrong in the middle, with real adapters."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from fake_mirror_services import MirrorContext
from simulated import Api, running_simulator, small_options
from simulated_operations import Operations, operations_on

from dcn_console.model.errors import DcnError, ObjectNotFound
from dcn_console.model.plans import Plan
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    DeleteBackups,
    ExtendVolumes,
    RestoreBackup,
)
from dcn_console.model.tasks import TargetState
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB

OBJECTS = (0, 1, 2)
HOUR = 3600.0


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    """One cloud for this module's tests."""
    with running_simulator(small_options(bandwidth=256.0 * MIB)) as running:
        yield running


@pytest.fixture
def simulator(shared: Simulator) -> Simulator:
    """The cloud, without the faults and quotas of the test before."""
    shared.control.clear_faults()
    shared.control.set_quota("admin")
    return shared


@pytest.fixture
async def operations(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Operations]:
    async with operations_on(simulator, tmp_path) as connected:
        yield connected


def filled_volume(
    simulator: Simulator, name: str = "db", size: int = 2, site: str = "north"
) -> str:
    """A volume at an edge with some data."""
    volume_id = simulator.control.add_volume(name, site, size)
    simulator.control.write(site, f"volume-{volume_id}", OBJECTS, "data")
    return volume_id


def refusals(plan: Plan) -> str:
    return " ".join(check.text for check in plan.refusals)


async def backups_of(operations: Operations, volume_id: str) -> tuple[Backup, ...]:
    return await operations.services.cinder.backups.of_volume(volume_id)


async def a_backup(operations: Operations, volume_id: str) -> str:
    """Back a volume up by a task; return the backup's id."""
    target, _ = await operations.run(BackUpVolumes(volume_ids=(volume_id,)))
    assert target.state is TargetState.DONE, target.text
    return (await backups_of(operations, volume_id))[-1].id


def once(act: Callable[[], object]) -> Callable[[MirrorContext], None]:
    """Do something at a task's first wait, when Cinder is at work."""
    done: list[bool] = []

    def wait(_: MirrorContext) -> None:
        if not done:
            done.append(True)
            act()

    return wait


async def test_plans_refuse_what_cannot_work(simulator: Simulator, operations: Operations) -> None:
    control, volume_id = simulator.control, filled_volume(simulator)
    backup_id = await a_backup(operations, volume_id)
    back_up = BackUpVolumes(volume_ids=(volume_id,))
    restore = RestoreBackup(backup_id=backup_id, site="south", name="again")

    control.set_quota("admin", backups=1)
    assert "Quota backups: 0 are free of 1" in refusals(await operations.plan(back_up))
    control.set_quota("admin", volumes=1)
    assert "Quota volumes: 0 are free of 1" in refusals(await operations.plan(restore))
    control.set_quota("admin", per_volume_gigabytes=1)
    assert "A volume may have" in refusals(await operations.plan(restore))
    control.set_quota("admin")

    small = control.add_volume("small", "south", 1)
    over_small = RestoreBackup(backup_id=backup_id, volume_id=small)
    assert "the backup needs" in refusals(await operations.plan(over_small))
    used = control.add_volume("used", "south", 2)
    control.add_server("web", "south", (used,))
    over_used = RestoreBackup(backup_id=backup_id, volume_id=used)
    assert "only an available volume" in refusals(await operations.plan(over_used))

    control.set_faults(backup_down=("home",))
    control.advance(120)
    assert "No cinder-backup works in zone zone-home" in refusals(await operations.plan(back_up))
    assert "nothing can be restored" in refusals(await operations.plan(restore))
    deletion = await operations.plan(DeleteBackups(backup_ids=(backup_id,)))
    assert "No cinder-backup works in zone zone-home" in refusals(deletion)
    control.set_faults(volume_down=("south",))
    control.advance(120)
    assert "No cinder-volume works in zone zone-south" in refusals(await operations.plan(restore))


async def test_a_backup_that_no_service_can_delete_is_refused(
    simulator: Simulator, operations: Operations, admin: Api
) -> None:
    """Cinder takes a backup to a zone without cinder-backup, fails, and never deletes it."""
    volume_id = filled_volume(simulator)
    body = {"backup": {"volume_id": volume_id, "name": "lost", "availability_zone": "zone-south"}}
    headers = {"OpenStack-API-Version": "volume 3.51"}
    made = admin.ask("POST", f"/volume/v3/{admin.project_id}/backups", body, headers)
    assert made.status == 202
    simulator.control.advance(10)
    (lost,) = await backups_of(operations, volume_id)
    assert lost.status == "error"
    plan = await operations.plan(DeleteBackups(backup_ids=(lost.id,)))
    assert "No cinder-backup works in zone zone-south" in refusals(plan)
    assert "storage_availability_zone = zone-south" in plan.refusals[0].way_out
    with pytest.raises(ObjectNotFound):
        await operations.services.cinder.backups.delete(lost.id)


async def test_a_quota_that_is_used_up_after_the_plan(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = filled_volume(simulator)
    request = BackUpVolumes(volume_ids=(volume_id,))
    plan = await operations.plan(request)
    simulator.control.set_quota("admin", backups=0)
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.FAILED
    assert "413" in target.text
    assert await backups_of(operations, volume_id) == ()


async def test_a_volume_that_is_gone_after_the_plan(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = filled_volume(simulator)
    request = BackUpVolumes(volume_ids=(volume_id,))
    plan = await operations.plan(request)
    await operations.services.cinder.volumes.delete(volume_id)
    simulator.control.advance(30)
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.FAILED
    assert "could not be found" in target.text
    with pytest.raises(ObjectNotFound):
        await operations.plan(request)


async def test_a_volume_whose_state_changed_after_the_plan(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = filled_volume(simulator)
    backup_id = await a_backup(operations, volume_id)
    request = RestoreBackup(backup_id=backup_id, volume_id=volume_id)
    plan = await operations.plan(request)
    simulator.control.add_server("late", "north", (volume_id,))
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.FAILED
    assert "available" in target.text


async def test_the_edge_goes_down_in_the_middle_of_a_backup_and_comes_back(
    simulator: Simulator, operations: Operations
) -> None:
    control, volume_id = simulator.control, filled_volume(simulator)
    waits = 0

    def mend(_: MirrorContext) -> None:
        nonlocal waits
        waits += 1
        if waits == 5:
            control.clear_faults()

    request = BackUpVolumes(volume_ids=(volume_id,))
    plan = await operations.plan(request)
    control.set_faults(osd_down=("north",))
    target, _ = await operations.run(request, plan, on_wait=mend)
    assert waits >= 5
    assert target.state is TargetState.DONE, target.text
    (backup,) = await backups_of(operations, volume_id)
    assert backup.status == "available"


async def test_the_target_goes_down_in_the_middle_of_a_restore_and_comes_back(
    simulator: Simulator, operations: Operations
) -> None:
    control, volume_id = simulator.control, filled_volume(simulator)
    backup_id = await a_backup(operations, volume_id)
    waits = 0

    def mend(_: MirrorContext) -> None:
        nonlocal waits
        waits += 1
        if waits == 5:
            control.clear_faults()

    request = RestoreBackup(backup_id=backup_id, site="south", name="patient")
    plan = await operations.plan(request)
    control.set_faults(osd_down=("south",))
    target, _ = await operations.run(request, plan, on_wait=mend)
    assert waits >= 5
    assert target.state is TargetState.DONE, target.text
    assert "are the same" in target.verified


async def test_a_backup_that_fails_at_the_hub_says_why_and_goes(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = filled_volume(simulator)
    request = BackUpVolumes(volume_ids=(volume_id,))
    plan = await operations.plan(request)
    simulator.control.set_faults(keyrings_missing=("north",))
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.FAILED
    assert "keyring" in target.text
    assert await backups_of(operations, volume_id) == ()


async def test_a_restored_volume_deleted_by_somebody_else_in_the_middle(
    simulator: Simulator, operations: Operations, admin: Api
) -> None:
    volume_id = filled_volume(simulator)
    backup_id = await a_backup(operations, volume_id)
    cinder = operations.services.cinder

    def delete() -> None:
        listed = admin.get(f"/volume/v3/{admin.project_id}/volumes/detail")["volumes"]
        (made,) = [one["id"] for one in listed if one["name"] == "again"]
        path = f"/volume/v3/{admin.project_id}/volumes/{made}/action"
        assert admin.ask("POST", path, {"os-force_delete": {}}).status == 202

    request = RestoreBackup(backup_id=backup_id, site="south", name="again")
    target, _ = await operations.run(request, on_wait=once(delete))
    assert target.state is TargetState.FAILED, target
    assert "deleted by somebody else" in target.text
    left = [one async for page in cinder.volume_pages() for one in page]
    assert "again" not in [one.name for one in left]
    assert (await cinder.backups.backup(backup_id)).status == "available"


async def test_a_backup_deleted_by_somebody_else_before_its_restore(
    simulator: Simulator, operations: Operations
) -> None:
    volume_id = filled_volume(simulator)
    backup_id = await a_backup(operations, volume_id)
    request = RestoreBackup(backup_id=backup_id, site="south", name="again")
    plan = await operations.plan(request)
    await operations.services.cinder.backups.delete(backup_id)
    simulator.control.advance(30)
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.FAILED
    assert backup_id in target.text
    with pytest.raises(ObjectNotFound):
        await operations.plan(request)


@pytest.mark.parametrize(
    ("minor", "told"),
    [
        (27, {"backup": "3.51", "restore": "3.47", "extend": "3.42"}),
        (42, {"backup": "3.51", "restore": "3.47"}),
        (46, {"backup": "3.51", "restore": "3.47"}),
        (50, {"backup": "3.51"}),
        (75, {}),
    ],
)
async def test_a_cinder_that_is_too_old_is_told_in_the_plan(
    tmp_path: Path, minor: int, told: dict[str, str]
) -> None:
    with running_simulator(small_options(bandwidth=64.0 * MIB, volume_minor=minor)) as simulator:
        volume_id = filled_volume(simulator)
        backup_id = simulator.control.add_backup(volume_id, "old", age=HOUR)
        requests = {
            "backup": BackUpVolumes(volume_ids=(volume_id,)),
            "restore": RestoreBackup(backup_id=backup_id, site="south", name="again"),
            "extend": ExtendVolumes(volume_ids=(volume_id,), size=3 * 1024**3),
        }
        async with operations_on(simulator, tmp_path) as operations:
            found = {name: refusals(await operations.plan(one)) for name, one in requests.items()}
            (listed,) = await backups_of(operations, volume_id)
    assert listed.id == backup_id
    for name, text in found.items():
        if name in told:
            assert f"knows microversions up to 3.{minor}; " in text
            assert f"needs {told[name]}" in text
        else:
            assert text == ""


async def test_with_newer_releases_all_goes_as_ever(tmp_path: Path) -> None:
    with running_simulator(small_options(volume_minor=75, compute_minor=100)) as simulator:
        volume_id = filled_volume(simulator)
        simulator.control.add_server("web", "north", (volume_id,), root=volume_id)
        async with operations_on(simulator, tmp_path) as operations:
            nova = operations.services.nova
            assert nova is not None
            assert await nova.microversion() == "2.100"
            assert await operations.services.cinder.microversion() == "3.75"
            (server,) = [one async for page in nova.server_pages() for one in page]
            assert (server.name, server.volumes) == ("web", (volume_id,))
            backup_id = await a_backup(operations, volume_id)
            request = RestoreBackup(backup_id=backup_id, site="south", name="again")
            target, _ = await operations.run(request)
            assert target.state is TargetState.DONE, target.text
            assert "are the same" in target.verified
            deletion = DeleteBackups(backup_ids=(backup_id,))
            target, _ = await operations.run(deletion)
            assert target.state is TargetState.DONE, target.text
            with pytest.raises(DcnError):
                await operations.services.cinder.backups.backup(backup_id)
