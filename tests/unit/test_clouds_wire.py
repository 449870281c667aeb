"""Decoding of what services send: real samples' shapes, bad items, hostile bytes, cost."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.clouds.cinder_wire import (
    WirePool,
    WireVolume,
    pool_from,
    volume_from,
)
from dcn_console.clouds.glance_wire import (
    WireImage,
    WireStore,
    WireTask,
    image_from,
    store_from,
    task_from,
)
from dcn_console.clouds.wire import Page, decode_one, decode_page
from dcn_console.model.errors import MalformedAnswer
from dcn_console.model.inventory import Image, RbdLocation

IMAGE_IN_COPY = {
    "os_glance_import_task": "4208afb2",
    "os_glance_importing_to_stores": "dcn1",
    "os_glance_failed_import": "",
    "name": "rnd15",
    "disk_format": "raw",
    "container_format": "bare",
    "size": 1610612736,
    "virtual_size": None,
    "status": "active",
    "protected": False,
    "os_hidden": False,
    "id": "21443540",
    "created_at": "2026-11-21T05:11:58Z",
    "locations": [{"url": "rbd://f/images/21443540/snap", "metadata": {"store": "central"}}],
    "tags": [],
    "stores": "central,dcn0",
    "a_property_of_the_future": {"x": [1]},
}


def images_page(*images: Any) -> bytes:
    return json.dumps({"images": images, "schema": "/v2/schemas/images"}).encode()


def decode_images(content: bytes) -> Page[WireImage]:
    return decode_page("Glance: list images", content, "images", WireImage)


def test_an_image_in_mid_copy() -> None:
    page = decode_images(images_page(IMAGE_IN_COPY))
    image = image_from(page.items[0])
    assert image.stores == ("central", "dcn0")
    assert image.importing_to == ("dcn1",)
    assert image.failed_stores == ()
    assert image.import_task == "4208afb2"
    assert image.virtual_size is None
    assert image.created_at == datetime(2026, 11, 21, 5, 11, 58, tzinfo=UTC)
    assert image.locations == (RbdLocation(store="central", fsid="f", pool="images"),)


def test_one_bad_item_never_loses_the_page() -> None:
    bad_size = {**IMAGE_IN_COPY, "id": "2", "size": "huge", "tags": None, "protected": None}
    page = decode_images(images_page(IMAGE_IN_COPY, bad_size, {"name": "no id"}, 7, None))
    assert [item.id for item in page.items] == ["21443540", "2"]
    assert page.items[1].size is None
    assert page.items[1].stores == "central,dcn0"
    assert page.unusable == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", -1),
        ("size", 2**70),
        ("size", 1.5),
        ("name", 7),
        ("name", ["x"]),
        ("created_at", "yesterday"),
        ("locations", [{"url": None}]),
        ("tags", "x"),
        ("stores", ["central"]),
    ],
)
def test_a_field_of_the_wrong_type_is_dropped(field: str, value: object) -> None:
    page = decode_images(images_page({**IMAGE_IN_COPY, field: value}))
    image = image_from(page.items[0])
    assert image.id == "21443540"
    assert not msgspec.structs.asdict(image)[field]


def test_lone_surrogates_and_broken_utf8_survive_and_can_be_written_again() -> None:
    content = b'{"images": [{"id": "1", "name": "a\\ud800b"}, {"id": "2", "name": "\xff"}]}'
    names = [image_from(item).name for item in decode_images(content).items]
    assert names == ["a?b", "�"]
    assert msgspec.msgpack.encode(names)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{", b'{"images": null}', b'{"images": 7}', b"[" * 100_000, b"\xff"],
)
def test_a_body_without_the_list_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        decode_images(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_malformed(content: bytes) -> None:
    try:
        decode_images(content)
        decode_one("x", content, None, WireVolume)
    except MalformedAnswer:
        pass


@given(
    st.dictionaries(
        st.sampled_from([field.encode_name for field in msgspec.structs.fields(WireVolume)]),
        st.one_of(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
            st.text(max_size=5),
            st.lists(st.dictionaries(st.sampled_from(["server_id", "x"]), st.integers())),
            st.dictionaries(st.sampled_from(["image_id", "x"]), st.text(max_size=5) | st.none()),
        ),
    )
)
def test_any_fields_make_a_volume_or_are_left_out(fields: dict[str, Any]) -> None:
    content = json.dumps({"volumes": [{**fields, "id": "v1"}, {"id": "v2"}]}).encode()
    page = decode_page("Cinder: list volumes", content, "volumes", WireVolume)
    volumes = [volume_from(item) for item in page.items]
    assert [volume.id for volume in volumes] == ["v1", "v2"]
    assert msgspec.msgpack.encode(volumes)


def test_a_volume_of_cinder() -> None:
    wire = decode_one(
        "Cinder: show volume",
        json.dumps(
            {
                "volume": {
                    "id": "b3fe",
                    "size": 2,
                    "bootable": "true",
                    "name": "",
                    "created_at": "2026-11-21T05:13:08.000000",
                    "os-vol-tenant-attr:tenant_id": "673a",
                    "os-vol-host-attr:host": "dcn0@ceph-dcn0#ceph-dcn0",
                    "attachments": [{"server_id": "s1", "device": "/dev/vda"}, {"device": "x"}],
                    "volume_image_metadata": {
                        "os_glance_failed_import": "",
                        "image_id": "2144",
                        "image_name": "rnd15",
                        "min_disk": "0",
                    },
                }
            }
        ).encode(),
        "volume",
        WireVolume,
    )
    volume = volume_from(wire)
    assert volume.size == 2 * 1024**3
    assert volume.bootable
    assert volume.label == "b3fe"
    assert (volume.project_id, volume.host) == ("673a", "dcn0@ceph-dcn0#ceph-dcn0")
    assert (volume.image_id, volume.image_name) == ("2144", "rnd15")
    assert [attachment.server_id for attachment in volume.attachments] == ["s1"]
    assert volume.created_at == datetime(2026, 11, 21, 5, 13, 8, tzinfo=UTC)


def test_stores_write_true_as_text() -> None:
    content = json.dumps(
        {
            "stores": [
                {"id": "default_backend", "default": "true", "type": "rbd"},
                {"id": "web", "read-only": "true", "properties": {"pool": None, "fsid": None}},
                {"id": "dcn0", "properties": {"pool": "images", "fsid": "f0"}, "weight": 0},
            ]
        }
    ).encode()
    stores = [store_from(item) for item in decode_page("x", content, "stores", WireStore).items]
    assert [(store.default, store.read_only) for store in stores] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert (stores[2].pool, stores[2].fsid) == ("images", "f0")


def test_a_task_repeats_its_request() -> None:
    content = json.dumps(
        {
            "id": "t1",
            "status": "processing",
            "message": None,
            "created_at": "2026-11-21T05:12:11.000000",
            "input": {
                "import_req": {"method": {"name": "copy-image"}, "stores": ["dcn0"]},
                "backend": ["dcn0"],
            },
        }
    ).encode()
    task = task_from(decode_one("x", content, None, WireTask))
    assert (task.method, task.stores, task.message) == ("copy-image", ("dcn0",), "")
    assert not task.is_over


@pytest.mark.parametrize("input_", [None, {}, {"import_req": 7}, {"import_req": {"method": "x"}}])
def test_a_task_without_a_request_is_still_a_task(input_: object) -> None:
    task = task_from(msgspec.convert({"id": "t1", "input": input_}, WireTask))
    assert (task.method, task.stores) == (None, ())


def test_a_pool_tells_its_cluster() -> None:
    pool = pool_from(
        WirePool(
            name="central@ceph-central#ceph-central",
            capabilities={
                "volume_backend_name": "ceph-central",
                "total_capacity_gb": 26.5,
                "free_capacity_gb": "unknown",
                "location_info": "central:/etc/ceph/central.conf:2606aff5:openstack:volumes",
            },
        )
    )
    assert (pool.cluster, pool.fsid, pool.user, pool.pool) == (
        "central",
        "2606aff5",
        "openstack",
        "volumes",
    )
    assert (pool.total_bytes, pool.free_bytes) == (int(26.5 * 1024**3), None)


@pytest.mark.parametrize("location", [None, 7, "", "a:b", "a:b:c:d:e:f"])
def test_a_pool_of_another_driver_has_no_cluster(location: object) -> None:
    pool = pool_from(WirePool(name="x", capabilities={"location_info": location}))
    assert pool.fsid is None


def test_equal_store_lists_share_one_tuple() -> None:
    page = decode_images(images_page(IMAGE_IN_COPY, {**IMAGE_IN_COPY, "id": "2"}))
    first, second = (image_from(item) for item in page.items)
    assert first.stores is second.stores
    assert isinstance(first, Image)
