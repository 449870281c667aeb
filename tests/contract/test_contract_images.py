"""The life of an image: create, upload, show, change, delete, and what is refused on the way."""

import hashlib
from typing import Any

import pytest
from contract_dcn import MIB, PATCH_TYPE, Dcn, Images, User, random_data, sha512
from simulated import Reply

from dcn_console.clouds.answers import sentence
from dcn_console.model.errors import ObjectNotFound

NOBODY = "00000000-0000-4000-8000-000000000000"
BINARY = {"Content-Type": "application/octet-stream"}


def patch(dcn: Dcn, image_id: str, *changes: Any, user: User | None = None) -> Reply:
    """Send a JSON patch."""
    plain = (user or dcn.admin).plain
    headers = {"Content-Type": PATCH_TYPE}
    return plain.ask("PATCH", "image", f"/v2/images/{image_id}", list(changes), headers)


def change(operation: str, name: str, value: Any) -> dict[str, Any]:
    return {"op": operation, "path": f"/{name}", "value": value}


def test_a_created_image_waits_for_its_data(dcn: Dcn, images: Images) -> None:
    image = images.create(name="first", min_disk=2, foo="bar")
    assert image["status"] == "queued"
    assert image["visibility"] == "shared"
    assert image["owner"] == dcn.admin.plain.project_id
    assert (image["min_disk"], image["min_ram"]) == (2, 0)
    assert (image["protected"], image["os_hidden"]) == (False, False)
    assert image["foo"] == "bar"
    for absent in ("size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value"):
        assert image[absent] is None
    assert image["self"] == f"/v2/images/{image['id']}"
    assert image["file"] == f"/v2/images/{image['id']}/file"
    assert image["schema"] == "/v2/schemas/image"
    for unset in ("stores", "os_glance_import_task", "os_glance_importing_to_stores"):
        assert unset not in image
    assert dcn.show(image["id"]) == image
    reply = dcn.admin.plain.ask("GET", "image", image["file"])
    assert (reply.status, reply.body) == (204, b"")


def test_the_answer_to_a_create_names_methods_and_stores(dcn: Dcn, images: Images) -> None:
    body = {"name": "second", "disk_format": "raw", "container_format": "bare"}
    reply = dcn.admin.plain.ask("POST", "image", "/v2/images", body)
    images.made.append((dcn.admin, reply.content["id"]))
    assert reply.status == 201
    assert reply.headers["location"].endswith(f"/v2/images/{reply.content['id']}")
    methods = reply.headers["openstack-image-import-methods"].split(",")
    assert set(methods) == {"glance-direct", "web-download", "copy-image"}
    assert set(dcn.stores) <= set(reply.headers["openstack-image-store-ids"].split(","))


async def test_uploaded_data_is_measured_hashed_and_given_back(dcn: Dcn, images: Images) -> None:
    data = random_data(3 * MIB + 17)
    image_id = images.upload(data)
    shown = dcn.show(image_id)
    assert shown["status"] == "active"
    assert shown["size"] == len(data)
    assert shown["virtual_size"] == len(data), "of a raw image"
    assert shown["checksum"] == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert (shown["os_hash_algo"], shown["os_hash_value"]) == ("sha512", sha512(data))
    assert shown["stores"] == dcn.stores[0]
    reply = dcn.admin.plain.ask("GET", "image", f"/v2/images/{image_id}/file")
    assert reply.status == 200
    assert reply.body == data
    assert reply.headers["content-type"].split(";")[0] == "application/octet-stream"
    image = await dcn.admin.services.glance.image(image_id)
    assert (image.size, image.hash_value, image.stores) == (
        len(data), sha512(data), (dcn.stores[0],),
    )  # fmt: skip
    assert dcn.tasks(image_id) == []


def test_a_header_names_the_store_of_an_upload(dcn: Dcn, images: Images) -> None:
    path = f"/v2/images/{images.create()['id']}"
    headers = BINARY | {"x-image-meta-store": "no-such-store"}
    reply = dcn.admin.plain.ask("PUT", "image", f"{path}/file", b"data", headers)
    assert reply.status == 400
    headers["x-image-meta-store"] = dcn.edge_stores[0]
    assert dcn.admin.plain.ask("PUT", "image", f"{path}/file", b"data", headers).status == 204
    assert dcn.admin.plain.get("image", path)["stores"] == dcn.edge_stores[0]


def test_data_is_taken_once_and_as_bytes(dcn: Dcn, images: Images) -> None:
    path = f"/v2/images/{images.create()['id']}/file"
    json_type = {"Content-Type": "application/json"}
    assert dcn.admin.plain.ask("PUT", "image", path, b"data", json_type).status == 415
    assert dcn.admin.plain.ask("PUT", "image", path, b"data", BINARY).status == 204
    again = dcn.admin.plain.ask("PUT", "image", path, b"data", BINARY)
    assert again.status == 409
    assert "Image status transition from active to saving" in sentence(again.body)
    formless = images.create(disk_format=None, container_format=None)["id"]
    reply = dcn.admin.plain.ask("PUT", "image", f"/v2/images/{formless}/file", b"data", BINARY)
    assert reply.status == 400
    assert "must be set prior to saving data" in sentence(reply.body)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"os_glance_import_task": "x"}, 403, "Attribute 'os_glance_import_task' is reserved."),
        ({"status": "active"}, 403, "Attribute 'status' is read-only."),
        ({"size": 5}, 403, "Attribute 'size' is read-only."),
        ({"disk_format": "floppy"}, 400, "Provided object does not match schema 'image'"),
        ({"name": "n" * 256}, 400, "Provided object does not match schema 'image'"),
        ({"id": "not-a-uuid"}, 400, "Provided object does not match schema 'image'"),
        ({"property": 5}, 400, "Provided object does not match schema 'image'"),
    ],
)
def test_what_cannot_be_created_is_refused(
    dcn: Dcn, body: dict[str, Any], status: int, said: str
) -> None:
    reply = dcn.admin.plain.ask("POST", "image", "/v2/images", body)
    assert reply.status == status
    assert said in sentence(reply.body)


def test_an_id_is_given_once(dcn: Dcn, images: Images) -> None:
    taken = images.create()["id"]
    reply = dcn.admin.plain.ask("POST", "image", "/v2/images", {"id": taken, "name": "again"})
    assert reply.status == 409
    assert f"Image ID {taken} already exists!" in sentence(reply.body)


def test_members_publish_nothing(dcn: Dcn) -> None:
    body = {"name": "mine", "visibility": "public"}
    reply = dcn.member.plain.ask("POST", "image", "/v2/images", body)
    assert reply.status == 403
    assert "publicize_image" in sentence(reply.body)


def test_a_patch_changes_what_it_names(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(b"data", name="old")
    before = dcn.show(image_id)
    reply = patch(
        dcn,
        image_id,
        change("replace", "name", "new"),
        change("add", "foo", "bar"),
        change("replace", "tags", ["b", "a", "b"]),
        change("replace", "visibility", "public"),
    )
    assert reply.status == 200
    after = dcn.show(image_id)
    assert reply.content == after
    assert after["name"] == "new"
    assert after["foo"] == "bar"
    assert sorted(after["tags"]) == ["a", "b"]
    assert after["visibility"] == "public"
    assert after["updated_at"] >= before["updated_at"]
    for kept in ("id", "created_at", "size", "stores", "os_hash_value", "status", "owner"):
        assert after[kept] == before[kept]
    assert patch(dcn, image_id, {"op": "remove", "path": "/foo"}).status == 200
    assert "foo" not in dcn.show(image_id)


@pytest.mark.parametrize(
    ("one", "status", "said"),
    [
        (change("replace", "nothing", "x"), 409, "Property nothing does not exist."),
        ({"op": "remove", "path": "/nothing"}, 409, "Property nothing does not exist."),
        ({"op": "remove", "path": "/name"}, 403, "Property name may not be removed."),
        (change("add", "os_glance_import_task", "x"), 403, "is reserved."),
        (change("replace", "os_glance_importing_to_stores", ""), 403, "is reserved."),
        (change("replace", "status", "queued"), 403, "Attribute 'status' is read-only."),
        (change("replace", "size", 1), 403, "Attribute 'size' is read-only."),
        (change("replace", "stores", "x"), 409, "Property stores does not exist."),
        (change("replace", "disk_format", "qcow2"), 403, "only replaced for a queued image"),
        (change("replace", "locations", []), 403, ""),
        (change("replace", "visibility", "odd"), 400, "does not match schema 'image'"),
        (change("odd", "name", "x"), 400, "Invalid operation"),
        ({"op": "add", "path": "/foo"}, 400, 'requires a member named "value"'),
        ({"op": "add", "path": "foo", "value": "x"}, 400, "does not start with"),
    ],
)
def test_what_cannot_be_changed_is_refused(
    dcn: Dcn, images: Images, one: dict[str, Any], status: int, said: str
) -> None:
    image_id = images.upload(b"data")
    before = dcn.show(image_id)
    reply = patch(dcn, image_id, one)
    assert reply.status == status, reply
    assert said in sentence(reply.body)
    assert dcn.show(image_id) == before


def test_a_patch_needs_its_own_content_type(dcn: Dcn, images: Images) -> None:
    path = f"/v2/images/{images.create()['id']}"
    changes = [change("replace", "name", "new")]
    assert dcn.admin.plain.ask("PATCH", "image", path, changes).status == 415


def test_a_deleted_image_is_gone(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(b"data")
    path = f"/v2/images/{image_id}"
    reply = dcn.admin.plain.ask("DELETE", "image", path)
    assert (reply.status, reply.body) == (204, b"")
    images.forget(image_id)
    for method, below in (("GET", ""), ("GET", "/file"), ("GET", "/tasks"), ("DELETE", "")):
        assert dcn.admin.plain.ask(method, "image", path + below).status == 404, below


def test_a_protected_image_stays(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(b"data", protected=True)
    reply = dcn.admin.plain.ask("DELETE", "image", f"/v2/images/{image_id}")
    assert reply.status == 403
    assert f"Image {image_id} is protected and cannot be deleted." in sentence(reply.body)
    assert dcn.show(image_id)["status"] == "active"
    assert patch(dcn, image_id, change("replace", "protected", False)).status == 200


async def test_unknown_images_are_not_found(dcn: Dcn) -> None:
    glance = dcn.admin.services.glance
    for call in (glance.image, glance.image_body, glance.tasks):
        with pytest.raises(ObjectNotFound):
            await call(NOBODY)
    with pytest.raises(ObjectNotFound, match=f"No image found with ID {NOBODY}"):
        await glance.image(NOBODY)
    with pytest.raises(ObjectNotFound, match=r"Failed to find image|No image found"):
        await glance.copy_image(NOBODY, [dcn.edge_stores[0]])
    reply = dcn.admin.plain.ask("DELETE", "image", f"/v2/images/{NOBODY}")
    assert reply.status == 404
    assert f"Failed to find image {NOBODY} to delete" in sentence(reply.body)
    assert patch(dcn, NOBODY, change("replace", "name", "x")).status == 404


def test_members_neither_see_nor_change_what_is_not_theirs(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(b"data")
    path = f"/v2/images/{image_id}"
    renaming = change("replace", "name", "mine")
    for method, below in (("GET", ""), ("GET", "/file"), ("GET", "/tasks"), ("DELETE", "")):
        assert dcn.member.plain.ask(method, "image", path + below).status == 404, below
    assert patch(dcn, image_id, renaming, user=dcn.member).status == 404
    assert patch(dcn, image_id, change("replace", "visibility", "public")).status == 200
    assert dcn.show(image_id, dcn.member)["id"] == image_id
    assert dcn.member.plain.ask("DELETE", "image", path).status == 403
    assert patch(dcn, image_id, renaming, user=dcn.member).status == 403


def test_tags_are_set_and_taken_off(dcn: Dcn, images: Images) -> None:
    path = f"/v2/images/{images.create()['id']}"
    for _ in range(2):
        assert dcn.admin.plain.ask("PUT", "image", f"{path}/tags/golden").status == 204
    assert "golden" in dcn.admin.plain.get("image", path)["tags"]
    assert dcn.admin.plain.ask("DELETE", "image", f"{path}/tags/golden").status == 204
    assert "golden" not in dcn.admin.plain.get("image", path)["tags"]
    assert dcn.admin.plain.ask("DELETE", "image", f"{path}/tags/golden").status == 404
