"""Volumes, services, pools and availability zones, for an administrator and for a member."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from contract_dcn import MIB, Dcn, Images, access_of, random_data
from contract_mirrors import until
from contract_volumes import Volumes

from dcn_console.model.errors import ObjectNotFound

GIB = 1024**3
NOBODY = "00000000-0000-4000-8000-000000000000"
FOR_ALL = {
    "id", "status", "size", "availability_zone", "created_at", "updated_at", "name", "description",
    "volume_type", "snapshot_id", "source_volid", "metadata", "links", "user_id", "bootable",
    "encrypted", "replication_status", "consistencygroup_id", "multiattach", "attachments",
    "os-vol-tenant-attr:tenant_id",
}  # fmt: skip
FOR_ADMINISTRATORS = {
    "migration_status", "os-vol-mig-status-attr:migstat", "os-vol-mig-status-attr:name_id",
    "os-vol-host-attr:host",
}  # fmt: skip
WITH_TIME_FILTER = {"OpenStack-API-Version": "volume 3.60"}


@pytest.fixture
def volumes(dcn: Dcn, images: Images) -> Iterator[Volumes]:
    """What makes volumes, and deletes them when the test is over, before its images."""
    made = Volumes(dcn)
    try:
        yield made
    finally:
        for user, volume_id in tuple(made.made):
            made.clear(user, volume_id)


def edge_zone(dcn: Dcn) -> str:
    zone = dcn.topology.edges[0].availability_zone
    assert zone is not None
    return zone


async def test_a_volume_is_shown_with_its_place(dcn: Dcn, volumes: Volumes) -> None:
    shown = volumes.create(availability_zone=edge_zone(dcn), description="a test's")
    assert set(shown) >= FOR_ALL | FOR_ADMINISTRATORS
    assert shown["size"] == 1
    assert shown["availability_zone"] == edge_zone(dcn)
    assert shown["os-vol-tenant-attr:tenant_id"] == dcn.admin.plain.project_id
    assert shown["attachments"] == []
    assert (shown["bootable"], shown["encrypted"]) == ("false", False)
    assert "volume_image_metadata" not in shown
    datetime.fromisoformat(shown["created_at"])
    assert {link["rel"] for link in shown["links"]} == {"self", "bookmark"}
    volume = await dcn.admin.services.cinder.volume(shown["id"])
    assert volume.size == GIB
    assert volume.availability_zone == edge_zone(dcn)
    assert volume.host == shown["os-vol-host-attr:host"]
    assert volume.host in {pool.name for pool in await dcn.admin.services.cinder.pools()}
    assert not volume.bootable


def test_without_a_zone_a_volume_lands_at_the_hub(dcn: Dcn, volumes: Volumes) -> None:
    assert volumes.create()["availability_zone"] == dcn.hub.availability_zone


async def test_a_volume_of_a_local_copy_is_a_clone_of_it(
    dcn: Dcn, volumes: Volumes, images: Images
) -> None:
    image_id = images.upload(random_data(4 * MIB), name="parent")
    assert dcn.ask_copy(image_id, dcn.edge_stores[0]).status == 202
    dcn.wait_unlocked(image_id)
    shown = volumes.create(availability_zone=edge_zone(dcn), imageRef=image_id)
    assert shown["bootable"] == "true"
    metadata = shown["volume_image_metadata"]
    assert (metadata["image_id"], metadata["image_name"]) == (image_id, "parent")
    assert metadata["disk_format"] == "raw"
    volume = await dcn.admin.services.cinder.volume(shown["id"])
    assert volume.image_id == image_id
    assert volume.bootable
    site = dcn.topology.edges[0]
    cluster = dcn.admin.services.clusters[site.name]
    name = f"volume-{shown['id']}"
    rbd_image = await cluster.rbd_image(access_of(site).volumes_pool, name)
    assert rbd_image.size == GIB
    assert await cluster.used_bytes(access_of(site).volumes_pool, name) < GIB
    in_use = f"/v2/stores/{dcn.edge_stores[0]}/{image_id}"
    assert dcn.admin.plain.ask("DELETE", "image", in_use).status == 409
    assert set(dcn.show(image_id)["stores"].split(",")) == {dcn.stores[0], dcn.edge_stores[0]}
    volumes.delete(dcn.admin, shown["id"])
    assert dcn.admin.plain.ask("DELETE", "image", in_use).status == 204


async def test_volumes_are_listed_in_pages_with_links(dcn: Dcn, volumes: Volumes) -> None:
    name = f"contract-{uuid.uuid4().hex[:8]}"
    made = {volumes.create(name=name)["id"] for _ in range(3)}
    path = f"/volumes/detail?name={name}&limit=2"
    seen: list[str] = []
    sizes = []
    while path:
        page = dcn.admin.plain.get("volume", path)
        sizes.append(len(page["volumes"]))
        seen += [volume["id"] for volume in page["volumes"]]
        following = [link["href"] for link in page.get("volumes_links", [])]
        path = ""
        if following:
            query = urlsplit(following[0]).query
            assert parse_qs(query)["marker"] == [seen[-1]]
            path = f"/volumes/detail?{query}"
    assert sizes in ([2, 1], [2, 1, 0])
    assert set(seen) == made
    assert len(seen) == 3
    cinder = dcn.admin.services.cinder
    found = [volume async for part in cinder.volume_pages(page_size=2) for volume in part]
    assert made <= {volume.id for volume in found}
    short = dcn.admin.plain.get("volume", f"/volumes?name={name}")["volumes"]
    assert all(set(volume) == {"id", "name", "links"} for volume in short)


async def test_volumes_that_changed_since_can_be_asked_for(dcn: Dcn, volumes: Volumes) -> None:
    made = volumes.create()
    updated = made["updated_at"].partition(".")[0]
    path = f"/volumes/detail?name={made['name']}&updated_at=gte:{updated}"
    reply = dcn.admin.plain.ask("GET", "volume", path, headers=WITH_TIME_FILTER)
    assert reply.status == 200
    assert [volume["id"] for volume in reply.content["volumes"]] == [made["id"]]
    assert reply.headers["openstack-api-version"] == "volume 3.60"
    cinder = dcn.admin.services.cinder
    since = datetime.fromisoformat(updated).replace(tzinfo=UTC)
    found = [
        volume.id async for part in cinder.volume_pages(updated_since=since) for volume in part
    ]
    assert made["id"] in found
    future = since + timedelta(days=1)
    assert not [part async for part in cinder.volume_pages(updated_since=future) if part]


async def test_a_member_sees_its_own_volumes_without_their_host(dcn: Dcn, volumes: Volumes) -> None:
    own = volumes.create(dcn.member, availability_zone=edge_zone(dcn))
    others = volumes.create()
    assert set(own) >= FOR_ALL
    assert not set(own) & FOR_ADMINISTRATORS
    assert dcn.member.plain.ask("GET", "volume", f"/volumes/{others['id']}").status == 404
    seen = {
        volume.id: volume
        async for part in dcn.member.services.cinder.volume_pages()
        for volume in part
    }
    assert own["id"] in seen
    assert others["id"] not in seen
    assert seen[own["id"]].host is None
    every = {
        volume.id: volume
        async for part in dcn.admin.services.cinder.volume_pages()
        for volume in part
    }
    assert {own["id"], others["id"]} <= every.keys()
    assert every[own["id"]].host is not None
    assert every[own["id"]].project_id == dcn.member.plain.project_id
    admins = {
        volume.id
        async for part in dcn.admin.services.cinder.volume_pages(all_projects=False)
        for volume in part
    }
    assert own["id"] not in admins


async def test_services_are_listed_with_zone_and_state(dcn: Dcn) -> None:
    services = await until(
        dcn.admin.services.cinder.services, lambda found: all(one.state == "up" for one in found)
    )
    zones = {site.availability_zone for site in dcn.topology}
    by_zone = {
        service.availability_zone: service
        for service in services
        if service.binary == "cinder-volume"
    }
    assert set(by_zone) == zones
    for service in by_zone.values():
        assert "@" in service.host
        assert (service.status, service.state) == ("enabled", "up")
        assert service.updated_at is not None
        assert abs(datetime.now(UTC) - service.updated_at) < timedelta(minutes=2)
    (backup,) = [service for service in services if service.binary == "cinder-backup"]
    assert backup.availability_zone == dcn.hub.availability_zone
    assert "cinder-scheduler" in {service.binary for service in services}
    only = dcn.admin.plain.get("volume", "/os-services?binary=cinder-backup")["services"]
    assert [service["binary"] for service in only] == ["cinder-backup"]


async def test_pools_name_their_cluster(dcn: Dcn) -> None:
    listed = await until(
        dcn.admin.services.cinder.pools,
        lambda found: (
            len(found) == len(dcn.topology.sites) and all(one.free_bytes for one in found)
        ),
    )
    pools = {pool.fsid: pool for pool in listed}
    hosts = {
        service.host: service.availability_zone
        for service in await dcn.admin.services.cinder.services()
    }
    for site in dcn.topology:
        access = access_of(site)
        pool = pools[access.fsid]
        assert pool.pool == access.volumes_pool
        assert pool.storage_protocol == "ceph"
        assert pool.total_bytes
        assert pool.free_bytes
        assert pool.user == "openstack"
        host, _, backend = pool.name.partition("#")
        assert hosts[host] == site.availability_zone
        assert pool.backend == backend
    shown = dcn.admin.plain.get("volume", "/scheduler-stats/get_pools?detail=true")["pools"]
    for one in shown:
        assert len(one["capabilities"]["location_info"].split(":")) == 5
    short = dcn.admin.plain.get("volume", "/scheduler-stats/get_pools")["pools"]
    assert [set(pool) for pool in short] == [{"name"}] * len(dcn.topology.sites)


async def test_zones_are_listed_to_everybody(dcn: Dcn) -> None:
    for user in (dcn.admin, dcn.member):
        zones = await until(
            user.services.cinder.availability_zones,
            lambda found: all(zone.available for zone in found),
        )
        assert {zone.name for zone in zones} >= {site.availability_zone for site in dcn.topology}


async def test_unknown_volumes_are_not_found(dcn: Dcn) -> None:
    for volume_id in (NOBODY, "no-uuid"):
        reply = dcn.admin.plain.ask("GET", "volume", f"/volumes/{volume_id}")
        assert reply.status == 404
        assert reply.content["itemNotFound"] == {
            "code": 404,
            "message": f"Volume {volume_id} could not be found.",
        }
    with pytest.raises(ObjectNotFound, match=f"Volume {NOBODY} could not be found"):
        await dcn.admin.services.cinder.volume(NOBODY)
    assert dcn.admin.plain.ask("DELETE", "volume", f"/volumes/{NOBODY}").status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"volume": {"size": 0}},
        {"volume": {"size": "big"}},
        {"volume": {}},
        {"volume": {"size": 1, "availability_zone": "moon"}},
        {"volume": {"size": 1, "imageRef": NOBODY}},
        {"volume": {"size": 1, "name": "n" * 256}},
    ],
)
def test_what_cannot_be_created_is_a_bad_request(dcn: Dcn, body: dict[str, Any]) -> None:
    reply = dcn.admin.plain.ask("POST", "volume", "/volumes", body)
    assert reply.status == 400
    assert reply.content["badRequest"]["code"] == 400
    assert reply.content["badRequest"]["message"]


@pytest.mark.parametrize(
    ("query", "version", "status"),
    [
        ("limit=many", "3.0", 400),
        ("limit=-1", "3.0", 400),
        (f"marker={NOBODY}", "3.0", 404),
        ("updated_at=gte:yesterday", "3.60", 400),
        ("", "3.999", 406),
    ],
)
def test_what_cannot_be_listed_is_refused(dcn: Dcn, query: str, version: str, status: int) -> None:
    headers = {"OpenStack-API-Version": f"volume {version}"}
    reply = dcn.admin.plain.ask("GET", "volume", f"/volumes/detail?{query}", headers=headers)
    assert reply.status == status
