"""Nova and Neutron: what is asked, and what is understood of bodies as Nova 26 sent them."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.clouds.cloud import Cloud
from dcn_console.clouds.neutron import Neutron
from dcn_console.clouds.nova import Nova
from dcn_console.model.compute import Flavor, KeyPair, Network, NewServer, SecurityGroup
from dcn_console.model.errors import HttpError, ObjectNotFound

MIB, GIB = 1024**2, 1024**3
SERVERS = "GET /compute/v2.1/servers/detail"
SERVER = {
    "id": "s1",
    "name": "rec",
    "status": "ACTIVE",
    "tenant_id": "p1",
    "metadata": {"k": "v"},
    "image": "",
    "flavor": {"vcpus": 1, "ram": 512, "disk": 1, "original_name": "m1.tiny", "extra_specs": {}},
    "created": "2026-11-21T16:51:40Z",
    "updated": "2026-11-21T16:51:43Z",
    "addresses": {},
    "key_name": None,
    "OS-EXT-AZ:availability_zone": "dcn0",
    "OS-EXT-SRV-ATTR:host": "dcn0",
    "OS-EXT-SRV-ATTR:root_device_name": "/dev/sda",
    "OS-EXT-STS:task_state": None,
    "OS-EXT-STS:vm_state": "active",
    "os-extended-volumes:volumes_attached": [{"id": "v1", "delete_on_termination": False}],
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_CLOUD", "OS_AUTH_URL", "OS_CLIENT_CONFIG_FILE", "OS_USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub() -> Iterator[StubOpenstack]:
    with stub_openstack(services=("compute", "network")) as served:
        yield served


@pytest.fixture
async def cloud(stub: StubOpenstack, tmp_path: Path) -> AsyncIterator[Cloud]:
    connected = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)), timeout=60)
    yield connected
    connected.close()


def version(asked: Asked) -> str | None:
    return asked.headers.get("openstack-api-version")


async def test_a_server_is_read_with_its_volumes(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on("GET /compute/v2.1/servers/s1", Said(200, {"server": SERVER}))
    server = await Nova(cloud).server("s1")
    assert version(stub.asked[-1]) == "compute 2.47"
    assert (server.volumes, server.root_device, server.image_id) == (("v1",), "/dev/sda", None)
    assert (server.flavor, server.project_id, server.host) == ("m1.tiny", "p1", "dcn0")
    assert server.created_at == datetime(2026, 11, 21, 16, 51, 40, tzinfo=UTC)
    with pytest.raises(ObjectNotFound):
        await Nova(cloud).server("s2")


async def test_one_odd_server_loses_only_what_is_odd(stub: StubOpenstack, cloud: Cloud) -> None:
    odd = {
        "id": "s2",
        "image": {"id": "i1", "links": []},
        "flavor": {"id": "42"},
        "OS-EXT-AZ:availability_zone": "",
        "os-extended-volumes:volumes_attached": [{"id": None}],
        "created": "soon",
    }
    stub.on(
        SERVERS, Said(200, {"servers": [SERVER, odd, {"name": "no id"}, {**SERVER, "image": 5}]})
    )
    ((first, second, third),) = [page async for page in Nova(cloud).server_pages()]
    assert first.label == "rec"
    assert (second.image_id, second.flavor, second.availability_zone) == ("i1", "42", None)
    assert (second.volumes, second.created_at, second.label) == ((), None, "s2")
    assert third.image_id is None


async def test_a_mark_is_looked_for_among_all_servers(stub: StubOpenstack, cloud: Cloud) -> None:
    others = [{**SERVER, "id": "s2", "metadata": {}}, {**SERVER, "id": "s3", "metadata": None}]
    stub.on(SERVERS, Said(200, {"servers": [*others, SERVER]}))
    assert [one.id for one in await Nova(cloud).made_with({"k": "v"})] == ["s1"]
    assert await Nova(cloud).made_with({"k": "w"}) == ()


async def test_a_server_is_made_of_a_volume_that_outlives_it(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    made = {"server": {"id": "s1", "adminPass": "never kept", "links": []}}
    stub.on("POST /compute/v2.1/servers", Said(202, made))
    new = NewServer(
        name="web",
        volume_id="v1",
        flavor="f1",
        availability_zone="dcn0",
        network="n1",
        key="k1",
        security_group="g1",
        metadata={"k": "v"},
    )
    server = await Nova(cloud).create(new)
    assert (server.id, server.status, server.volumes) == ("s1", "BUILD", ("v1",))
    assert "never kept" not in repr(server)
    assert version(stub.asked[-1]) == "compute 2.37"
    assert stub.asked[-1].body == {
        "server": {
            "name": "web",
            "flavorRef": "f1",
            "block_device_mapping_v2": [
                {
                    "boot_index": 0,
                    "uuid": "v1",
                    "source_type": "volume",
                    "destination_type": "volume",
                    "delete_on_termination": False,
                }
            ],
            "networks": [{"uuid": "n1"}],
            "availability_zone": "dcn0",
            "key_name": "k1",
            "security_groups": [{"name": "g1"}],
            "metadata": {"k": "v"},
        }
    }
    await Nova(cloud).create(NewServer(name="bare", volume_id="v1", flavor="f1"))
    body = stub.asked[-1].body["server"]
    assert body["networks"] == "none"
    assert set(body) == {"name", "flavorRef", "block_device_mapping_v2", "networks"}


async def test_the_actions_of_a_server(stub: StubOpenstack, cloud: Cloud) -> None:
    def act(asked: Asked) -> Said:
        return Said(202, {"image_id": "i1"} if "createImage" in asked.body else b"")

    stub.on("POST /compute/v2.1/servers/s1/action", act)
    nova = Nova(cloud)
    await nova.stop("s1")
    assert stub.asked[-1].body == {"os-stop": None}
    await nova.start("s1")
    assert stub.asked[-1].body == {"os-start": None}
    assert await nova.create_image("s1", "im", {"k": "v"}) == "i1"
    assert stub.asked[-1].body == {"createImage": {"name": "im", "metadata": {"k": "v"}}}
    assert version(stub.asked[-1]) == "compute 2.45"
    stub.on("DELETE /compute/v2.1/servers/s1", Said(204, b""))
    await nova.delete("s1")
    attached = {"volumeAttachments": [{"id": "v1", "volumeId": "v1", "device": "/dev/sda"}]}
    stub.on("GET /compute/v2.1/servers/s1/os-volume_attachments", Said(200, attached))
    assert await nova.attached("s1") == ("v1",)


async def test_a_refused_server_has_novas_sentence(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on(
        "POST /compute/v2.1/servers",
        Said(403, {"forbidden": {"message": "Quota exceeded for instances: Requested 1"}}),
    )
    with pytest.raises(HttpError, match=r"create server “x”: 403 Quota exceeded.*quota show"):
        await Nova(cloud).create(NewServer(name="x", volume_id="v1", flavor="f"))
    assert stub.paths_asked().count("POST /compute/v2.1/servers") == 1
    conflict = {"conflictingRequest": {"message": "Cannot 'start' while it is in vm_state active"}}
    stub.on("POST /compute/v2.1/servers/s1/action", Said(409, conflict))
    with pytest.raises(HttpError, match="start server s1: 409 Cannot 'start'") as caught:
        await Nova(cloud).start("s1")
    assert caught.value.status == 409


async def test_what_a_project_may_have_and_where_a_host_works(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    absolute = {"maxTotalInstances": 10, "totalInstancesUsed": 4, "maxTotalCores": -1}
    absolute |= {"maxTotalRAMSize": 2048, "totalRAMUsed": 512, "maxTotalKeypairs": 100}
    stub.on("GET /compute/v2.1/limits", Said(200, {"limits": {"rate": [], "absolute": absolute}}))
    quota = await Nova(cloud).quota()
    assert (quota.servers.free, quota.cores.free, quota.memory.free) == (6, None, 1536 * MIB)
    zones = [
        {"zoneName": "z1", "zoneState": {"available": True}, "hosts": None},
        {"zoneName": "z2", "zoneState": {"available": False}, "hosts": None},
    ]
    answer = Said(200, {"availabilityZoneInfo": zones})
    stub.on("GET /compute/v2.1/os-availability-zone", answer)
    assert await Nova(cloud).zones() == {"z1": True, "z2": False}
    hosts = [
        {"host": "h1", "zone": "z1", "status": "enabled", "state": "up", "binary": "nova-compute"},
        {"host": "h2", "zone": "z1", "status": "disabled", "state": "down"},
    ]
    stub.on("GET /compute/v2.1/os-services", Said(200, {"services": hosts}))
    first, second = await Nova(cloud).hosts()
    assert (first.name, first.availability_zone, first.is_enabled, first.is_up) == (
        "h1", "z1", True, True,
    )  # fmt: skip
    assert (second.is_enabled, second.is_up) == (False, False)


async def test_what_a_server_can_be_made_with(stub: StubOpenstack, cloud: Cloud) -> None:
    flavors = [{"id": "f1", "name": "m1.tiny", "ram": 512, "disk": 1, "vcpus": 2, "swap": ""}]
    stub.on("GET /compute/v2.1/flavors/detail", Said(200, {"flavors": flavors}))
    assert await Nova(cloud).flavors() == (
        Flavor(id="f1", name="m1.tiny", cores=2, memory=512 * MIB, disk=GIB),
    )
    pairs = [{"keypair": {"name": "lab", "public_key": "ssh-rsa A", "fingerprint": "c1:6c"}}]
    stub.on("GET /compute/v2.1/os-keypairs", Said(200, {"keypairs": pairs}))
    assert await Nova(cloud).key_pairs() == (KeyPair(name="lab", fingerprint="c1:6c"),)
    networks = [
        {
            "id": "n1",
            "name": "lab-net",
            "shared": True,
            "router:external": False,
            "availability_zone_hints": ["z1"],
            "availability_zones": ["z1", "z2"],
        },
        {"id": "n2", "name": "", "router:external": True, "shared": None},
    ]
    stub.on("GET /network/v2.0/networks", Said(200, {"networks": networks}))
    assert await Neutron(cloud).networks() == (
        Network(id="n1", name="lab-net", shared=True, availability_zones=("z1", "z2")),
        Network(id="n2", name="n2", external=True),
    )
    groups = [{"id": "g1", "name": "default", "project_id": "p1", "security_group_rules": []}]
    stub.on("GET /network/v2.0/security-groups", Said(200, {"security_groups": groups}))
    found = await Neutron(cloud).security_groups("p1")
    assert found == (SecurityGroup(id="g1", name="default", project_id="p1"),)
    assert stub.asked[-1].query == {"project_id": "p1"}
    await Neutron(cloud).security_groups()
    assert stub.asked[-1].query == {}


async def test_what_goes_with_a_server_and_why_it_failed(cloud: Cloud, stub: StubOpenstack) -> None:
    attached = [{"id": "v1", "delete_on_termination": True}, {"id": "v2"}]
    fault = {"code": 500, "message": "Block Device v1 is not bootable."}
    told = {**SERVER, "os-extended-volumes:volumes_attached": attached, "fault": fault}
    stub.on("GET /compute/v2.1/servers/s1", Said(200, {"server": told}))
    seen = await Nova(cloud).server("s1")
    assert seen.volumes == ("v1", "v2")
    assert seen.doomed_volumes == ("v1",)
    assert seen.fault == "Block Device v1 is not bootable."
