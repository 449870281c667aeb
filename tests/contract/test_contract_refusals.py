"""Copies that Glance refuses, and how: nothing of the image or its tasks changes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from contract_dcn import MIB, PATCH_TYPE, Dcn, Images, random_data

from dcn_console.clouds.answers import sentence
from dcn_console.model.errors import HttpError, ObjectNotFound

BIG = 48 * MIB
"""Big enough for its copy, where it is slow, to be under way for some requests."""


def publish(dcn: Dcn, image_id: str) -> None:
    change = [{"op": "replace", "path": "/visibility", "value": "public"}]
    headers = {"Content-Type": PATCH_TYPE}
    reply = dcn.admin.plain.ask("PATCH", "image", f"/v2/images/{image_id}", change, headers)
    assert reply.status == 200


async def test_a_store_that_has_the_image_refuses_the_whole_request(
    dcn: Dcn, images: Images
) -> None:
    image_id = images.upload(b"data")
    before = dcn.show(image_id)
    for stores in ((dcn.stores[0],), dcn.stores):
        reply = dcn.ask_copy(image_id, *stores)
        assert reply.status == 400
        assert f"Image is already present at store '{dcn.stores[0]}'" in sentence(reply.body)
    with pytest.raises(HttpError, match="already present at store") as caught:
        await dcn.admin.services.glance.copy_image(image_id, dcn.stores)
    assert caught.value.status == 400
    assert dcn.show(image_id) == before
    assert dcn.tasks(image_id) == []


async def test_an_unknown_store_is_a_conflict(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(b"data")
    before = dcn.show(image_id)
    reply = dcn.ask_copy(image_id, dcn.edge_stores[0], "moon")
    assert reply.status == 409
    assert "Store for identifier moon not found" in sentence(reply.body)
    with pytest.raises(HttpError, match="identifier moon not found") as caught:
        await dcn.admin.services.glance.copy_image(image_id, ["moon"])
    assert caught.value.status == 409
    assert dcn.show(image_id) == before
    assert dcn.tasks(image_id) == []


async def test_a_second_copy_waits_for_the_first_ones_lock(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(random_data(BIG))
    first, second = dcn.edge_stores[:2]
    with dcn.slowly(dcn.topology.edges[0].name):
        assert dcn.ask_copy(image_id, first).status == 202
        for store in (first, second, dcn.stores[0]):
            reply = dcn.ask_copy(image_id, store)
            assert reply.status == 409
            assert sentence(reply.body).startswith("Image has active task")
        with pytest.raises(HttpError, match="Image has active task") as caught:
            await dcn.admin.services.glance.copy_image(image_id, [second])
        assert caught.value.status == 409
    dcn.wait_unlocked(image_id)
    assert len(dcn.tasks(image_id)) == 1
    assert dcn.ask_copy(image_id, second).status == 202
    assert set(dcn.wait_unlocked(image_id)["stores"].split(",")) == {
        dcn.stores[0], first, second,
    }  # fmt: skip


async def test_members_may_not_copy(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(b"data")
    glance = dcn.member.services.glance
    assert dcn.ask_copy(image_id, dcn.edge_stores[0], user=dcn.member).status == 404
    with pytest.raises(ObjectNotFound):
        await glance.copy_image(image_id, [dcn.edge_stores[0]])
    publish(dcn, image_id)
    reply = dcn.ask_copy(image_id, dcn.edge_stores[0], user=dcn.member)
    assert reply.status == 403
    assert "copy_image" in sentence(reply.body)
    with pytest.raises(HttpError, match="copy_image") as caught:
        await glance.copy_image(image_id, [dcn.edge_stores[0]])
    assert caught.value.status == 403
    assert dcn.tasks(image_id) == []
    own = images.upload(b"data", dcn.member)
    assert dcn.ask_copy(own, dcn.edge_stores[0], user=dcn.member).status == 403, "owner or not"
    tasks = dcn.member.plain.ask("GET", "image", f"/v2/images/{own}/tasks")
    assert (tasks.status, tasks.content) == (200, {"tasks": []})


def test_an_image_without_data_or_formats_is_not_copied(dcn: Dcn, images: Images) -> None:
    queued = images.create()["id"]
    reply = dcn.ask_copy(queued, dcn.edge_stores[0])
    assert reply.status == 409
    assert "Only images with status active can be targeted for copying" in sentence(reply.body)
    formless = images.create(disk_format=None, container_format=None)["id"]
    download = {"method": {"name": "web-download", "uri": "http://127.0.0.1/nothing"}}
    reply = dcn.admin.plain.ask("POST", "image", f"/v2/images/{formless}/import", download)
    assert reply.status == 409
    assert "needs to be set before import" in sentence(reply.body)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "Import request requires a 'method' field."),
        ({"method": {}}, 400, "Import request requires a 'name' field."),
        ({"method": {"name": "carrier-pigeon"}}, 400, "Unknown import method name"),
        (
            {"method": {"name": "copy-image"}, "all_stores": "yes"},
            400,
            "'all_stores' must be boolean value only",
        ),
        (
            {"method": {"name": "copy-image"}, "all_stores": True, "stores": ["a"]},
            400,
            "All_stores parameter can't be used with",
        ),
        ({"method": {"name": "copy-image"}, "stores": "moon"}, 409, "Store for identifier"),
        ({"method": {"name": "copy-image"}}, 400, "Image is already present at store"),
        (
            {"method": {"name": "web-download", "uri": "http://127.0.0.1/x"}},
            409,
            "Image with status active cannot be target for import",
        ),
    ],
)
def test_an_import_that_makes_no_sense_is_refused(
    dcn: Dcn, images: Images, body: dict[str, Any], status: int, said: str
) -> None:
    image_id = images.upload(b"data")
    reply = dcn.admin.plain.ask("POST", "image", f"/v2/images/{image_id}/import", body)
    assert reply.status == status
    assert said in sentence(reply.body)
    assert dcn.tasks(image_id) == []


async def test_of_many_at_once_one_gets_the_lock(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(random_data(BIG))

    def ask(store: str) -> Callable[[], int]:
        return lambda: dcn.ask_copy(image_id, store).status

    first, second = dcn.topology.edges[:2]
    with dcn.slowly(first.name), dcn.slowly(second.name):
        asked = [asyncio.to_thread(ask(dcn.edge_stores[turn % 2])) for turn in range(4)]
        answers = sorted(await asyncio.gather(*asked))
    assert answers[0] == 202
    assert set(answers[1:]) <= {409, 500}, "a loser meets the lock, or a deadlock of the database"
    dcn.wait_unlocked(image_id)
    assert [task["status"] for task in dcn.tasks(image_id)] == ["success"]
