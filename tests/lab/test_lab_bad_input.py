"""Backups and restores that real Cinder refuses, or that somebody spoils in the middle."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from dcn_lab.lab import Lab
from lab_clients import connect, wait_for
from lab_storage import Storage
from lab_tasks import carried_out, console_on, halted, plan_of, planned
from real_console import RealConsole, until

from dcn_console.model.storage_requests import BackUpVolumes, DeleteBackups, RestoreBackup
from dcn_console.model.tasks import TargetState, TaskState

LIMIT = 100
"""The lab's own quota of backups."""


@pytest.fixture
def storage(lab: Lab) -> Iterator[Storage]:
    storage = Storage(lab)
    yield storage
    storage.clear()


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[RealConsole]:
    with console_on(lab, tmp_path) as console:
        console.start_runner()
        yield console


async def test_what_cinder_refuses_and_what_others_spoil_is_told(
    lab: Lab, console: RealConsole, storage: Storage
) -> None:
    api = connect(lab, lab.cloud).block_storage
    project = connect(lab, lab.cloud).current_project_id
    edge, other = lab.edges[0], lab.edges[-1]
    volume_id, small = storage.volume(edge), storage.volume(edge)
    storage.write(edge, volume_id, 0)
    api.post(
        f"/volumes/{volume_id}/action",
        json={"os-extend": {"new_size": 2}},
        headers={"OpenStack-API-Version": "volume 3.42"},
    )
    wait_for(lab, "the larger volume", lambda: storage.status(volume_id) == "available")
    await carried_out(console, BackUpVolumes(volume_ids=(volume_id,)))
    (backup,) = storage.backups(volume_id)

    over = await plan_of(console, RestoreBackup(backup_id=backup["id"], volume_id=small))
    assert "the backup needs 2 GiB" in over.refusals[0].text

    request = BackUpVolumes(volume_ids=(volume_id,))
    plan = await planned(console, request)
    used = api.get(f"/os-quota-sets/{project}?usage=true").json()["quota_set"]["backups"]["in_use"]
    full = api.put(f"/os-quota-sets/{project}", json={"quota_set": {"backups": used}})
    assert full.status_code == 200, full.text
    try:
        refused = await plan_of(console, request)
        assert "Quota backups: " in refused.refusals[0].text
        number = console.store.submit(plan, "test").number
        task = console.wait_over(number)
    finally:
        api.put(f"/os-quota-sets/{project}", json={"quota_set": {"backups": LIMIT}})
    assert task.state is TaskState.FAILED
    assert "413" in task.targets[0].text
    assert [one["id"] for one in storage.backups(volume_id)] == [backup["id"]]

    plan = await planned(
        console, RestoreBackup(backup_id=backup["id"], site=other.name, name=f"spoilt-{small}")
    )
    with halted(lab, "cinder-backup"):
        number = console.store.submit(plan, "test").number
        target = partial(console.target, number, other.name)
        until(lambda: target().state is TargetState.COPYING, "the task watches")
        (made,) = storage.named(f"spoilt-{small}")
        api.post(f"/volumes/{made}/action", json={"os-force_delete": {}})
        wait_for(lab, "the end of the volume", lambda: storage.status(made) is None)
    task = console.wait_over(number)
    assert task.state is TaskState.FAILED
    assert "deleted by somebody else" in task.targets[0].text
    storage.made.remove(made)
    if storage.backups(volume_id)[0]["status"] == "restoring":
        assert f"--state available {backup['id']}" in task.targets[0].text
        api.post(
            f"/backups/{backup['id']}/action", json={"os-reset_status": {"status": "available"}}
        )
    wait_for(lab, "the backup", lambda: storage.backups(volume_id)[0]["status"] == "available")

    plan = await planned(console, DeleteBackups(backup_ids=(backup["id"],)))
    api.delete(f"/backups/{backup['id']}")
    wait_for(lab, "the backup's end", lambda: not storage.backups(volume_id))
    number = console.store.submit(plan, "test").number
    task = console.wait_over(number)
    assert task.state is TaskState.DONE
    assert "gone" in task.targets[0].verified
