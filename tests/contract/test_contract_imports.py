"""The other two imports: what a client staged, and what Glance is to fetch by itself."""

from typing import Any

from contract_dcn import COPY_SECONDS, MIB, Dcn, Images, random_data, sha512
from simulated import eventually

from dcn_console.clouds.answers import sentence

BINARY = {"Content-Type": "application/octet-stream"}


def ask_import(dcn: Dcn, image_id: str, method: dict[str, str], stores: tuple[str, ...]) -> int:
    body = {"method": method, "stores": list(stores), "all_stores_must_succeed": False}
    return dcn.admin.plain.ask("POST", "image", f"/v2/images/{image_id}/import", body).status


def wait_over(dcn: Dcn, image_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Wait until the image's only task is over; return the image and the task."""
    image = dcn.wait_unlocked(image_id)
    (task,) = dcn.tasks(image_id)
    return image, task


async def test_staged_data_reaches_every_store_asked_for(dcn: Dcn, images: Images) -> None:
    data = random_data(2 * MIB)
    image_id = images.create()["id"]
    stage = f"/v2/images/{image_id}/stage"
    direct = {"name": "glance-direct"}
    assert ask_import(dcn, image_id, direct, dcn.stores) == 409, "nothing is staged"
    assert dcn.admin.plain.ask("PUT", "image", stage, data, BINARY).status == 204
    assert dcn.show(image_id)["status"] == "uploading"
    assert "stores" not in dcn.show(image_id)
    assert dcn.admin.plain.ask("PUT", "image", stage, data, BINARY).status == 409
    assert ask_import(dcn, image_id, direct, dcn.stores) == 202
    states: list[str] = []

    def is_active() -> bool:
        states.append(dcn.show(image_id)["status"])
        return states[-1] == "active"

    eventually(is_active, seconds=COPY_SECONDS)
    assert set(states) <= {"uploading", "importing", "active"}
    image, task = wait_over(dcn, image_id)
    assert task["status"] == "success"
    assert task["input"]["import_req"]["method"] == direct
    assert image["stores"] == ",".join(dcn.stores)
    assert (image["size"], image["os_hash_value"]) == (len(data), sha512(data))
    assert image["os_glance_importing_to_stores"] == ""
    body = dcn.admin.plain.ask("GET", "image", f"/v2/images/{image_id}/file").body
    assert body == data


async def test_a_download_that_fails_leaves_the_image_queued(dcn: Dcn, images: Images) -> None:
    image_id = images.create()["id"]
    uri = f"http://127.0.0.1:{dcn.dead_port}/missing.raw"
    method = {"name": "web-download", "uri": uri}
    stores = dcn.stores[:2]
    assert ask_import(dcn, image_id, method, stores) == 202
    shown, task = wait_over(dcn, image_id)
    assert task["status"] == "failure"
    assert task["message"]
    assert shown["status"] == "queued"
    assert set(shown["os_glance_failed_import"].split(",")) == set(stores)
    assert shown["os_glance_importing_to_stores"] == ""
    assert "stores" not in shown
    image = await dcn.admin.services.glance.image(image_id)
    assert set(image.failed_stores) == set(stores)
    assert image.importing_to == ()


def test_an_address_of_another_kind_is_not_fetched(dcn: Dcn, images: Images) -> None:
    image_id = images.create()["id"]
    method = {"name": "web-download", "uri": "file:///etc/passwd"}
    body = {"method": method, "stores": [dcn.stores[0]]}
    reply = dcn.admin.plain.ask("POST", "image", f"/v2/images/{image_id}/import", body)
    assert reply.status == 400
    assert "URI for web-download does not pass filtering" in sentence(reply.body)
    assert dcn.tasks(image_id) == []
