"""Copying an image to other stores, as it is seen from outside while it happens."""

from typing import Any, NamedTuple

from contract_dcn import COPY_SECONDS, MIB, Dcn, Images, random_data, sha512
from simulated import eventually

from dcn_console.model.inventory import ImageTask

SIZE = 48 * MIB
SMALL = MIB
ORDER = ("pending", "processing", "success")


class Seen(NamedTuple):
    """What the image and its only task said at one look; the image is read first."""

    stores: tuple[str, ...]
    importing: tuple[str, ...] | None
    failed: str | None
    task_held: str | None
    task: dict[str, Any]


def look(dcn: Dcn, image_id: str) -> Seen:
    image = dcn.show(image_id)
    (task,) = dcn.tasks(image_id)
    importing = image.get("os_glance_importing_to_stores")
    return Seen(
        stores=tuple(image["stores"].split(",")),
        importing=None if importing is None else names(importing),
        failed=image.get("os_glance_failed_import"),
        task_held=image.get("os_glance_import_task"),
        task=task,
    )


def names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def watch(dcn: Dcn, image_id: str) -> list[Seen]:
    """Look again and again until the copy is over; return all that was seen."""
    seen: list[Seen] = []

    def is_over() -> bool:
        seen.append(look(dcn, image_id))
        return seen[-1].task_held is None and seen[-1].task["status"] in ("success", "failure")

    eventually(is_over, seconds=COPY_SECONDS)
    return seen


async def test_a_copy_serves_one_store_after_another(dcn: Dcn, images: Images) -> None:
    data = random_data(SIZE)
    image_id = images.upload(data)
    before = dcn.show(image_id)
    targets = dcn.edge_stores[::-1]
    with dcn.slowly(dcn.topology.edges[-1].name):
        answer = dcn.ask_copy(image_id, *targets)
        assert (answer.status, answer.body) == (202, b"")
        assert "os_glance_import_task" in dcn.show(image_id), "locked before it answers"
        seen = watch(dcn, image_id)

    assert {one.task["id"] for one in seen} == {seen[0].task["id"]}
    assert {one.task_held for one in seen} <= {seen[0].task["id"], None}
    statuses = [ORDER.index(one.task["status"]) for one in seen]
    assert statuses == sorted(statuses)
    for one in seen:
        done = one.stores[1:]
        assert one.stores[0] == dcn.stores[0]
        assert done == targets[: len(done)], "served in the order of the request"
        assert set(one.importing or ()) <= set(targets) - set(done[:-1])
        assert one.failed in (None, "")
        assert one.task["message"] == "" or one.task["message"].startswith("Copied ")
    counts = [len(one.stores) for one in seen]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (1, 1 + len(targets))

    after = dcn.show(image_id)
    assert after["status"] == "active"
    assert after["os_glance_importing_to_stores"] == ""
    assert after["os_glance_failed_import"] == ""
    for kept in ("size", "checksum", "os_hash_value", "created_at", "disk_format"):
        assert after[kept] == before[kept]
    assert after["os_hash_value"] == sha512(data)
    assert after["updated_at"] >= before["updated_at"]
    body = dcn.admin.plain.ask("GET", "image", f"/v2/images/{image_id}/file").body
    assert body == data


def test_a_task_tells_what_was_asked_for(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(random_data(SMALL))
    assert dcn.tasks(image_id) == []
    target = dcn.edge_stores[0]
    assert dcn.ask_copy(image_id, target).status == 202
    (first,) = dcn.tasks(image_id)
    if first["status"] != "success":  # so small a copy may be over before anybody looks
        assert first["message"] in ("", "Copied 1 MiB")
        assert first["result"] is None
    dcn.wait_unlocked(image_id)
    (task,) = dcn.tasks(image_id)
    assert task["id"] == first["id"]
    assert task["type"] == "api_image_import"
    assert task["status"] == "success"
    assert task["image_id"] == image_id
    assert task["owner"] == dcn.admin.plain.project_id
    assert task["user_id"] == dcn.admin.plain.token["user"]["id"]
    assert task["request_id"].startswith("req-")
    assert task["input"]["image_id"] == image_id
    assert task["input"]["backend"] == [target]
    assert task["input"]["import_req"] == {
        "method": {"name": "copy-image"},
        "stores": [target],
        "all_stores_must_succeed": False,
    }
    assert task["result"] == {"image_id": image_id}
    assert task["message"] == "Copied 1 MiB"
    assert task["deleted"] is False
    assert first["created_at"] == task["created_at"] <= task["updated_at"]
    assert task["updated_at"].endswith(".000000"), "without a zone: it is UTC"


async def task_for(dcn: Dcn, image_id: str, store: str) -> ImageTask:
    """Return the task that was asked for a store, as our adapter reads it."""
    tasks = await dcn.admin.services.glance.tasks(image_id)
    (task,) = [task for task in tasks if task.stores == (store,)]
    return task


async def test_our_adapter_reads_a_copy(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(random_data(SMALL))
    glance = dcn.admin.services.glance
    for target in dcn.edge_stores:
        await glance.copy_image(image_id, [target])
        image = await glance.image(image_id)
        task = await task_for(dcn, image_id, target)
        assert image.import_task in (task.id, None)
        assert task.method == "copy-image"
        assert task.updated_at is not None
        dcn.wait_unlocked(image_id)
        task = await task_for(dcn, image_id, target)
        assert task.is_over
        assert task.status == "success"
    image = await glance.image(image_id)
    assert image.stores == dcn.stores
    assert image.import_task is None
    assert (image.importing_to, image.failed_stores) == ((), ())
    assert len(await glance.tasks(image_id)) == len(dcn.edge_stores)


def test_a_copy_of_what_everybody_has_is_accepted_and_does_nothing(
    dcn: Dcn, images: Images
) -> None:
    image_id = images.upload(random_data(SMALL))
    assert dcn.ask_copy(image_id, *dcn.edge_stores).status == 202
    dcn.wait_unlocked(image_id)
    body = {"method": {"name": "copy-image"}, "all_stores": True}
    path = f"/v2/images/{image_id}/import"
    assert dcn.admin.plain.ask("POST", "image", path, body).status == 202
    assert len(dcn.tasks(image_id)) == 1, "waiting for a task of it would never end"
    assert "os_glance_import_task" not in dcn.show(image_id)


def test_one_copy_is_deleted_and_made_again(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(random_data(SMALL))
    hub, edge = dcn.stores[0], dcn.edge_stores[0]

    def delete(store: str) -> int:
        return dcn.admin.plain.ask("DELETE", "image", f"/v2/stores/{store}/{image_id}").status

    assert delete(hub) == 403, "it is the only one"
    assert delete("no-such-store") == 409
    dcn.ask_copy(image_id, edge)
    dcn.wait_unlocked(image_id)
    assert delete(dcn.edge_stores[1]) == 404, "it is not there"
    member = dcn.member.plain.ask("DELETE", "image", f"/v2/stores/{edge}/{image_id}")
    assert member.status in (403, 404)
    assert delete(hub) == 204
    assert dcn.show(image_id)["stores"] == edge
    assert delete(hub) == 403, "the other one is the only one now"
    assert dcn.ask_copy(image_id, hub).status == 202
    assert set(dcn.wait_unlocked(image_id)["stores"].split(",")) == {hub, edge}
