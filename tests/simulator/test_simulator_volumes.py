"""Volumes and their snapshots are made, changed and removed as Cinder does it."""

from collections.abc import Iterator
from typing import Any

import pytest
from simulated import Api, running_simulator, small_options
from simulated_storage import Storage

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import GIB, MIB

NORTH, SOUTH = "ceph-north", "ceph-south"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests, which leave each other's things alone."""
    with running_simulator(small_options(bandwidth=64.0 * MIB)) as running:
        yield running


@pytest.fixture
def storage(simulator: Simulator) -> Storage:
    """Cinder for the administrator."""
    return Storage(simulator, Api(simulator))


def test_a_volume_of_a_local_raw_image_is_a_clone_with_its_content(
    simulator: Simulator, storage: Storage
) -> None:
    image = simulator.control.add_image("os", ("store-home", "store-north"), 64 * MIB)
    volume = storage.create("volume", size=1, imageRef=image, availability_zone="zone-north")
    assert volume["bootable"] == "true"
    assert volume["os-vol-host-attr:host"].startswith("north@")
    name = f"volume-{volume['id']}"
    parent = storage.detail(NORTH, "volumes", name)["parent"]
    assert parent == {"pool": "images", "image": image, "snapshot": "snap"}
    assert storage.used(NORTH, "volumes", name) == 0
    data = storage.hashes(NORTH, "volumes", name, 16)
    assert data[1:] == storage.hashes(NORTH, "images", image, 16)[1:]


@pytest.mark.parametrize(("disk_format", "zone"), [("raw", "zone-south"), ("qcow2", "zone-north")])
def test_any_other_image_is_copied_in_full_and_that_takes_time(
    simulator: Simulator, storage: Storage, disk_format: str, zone: str
) -> None:
    image = simulator.control.add_image("os", ("store-home", "store-north"), 640 * MIB, disk_format)
    simulator.control.set_time_scale(0.0)
    volume_id = storage.begin("volume", size=1, imageRef=image, availability_zone=zone)
    cluster = zone.replace("zone", "ceph")
    simulator.control.advance(5.0)
    assert storage.show("volume", volume_id)["status"] == "creating"
    assert 0 < storage.used(cluster, "volumes", f"volume-{volume_id}") < 640 * MIB
    simulator.control.advance(60.0)
    simulator.control.set_time_scale(1.0)
    assert storage.show("volume", volume_id)["status"] == "available"
    detail = storage.detail(cluster, "volumes", f"volume-{volume_id}")
    assert detail["parent"] is None
    assert storage.used(cluster, "volumes", f"volume-{volume_id}") == 640 * MIB


def test_a_snapshot_holds_what_the_volume_held(simulator: Simulator, storage: Storage) -> None:
    volume_id = simulator.control.add_volume("data", "north", used=32 * MIB)
    before = storage.hashes(NORTH, "volumes", f"volume-{volume_id}")
    snapshot = storage.create("snapshot", volume_id=volume_id, name="point", metadata={"a": "b"})
    assert (snapshot["size"], snapshot["metadata"]) == (1, {"a": "b"})
    assert snapshot["os-extended-snapshot-attributes:progress"] == "100%"
    simulator.control.write("north", f"volume-{volume_id}", (0, 9), "later")
    copy = storage.create("volume", snapshot_id=snapshot["id"], name="copy")
    assert copy["availability_zone"] == "zone-north"
    assert storage.hashes(NORTH, "volumes", f"volume-{copy['id']}") == before
    assert storage.hashes(NORTH, "volumes", f"volume-{volume_id}") != before

    elsewhere = {"snapshot_id": snapshot["id"], "availability_zone": "zone-south"}
    refused = storage.ask("POST", "/volumes", {"volume": elsewhere})
    assert refused.status == 400
    assert "same availability zone as the snapshot" in refused.content["badRequest"]["message"]

    assert storage.ask("DELETE", f"/volumes/{volume_id}").status == 400
    assert storage.ask("DELETE", f"/snapshots/{snapshot['id']}").status == 202
    assert storage.settled("snapshot", snapshot["id"])["status"] == "available"
    told = storage.ask("GET", f"/messages?resource_uuid={snapshot['id']}").content["messages"]
    assert [item["user_message"] for item in told] == ["delete snapshot:Snapshot is busy."]

    assert storage.ask("DELETE", f"/volumes/{copy['id']}").status == 202
    storage.gone("volume", copy["id"])
    assert storage.ask("DELETE", f"/snapshots/{snapshot['id']}").status == 202
    storage.gone("snapshot", snapshot["id"])
    assert storage.ask("DELETE", f"/volumes/{volume_id}").status == 202
    storage.gone("volume", volume_id)


def test_a_volume_goes_with_its_snapshots_when_asked(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("data", "north")
    snapshot = storage.create("snapshot", volume_id=volume_id)
    assert storage.ask("DELETE", f"/volumes/{volume_id}?cascade=true").status == 202
    storage.gone("volume", volume_id)
    assert storage.ask("GET", f"/snapshots/{snapshot['id']}").status == 404


def test_a_volume_in_use_needs_force_for_a_snapshot_in_old_versions(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("busy", "north")
    simulator.control.add_server("user", "north", (volume_id,))
    body: dict[str, dict[str, Any]] = {"snapshot": {"volume_id": volume_id}}
    assert storage.ask("POST", "/snapshots", body, 65).status == 400
    assert storage.ask("POST", "/snapshots", body, 66).status == 202
    body["snapshot"]["force"] = True
    assert storage.ask("POST", "/snapshots", body, 65).status == 202
    assert storage.ask("POST", "/snapshots", body, 66).status == 202
    body["snapshot"]["force"] = False
    assert storage.ask("POST", "/snapshots", body, 66).status == 400
    assert storage.ask("DELETE", f"/volumes/{volume_id}").status == 400


def test_a_volume_grows_and_never_shrinks(simulator: Simulator, storage: Storage) -> None:
    volume_id = simulator.control.add_volume("data", "north", 2)
    path = f"/volumes/{volume_id}/action"
    refused = storage.ask("POST", path, {"os-extend": {"new_size": 2}})
    assert refused.status == 400
    assert "must be greater than current size" in refused.content["badRequest"]["message"]
    simulator.control.set_time_scale(0.0)
    assert storage.ask("POST", path, {"os-extend": {"new_size": 5}}).status == 202
    assert storage.show("volume", volume_id)["status"] == "extending"
    simulator.control.set_time_scale(1.0)
    assert storage.settled("volume", volume_id)["size"] == 5
    assert storage.detail(NORTH, "volumes", f"volume-{volume_id}")["size"] == 5 * GIB
    simulator.control.add_server("user", "north", (volume_id,))
    grow = {"os-extend": {"new_size": 6}}
    assert storage.ask("POST", path, grow, 41).status == 400
    assert storage.ask("POST", path, grow, 42).status == 202
    assert storage.settled("volume", volume_id)["status"] == "in-use"


def test_an_image_is_made_of_a_volume_in_the_central_store(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("data", "south", used=32 * MIB)
    action = {"os-volume_upload_image": {"image_name": "from-volume", "disk_format": "raw"}}
    reply = storage.ask("POST", f"/volumes/{volume_id}/action", action)
    assert reply.status == 202
    image_id = reply.content["os-volume_upload_image"]["image_id"]
    assert storage.show("volume", volume_id)["status"] == "uploading"
    image = storage.api.image(image_id)
    assert (image["status"], image["size"], image["visibility"]) == ("saving", None, "private")
    storage.settled("volume", volume_id)
    image = storage.api.image(image_id)
    assert (image["status"], image["size"]) == ("active", GIB)
    assert image["stores"] == "store-home"
    assert storage.used("ceph-home", "images", image_id) == GIB
    assert storage.hashes("ceph-home", "images", image_id) == storage.hashes(
        SOUTH, "volumes", f"volume-{volume_id}"
    )


def test_metadata_can_be_changed_and_looked_for(simulator: Simulator, storage: Storage) -> None:
    volume_id = simulator.control.add_volume("marked", "north", metadata={"task": "17"})
    other = simulator.control.add_volume("marked", "north", metadata={"task": "18"})

    def found(text: str) -> set[str]:
        reply = storage.ask("GET", f"/volumes/detail?all_tenants=1&metadata={text}")
        return {volume["id"] for volume in reply.content["volumes"]}

    assert found("%7B%22task%22:%20%2217%22%7D") == {volume_id}
    assert found("%7B'task':'18'%7D") == {other}
    assert found("nonsense") == set()
    path = f"/volumes/{volume_id}/metadata"
    assert storage.ask("POST", path, {"metadata": {"more": "1"}}).content["metadata"] == {
        "task": "17",
        "more": "1",
    }
    assert storage.ask("PUT", path, {"metadata": {"only": "2"}}).content["metadata"] == {
        "only": "2"
    }
    assert storage.ask("DELETE", f"{path}/only").status == 200
    assert storage.ask("DELETE", f"{path}/only").status == 404
    action = f"/volumes/{volume_id}/action"
    storage.ask("POST", action, {"os-set_image_metadata": {"metadata": {"os_type": "linux"}}})
    shown = storage.ask("POST", action, {"os-show_image_metadata": {}})
    assert shown.content == {"metadata": {"os_type": "linux"}}
    assert storage.ask("POST", action, {"os-set_bootable": {"bootable": True}}).status == 200
    assert storage.show("volume", volume_id)["bootable"] == "true"


def test_quotas_refuse_what_is_too_much(simulator: Simulator, storage: Storage) -> None:
    member = Storage(simulator, Api(simulator, "demo"))
    simulator.control.set_quota(
        "demo", volumes=2, gigabytes=6, per_volume_gigabytes=4, snapshots=1, backups=0
    )
    volume = member.create("volume", size=2)
    too_much = [
        member.ask("POST", "/volumes", {"volume": {"size": 5}}),
        member.ask("POST", f"/volumes/{volume['id']}/action", {"os-extend": {"new_size": 5}}),
        member.ask("POST", "/backups", {"backup": {"volume_id": volume["id"]}}),
    ]
    member.create("snapshot", volume_id=volume["id"])
    too_much.append(member.ask("POST", "/snapshots", {"snapshot": {"volume_id": volume["id"]}}))
    member.create("volume", size=1)
    too_much.append(member.ask("POST", "/volumes", {"volume": {"size": 1}}))
    assert [reply.status for reply in too_much] == [413] * 5
    assert all(reply.content["overLimit"]["message"] for reply in too_much)
    shown = member.ask("GET", f"/os-quota-sets/{member.api.project_id}?usage=true").content
    assert shown["quota_set"]["gigabytes"] == {
        "reserved": 0, "allocated": 0, "limit": 6, "in_use": 5,
    }  # fmt: skip
    absolute = member.ask("GET", "/limits").content["limits"]["absolute"]
    assert (absolute["maxTotalVolumes"], absolute["totalVolumesUsed"]) == (2, 2)
    assert member.ask("GET", f"/os-quota-sets/{storage.api.project_id}").status == 403


def test_a_dead_volume_service_leaves_things_as_they_are(
    simulator: Simulator, storage: Storage
) -> None:
    simulator.control.set_faults(volume_down=("south",))
    try:
        volume_id = storage.begin("volume", size=1, availability_zone="zone-south")
        simulator.control.advance(90.0)
        assert storage.show("volume", volume_id)["status"] == "creating"
        services = storage.ask("GET", "/os-services?binary=cinder-volume").content["services"]
        states = {service["zone"]: service["state"] for service in services}
        assert states == {"zone-home": "up", "zone-north": "up", "zone-south": "down"}
    finally:
        simulator.control.clear_faults()
    assert storage.settled("volume", volume_id)["status"] == "available"
