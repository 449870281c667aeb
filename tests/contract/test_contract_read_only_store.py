"""A store that takes no data: images are only registered there, by URL (glance_store, http)."""

import asyncio

import pytest
from contract_dcn import MIB, Dcn, Images, random_data


@pytest.fixture
def read_only_store(dcn: Dcn) -> str:
    """The store; skip where there is none."""
    listed = dcn.admin.plain.get("image", "/v2/info/stores")["stores"]
    found = [store["id"] for store in listed if "read-only" in store]
    if not found:
        pytest.skip("this deployment has no read-only store")
    return str(found[0])


async def test_it_is_listed_as_read_only(dcn: Dcn, read_only_store: str) -> None:
    glance = dcn.admin.services.glance
    for path in ("/v2/info/stores", "/v2/info/stores/detail"):
        listed = dcn.admin.plain.get("image", path)["stores"]
        (shown,) = [store for store in listed if store["id"] == read_only_store]
        assert shown["read-only"] == "true", "a text, not a boolean"
        assert "default" not in shown
    (store,) = [store for store in await glance.stores() if store.id == read_only_store]
    assert store.read_only
    (store,) = [store for store in await glance.stores_detail() if store.id == read_only_store]
    assert (store.read_only, store.type, store.pool, store.fsid) == (True, "http", None, None)


async def test_a_copy_to_it_is_accepted_and_fails_after_the_staging(
    dcn: Dcn, images: Images, read_only_store: str
) -> None:
    image_id = images.upload(random_data(MIB))
    edge = dcn.edge_stores[0]
    assert dcn.ask_copy(image_id, read_only_store, edge).status == 202
    after = await asyncio.to_thread(dcn.wait_unlocked, image_id)
    assert after["stores"] == f"{dcn.stores[0]},{edge}", "the store behind it is served"
    assert after["os_glance_failed_import"] == read_only_store
    assert after["os_glance_importing_to_stores"] == ""
    assert [task["status"] for task in dcn.tasks(image_id)] == ["success"]
    image = await dcn.admin.services.glance.image(image_id)
    assert image.failed_stores == (read_only_store,)


async def test_all_stores_leaves_it_out(dcn: Dcn, images: Images, read_only_store: str) -> None:
    image_id = images.upload(random_data(MIB))
    body = {"method": {"name": "copy-image"}, "all_stores": True}
    path = f"/v2/images/{image_id}/import"
    assert dcn.admin.plain.ask("POST", "image", path, body).status == 202
    after = await asyncio.to_thread(dcn.wait_unlocked, image_id)
    assert set(after["stores"].split(",")) == set(dcn.stores)
    assert after["os_glance_failed_import"] == ""
    (task,) = dcn.tasks(image_id)
    assert read_only_store not in task["input"]["backend"]


def test_an_upload_to_it_is_refused(dcn: Dcn, images: Images, read_only_store: str) -> None:
    image_id = images.create()["id"]
    headers = {
        "Content-Type": "application/octet-stream",
        "x-image-meta-store": read_only_store,
    }
    path = f"/v2/images/{image_id}/file"
    reply = dcn.admin.plain.ask("PUT", "image", path, b"data", headers)
    assert reply.status >= 400
    assert "stores" not in dcn.show(image_id)
