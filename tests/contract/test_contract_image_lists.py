"""Listing images: pages, filters, order, and who sees what.

Others may use the same Glance, so every list is narrowed to the images of this run by their tag.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from contract_dcn import PATCH_TYPE, Dcn, Images, User
from simulated import eventually

from dcn_console.clouds.answers import sentence

LISTED = (
    "checksum", "container_format", "created_at", "disk_format", "file", "id", "min_disk",
    "min_ram", "name", "os_hash_algo", "os_hash_value", "os_hidden", "owner", "protected",
    "schema", "self", "size", "status", "tags", "updated_at", "virtual_size", "visibility",
)  # fmt: skip
"""What every image has, whatever its state."""


def listed(dcn: Dcn, user: User | None = None, **query: str) -> list[dict[str, Any]]:
    """Return the first page of this run's images."""
    text = urlencode({"tag": dcn.marker, **query})
    found: list[dict[str, Any]] = (user or dcn.admin).plain.get("image", f"/v2/images?{text}")[
        "images"
    ]
    return found


def names(found: list[dict[str, Any]]) -> list[str]:
    return [image["name"] for image in found]


def make_named(images: Images, *endings: str) -> list[str]:
    """Create queued images, in this order, whose names sort like ``endings``."""
    return [images.create(name=f"{images.dcn.marker}-{ending}")["name"] for ending in endings]


def test_a_list_has_its_pages_and_its_addresses(dcn: Dcn, images: Images) -> None:
    made = make_named(images, "a", "b", "c", "d", "e")
    path = f"/v2/images?tag={dcn.marker}&limit=2&sort=name:asc"
    sizes, seen = [], []
    while path:
        page = dcn.admin.plain.get("image", path)
        assert page["schema"] == "/v2/schemas/images"
        assert page["first"].startswith("/v2/images?")
        assert "marker=" not in page["first"]
        sizes.append(len(page["images"]))
        seen += names(page["images"])
        path = page.get("next", "")
        if path:
            assert f"marker={page['images'][-1]['id']}" in path
            assert path.startswith("/v2/images?")
    assert sizes == [2, 2, 1]
    assert seen == made


def test_a_full_last_page_promises_another_which_is_empty(dcn: Dcn, images: Images) -> None:
    make_named(images, "a", "b")
    page = dcn.admin.plain.get("image", f"/v2/images?tag={dcn.marker}&limit=2")
    assert len(page["images"]) == 2
    last = dcn.admin.plain.get("image", page["next"])
    assert last["images"] == []
    assert "next" not in last


def test_an_image_is_listed_as_it_is_shown(dcn: Dcn, images: Images) -> None:
    image_id = images.upload(b"some data", name=f"{dcn.marker}-whole")
    (found,) = listed(dcn)
    assert found == dcn.show(image_id)
    assert set(LISTED) <= found.keys()
    assert found["stores"] == dcn.stores[0]


async def test_our_adapter_reads_every_page(dcn: Dcn, images: Images) -> None:
    made = set(make_named(images, "a", "b", "c", "d", "e"))
    glance = dcn.admin.services.glance
    by_page = [page async for page in glance.image_pages(page_size=3)]
    assert all(len(page) <= 3 for page in by_page)
    found = {image.name for page in by_page for image in page}
    assert made <= found
    whole = [image async for page in glance.image_pages() for image in page]
    assert made <= {image.name for image in whole}


def test_filters_are_applied_by_the_server(dcn: Dcn, images: Images) -> None:
    first, second = make_named(images, "one", "two words")
    third = images.upload(b"12345", name=f"{dcn.marker}-three", disk_format="qcow2")
    assert names(listed(dcn, name=second)) == [second]
    assert listed(dcn, name="no such name") == []
    assert {image["id"] for image in listed(dcn, status="active")} == {third}
    assert set(names(listed(dcn, status="queued"))) == {first, second}
    assert {image["id"] for image in listed(dcn, disk_format="qcow2")} == {third}
    assert {image["id"] for image in listed(dcn, size_min="5", size_max="5")} == {third}
    assert {image["id"] for image in listed(dcn, status="in:active,deleted")} == {third}
    assert len(listed(dcn, owner=dcn.admin.plain.project_id)) == 3
    assert listed(dcn, owner=dcn.member.plain.project_id) == []
    assert listed(dcn, visibility="public") == []
    assert len(listed(dcn, visibility="shared")) == 3
    assert len(listed(dcn, visibility="all")) == 3


async def test_what_changed_since_can_be_asked_for(dcn: Dcn, images: Images) -> None:
    old, scratch = images.create(), images.create()
    moment = parsed(old["updated_at"])

    def now() -> datetime:
        path = f"/v2/images/{scratch['id']}"
        change = {"op": "add", "path": "/touched", "value": uuid.uuid4().hex}
        headers = {"Content-Type": PATCH_TYPE}
        reply = dcn.admin.plain.ask("PATCH", "image", path, [change], headers)
        return parsed(reply.content["updated_at"])

    eventually(now, lambda time: time > moment)
    new = images.create()
    since = new["updated_at"]
    assert old["id"] not in {image["id"] for image in listed(dcn, updated_at=f"gte:{since}")}
    assert new["id"] in {image["id"] for image in listed(dcn, updated_at=f"gte:{since}")}
    assert new["id"] not in {image["id"] for image in listed(dcn, updated_at=f"gt:{since}")}
    assert old["id"] in {image["id"] for image in listed(dcn, updated_at=f"lt:{since}")}
    glance = dcn.admin.services.glance
    found = {
        image.id async for page in glance.image_pages(updated_since=parsed(since)) for image in page
    }
    assert new["id"] in found
    assert old["id"] not in found
    future = datetime.now(UTC) + timedelta(days=1)
    assert [page async for page in glance.image_pages(updated_since=future) if page] == []


def parsed(text: str) -> datetime:
    """Return a time of Glance's, which has whole seconds and a Z."""
    assert text.endswith("Z")
    assert "." not in text
    return datetime.fromisoformat(text)


def test_the_order_is_the_one_asked_for(dcn: Dcn, images: Images) -> None:
    made = make_named(images, "b", "a", "c")
    assert names(listed(dcn, sort="name:asc")) == sorted(made)
    assert names(listed(dcn, sort="name:desc")) == sorted(made, reverse=True)
    assert names(listed(dcn, sort_key="name", sort_dir="asc")) == sorted(made)
    assert names(listed(dcn, sort="status:asc,name:asc")) == sorted(made)
    newest_first = listed(dcn)
    assert [image["created_at"] for image in newest_first] == sorted(
        (image["created_at"] for image in newest_first), reverse=True
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=many", "limit param must be an integer"),
        ("limit=-1", "limit param must be positive"),
        ("marker=nobody", "No image found with ID nobody"),
        ("sort_key=color", "Invalid sort key: color."),
        ("sort=name:up", "Invalid sort direction: up"),
        ("sort=name:asc&sort_key=name", "Old and new sorting syntax cannot be combined"),
        ("visibility=odd", "Invalid visibility value: odd"),
        ("name=a:b", "Unable to filter by unknown operator 'a'."),
        ("updated_at=gt:yesterday", "Use ISO 8601 DateTime notation."),
        ("size_min=big", "Unable to filter on a range with a non-numeric value."),
    ],
)
def test_what_cannot_be_listed_is_refused(dcn: Dcn, query: str, said: str) -> None:
    reply = dcn.admin.plain.ask("GET", "image", f"/v2/images?{query}")
    assert reply.status == 400
    assert said in sentence(reply.body)


async def test_hidden_images_are_a_list_of_their_own(dcn: Dcn, images: Images) -> None:
    hidden = images.create(os_hidden=True)["id"]
    plain = images.create()["id"]
    assert {image["id"] for image in listed(dcn)} == {plain}
    assert {image["id"] for image in listed(dcn, os_hidden="true")} == {hidden}
    assert {image["id"] for image in listed(dcn, os_hidden="false")} == {plain}
    glance = dcn.admin.services.glance
    found = [image async for page in glance.image_pages(hidden=True) for image in page]
    assert hidden in {image.id for image in found}
    assert all(image.hidden for image in found)


async def test_members_see_what_is_public_or_their_own(dcn: Dcn, images: Images) -> None:
    public = images.create(visibility="public")["id"]
    community = images.create(visibility="community")["id"]
    private = images.create(visibility="private")["id"]
    own = images.create(dcn.member)["id"]
    assert {image["id"] for image in listed(dcn, dcn.member)} == {public, own}
    assert {image["id"] for image in listed(dcn, dcn.member, visibility="all")} == {
        public, own, community,
    }  # fmt: skip
    assert {image["id"] for image in listed(dcn, visibility="all")} == {
        public, own, community, private,
    }  # fmt: skip
    glance = dcn.member.services.glance
    seen = {image.id async for page in glance.image_pages() for image in page}
    assert {public, own, community} <= seen
    assert private not in seen


async def test_hostile_names_come_back_as_they_went(dcn: Dcn, images: Images) -> None:
    hostile = ("[red]x[/]", "../../etc", "melt \N{SNOWMAN}", "a\nb\x1b[31m", "n" * 255, "")
    for name in hostile:
        image = images.create(name=name)
        assert image["name"] == name
        assert dcn.show(image["id"])["name"] == name
    for name in hostile[:3]:
        query = f"/v2/images?tag={dcn.marker}&name={quote(name)}"
        assert names(dcn.admin.plain.get("image", query)["images"]) == [name]
    colons = images.create(name="task: a: b")
    found = await dcn.admin.services.glance.images.named("task: a: b")
    assert colons["id"] in {image.id for image in found}
    nameless = images.create(name=None)
    assert nameless["name"] is None
    reply = dcn.admin.plain.ask("POST", "image", "/v2/images", {"name": "\N{GRINNING FACE}"})
    assert reply.status == 400
    assert "Name can't contain 4 byte unicode characters." in sentence(reply.body)
