"""Servers on the lab: zones with compute hosts, and volumes that are attached for real."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from dcn_lab.compute_seed import FLAVORS, KEY_PAIR, NETWORK
from dcn_lab.lab import Lab
from lab_clients import connect, shown_image, wait_for

IMAGE_MICROVERSION = "2.45"
"""The first with which createImage answers the image's id (Compute API ref)."""


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Any:
    """Return a connection with the admin's credentials; skip when the lab has no Nova."""
    if not lab.topology.compute:
        pytest.skip("this lab has no Nova")
    return connect(lab, lab.cloud)


@pytest.fixture(scope="module")
def volume(lab: Lab, admin: Any) -> Iterator[str]:
    """Return the id of a bootable volume at the first edge."""
    zone = lab.edges[0].availability_zone
    created = admin.block_storage.post(
        "/volumes",
        json={"volume": {"name": "lab-test-root", "size": 1, "availability_zone": zone}},
    ).json()["volume"]["id"]
    path = f"/volumes/{created}"
    wait_for(lab, "volume", lambda: _volume(admin, created)["status"] == "available")
    bootable = {"os-set_bootable": {"bootable": True}}
    assert admin.block_storage.post(f"{path}/action", json=bootable).ok
    yield created
    assert admin.block_storage.delete(f"{path}?cascade=true").ok
    wait_for(lab, "end of volume", lambda: bool(admin.block_storage.get(path).status_code == 404))


@pytest.fixture(scope="module")
def server(lab: Lab, admin: Any, volume: str) -> Iterator[str]:
    """Return the id of an active server that runs from the volume."""
    disk = {
        "boot_index": 0,
        "uuid": volume,
        "source_type": "volume",
        "destination_type": "volume",
        "delete_on_termination": False,
    }
    wanted = {
        "name": "lab-test-server",
        "flavorRef": admin.compute.find_flavor(str(FLAVORS[0]["name"])).id,
        "networks": [{"uuid": admin.network.find_network(NETWORK).id}],
        "key_name": KEY_PAIR,
        "security_groups": [{"name": "default"}],
        "availability_zone": lab.edges[0].availability_zone,
        "block_device_mapping_v2": [disk],
    }
    answer = admin.compute.post("/servers", json={"server": wanted})
    assert answer.status_code == 202, answer.text
    created = answer.json()["server"]["id"]
    try:
        wait_for(lab, "server", partial(_has_status, admin, created, "ACTIVE"))
        yield created
    finally:
        admin.compute.delete(f"/servers/{created}")
        wait_for(
            lab,
            "end of server",
            lambda: bool(admin.compute.get(f"/servers/{created}").status_code == 404),
        )
    wait_for(lab, "free volume", lambda: _volume(admin, volume)["status"] == "available")


def test_each_site_has_a_zone_with_a_live_compute_host(lab: Lab, admin: Any) -> None:
    def live() -> set[tuple[str, str]]:
        services = admin.compute.get("/os-services?binary=nova-compute").json()["services"]
        return {(each["host"], each["zone"]) for each in services if each["state"] == "up"}

    wanted = {(site.name, site.availability_zone) for site in lab.sites}
    wait_for(lab, "every compute host in its zone", lambda: live() == wanted)


def test_a_member_finds_what_a_server_is_made_with(lab: Lab, admin: Any) -> None:
    member = connect(lab, lab.member_cloud)

    assert {flavor.name for flavor in member.compute.flavors()} >= {
        flavor["name"] for flavor in FLAVORS
    }
    network = member.network.find_network(NETWORK)
    assert len(network.subnet_ids) == 1
    assert KEY_PAIR in {pair.name for pair in member.compute.keypairs()}
    assert "default" in {group.name for group in member.network.security_groups()}


def test_a_server_runs_in_its_volumes_zone(lab: Lab, admin: Any, volume: str, server: str) -> None:
    edge = lab.edges[0]
    shown = _server(admin, server)

    assert shown["OS-EXT-AZ:availability_zone"] == edge.availability_zone
    assert shown["OS-EXT-SRV-ATTR:host"] == edge.name
    assert shown["image"] == ""
    assert [each["id"] for each in shown["os-extended-volumes:volumes_attached"]] == [volume]
    held = _volume(admin, volume)
    assert held["status"] == "in-use"
    assert [each["server_id"] for each in held["attachments"]] == [server]


def test_a_volume_of_another_zone_is_refused(lab: Lab, admin: Any, server: str) -> None:
    zone = lab.edges[1].availability_zone
    other = admin.block_storage.post(
        "/volumes",
        json={"volume": {"name": "lab-test-far", "size": 1, "availability_zone": zone}},
    ).json()["volume"]["id"]
    try:
        wait_for(lab, "volume", lambda: _volume(admin, other)["status"] == "available")
        answer = admin.compute.post(
            f"/servers/{server}/os-volume_attachments",
            json={"volumeAttachment": {"volumeId": other}},
        )
        assert answer.status_code == 400
        assert "not in the same availability_zone" in answer.text
    finally:
        admin.block_storage.delete(f"/volumes/{other}")


def test_a_server_is_stopped_and_started_even_after_its_host_was(
    lab: Lab, admin: Any, server: str
) -> None:
    with lab.without(f"nova-compute.{lab.edges[0].name}"):
        pass
    for action, status in (("os-stop", "SHUTOFF"), ("os-start", "ACTIVE")):
        answer = admin.compute.post(f"/servers/{server}/action", json={action: None})
        assert answer.status_code == 202, answer.text
        wait_for(lab, action, partial(_has_status, admin, server, status))


def test_the_image_of_a_server_is_empty_and_names_a_snapshot(
    lab: Lab, admin: Any, volume: str, server: str
) -> None:
    answer = admin.compute.post(
        f"/servers/{server}/action",
        json={"createImage": {"name": "lab-test-server-image"}},
        microversion=IMAGE_MICROVERSION,
    )
    assert answer.status_code == 202, answer.text
    image = answer.json()["image_id"]
    try:
        wait_for(lab, "image", lambda: shown_image(admin, image)["status"] == "active")
        shown = shown_image(admin, image)
        assert shown["size"] == 0
        mapping = json.loads(shown["block_device_mapping"])
        snapshots = admin.block_storage.get(f"/snapshots?volume_id={volume}").json()["snapshots"]
        assert [each["snapshot_id"] for each in mapping] == [each["id"] for each in snapshots]
        assert [each["name"] for each in snapshots] == ["snapshot for lab-test-server-image"]
    finally:
        admin.image.delete(f"/images/{image}")


def _server(admin: Any, identity: str) -> dict[str, Any]:
    shown: dict[str, Any] = admin.compute.get(f"/servers/{identity}").json()["server"]
    return shown


def _volume(admin: Any, identity: str) -> dict[str, Any]:
    shown: dict[str, Any] = admin.block_storage.get(f"/volumes/{identity}").json()["volume"]
    return shown


def _has_status(admin: Any, identity: str, status: str) -> bool:
    """Tell whether a server rests in `status`; fail at once when it is in error."""
    shown = _server(admin, identity)
    assert shown["status"] != "ERROR", shown.get("fault", shown)
    return bool(shown["status"] == status and shown["OS-EXT-STS:task_state"] is None)
