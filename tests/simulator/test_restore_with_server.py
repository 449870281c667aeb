"""A restore that makes a server of the volume, on a simulator with real adapters."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_mirror_services import Killed
from simulated import Api, running_simulator, small_options
from simulated_operations import Operations, operations_on
from simulated_storage import Storage

from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import BackUpVolumes, RestoreBackup
from dcn_console.model.tasks import TargetState
from dcn_console.operations.results import StepResult
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests."""
    with running_simulator(small_options(bandwidth=512.0 * MIB)) as running:
        yield running


@pytest.fixture
def admin(simulator: Simulator) -> Api:
    return Api(simulator)


@pytest.fixture
async def operations(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Operations]:
    async with operations_on(simulator, tmp_path) as found:
        yield found


async def a_backup(simulator: Simulator, admin: Api, operations: Operations, **more: Any) -> str:
    """Back up a volume at the north; return the backup's id."""
    volume = Storage(simulator, admin).create(
        "volume", name="root", size=1, availability_zone="zone-north", **more
    )
    target, _ = await operations.run(BackUpVolumes(volume_ids=(volume["id"],)))
    assert target.state is TargetState.DONE, target.text
    (backup,) = await operations.services.cinder.backups.of_volume(volume["id"])
    return backup.id


def bootable(simulator: Simulator) -> dict[str, str]:
    image = simulator.control.add_image("os", ("store-home", "store-north"), 64 * MIB)
    return {"imageRef": image}


def a_request(admin: Api, backup_id: str, **more: str) -> RestoreBackup:
    flavors = admin.get("/compute/v2.1/flavors/detail")["flavors"]
    fields = {"server": "web-again", "flavor": flavors[0]["name"], "key": "admin-key", **more}
    return RestoreBackup(backup_id=backup_id, site="south", name="back", **fields)


def servers(admin: Api, name: str) -> list[dict[str, Any]]:
    found = admin.get("/compute/v2.1/servers/detail?all_tenants=1")["servers"]
    return [one for one in found if one["name"] == name]


def refusals(plan: Plan) -> str:
    return " ".join(f"{check.text} {check.way_out}" for check in plan.refusals)


async def test_a_server_is_made_of_what_was_restored(
    simulator: Simulator, admin: Api, operations: Operations
) -> None:
    backup_id = await a_backup(simulator, admin, operations, **bootable(simulator))
    request = a_request(admin, backup_id)
    plan = await operations.plan(request)
    assert plan.title.endswith("south, server web-again of it")
    assert "NEW_VOLUME_ID" in plan.commands[1]
    assert [step.name for step in plan.steps][3:] == [
        "server ask", "server watch", "server verify",
    ]  # fmt: skip
    target, context = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    assert "server “web-again” runs in zone zone-south" in target.verified
    (made,) = servers(admin, "web-again")
    (attached,) = made["os-extended-volumes:volumes_attached"]
    volume = await operations.services.cinder.volume(attached["id"])
    assert volume.name == "back"
    assert volume.availability_zone == "zone-south"
    again = await operations.replan(context.task)
    assert again.parameters["server"] == plan.parameters["server"]


async def test_a_runner_killed_while_the_server_is_made_makes_no_second_one(
    simulator: Simulator, admin: Api, operations: Operations
) -> None:
    backup_id = await a_backup(simulator, admin, operations, **bootable(simulator))
    request = a_request(admin, backup_id, server="once")
    plan = await operations.plan(request)
    results: dict[str, StepResult] = {}

    def kill(name: str) -> None:
        if name == "server watch":
            raise Killed

    with pytest.raises(Killed):
        await operations.run(request, plan, results=results, on_step=kill, task_id="t")
    results.pop("server ask", None)
    target, _ = await operations.run(request, plan, results=results, task_id="t")
    assert target.state is TargetState.DONE, target.text
    assert len(servers(admin, "once")) == 1


async def test_what_a_server_lacks_is_refused_in_the_plan(
    simulator: Simulator, admin: Api, operations: Operations
) -> None:
    backup_id = await a_backup(simulator, admin, operations)
    plan = await operations.plan(a_request(admin, backup_id))
    assert "is not marked bootable" in refusals(plan)
    flavor = admin.get("/compute/v2.1/flavors/detail")["flavors"][0]["name"]
    plan = await operations.plan(a_request(admin, backup_id, flavor=""))
    assert "Which flavor" in refusals(plan)
    assert flavor in refusals(plan)
    without = await operations.plan(RestoreBackup(backup_id=backup_id, site="south"))
    assert not without.refusals
    assert len(without.steps) == 3
