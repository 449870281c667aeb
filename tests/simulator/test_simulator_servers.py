"""Servers are made of volumes, stopped, imaged and deleted as Nova does it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from simulated import Api, Reply, eventually, running_simulator, small_options
from simulated_storage import Storage

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests, which leave each other's things alone."""
    with running_simulator(small_options(bandwidth=64.0 * MIB)) as running:
        yield running


class Servers:
    """Nova of a simulator as the administrator sees it."""

    def __init__(self, simulator: Simulator, api: Api) -> None:
        self.simulator = simulator
        self.api = api
        self.storage = Storage(simulator, api)

    def ask(self, method: str, path: str, body: Any = None, minor: int = 90) -> Reply:
        headers = {"OpenStack-API-Version": f"compute 2.{minor}"}
        return self.api.ask(method, f"/compute/v2.1{path}", body, headers)

    def show(self, server_id: str) -> dict[str, Any]:
        reply = self.ask("GET", f"/servers/{server_id}")
        assert reply.status == 200, reply
        found: dict[str, Any] = reply.content["server"]
        return found

    def bootable(self, site: str) -> str:
        volume_id = self.simulator.control.add_volume("root", site, used=8 * MIB)
        self.storage.ask(
            "POST", f"/volumes/{volume_id}/action", {"os-set_bootable": {"bootable": True}}
        )
        return volume_id

    def asked(self, volume_id: str, **changes: Any) -> dict[str, Any]:
        flavor = self.ask("GET", "/flavors/detail").content["flavors"][0]["id"]
        mapping = {
            "boot_index": 0, "uuid": volume_id, "source_type": "volume",
            "destination_type": "volume", "delete_on_termination": False,
        }  # fmt: skip
        server = {
            "name": "made", "flavorRef": flavor, "networks": "none",
            "block_device_mapping_v2": [mapping], "metadata": {"task": "1"},
        }  # fmt: skip
        return {"server": {**server, **changes}}

    def settled(self, server_id: str, status: str) -> dict[str, Any]:
        def look() -> dict[str, Any]:
            self.simulator.control.advance(3.0)
            return self.show(server_id)

        return eventually(look, lambda server: server["status"] == status)


@pytest.fixture
def servers(simulator: Simulator) -> Servers:
    """Nova for the administrator."""
    return Servers(simulator, Api(simulator))


def test_a_server_boots_from_a_volume_and_leaves_it_behind(servers: Servers) -> None:
    volume_id = servers.bootable("north")
    network = servers.api.get("/network/v2.0/networks")["networks"][1]
    key = servers.ask("GET", "/os-keypairs").content["keypairs"][0]["keypair"]["name"]
    groups = servers.api.get(f"/network/v2.0/security-groups?project_id={servers.api.project_id}")
    body = servers.asked(
        volume_id,
        networks=[{"uuid": network["id"]}],
        key_name=key,
        security_groups=[{"name": groups["security_groups"][1]["name"]}],
        availability_zone="zone-north",
    )
    servers.simulator.control.set_time_scale(0.0)
    reply = servers.ask("POST", "/servers", body)
    assert reply.status == 202
    server_id = reply.content["server"]["id"]
    building = servers.show(server_id)
    assert (building["status"], building["OS-EXT-STS:task_state"]) == ("BUILD", "spawning")
    assert servers.storage.show("volume", volume_id)["status"] == "reserved"
    servers.simulator.control.set_time_scale(1.0)
    server = servers.settled(server_id, "ACTIVE")
    assert server["image"] == ""
    assert server["metadata"] == {"task": "1"}
    assert server["flavor"]["original_name"] == "m1.tiny"
    assert list(server["addresses"]) == [network["name"]]
    assert server["OS-EXT-AZ:availability_zone"] == "zone-north"
    assert [item["id"] for item in server["os-extended-volumes:volumes_attached"]] == [volume_id]
    volume = servers.storage.show("volume", volume_id)
    assert (volume["status"], volume["attachments"][0]["device"]) == ("in-use", "/dev/vda")
    listed = servers.ask("GET", f"/servers/{server_id}/os-volume_attachments").content
    assert [item["volumeId"] for item in listed["volumeAttachments"]] == [volume_id]
    assert servers.ask("DELETE", f"/servers/{server_id}").status == 204

    def is_gone() -> bool:
        servers.simulator.control.advance(3.0)
        return servers.ask("GET", f"/servers/{server_id}").status == 404

    eventually(is_gone)
    assert servers.storage.show("volume", volume_id)["status"] == "available"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flavorRef": NOBODY}, "Flavor"),
        ({"networks": [{"uuid": NOBODY}]}, "Network"),
        ({"key_name": "nobody's"}, "Invalid key_name provided."),
        ({"security_groups": [{"name": "nobody's"}]}, "Security group nobody's not found"),
        ({"availability_zone": "moon"}, "The requested availability zone is not available"),
        ({"availability_zone": "zone-south"}, "not in the same availability zone"),
        ({"block_device_mapping_v2": []}, "Block Device Mapping is Invalid"),
    ],
)
def test_what_cannot_be_built_is_a_bad_request(
    servers: Servers, changes: dict[str, Any], message: str
) -> None:
    body = servers.asked(servers.bootable("north"), **changes)
    reply = servers.ask("POST", "/servers", body)
    assert reply.status == 400
    assert message in reply.content["badRequest"]["message"]


def test_a_volume_must_be_there_free_and_bootable(servers: Servers) -> None:
    for volume_id in (NOBODY, servers.simulator.control.add_volume("data", "north")):
        assert servers.ask("POST", "/servers", servers.asked(volume_id)).status == 400
    taken = servers.bootable("north")
    assert servers.ask("POST", "/servers", servers.asked(taken)).status == 202
    assert servers.ask("POST", "/servers", servers.asked(taken)).status == 400
    assert servers.ask("POST", "/servers", servers.asked(taken), 999).status == 406


def test_an_image_of_a_volume_backed_server_holds_a_snapshot_and_no_data(
    servers: Servers,
) -> None:
    volume_id = servers.bootable("north")
    control = servers.simulator.control
    server_id = control.add_server("shop", "north", root=volume_id)
    action = {"createImage": {"name": "shop-image", "metadata": {"task": "9"}}}
    reply = servers.ask("POST", f"/servers/{server_id}/action", action)
    assert reply.status == 202
    image = servers.api.image(reply.content["image_id"])
    assert (image["status"], image["size"], image["stores"]) == ("active", 0, "store-home")
    assert (image["task"], image["bdm_v2"]) == ("9", "True")
    (mapping,) = json.loads(image["block_device_mapping"])
    assert (mapping["source_type"], mapping["boot_index"]) == ("snapshot", 0)
    snapshot = servers.storage.settled("snapshot", mapping["snapshot_id"])
    assert (snapshot["volume_id"], snapshot["name"]) == (volume_id, "snapshot for shop-image")
    copy = servers.storage.create("volume", imageRef=image["id"])
    assert (copy["snapshot_id"], copy["availability_zone"]) == (snapshot["id"], "zone-north")


def test_servers_are_stopped_and_started_once_at_a_time(servers: Servers) -> None:
    server_id = servers.simulator.control.add_server("shop", "south")
    path = f"/servers/{server_id}/action"
    assert servers.ask("POST", path, {"os-stop": None}).status == 202
    assert servers.ask("POST", path, {"os-stop": None}).status == 409
    servers.settled(server_id, "SHUTOFF")
    refused = servers.ask("POST", path, {"os-stop": None})
    assert "vm_state stopped" in refused.content["conflictingRequest"]["message"]
    assert servers.ask("POST", path, {"os-start": None}).status == 202
    servers.settled(server_id, "ACTIVE")


def test_volumes_come_and_go(servers: Servers) -> None:
    volume_id = servers.simulator.control.add_volume("data", "south")
    server_id = servers.simulator.control.add_server(
        "shop", "south", root=servers.bootable("south")
    )
    path = f"/servers/{server_id}/os-volume_attachments"
    reply = servers.ask("POST", path, {"volumeAttachment": {"volumeId": volume_id}})
    assert reply.content["volumeAttachment"]["device"] == "/dev/vdb"
    assert servers.storage.show("volume", volume_id)["status"] == "in-use"
    assert servers.ask("DELETE", f"{path}/{volume_id}").status == 202
    assert servers.storage.show("volume", volume_id)["status"] == "available"
    assert len(servers.ask("GET", path).content["volumeAttachments"]) == 1


def test_a_member_sees_its_own_servers_without_hosts(servers: Servers) -> None:
    server_id = servers.simulator.control.add_server("shop", "south")
    member = Servers(servers.simulator, Api(servers.simulator, "demo"))
    assert member.ask("GET", f"/servers/{server_id}").status == 404
    assert "OS-EXT-SRV-ATTR:host" in servers.show(server_id)
    groups = member.api.get("/network/v2.0/security-groups")["security_groups"]
    assert {item["project_id"] for item in groups} == {member.api.project_id}
