"""The simulated services answer over HTTP as the real ones: shapes, pages, policies, errors."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from simulated import Api, eventually, running_simulator, small_options

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB
from dcn_console.simulator.server import Options

IMAGES = "/image/v2/images"


@pytest.fixture(scope="module")
def scale() -> Iterator[Simulator]:
    """Two hundred images and volumes."""
    options = Options(scenario="scale", images=200, volumes=200, bandwidth=64.0 * MIB)
    with running_simulator(options) as running:
        yield running


def test_a_token_is_shown_revoked_and_then_refused(simulator: Simulator, admin: Api) -> None:
    headers = {"X-Subject-Token": admin.token}
    shown = admin.get("/identity/v3/auth/tokens", headers=headers)["token"]
    assert shown["project"]["name"] == "admin"
    assert {role["name"] for role in shown["roles"]} == {"admin", "member", "reader"}
    kinds = {service["type"] for service in shown["catalog"]}
    assert kinds == {"identity", "image", "volumev3", "compute", "network"}
    assert admin.ask("DELETE", "/identity/v3/auth/tokens", headers=headers).status == 204
    refused = admin.ask("GET", IMAGES)
    assert refused.status == 401
    assert Api(simulator, "admin", "wrong").login.status == 401


def test_images_are_listed_in_pages_to_the_end(scale: Simulator) -> None:
    api = Api(scale)
    seen: list[str] = []
    path = f"{IMAGES}?limit=60"
    sizes = []
    while path:
        page = api.get(path)
        sizes.append(len(page["images"]))
        seen += [image["id"] for image in page["images"]]
        path = f"/image{page['next']}" if "next" in page else ""
    assert sizes == [60, 60, 60, 20]
    assert len(set(seen)) == 200
    assert len(api.get(IMAGES)["images"]) == 25
    assert len(api.get(f"{IMAGES}?limit=5000")["images"]) == 200


def test_images_are_filtered_and_sorted_by_the_server(scale: Simulator) -> None:
    api = Api(scale)
    every = api.get(f"{IMAGES}?limit=1000")["images"]
    name = every[7]["name"]
    assert [image["name"] for image in api.get(f"{IMAGES}?name={name}")["images"]] == [name]
    moment = sorted(image["updated_at"] for image in every)[150]
    later = api.get(f"{IMAGES}?limit=1000&visibility=all&updated_at=gte:{moment}")["images"]
    assert {image["id"] for image in later} == {
        image["id"] for image in every if image["updated_at"] >= moment
    }
    by_size = api.get(f"{IMAGES}?limit=1000&sort=size:asc")["images"]
    assert [image["size"] for image in by_size] == sorted(image["size"] for image in every)
    assert api.get(f"{IMAGES}?os_hidden=true")["images"] == []
    assert api.ask("GET", f"{IMAGES}?limit=many").status == 400
    assert api.ask("GET", f"{IMAGES}?marker=nobody").status == 400


def test_a_member_sees_what_is_public_or_its_own(scale: Simulator) -> None:
    member = Api(scale, "demo")
    images = member.get(f"{IMAGES}?limit=1000")["images"]
    assert images
    assert all(
        image["visibility"] == "public" or image["owner"] == member.project_id for image in images
    )
    hidden = next(
        image
        for image in Api(scale).get(f"{IMAGES}?limit=1000")["images"]
        if image["visibility"] != "public" and image["owner"] != member.project_id
    )
    assert member.ask("GET", f"{IMAGES}/{hidden['id']}").status == 404


def test_volumes_of_every_project_are_for_administrators(scale: Simulator) -> None:
    api, member = Api(scale), Api(scale, "demo")
    base = f"/volume/v3/{api.project_id}/volumes/detail"
    headers = {"OpenStack-API-Version": "volume 3.60"}
    seen: list[dict[str, Any]] = []
    path = f"{base}?all_tenants=1&limit=90"
    while path:
        page = api.get(path, headers=headers)
        seen += page["volumes"]
        links = {link["rel"]: link["href"] for link in page.get("volumes_links", [])}
        path = links.get("next", "").removeprefix(scale.url)
    assert len({volume["id"] for volume in seen}) == 200
    assert all("os-vol-host-attr:host" in volume for volume in seen)
    assert "cluster_name" not in seen[0]
    newest = api.get(
        f"{base}?all_tenants=1&limit=1", headers={"OpenStack-API-Version": "volume 3.70"}
    )
    assert "cluster_name" in newest["volumes"][0]
    moment = sorted(volume["updated_at"] for volume in seen)[100]
    later = api.get(f"{base}?all_tenants=1&updated_at=gte:{moment}", headers=headers)["volumes"]
    assert len(later) == sum(volume["updated_at"] >= moment for volume in seen)
    own = member.get(f"/volume/v3/{member.project_id}/volumes/detail?all_tenants=1")["volumes"]
    assert 0 < len(own) < 200
    assert {volume["os-vol-tenant-attr:tenant_id"] for volume in own} == {member.project_id}
    assert all("os-vol-host-attr:host" not in volume for volume in own)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/image/v2/info/stores/detail"),
        ("GET", "/image/v2/tasks"),
        ("GET", "/volume/v3/{project}/os-services"),
        ("GET", "/volume/v3/{project}/scheduler-stats/get_pools?detail=true"),
    ],
)
def test_what_is_for_administrators_is_403_for_a_member(
    demo_simulator: Simulator, method: str, path: str
) -> None:
    admin, member = Api(demo_simulator), Api(demo_simulator, "demo")
    assert admin.ask(method, path.format(project=admin.project_id)).status == 200
    assert member.ask(method, path.format(project=member.project_id)).status == 403


def test_a_member_may_not_copy_nor_delete_a_copy(simulator: Simulator, member: Api) -> None:
    image_id = simulator.control.add_image("shared", ("store-home", "store-north"))
    refused = member.copy_image(image_id, "store-south")
    assert refused.status == 403
    assert b"copy_image" in refused.body
    assert member.ask("DELETE", f"/image/v2/stores/store-north/{image_id}").status == 403


def test_stores_and_pools_name_the_clusters(demo_simulator: Simulator) -> None:
    api = Api(demo_simulator)
    stores = api.get("/image/v2/info/stores")["stores"]
    assert [store["id"] for store in stores] == ["central", "dcn-leeds", "dcn-bristol"]
    assert [store.get("default") for store in stores] == ["true", None, None]
    detail = api.get("/image/v2/info/stores/detail")["stores"]
    fsids = [store["properties"]["fsid"] for store in detail]
    pools = api.get(f"/volume/v3/{api.project_id}/scheduler-stats/get_pools?detail=true")["pools"]
    located = [pool["capabilities"]["location_info"].split(":") for pool in pools]
    assert [parts[2] for parts in located] == fsids
    assert [parts[0] for parts in located] == ["ceph", "leeds", "bristol"]
    assert [pool["name"] for pool in pools][1] == "leeds@leeds#leeds"


def test_errors_come_in_each_services_own_form(simulator: Simulator, admin: Api) -> None:
    image_id = simulator.control.add_image("there", ("store-home",))
    text = admin.copy_image(image_id, "store-home")
    assert text.status == 400
    assert text.headers["content-type"].startswith("text/plain")
    assert b"already present at store 'store-home'" in text.body
    page = admin.ask("GET", f"{IMAGES}/<nothing>", headers={"Accept": "*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert b"No image found with ID &lt;nothing&gt;" in page.body
    as_json = admin.ask("GET", f"{IMAGES}/nothing", headers={"Accept": "application/json"})
    assert as_json.content["code"] == "404 Not Found"
    missing = admin.ask("GET", f"/volume/v3/{admin.project_id}/volumes/nothing")
    assert missing.content["itemNotFound"]["code"] == 404
    assert admin.ask("GET", "/identity/v3/projects/nothing").content["error"]["code"] == 404
    assert admin.ask("GET", "/image/v2/no/such/thing").status == 404


def test_a_copy_runs_from_202_to_success(simulator: Simulator, admin: Api) -> None:
    image_id = simulator.control.add_image("copied", ("store-home",), size=32 * MIB)
    assert admin.copy_image(image_id, "store-south", "store-north").status == 202
    held = admin.image(image_id)["os_glance_import_task"]
    again = admin.copy_image(image_id, "store-north")
    assert again.status == 409
    assert b"Image has active task" in again.body
    image = eventually(
        lambda: admin.image(image_id), lambda seen: "os_glance_import_task" not in seen
    )
    assert image["stores"] == "store-home,store-south,store-north"
    assert image["os_glance_importing_to_stores"] == ""
    assert [item["metadata"]["store"] for item in image["locations"]] == image["stores"].split(",")
    (task,) = admin.tasks(image_id)
    assert (task["id"], task["status"], task["message"]) == (held, "success", "Copied 32 MiB")
    assert task["input"]["backend"] == ["store-south", "store-north"]


def test_an_image_is_created_patched_uploaded_downloaded_and_deleted(admin: Api) -> None:
    body = {"name": "[red]x[/] ../../etc ✈", "disk_format": "raw", "container_format": "bare"}
    created = admin.ask("POST", IMAGES, body)
    assert created.status == 201
    assert created.headers["openstack-image-import-methods"].split(",")[-1] == "copy-image"
    image_id = created.content["id"]
    data = bytes(range(256)) * 5000
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Image-Meta-Store": "store-north",
    }
    sent = admin.ask("PUT", f"{IMAGES}/{image_id}/file", data, headers)
    assert sent.status == 204
    image = admin.image(image_id)
    assert image["name"] == body["name"]
    assert (image["status"], image["stores"], image["size"]) == ("active", "store-north", len(data))
    assert image["os_hash_value"] == hashlib.sha512(data).hexdigest()
    assert admin.ask("GET", f"{IMAGES}/{image_id}/file").body == data
    patch = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
    changes: list[dict[str, Any]] = [
        {"op": "replace", "path": "/name", "value": "renamed"},
        {"op": "add", "path": "/colour", "value": "red"},
        {"op": "replace", "path": "/tags", "value": ["a"]},
    ]
    patched = admin.ask("PATCH", f"{IMAGES}/{image_id}", changes, patch)
    assert (patched.content["name"], patched.content["colour"]) == ("renamed", "red")
    wedged = [{"op": "remove", "path": "/os_glance_import_task"}]
    assert admin.ask("PATCH", f"{IMAGES}/{image_id}", wedged, patch).status == 403
    assert admin.ask("PATCH", f"{IMAGES}/{image_id}", changes).status == 415
    assert admin.ask("DELETE", f"{IMAGES}/{image_id}").status == 204
    assert admin.ask("GET", f"{IMAGES}/{image_id}").status == 404


def test_an_image_in_use_by_a_clone_loses_its_other_copies_when_deleted(
    simulator: Simulator, admin: Api
) -> None:
    image_id = simulator.control.add_image("parent", ("store-home", "store-south"))
    volumes = f"/volume/v3/{admin.project_id}/volumes"
    volume = {"size": 1, "imageRef": image_id, "availability_zone": "zone-south", "name": "child"}
    created = admin.ask("POST", volumes, {"volume": volume})
    assert created.status == 202
    child = f"{volumes}/{created.content['volume']['id']}"
    eventually(lambda: admin.get(child)["volume"]["status"], lambda seen: seen == "available")
    assert admin.ask("DELETE", f"{IMAGES}/{image_id}").status == 409
    assert admin.image(image_id)["stores"] == "store-south"
    assert admin.ask("DELETE", child).status == 202
    eventually(lambda: admin.ask("GET", child).status, lambda seen: seen == 404)
    assert admin.ask("DELETE", f"{IMAGES}/{image_id}").status == 204


@pytest.mark.parametrize(
    ("volume", "sentence"),
    [
        ({"size": 0}, "must be an integer of 1 or more"),
        ({"size": 1, "availability_zone": "moon"}, "'moon' is invalid"),
        ({"size": 1, "imageRef": "nothing"}, "Invalid image identifier"),
    ],
)
def test_a_wrong_volume_is_refused(admin: Api, volume: dict[str, Any], sentence: str) -> None:
    reply = admin.ask("POST", f"/volume/v3/{admin.project_id}/volumes", {"volume": volume})
    assert reply.status == 400
    assert sentence in reply.content["badRequest"]["message"]


def test_a_servers_zone_tells_when_its_volume_is_elsewhere(demo_simulator: Simulator) -> None:
    api = Api(demo_simulator)
    servers = api.get("/compute/v2.1/servers/detail?all_tenants=1")["servers"]
    zones = {server["id"]: server["OS-EXT-AZ:availability_zone"] for server in servers}
    volumes = api.get(f"/volume/v3/{api.project_id}/volumes/detail?all_tenants=1")["volumes"]
    astray = [
        volume["name"]
        for volume in volumes
        for attachment in volume["attachments"]
        if zones[attachment["server_id"]] != volume["availability_zone"]
    ]
    assert astray == ["pos-bristol-data"]


def test_other_hosts_names_are_refused(admin: Api) -> None:
    assert admin.ask("GET", "/simulator/", headers={"Host": "evil.example"}).status == 400


def test_http_stores_are_marked_read_only() -> None:
    with running_simulator(small_options(http_store="web")) as running:
        stores = Api(running).get("/image/v2/info/stores")["stores"]
    assert stores[-1] == {"id": "web", "description": "http store", "read-only": "true"}
