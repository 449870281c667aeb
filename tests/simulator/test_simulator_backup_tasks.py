"""Whole tasks of backup and restore by our own runner on the simulator; tests/lab has real ones."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from contract_dcn import MIB, Dcn, simulated_dcn
from contract_volumes import Volumes
from real_console import RealConsole, until
from simulated import running_simulator, small_options

from dcn_console.inventory.services import Services
from dcn_console.model.requests import ContentCheck, Request
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)
from dcn_console.model.tasks import ProgressSource, Task, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation_for

OBJECT = 4 << 20
HEADERS = {"OpenStack-API-Version": "volume 3.60"}


class Desk:
    """A console at work on the volumes of one test."""

    def __init__(self, dcn: Dcn, console: RealConsole) -> None:
        self.dcn = dcn
        self.console = console
        self.volumes = Volumes(dcn)

    def get(self, path: str) -> Any:
        reply = self.dcn.admin.plain.ask("GET", "volume", path, None, HEADERS)
        return reply.content if reply.status == 200 else None

    def volume(self, *objects: int) -> str:
        """Make a volume at the first edge with data in ``objects``; return its id."""
        edge = self.dcn.topology.edges[0]
        made = self.volumes.create(
            availability_zone=edge.availability_zone, name=f"backed-up-{uuid.uuid4().hex[:8]}"
        )
        self.write(str(made["id"]), *objects)
        return str(made["id"])

    def write(self, volume_id: str, *objects: int) -> None:
        self.dcn.plant.write(self.dcn.topology.edges[0].name, f"volume-{volume_id}", objects)

    def backups(self, volume_id: str) -> list[dict[str, Any]]:
        """The backups of a volume, the newest last."""
        found = self.get(f"/backups/detail?volume_id={volume_id}")["backups"]
        return sorted(found, key=lambda one: one["data_timestamp"])

    async def carry_out(self, request: Request) -> tuple[Task, set[ProgressSource]]:
        """Plan, submit and wait; return the task and where its figures came from."""
        services = await Services.open(self.console.settings)
        store = self.console.store
        try:
            context = PlanContext(
                open_tasks=store.open_tasks(), rate_to=store.rate_to, now=datetime.now(UTC)
            )
            (plan,) = await operation_for(request).plan(services, request, context)
        finally:
            await services.close()
        assert not plan.is_refused, plan.checks
        number = store.submit(plan, "test").number
        sources: set[ProgressSource] = set()

        def over() -> bool:
            for target in self.console.task(number).targets:
                sources.update({target.progress.source} if target.progress else ())
            return self.console.task(number).state.is_over

        until(over, "the task is over")
        task = self.console.task(number)
        assert task.state is TaskState.DONE, self.console.explain(number)
        return task, sources


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with (
        running_simulator(small_options(bandwidth=16.0 * MIB)) as simulator,
        simulated_dcn(simulator, tmp_path) as dcn,
    ):
        console = RealConsole(dcn.admin.config, tmp_path / "state")
        console.start_runner()
        yield Desk(dcn, console)
        console.close()


async def test_a_chain_is_made_restored_at_another_edge_proved_and_deleted(desk: Desk) -> None:
    volume_id = desk.volume(0, 1, 2)
    task, sources = await desk.carry_out(BackUpVolumes(volume_ids=(volume_id,)))
    assert task.plan.bytes_to_move == 3 * OBJECT
    assert "all 3 objects in use are the same" in task.targets[0].verified
    assert sources <= {ProgressSource.RBD_IMAGE, ProgressSource.READ_BACK}

    desk.write(volume_id, 2, 5)
    increment = BackUpVolumes(volume_ids=(volume_id,), incremental=True)
    task, _ = await desk.carry_out(increment)
    assert task.plan.bytes_to_move == 2 * OBJECT
    full, newest = desk.backups(volume_id)
    assert (full["is_incremental"], newest["is_incremental"]) == (False, True)

    edge = desk.dcn.topology.edges[1]
    name = f"restored-{uuid.uuid4().hex[:8]}"
    restore = RestoreBackup(
        backup_id=newest["id"], site=edge.name, name=name, check=ContentCheck.FULL
    )
    task, _ = await desk.carry_out(restore)
    assert "all 4 objects in use are the same" in task.targets[0].verified
    (restored,) = [one for one in desk.get("/volumes/detail")["volumes"] if one["name"] == name]
    assert restored["availability_zone"] == edge.availability_zone

    check = CheckBackups(backup_ids=(newest["id"],), check=ContentCheck.FULL)
    await desk.carry_out(check)
    assert desk.backups(volume_id)[-1]["metadata"]["dcn_console_verified_at"]

    chain = DeleteBackups(backup_ids=(full["id"],), with_dependents=True)
    await desk.carry_out(chain)
    assert desk.backups(volume_id) == []
