"""Backups on real Cinder and Ceph: a chain travels to another edge whatever is killed meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dcn_lab.lab import Lab
from lab_storage import OBJECT, Storage
from lab_tasks import agents, carried_out, console_on, halted, kill_agents, planned
from real_console import RealConsole, until

from dcn_console.model.requests import ContentCheck, Request
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)
from dcn_console.model.tasks import TargetState, Task, TaskState


@pytest.fixture
def storage(lab: Lab) -> Iterator[Storage]:
    storage = Storage(lab)
    yield storage
    storage.clear()


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[RealConsole]:
    with console_on(lab, tmp_path) as console:
        yield console


async def carried_out_with_kills(lab: Lab, console: RealConsole, request: Request) -> Task:
    """Carry out ``request`` with agents and runner killed (-9) while Cinder works on it.

    Everything is ready before cinder-backup stands still: Cinder asks nothing of a service that has
    been silent for a minute.
    """
    if console.runner_pid() is None:
        console.start_runner()
    until(lambda: console.runner_pid() is not None, "the runner holds the store")
    plan = await planned(console, request)
    (site,) = plan.targets

    def watching(number: int) -> Callable[[], bool]:
        return lambda: console.target(number, site).state is TargetState.COPYING

    with halted(lab, "cinder-backup"):
        number = console.store.submit(plan, "test").number
        until(watching(number), "the task watches")
        until(lambda: bool(agents(console)), "an agent measures")
        kill_agents(console)
        console.kill_runner()
        console.start_runner()
        until(lambda: bool(agents(console)), "the next runner's agent measures")
        assert not console.task(number).state.is_over, console.explain(number)
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    return task


async def test_a_chain_survives_kills_on_its_way_to_another_edge(
    lab: Lab, console: RealConsole, storage: Storage
) -> None:
    source, destination = lab.edges[:2]
    volume_id = storage.volume(source)
    storage.write(source, volume_id, *range(8))

    full = BackUpVolumes(volume_ids=(volume_id,), name="full")
    task = await carried_out_with_kills(lab, console, full)
    assert task.plan.bytes_to_move == 8 * OBJECT
    assert "all 8 objects in use are the same" in task.targets[0].verified

    storage.write(source, volume_id, 7, 8, 9)
    increment = BackUpVolumes(volume_ids=(volume_id,), name="increment", incremental=True)
    task = await carried_out(console, increment)
    assert task.plan.bytes_to_move == 3 * OBJECT
    first, second = storage.backups(volume_id)
    assert (first["is_incremental"], second["is_incremental"]) == (False, True)
    kept = f"{lab.hub.pools.backups}/volume-{volume_id}.backup.{first['id']}"
    snapshots = lab.rbd(lab.hub, "snap", "ls", kept, "--format", "json")
    assert len(snapshots) == 2
    wanted = storage.checksum(source, volume_id, *range(10))
    storage.write(source, volume_id, 0)

    restore = RestoreBackup(
        backup_id=second["id"],
        site=destination.name,
        name=f"restored-{volume_id[:8]}",
        check=ContentCheck.FULL,
    )
    task = await carried_out_with_kills(lab, console, restore)
    assert "all 10 objects in use are the same" in task.targets[0].verified
    volumes = storage.get("/volumes/detail")["volumes"]
    (restored,) = [one for one in volumes if one["name"] == restore.name]
    storage.made.append(restored["id"])
    assert restored["availability_zone"] == destination.availability_zone
    assert storage.checksum(destination, restored["id"], *range(10)) == wanted

    chain = DeleteBackups(backup_ids=(first["id"],), with_dependents=True)
    task = await carried_out(console, chain)
    assert task.plan.typed_name == "full"
    assert storage.backups(volume_id) == []
    listed = lab.rbd(lab.hub, "ls", lab.hub.pools.backups)
    assert volume_id not in listed


async def test_a_check_proves_a_backup_and_retention_lets_the_old_one_go(
    lab: Lab, console: RealConsole, storage: Storage
) -> None:
    volume_id = storage.volume(lab.edges[0])
    storage.write(lab.edges[0], volume_id, 0, 1)
    console.start_runner()
    await carried_out(console, BackUpVolumes(volume_ids=(volume_id,), name="old"))
    await carried_out(console, BackUpVolumes(volume_ids=(volume_id,), name="new", keep=1))
    (left,) = storage.backups(volume_id)
    assert left["name"] == "new"
    check = CheckBackups(backup_ids=(left["id"],), site=lab.hub.name, check=ContentCheck.FULL)
    task = await carried_out(console, check)
    assert "all 2 objects in use are the same" in task.targets[0].verified
    (left,) = storage.backups(volume_id)
    assert left["metadata"]["dcn_console_verified_at"]
    names = {one["name"] for one in storage.get("/volumes/detail")["volumes"]}
    assert not any(name and name.startswith("dcn-console-check") for name in names)
