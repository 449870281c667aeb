"""Servers on real Nova: made once, imaged with their data and deleted, whatever is killed."""

import hashlib
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dcn_lab.compute_seed import FLAVORS, KEY_PAIR, NETWORK
from dcn_lab.lab import Lab, LabSite
from lab_clients import connect, delete_image, shown_image, stores_of, wait_for
from lab_storage import Storage
from lab_tasks import carried_out, console_on, halted, plan_of, planned, throttled
from real_console import RealConsole, until

from dcn_console.model.server_requests import (
    CreateServer,
    DeleteServers,
    ImageOfServer,
    StartServers,
    StopServers,
)
from dcn_console.model.tasks import TargetState, TaskState

UPLOAD_RATE = 64 << 20
FLAVOR = str(FLAVORS[0]["name"])


class Nova:
    """Nova seen past the console."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.connection = connect(lab, lab.cloud)
        self._api = self.connection.compute

    def named(self, name: str) -> list[dict[str, Any]]:
        listed = self._api.get(f"/servers/detail?name={name}").json()["servers"]
        return [server for server in listed if server["name"] == name]

    def status(self, server_id: str) -> str | None:
        answer = self._api.get(f"/servers/{server_id}", raise_exc=False)
        return str(answer.json()["server"]["status"]) if answer.status_code == 200 else None

    def delete(self, server_id: str) -> None:
        self._api.delete(f"/servers/{server_id}")
        wait_for(self._lab, "the server's end", lambda: self.status(server_id) is None)


@pytest.fixture(scope="module")
def nova(lab: Lab) -> Nova:
    if not lab.topology.compute:
        pytest.skip("this lab has no Nova")
    return Nova(lab)


@pytest.fixture
def storage(lab: Lab) -> Iterator[Storage]:
    storage = Storage(lab)
    yield storage
    storage.clear()


@pytest.fixture
def name(lab: Lab, nova: Nova, storage: Storage) -> Iterator[str]:
    """Return a name for servers and images; what bears it goes before the volumes do."""
    name = f"server-test-{uuid.uuid4().hex[:8]}"
    yield name
    for server in nova.named(name):
        nova.delete(server["id"])
    for image in images_named(nova, name):
        delete_image(lab, nova.connection, image["id"])


@pytest.fixture
def root(lab: Lab, nova: Nova, storage: Storage) -> str:
    """Return the id of a volume at the first edge that holds data and is marked bootable."""
    volume_id = storage.volume(lab.edges[0])
    storage.write(lab.edges[0], volume_id, 0, 7, 200)
    cinder = nova.connection.block_storage
    bootable = {"os-set_bootable": {"bootable": True}}
    assert cinder.post(f"/volumes/{volume_id}/action", json=bootable).ok
    return volume_id


@pytest.fixture
def console(lab: Lab, nova: Nova, tmp_path: Path) -> Iterator[RealConsole]:
    with console_on(lab, tmp_path) as console:
        yield console


def images_named(nova: Nova, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = nova.connection.image.get(f"/images?name={name}").json()["images"]
    return found


def data_of(site: LabSite, pool: str, name: str) -> str:
    """Return the SHA-512 of all that an RBD image or snapshot holds."""
    command = ("rbd", "--conf", str(site.conf), "--id", "admin", "--no-progress", "export")
    digest = hashlib.sha512()
    with subprocess.Popen((*command, f"{pool}/{name}", "-"), stdout=subprocess.PIPE) as exporting:
        assert exporting.stdout is not None
        while piece := exporting.stdout.read(8 << 20):
            digest.update(piece)
    assert exporting.returncode == 0
    return digest.hexdigest()


async def test_a_server_is_made_imaged_and_deleted_once_though_its_runner_is_killed(
    lab: Lab, console: RealConsole, nova: Nova, storage: Storage, root: str, name: str
) -> None:
    edge = lab.edges[0]
    wanted = CreateServer(
        name=name,
        volume_id=root,
        flavor=FLAVOR,
        network=NETWORK,
        key=KEY_PAIR,
        security_group="default",
    )
    plan = await planned(console, wanted)
    console.start_runner()
    until(lambda: console.runner_pid() is not None, "the runner holds the store")
    with halted(lab, f"nova-compute.{edge.name}"):
        number = console.store.submit(plan, "test").number
        until(lambda: bool(nova.named(name)), "Nova was asked")
        console.kill_runner()
    console.start_runner()
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    (server,) = nova.named(name)
    assert server["OS-EXT-AZ:availability_zone"] == edge.availability_zone
    assert [one["id"] for one in server["os-extended-volumes:volumes_attached"]] == [root]

    plan = await plan_of(console, wanted)
    assert "in-use; a server can only be made of a free one" in plan.refusals[0].text
    servers = (str(server["id"]),)
    await carried_out(console, StopServers(server_ids=servers))
    assert nova.status(server["id"]) == "SHUTOFF"
    await carried_out(console, StartServers(server_ids=servers))
    assert nova.status(server["id"]) == "ACTIVE"

    imaging = ImageOfServer(
        server_id=server["id"], name=name, sites=(lab.hub.name,), stop_server=True
    )
    plan = await planned(console, imaging)
    with throttled(lab.hub, lab.hub.pools.images, rate=UPLOAD_RATE):
        number = console.store.submit(plan, "test").number
        until(
            lambda: console.target(number, lab.hub.name).state is TargetState.COPYING,
            "the root volume is uploaded",
        )
        console.kill_runner()
    wait_for(lab, "the server", lambda: nova.status(server["id"]) == "ACTIVE")
    console.start_runner()
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    (image,) = images_named(nova, name)
    image_id = str(image["id"])
    assert shown_image(nova.connection, image_id)["size"] == 1 << 30
    assert stores_of(nova.connection, image_id) == {lab.hub.store}
    assert data_of(lab.hub, lab.hub.pools.images, f"{image_id}@snap") == data_of(
        edge, edge.pools.volumes, f"volume-{root}"
    )
    assert storage.get(f"/snapshots?volume_id={root}")["snapshots"] == []
    assert not any(
        one["name"] == f"dcn-console task {number}"
        for one in storage.get("/volumes/detail")["volumes"]
    )

    deleting = DeleteServers(server_ids=servers)
    plan = await planned(console, deleting)
    assert plan.typed_name == name
    await carried_out(console, deleting)
    assert nova.named(name) == []
    assert storage.status(root) == "available"


async def test_a_server_that_somebody_else_deletes_meanwhile_is_told_of(
    lab: Lab, console: RealConsole, nova: Nova, storage: Storage, root: str, name: str
) -> None:
    edge = lab.edges[0]
    wanted = CreateServer(name=name, volume_id=root, flavor=FLAVOR)
    plan = await planned(console, wanted)
    assert any("no address" in check.text for check in plan.checks)
    console.start_runner()
    until(lambda: console.runner_pid() is not None, "the runner holds the store")
    with halted(lab, f"nova-compute.{edge.name}"):
        number = console.store.submit(plan, "test").number
        until(lambda: bool(nova.named(name)), "Nova was asked")
        until(
            lambda: console.target(number, edge.name).state is TargetState.RUNNING,
            "the task watches",
        )
        nova.connection.compute.delete(f"/servers/{nova.named(name)[0]['id']}")
    task = console.wait_over(number)
    assert task.state is TaskState.FAILED, console.explain(number)
    assert "deleted by somebody else" in task.error
    assert nova.named(name) == []
    wait_for(lab, "a free volume", lambda: storage.status(root) == "available")
