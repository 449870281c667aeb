"""Volumes, snapshots and images of volumes on a real cloud, with everything killed meanwhile."""

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dcn_lab.compute_seed import FLAVORS, NETWORK
from dcn_lab.lab import Lab
from lab_clients import connect, copy_image, delete_image, stores_of, wait_for
from lab_storage import OBJECT, Storage
from lab_tasks import carried_out, console_on, halted, kill_agents, plan_of, planned, throttled
from lossy_proxy import LossyProxy, lossy_proxy
from real_console import RealConsole, until

from dcn_console.model.requests import Request
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)
from dcn_console.model.tasks import TargetState, Task, TaskState

GIB = 1024**3
CONTENT = os.urandom(2 * OBJECT)
WRITTEN = (0, 100, 255)
HOLES = (1, 99)
"""Objects of the volume that becomes an image."""
UPLOAD_RATE = 64 << 20
RUNNER_SECONDS = 3600.0
"""A runner without work stays so long."""


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Any:
    """An administrator's connection, past the console and the proxy."""
    return connect(lab, lab.cloud)


@pytest.fixture(scope="module")
def storage(lab: Lab) -> Iterator[Storage]:
    storage = Storage(lab)
    yield storage
    storage.clear()


@pytest.fixture(scope="module")
def proxy(admin: Any) -> Iterator[LossyProxy]:
    """What loses Cinder's answers."""
    with lossy_proxy(str(admin.block_storage.get_endpoint())) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def console(
    lab: Lab, proxy: LossyProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealConsole]:
    """A console that reaches Cinder through the proxy, and its runner."""
    folder = tmp_path_factory.mktemp("volumes")
    clouds = folder / "clouds.yaml"
    override = f"    block_storage_endpoint_override: {proxy.address}{proxy.target.path}\n"
    before, entry, after = lab.clouds_yaml.read_text().partition(f"  {lab.cloud}:\n")
    clouds.touch(0o600)
    clouds.write_text(f"{before}{entry}{override}{after}")
    with console_on(lab, folder, clouds) as console:
        console.start_runner(RUNNER_SECONDS)
        until(lambda: console.runner_pid() is not None, "the runner holds the store")
        yield console


@pytest.fixture(scope="module")
def image(lab: Lab, admin: Any) -> Iterator[str]:
    """The id of a raw image with a copy at the hub and at the first edge."""
    wanted = {"name": "lab-volumes", "disk_format": "raw", "container_format": "bare"}
    identity = str(admin.image.post("/images", json=wanted).json()["id"])
    try:
        headers = {"Content-Type": "application/octet-stream"}
        sent = admin.image.put(f"/images/{identity}/file", data=CONTENT, headers=headers)
        assert sent.status_code == 204, sent.text
        copy_image(lab, admin, identity, lab.edges[:1])
        yield identity
    finally:
        delete_image(lab, admin, identity)


def restart(console: RealConsole) -> None:
    """Kill the runner (-9) and start another."""
    console.kill_runner()
    console.start_runner(RUNNER_SECONDS)
    until(lambda: console.runner_pid() is not None, "the next runner holds the store")


def over(console: RealConsole, number: int) -> Task:
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    return task


async def submit_and_kill_asking(
    console: RealConsole, proxy: LossyProxy, request: Request, path: str
) -> int:
    """Kill the runner while its request is on the way, which arrives after the next one began."""
    plan = await planned(console, request)
    with proxy.held("POST", path) as has_begun:
        number = console.store.submit(plan, "test").number
        until(has_begun, "the request is on its way")
        restart(console)
    return number


async def test_each_volume_is_made_changed_and_deleted_once_whatever_is_lost_or_killed(
    lab: Lab, console: RealConsole, proxy: LossyProxy, storage: Storage, image: str
) -> None:
    edge, other = lab.edges[:2]
    pool = edge.pools.volumes
    elsewhere = await plan_of(console, CreateVolume(site=other.name, name="no", image_id=image))
    assert "has no copy at" in elsewhere.refusals[0].text

    proxy.lose("POST", "/volumes")
    boot = CreateVolume(site=edge.name, name="lab-volumes-boot", image_id=image)
    task = await carried_out(console, boot)
    assert f"a clone of {edge.pools.images}/{image}@snap" in task.targets[0].verified
    (volume_id,) = storage.named(boot.name)
    shown = lab.rbd(edge, "info", f"{pool}/volume-{volume_id}", "--format", "json")
    assert (shown["parent"]["image"], shown["parent"]["snapshot"]) == (image, "snap")
    assert storage.checksum(edge, volume_id, 0, 1) == hashlib.sha256(CONTENT).hexdigest()

    request = SnapshotVolumes(volume_ids=(volume_id,), name="lab-volumes-point")
    over(console, await submit_and_kill_asking(console, proxy, request, "/snapshots"))
    (snapshot_id,) = storage.snapshots(volume_id)

    clone = CreateVolume(site=edge.name, name="lab-volumes-clone", snapshot_id=snapshot_id)
    plan = await planned(console, clone)
    with halted(lab, f"cinder-volume.{edge.name}"):
        number = console.store.submit(plan, "test").number
        until(_is(console, number, TargetState.RUNNING), "the task watches")
        restart(console)
    task = over(console, number)
    assert f"volume-{volume_id}@snapshot-{snapshot_id}" in task.targets[0].verified
    (clone_id,) = storage.named(clone.name)

    proxy.lose("POST", f"/volumes/{clone_id}/action")
    await carried_out(console, ExtendVolumes(volume_ids=(clone_id,), size=2 * GIB))
    shown = lab.rbd(edge, "info", f"{pool}/volume-{clone_id}", "--format", "json")
    assert shown["size"] == 2 * GIB

    busy = await plan_of(console, DeleteSnapshots(snapshot_ids=(snapshot_id,)))
    assert f"volume-{clone_id} is a clone of it" in busy.refusals[0].text
    both = DeleteVolumes(volume_ids=(volume_id,), with_snapshots=True)
    assert (await plan_of(console, both)).is_refused
    proxy.lose("DELETE", f"/volumes/{clone_id}")
    await carried_out(console, DeleteVolumes(volume_ids=(clone_id,)))
    await carried_out(console, both)
    assert [storage.status(one) for one in (volume_id, clone_id)] == [None, None]
    left = lab.rbd(edge, "ls", pool)
    assert volume_id not in left
    assert clone_id not in left
    assert not proxy.wishes


def _is(console: RealConsole, number: int, state: TargetState) -> Callable[[], bool]:
    (site,) = console.task(number).plan.targets
    return lambda: console.target(number, site).state is state


@pytest.fixture
def used(lab: Lab, admin: Any, storage: Storage) -> Iterator[tuple[str, str]]:
    """The ids of a volume at the first edge with some data, and of the server that runs from it."""
    edge = lab.edges[0]
    volume_id = storage.volume(edge)
    storage.write(edge, volume_id, *WRITTEN)
    bootable = {"os-set_bootable": {"bootable": True}}
    assert admin.block_storage.post(f"/volumes/{volume_id}/action", json=bootable).ok
    disk = {
        "boot_index": 0,
        "uuid": volume_id,
        "source_type": "volume",
        "destination_type": "volume",
        "delete_on_termination": False,
    }
    wanted = {
        "name": "lab-volumes-server",
        "flavorRef": admin.compute.find_flavor(str(FLAVORS[0]["name"])).id,
        "networks": [{"uuid": admin.network.find_network(NETWORK).id}],
        "availability_zone": edge.availability_zone,
        "block_device_mapping_v2": [disk],
    }
    answer = admin.compute.post("/servers", json={"server": wanted})
    assert answer.status_code == 202, answer.text
    server_id = answer.json()["server"]["id"]
    path = f"/servers/{server_id}"
    try:
        wait_for(lab, "the server", lambda: server_status(admin, server_id) == "ACTIVE")
        yield volume_id, server_id
    finally:
        admin.compute.delete(path)
        wait_for(lab, "its end", lambda: bool(admin.compute.get(path).status_code == 404))
        wait_for(lab, "the volume", lambda: storage.status(volume_id) == "available")


def server_status(admin: Any, server_id: str) -> str:
    return str(admin.compute.get(f"/servers/{server_id}").json()["server"]["status"])


async def test_a_volume_in_use_is_snapshotted_and_its_image_survives_kills_on_its_way(
    lab: Lab, admin: Any, console: RealConsole, storage: Storage, used: tuple[str, str]
) -> None:
    volume_id, server_id = used
    edge, hub = lab.edges[0], lab.hub
    quiet = SnapshotVolumes(volume_ids=(volume_id,), name="quiet", stop_server=True)
    plan = await planned(console, quiet)
    with halted(lab, f"cinder-volume.{edge.name}"):
        number = console.store.submit(plan, "test").number
        until(lambda: server_status(admin, server_id) != "ACTIVE", "the server is stopped")
        restart(console)
    over(console, number)
    assert server_status(admin, server_id) == "ACTIVE"
    (kept,) = storage.snapshots(volume_id)

    upload = UploadVolumes(volume_ids=(volume_id,), name="lab: volumes", sites=(hub.name,))
    plan = await planned(console, upload)
    assert plan.targets == (hub.name,)

    def bytes_arrive() -> bool:
        target = console.target(number, hub.name)
        assert not target.state.is_over, console.explain(number)
        return target.progress is not None and bool(target.progress.done)

    with throttled(hub, hub.pools.images, rate=UPLOAD_RATE):
        number = console.store.submit(plan, "test").number
        until(bytes_arrive, "bytes of the image arrive")
        kill_agents(console)
        restart(console)
    task = over(console, number)
    assert f"seen whole at {hub.name}" in task.targets[0].verified
    listed = admin.image.get("/images", params={"name": f"eq:{upload.name}"}).json()["images"]
    (identity,) = [one["id"] for one in listed]
    try:
        assert stores_of(admin, identity) == {hub.store}
        wanted = storage.checksum(edge, volume_id, *WRITTEN, *HOLES)
        assert storage.image_checksum(hub, identity, *WRITTEN, *HOLES) == wanted
    finally:
        delete_image(lab, admin, identity)
    assert storage.snapshots(volume_id) == [kept]
    volumes = storage.get("/volumes/detail")["volumes"]
    assert not [one for one in volumes if one["name"].startswith("dcn-console task")]

    await carried_out(console, ExtendVolumes(volume_ids=(volume_id,), size=2 * GIB))
    name = f"{edge.pools.volumes}/volume-{volume_id}"
    assert lab.rbd(edge, "info", name, "--format", "json")["size"] == 2 * GIB
    assert storage.status(volume_id) == "in-use"
