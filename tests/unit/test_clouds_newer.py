"""Every adapter on bodies of newer and older releases: fields added, missing, null or of new kinds.

The bodies have what the newest microversions show (Cinder 3.71, Nova 2.100, Glance 2.17, Ironic
1.101; their API references' microversion histories), whichever of them is asked for.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stub_openstack import Said, StubOpenstack, stub_openstack

from dcn_console.clouds.cinder import Cinder
from dcn_console.clouds.cloud import Cloud
from dcn_console.clouds.glance import Glance
from dcn_console.clouds.ironic import Ironic
from dcn_console.clouds.neutron import Neutron
from dcn_console.clouds.nova import Nova
from dcn_console.model.storage import NewBackup, NewVolume

GIB = 1024**3
DATE = "2026-11-21T16:51:40.000000"
VOLUME = {
    "id": "it",
    "name": "root",
    "description": None,
    "status": "in-use",
    "size": 10,
    "availability_zone": "az-l",
    "bootable": "true",
    "encrypted": False,
    "multiattach": False,
    "metadata": {"backup": "yes"},
    "volume_type": "__DEFAULT__",
    "volume_type_id": "t1",
    "group_id": None,
    "provider_id": None,
    "shared_targets": None,
    "service_uuid": "u1",
    "cluster_name": None,
    "consumes_quota": True,
    "replication_status": None,
    "consistencygroup_id": None,
    "snapshot_id": None,
    "source_volid": None,
    "user_id": "user",
    "links": [],
    "created_at": DATE,
    "updated_at": DATE,
    "os-vol-host-attr:host": "l@rbd#x",
    "os-vol-mig-status-attr:migstat": None,
    "os-vol-mig-status-attr:name_id": None,
    "os-vol-tenant-attr:tenant_id": "p1",
    "volume_image_metadata": {"image_id": "i1", "image_name": "base", "size": "5", "min_ram": "0"},
    "attachments": [
        {
            "id": "it",
            "attachment_id": "a1",
            "volume_id": "it",
            "server_id": "s1",
            "host_name": None,
            "device": "/dev/vda",
            "attached_at": DATE,
        }
    ],
}
SNAPSHOT: dict[str, Any] = {
    "id": "it",
    "name": None,
    "description": None,
    "status": "available",
    "volume_id": "v1",
    "size": 10,
    "metadata": {},
    "user_id": "user",
    "group_snapshot_id": None,
    "consumes_quota": True,
    "created_at": DATE,
    "updated_at": None,
    "os-extended-snapshot-attributes:project_id": "p1",
    "os-extended-snapshot-attributes:progress": "100%",
}
BACKUP: dict[str, Any] = {
    "id": "it",
    "name": "nightly",
    "description": None,
    "status": "available",
    "volume_id": "v1",
    "snapshot_id": None,
    "size": 10,
    "availability_zone": "az-p",
    "container": "backups",
    "object_count": 0,
    "fail_reason": None,
    "is_incremental": False,
    "has_dependent_backups": False,
    "encryption_key_id": None,
    "metadata": {"a": "b"},
    "user_id": "user",
    "os-backup-project-attr:project_id": "p1",
    "data_timestamp": DATE,
    "created_at": DATE,
    "updated_at": DATE,
    "links": [],
}
CINDER_SERVICE = {
    "binary": "cinder-volume",
    "host": "it",
    "zone": "az-l",
    "status": "enabled",
    "state": "up",
    "updated_at": DATE,
    "disabled_reason": None,
    "cluster": None,
    "backend_state": "up",
    "replication_status": "disabled",
    "active_backend_id": None,
    "frozen": False,
}
MESSAGE = {
    "id": "it",
    "event_id": "VOLUME_VOLUME_001_001",
    "message_level": "ERROR",
    "user_message": "schedule allocate volume: no valid host",
    "request_id": "req",
    "resource_type": "VOLUME",
    "resource_uuid": "v1",
    "created_at": DATE,
    "guaranteed_until": DATE,
    "links": [],
}
SERVER = {
    "id": "it",
    "name": "web",
    "status": "ACTIVE",
    "tenant_id": "p1",
    "user_id": "user",
    "metadata": {},
    "description": None,
    "hostId": "h",
    "host_status": "UP",
    "locked": False,
    "locked_reason": None,
    "tags": [],
    "server_groups": [],
    "trusted_image_certificates": None,
    "scheduler_hints": {},
    "image": {"id": "i1", "links": [], "properties": {"os_distro": "rhel"}},
    "flavor": {"original_name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1, "extra_specs": {}},
    "created": "2026-11-21T16:51:40Z",
    "updated": "2026-11-21T16:51:40Z",
    "addresses": {},
    "pinned_availability_zone": "az-l",
    "OS-EXT-AZ:availability_zone": "az-l",
    "OS-EXT-SRV-ATTR:host": "l",
    "OS-EXT-SRV-ATTR:hostname": "web",
    "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
    "OS-EXT-STS:task_state": None,
    "OS-EXT-STS:vm_state": "active",
    "os-extended-volumes:volumes_attached": [{"id": "v1", "delete_on_termination": False}],
}
FLAVOR = {
    "id": "it",
    "name": "m1.tiny",
    "vcpus": 1,
    "ram": 512,
    "disk": 1,
    "swap": 0,
    "description": None,
    "extra_specs": {},
    "OS-FLV-EXT-DATA:ephemeral": 0,
    "rxtx_factor": 1.0,
}
ATTACHMENT = {
    "volumeId": "it",
    "serverId": "s1",
    "device": None,
    "tag": None,
    "delete_on_termination": False,
    "attachment_id": "a1",
    "bdm_uuid": "b1",
}
IMAGE = {
    "id": "it",
    "name": "base",
    "status": "active",
    "disk_format": "raw",
    "container_format": "bare",
    "size": 5,
    "virtual_size": 5,
    "min_disk": 0,
    "min_ram": 0,
    "visibility": "public",
    "owner": "p1",
    "owner_specified.openstack.md5": "",
    "protected": False,
    "os_hidden": False,
    "os_hash_algo": "sha512",
    "os_hash_value": "ab",
    "os_glance_importing_to_stores": "",
    "os_glance_failed_import": "",
    "checksum": None,
    "stores": "s-p,s-l",
    "tags": ["gold"],
    "created_at": "2026-11-21T16:51:40Z",
    "updated_at": "2026-11-21T16:51:40Z",
    "schema": "/v2/schemas/image",
    "self": "/v2/images/it",
    "file": "/v2/images/it/file",
}
STORE = {
    "id": "it",
    "description": None,
    "default": "true",
    "type": "rbd",
    "weight": 0,
    "properties": {"pool": "images", "chunk_size": 8388608, "fsid": None},
}
TASK = {
    "id": "it",
    "type": "api_image_import",
    "status": "processing",
    "message": "Copied 5 MiB",
    "request_id": "req",
    "user_id": "user",
    "owner": "p1",
    "result": None,
    "expires_at": None,
    "input": {"import_req": {"method": {"name": "copy-image"}, "stores": ["s-l"]}},
    "created_at": "2026-11-21T16:51:40Z",
    "updated_at": "2026-11-21T16:51:40Z",
}
PORT = {
    "uuid": "it",
    "address": "52:54:00:00:00:01",
    "node_uuid": "n1",
    "physical_network": "ctlplane",
    "is_smartnic": False,
    "name": None,
    "description": None,
    "vendor": None,
    "category": None,
}
SUBNET = {"id": "it", "name": "", "network_id": "n1", "segment_id": None, "dns_publish_fixed_ip": 0}
NETWORK = {
    "id": "it",
    "name": "net",
    "router:external": False,
    "shared": True,
    "availability_zones": [],
    "availability_zone_hints": None,
    "qinq": None,
    "vlan_transparent": None,
}


class Listing(NamedTuple):
    """A list: where it is, under which key, one item, its id's key, and who reads it."""

    path: str
    key: str
    item: dict[str, Any]
    identity: str
    read: Callable[[Cloud], Awaitable[Any]]


async def _pages(pages: AsyncIterator[tuple[Any, ...]]) -> list[Any]:
    return [row async for page in pages for row in page]


LISTINGS = {
    one.path + one.key: one
    for one in (
        Listing(
            "volume/v3/volumes/detail",
            "volumes",
            VOLUME,
            "id",
            lambda cloud: _pages(Cinder(cloud).volume_pages()),
        ),
        Listing(
            "volume/v3/snapshots/detail",
            "snapshots",
            SNAPSHOT,
            "id",
            lambda cloud: _pages(Cinder(cloud).snapshots.pages()),
        ),
        Listing(
            "volume/v3/backups/detail",
            "backups",
            BACKUP,
            "id",
            lambda cloud: _pages(Cinder(cloud).backups.pages()),
        ),
        Listing(
            "volume/v3/os-services",
            "services",
            CINDER_SERVICE,
            "host",
            lambda cloud: Cinder(cloud).services(),
        ),
        Listing(
            "volume/v3/messages",
            "messages",
            MESSAGE,
            "id",
            lambda cloud: Cinder(cloud).messages("v1"),
        ),
        Listing(
            "compute/v2.1/servers/detail",
            "servers",
            SERVER,
            "id",
            lambda cloud: _pages(Nova(cloud).server_pages()),
        ),
        Listing(
            "compute/v2.1/flavors/detail",
            "flavors",
            FLAVOR,
            "id",
            lambda cloud: Nova(cloud).flavors(),
        ),
        Listing(
            "compute/v2.1/servers/s1/os-volume_attachments",
            "volumeAttachments",
            ATTACHMENT,
            "volumeId",
            lambda cloud: Nova(cloud).attached("s1"),
        ),
        Listing(
            "image/v2/images",
            "images",
            IMAGE,
            "id",
            lambda cloud: _pages(Glance(cloud).image_pages()),
        ),
        Listing(
            "image/v2/info/stores", "stores", STORE, "id", lambda cloud: Glance(cloud).stores()
        ),
        Listing(
            "image/v2/info/stores/detail",
            "stores",
            STORE,
            "id",
            lambda cloud: Glance(cloud).stores_detail(),
        ),
        Listing(
            "image/v2/images/i1/tasks",
            "tasks",
            TASK,
            "id",
            lambda cloud: Glance(cloud).tasks("i1"),
        ),
        Listing(
            "network/v2.0/networks",
            "networks",
            NETWORK,
            "id",
            lambda cloud: Neutron(cloud).networks(),
        ),
        Listing(
            "network/v2.0/subnets",
            "subnets",
            SUBNET,
            "id",
            lambda cloud: Neutron(cloud).subnets("n1"),
        ),
        Listing(
            "baremetal/v1/ports/detail",
            "ports",
            PORT,
            "uuid",
            lambda cloud: Ironic(cloud).ports(),
        ),
    )
}
NEWER = {"/volume": "3.71", "/compute": "2.100", "/baremetal": "1.101"}
_NEEDED = {"resource_uuid", "network_id", "binary"}
"""Fields besides its id without which an item is another's, or nothing that means anything."""


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_CLOUD", "OS_AUTH_URL", "OS_CLIENT_CONFIG_FILE", "OS_USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub() -> Iterator[StubOpenstack]:
    services = ("image", "block-storage", "compute", "network", "baremetal")
    with stub_openstack(services=services, maxima=dict(NEWER)) as served:
        yield served


@pytest.fixture
async def cloud(stub: StubOpenstack, tmp_path: Path) -> AsyncIterator[Cloud]:
    connected = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)), timeout=60)
    yield connected
    connected.close()


def identity(row: Any) -> str:
    """What tells a row: the id, the host of a service, the row itself where it is an id."""
    return str(getattr(row, "id", getattr(row, "host", row)))


@pytest.mark.parametrize("name", LISTINGS)
async def test_a_list_of_a_newer_release_is_understood(
    stub: StubOpenstack, cloud: Cloud, name: str
) -> None:
    """A field that is null, gone, or of a kind nobody knows yet costs its own value alone."""
    listing = LISTINGS[name]
    item = listing.item | {"added_in_the_future": {"deep": [None, {"x": 1}]}}
    free = [key for key in item if key != listing.identity and key not in _NEEDED]
    variants = [item]
    for key in free:
        variants += [item | {key: None}, item | {key: {"new": ["kind"]}}, item | {key: 10**30}]
        variants.append({other: value for other, value in item.items() if other != key})
    variants.append({key: item[key] for key in item if key not in free})
    numbered = [
        variant | {listing.identity: f"it-{index}"} for index, variant in enumerate(variants)
    ]
    stub.on(f"GET /{listing.path}", Said(200, {listing.key: numbered}))
    rows = list(await listing.read(cloud))
    assert sorted(map(identity, rows)) == sorted(one[listing.identity] for one in numbered)


async def test_what_matters_is_read_of_newer_bodies(stub: StubOpenstack, cloud: Cloud) -> None:
    for listing in LISTINGS.values():
        stub.on(f"GET /{listing.path}", Said(200, {listing.key: [listing.item]}))
    cinder, nova = Cinder(cloud), Nova(cloud)
    (volume,) = await _pages(cinder.volume_pages())
    assert (volume.size, volume.bootable, volume.image_id) == (10 * GIB, True, "i1")
    assert [one.server_id for one in volume.attachments] == ["s1"]
    (backup,) = await _pages(cinder.backups.pages())
    assert (backup.size, backup.metadata, backup.encrypted) == (10 * GIB, {"a": "b"}, False)
    (server,) = await _pages(nova.server_pages())
    assert (server.image_id, server.flavor, server.volumes) == ("i1", "m1.tiny", ("v1",))
    assert server.availability_zone == "az-l"
    (store,) = await Glance(cloud).stores_detail()
    assert (store.default, store.pool, store.fsid) == (True, "images", None)


async def test_microversions_beyond_the_known_are_numbers_not_texts(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    cinder, nova = Cinder(cloud), Nova(cloud)
    assert await nova.microversion() == "2.100"
    assert await cinder.microversion() == "3.71"
    stub.on("GET /compute/v2.1/servers/detail", Said(200, {"servers": []}))
    stub.on("GET /volume/v3/backups/detail", Said(200, {"backups": []}))
    await _pages(nova.server_pages())
    assert stub.asked[-1].headers["openstack-api-version"] == "compute 2.47"
    await _pages(cinder.backups.pages())
    assert stub.asked[-1].headers["openstack-api-version"] == "volume 3.64"


@pytest.mark.parametrize(
    ("maxima", "expected"),
    [
        ({"/volume": "3.27", "/compute": "2.38"}, ("volume 3.27", "compute 2.38")),
        ({"/volume": "3.0", "/compute": "2.1"}, ("volume 3.0", "compute 2.1")),
        ({"/volume": "", "/compute": ""}, (None, None)),
    ],
)
async def test_lists_of_older_releases_are_asked_for_with_what_they_know(
    stub: StubOpenstack, cloud: Cloud, maxima: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    stub.maxima |= maxima
    old_backup = {"id": "b", "status": "available", "volume_id": "v1", "size": 1}
    stub.on("GET /volume/v3/backups/detail", Said(200, {"backups": [old_backup]}))
    old_server = {"id": "s", "status": "ACTIVE", "flavor": {"id": "1", "links": []}, "image": ""}
    stub.on("GET /compute/v2.1/servers/detail", Said(200, {"servers": [old_server]}))
    (backup,) = await _pages(Cinder(cloud).backups.pages())
    assert (backup.metadata, backup.project_id) == ({}, None)
    asked = [stub.asked[-1].headers.get("openstack-api-version")]
    (server,) = await _pages(Nova(cloud).server_pages())
    assert (server.flavor, server.image_id) == ("1", None)
    asked.append(stub.asked[-1].headers.get("openstack-api-version"))
    assert tuple(asked) == expected


async def test_what_is_made_says_how_even_where_the_answer_says_little(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    stub.on("POST /volume/v3/backups", Said(202, {"backup": {"id": "b1", "new": 1}}))
    made = await Cinder(cloud).backups.create(
        NewBackup(volume_id="v1", name="n", availability_zone="az-p", metadata={"a": "b"})
    )
    assert (made.id, made.status, made.name, made.metadata) == ("b1", "creating", "n", {"a": "b"})
    stub.on("POST /volume/v3/volumes", Said(202, {"volume": {"id": "v2", "status": None}}))
    volume = await Cinder(cloud).volumes.create(
        NewVolume(name="x", availability_zone="az-l", backup_id="b1")
    )
    assert (volume.id, volume.size) == ("v2", None)
