"""Servers are made of volumes, stopped, started, made into images and deleted on a simulator."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_mirror_services import Killed
from simulated import Api, running_simulator, small_options
from simulated_operations import Operations, operations_on
from simulated_storage import Storage

from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import (
    CreateServer,
    DeleteServers,
    ImageOfServer,
    StartServers,
    StopServers,
)
from dcn_console.model.tasks import TargetState
from dcn_console.operations.results import StepResult
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import GIB, MIB


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests, which leave each other's things alone."""
    with running_simulator(small_options(bandwidth=512.0 * MIB)) as running:
        yield running


@pytest.fixture
def admin(simulator: Simulator) -> Api:
    return Api(simulator)


@pytest.fixture
async def operations(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Operations]:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DCN_CONSOLE_CACHE", str(tmp_path / "cache"))
    async with operations_on(simulator, tmp_path) as found:
        yield found


@pytest.fixture
def volume(simulator: Simulator, admin: Api) -> str:
    """A bootable volume of 1 GiB at the north."""
    image = simulator.control.add_image("os", ("store-home", "store-north"), 64 * MIB)
    asked: dict[str, Any] = {"size": 1, "imageRef": image, "availability_zone": "zone-north"}
    made = Storage(simulator, admin).create("volume", name="root", **asked)
    assert made["bootable"] == "true"
    return str(made["id"])


def a_request(admin: Api, volume: str, **more: str) -> CreateServer:
    flavors = admin.get("/compute/v2.1/flavors/detail")["flavors"]
    fields = {"flavor": flavors[0]["name"], "network": "north-net", "key": "admin-key", **more}
    return CreateServer(name="web", volume_id=volume, **fields)


def server(admin: Api, server_id: str) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(f"/compute/v2.1/servers/{server_id}")["server"]
    return found


def servers_of(admin: Api, volume: str) -> list[str]:
    """The ids of the servers that have a volume attached."""
    path = f"/volume/v3/{admin.project_id}/volumes/{volume}"
    return [one["server_id"] for one in admin.get(path)["volume"]["attachments"]]


def said(plan: Plan) -> str:
    return " ".join(check.text for check in plan.checks)


async def test_a_server_is_made_of_a_volume_and_deleted_without_it(
    admin: Api, operations: Operations, volume: str
) -> None:
    plan = await operations.plan(a_request(admin, volume, security_group="ssh"))
    assert plan.targets == ("north",)
    assert "--availability-zone zone-north" in plan.commands[0]
    assert "A compute host works in zone zone-north." in said(plan)
    assert "Quota instances: " in said(plan)
    target, _ = await operations.run(a_request(admin, volume), plan)
    assert target.state is TargetState.DONE, target.text
    assert "runs in zone zone-north" in target.verified
    (server_id,) = servers_of(admin, volume)
    assert server(admin, server_id)["security_groups"] == [{"name": "ssh"}]

    request = DeleteServers(server_ids=(server_id,))
    plan = await operations.plan(request)
    assert plan.typed_name == "web"
    assert "These stay: volume “root”" in said(plan)
    target, _ = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    assert "its volume came free" in target.verified
    assert admin.ask("GET", f"/compute/v2.1/servers/{server_id}").status == 404
    assert servers_of(admin, volume) == []


@pytest.mark.parametrize(
    "wrong", [{"flavor": "huge"}, {"network": "nowhere"}, {"key": "lost"}, {"security_group": "x"}]
)
async def test_what_is_not_there_is_named(
    admin: Api, operations: Operations, volume: str, wrong: dict[str, str]
) -> None:
    with pytest.raises(UsageError) as raised:
        await operations.plan(a_request(admin, volume, **wrong))
    assert next(iter(wrong.values())) in raised.value.message
    assert raised.value.way_out.startswith("There are: ")


async def test_without_a_flavor_everything_to_pick_from_is_told(
    admin: Api, operations: Operations, volume: str
) -> None:
    plan = await operations.plan(a_request(admin, volume, flavor=""))
    assert plan.is_refused
    assert "m1.small" in plan.refusals[0].way_out
    assert set(plan.parameters["offers"]) == {"flavors", "networks", "keys", "groups", "alike"}
    assert "north-net" in plan.parameters["offers"]["networks"]
    assert plan.parameters["offers"]["keys"] == ("admin-key",)
    assert "ssh" in plan.parameters["offers"]["groups"]


async def test_a_volume_that_cannot_boot_is_refused(
    simulator: Simulator, admin: Api, operations: Operations
) -> None:
    asked: dict[str, Any] = {"size": 1, "availability_zone": "zone-north", "name": "data"}
    made = Storage(simulator, admin).create("volume", **asked)
    plan = await operations.plan(a_request(admin, made["id"], network=""))
    assert "not marked bootable" in plan.refusals[0].text
    assert "no address" in said(plan)


async def test_a_killed_creation_makes_no_second_server(
    admin: Api, operations: Operations, volume: str
) -> None:
    plan = await operations.plan(a_request(admin, volume))
    results: dict[str, StepResult] = {}

    def kill(name: str) -> None:
        raise Killed

    with pytest.raises(Killed):
        await operations.run(
            a_request(admin, volume), plan, results=results, on_step=kill, task_id="k"
        )
    assert results == {}
    target, _ = await operations.run(a_request(admin, volume), plan, task_id="k")
    assert target.state is TargetState.DONE, target.text
    assert len(servers_of(admin, volume)) == 1
    servers = admin.get("/compute/v2.1/servers/detail")["servers"]
    assert [one["metadata"].get("dcn_console_task") for one in servers].count("k") == 1


async def test_a_volume_that_went_meanwhile_ends_in_a_clear_failure(
    simulator: Simulator, admin: Api, operations: Operations, volume: str
) -> None:
    plan = await operations.plan(a_request(admin, volume))
    Storage(simulator, admin).ask("DELETE", f"/volumes/{volume}")
    Storage(simulator, admin).gone("volume", volume)
    target, _ = await operations.run(a_request(admin, volume), plan)
    assert target.state is TargetState.FAILED
    assert volume in target.text


async def test_cancelling_a_creation_removes_the_server(
    admin: Api, operations: Operations, volume: str
) -> None:
    before = {one["id"] for one in admin.get("/compute/v2.1/servers/detail")["servers"]}

    def cancel(context: Any) -> None:
        context.cancel_now = True

    target, _ = await operations.run(a_request(admin, volume), on_wait=cancel)
    after = {one["id"] for one in admin.get("/compute/v2.1/servers/detail")["servers"]}
    assert target.state is TargetState.CANCELLED, target.text
    assert after == before


async def test_servers_are_stopped_and_started(
    simulator: Simulator, admin: Api, operations: Operations
) -> None:
    server_id = simulator.control.add_server("db", "south")
    target, _ = await operations.run(StopServers(server_ids=(server_id,)))
    assert target.state is TargetState.DONE, target.text
    assert server(admin, server_id)["status"] == "SHUTOFF"
    plan = await operations.plan(StopServers(server_ids=(server_id,)))
    assert plan.skipped == {"south": "is stopped already"}
    target, _ = await operations.run(StartServers(server_ids=(server_id,)))
    assert target.state is TargetState.DONE, target.text
    assert server(admin, server_id)["status"] == "ACTIVE"


async def test_a_server_in_error_is_neither_stopped_nor_started(
    simulator: Simulator, operations: Operations
) -> None:
    server_id = simulator.control.add_server("broken", "south", status="ERROR")
    for request in (StopServers(server_ids=(server_id,)), StartServers(server_ids=(server_id,))):
        plan = await operations.plan(request)
        assert "is ERROR" in plan.refusals[0].text


async def test_an_image_of_a_server_holds_its_root_volume(
    simulator: Simulator, admin: Api, operations: Operations, volume: str
) -> None:
    server_id = simulator.control.add_server("app", "north", (volume,), root=volume)
    request = ImageOfServer(server_id=server_id, name="golden", sites=("south",), stop_server=True)
    plan = await operations.plan(request)
    assert "boots from volume “root”" in said(plan)
    names = [step.name for step in plan.steps]
    assert names.index("stop server") < names.index("start server") < names.index("ask")
    target, context = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    taken = list(context.results)
    assert taken.index("start server") < taken.index("ask")
    (image,) = admin.get("/image/v2/images?name=golden")["images"]
    assert (image["size"], image["disk_format"]) == (GIB, "raw")
    assert set(image["stores"].split(",")) == {"store-home", "store-south"}
    assert server(admin, server_id)["status"] == "ACTIVE"
    left = admin.get(f"/volume/v3/{admin.project_id}/snapshots/detail")["snapshots"]
    assert [one for one in left if one["volume_id"] == volume] == []


async def test_nobody_stops_a_server_without_being_told_to(
    simulator: Simulator, operations: Operations, volume: str
) -> None:
    server_id = simulator.control.add_server("app2", "north", (volume,), root=volume)
    plan = await operations.plan(ImageOfServer(server_id=server_id))
    assert "stop server" not in [step.name for step in plan.steps]
    assert "power cut" in " ".join(check.text for check in plan.warnings)


async def test_nova_makes_the_image_of_a_disk_of_its_own(
    simulator: Simulator, admin: Api, operations: Operations
) -> None:
    image = simulator.control.add_image("os", ("store-home",), 64 * MIB)
    server_id = simulator.control.add_server("old", "north", image=image)
    request = ImageOfServer(server_id=server_id, name="own", sites=("south",), stop_server=True)
    plan = await operations.plan(request)
    assert "Nova's own" in said(plan)
    names = [step.name for step in plan.steps]
    assert names[:4] == ["stop server", "ask", "watch", "start server"]
    target, context = await operations.run(request, plan)
    assert target.state is TargetState.DONE, target.text
    assert list(context.results)[:4] == names[:4]
    (made,) = admin.get("/image/v2/images?name=own")["images"]
    assert made["size"]
    assert set(made["stores"].split(",")) == {"store-home", "store-south"}
    assert server(admin, server_id)["status"] == "ACTIVE"
