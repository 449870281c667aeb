"""Making and filling images in Glance: the body as a stream, its count, its end in the middle."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.clouds.cloud import Cloud
from dcn_console.clouds.glance import Glance
from dcn_console.clouds.glance_images import GlanceImages
from dcn_console.clouds.streaming import PIECE_BYTES, FileBody
from dcn_console.model.errors import HttpError, ObjectNotFound, ServiceError

MARK = {"dcn_console_task": "7f", "dcn_console_part": "dcn0: it's a part/é, in:x"}
QUEUED = {"id": "i1", "name": "im", "status": "queued", "disk_format": "raw", **MARK}
CONTENT = bytes(range(256)) * (PIECE_BYTES // 64) + b"end"
FILE = "/image/v2/images/i1/file"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_CLOUD", "OS_AUTH_URL", "OS_CLIENT_CONFIG_FILE", "OS_USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub() -> Iterator[StubOpenstack]:
    with stub_openstack() as served:
        yield served


@pytest.fixture
async def images(stub: StubOpenstack, tmp_path: Path) -> AsyncIterator[GlanceImages]:
    cloud = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)), timeout=60)
    yield Glance(cloud).images
    cloud.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(CONTENT)
    return path


async def test_an_image_is_made_with_its_properties(
    stub: StubOpenstack, images: GlanceImages
) -> None:
    stub.on("POST /image/v2/images", Said(201, QUEUED))
    image = await images.create("im", disk_format="raw", properties=MARK)
    assert (image.id, image.status) == ("i1", "queued")
    assert stub.asked[-1].body == {
        "name": "im",
        "disk_format": "raw",
        "container_format": "bare",
        "visibility": "private",
        **MARK,
    }


async def test_images_are_found_by_all_their_marks(
    stub: StubOpenstack, images: GlanceImages
) -> None:
    other = {**QUEUED, "id": "i2", "dcn_console_part": "other"}
    bare = {"id": "i3", "name": "bare"}
    stub.on("GET /image/v2/images", Said(200, {"images": [other, bare, QUEUED]}))
    assert [image.id for image in await images.made_with(MARK)] == ["i1"]
    assert stub.asked[-1].query == {"limit": "1000", "visibility": "all", **MARK}
    task_only = {"dcn_console_task": "7f"}
    assert [image.id for image in await images.made_with(task_only)] == ["i2", "i1"]


async def test_images_are_found_by_their_very_name(
    stub: StubOpenstack, images: GlanceImages
) -> None:
    others = [{"id": "i2", "name": "im "}, {"id": "i3"}]
    stub.on("GET /image/v2/images", Said(200, {"images": [*others, QUEUED]}))
    assert [image.id for image in await images.named("im")] == ["i1"]
    assert stub.asked[-1].query == {"limit": "1000", "visibility": "all", "name": "eq:im"}


async def test_images_of_servers_are_found_by_their_snapshots(
    stub: StubOpenstack, images: GlanceImages
) -> None:
    mapping = '[{"source_type": "snapshot", "snapshot_id": "s-1"}]'
    server = {"id": "i2", "name": "web", "size": 0, "block_device_mapping": mapping}
    stub.on("GET /image/v2/images", Said(200, {"images": [QUEUED, server]}))
    assert [image.id for image in await images.booting_from({"s-1", "s-9"})] == ["i2"]
    assert await images.booting_from({"s-2"}) == ()
    assert stub.asked[-1].query == {"limit": "1000", "visibility": "all", "size_max": "0"}


async def test_a_file_is_sent_with_its_length_and_counted(
    stub: StubOpenstack, images: GlanceImages, file: Path
) -> None:
    stub.on(f"PUT {FILE}", Said(204, b""))
    seen: list[tuple[int, int]] = []
    await images.upload("i1", file, lambda sent, total: seen.append((sent, total)))
    asked = stub.asked[-1]
    assert asked.body == CONTENT
    assert asked.headers["content-length"] == str(len(CONTENT))
    assert asked.headers["content-type"] == "application/octet-stream"
    assert "transfer-encoding" not in asked.headers
    await asyncio.sleep(0)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [sent for sent, _ in seen] == sorted(sent for sent, _ in seen)


async def test_a_refused_upload_is_sent_once(
    stub: StubOpenstack, images: GlanceImages, file: Path
) -> None:
    stub.on(f"PUT {FILE}", Said(409, b"<html><h1>409</h1>Image status not valid</html>"))
    with pytest.raises(HttpError, match=r"upload “disk.img” as image i1: 409 Image status"):
        await images.upload("i1", file)
    assert stub.paths_asked().count(f"PUT {FILE}") == 1


class Stalling(type(Path())):  # type: ignore[misc]
    """A file that gives nothing after its first piece until it is let go."""

    go_on: threading.Event

    def open(self, *arguments: Any, **options: Any) -> Any:
        opened = super().open(*arguments, **options)
        read, first = opened.read, True

        def stall(size: int) -> bytes:
            nonlocal first
            if not first:
                assert self.go_on.wait(60)
            first = False
            return bytes(read(size))

        stalling = MagicMock(wraps=opened)
        stalling.__enter__.return_value.read = stall
        return stalling


async def test_cancelling_ends_the_upload_in_the_middle(
    stub: StubOpenstack, images: GlanceImages, file: Path
) -> None:
    stalling = Stalling(file)
    stalling.go_on = threading.Event()
    stub.on(f"PUT {FILE}", Said(204, b""))
    under_way = asyncio.Event()
    upload = asyncio.create_task(
        images.upload("i1", stalling, lambda _sent, _total: under_way.set())
    )
    await asyncio.wait_for(under_way.wait(), 60)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    stalling.go_on.set()
    for _ in range(600):
        if arrived := [asked for asked in stub.asked if asked.path == FILE]:
            break
        await asyncio.sleep(0.1)
    assert [len(asked.body) for asked in arrived] == [PIECE_BYTES]


async def test_a_file_that_cannot_be_read_is_told_before_anything_is_sent(
    stub: StubOpenstack, images: GlanceImages, tmp_path: Path
) -> None:
    with pytest.raises(ServiceError, match="cannot be read: No such file"):
        await images.upload("i1", tmp_path / "none")
    with pytest.raises(ServiceError, match="cannot be read: Is a directory"):
        await images.upload("i1", tmp_path)
    assert f"PUT {FILE}" not in stub.paths_asked()


def test_a_file_that_changes_meanwhile_is_noticed(file: Path) -> None:
    body = FileBody(file, lambda _sent: None)
    pieces = iter(body)
    next(pieces)
    with file.open("r+b") as shorter:
        shorter.truncate(PIECE_BYTES)
    with pytest.raises(ServiceError, match="became shorter"):
        list(pieces)
    longer = FileBody(file, lambda _sent: None)
    with file.open("ab") as appended:
        appended.write(b"more")
    assert sum(map(len, longer)) == len(longer)


def test_a_file_is_sent_again_from_its_start(file: Path) -> None:
    body = FileBody(file, lambda _sent: None)
    assert b"".join(body) == b"".join(body) == file.read_bytes()
    body.stop()
    with pytest.raises(ServiceError, match="was stopped"):
        list(body)


async def test_imports_name_method_and_stores(stub: StubOpenstack, images: GlanceImages) -> None:
    stub.on("POST /image/v2/images/i1/import", Said(202, b""))
    await images.import_url("i1", "http://example.org/x", ["central", "dcn0"])
    assert stub.asked[-1].body == {
        "method": {"name": "web-download", "uri": "http://example.org/x"},
        "stores": ["central", "dcn0"],
        "all_stores_must_succeed": False,
    }
    stub.on(
        "POST /image/v2/images/i1/import",
        Said(400, {"message": "URI for web-download does not pass filtering: x"}),
    )
    with pytest.raises(HttpError, match=r"download image i1 into moon: 400 URI.*allowed_hosts"):
        await images.import_url("i1", "http://127.0.0.1/x", ["moon"])


async def test_deleting_a_copy_and_an_image(stub: StubOpenstack, images: GlanceImages) -> None:
    stub.on("DELETE /image/v2/stores/dcn0/i1", Said(204, b""))
    await images.delete_copy("dcn0", "i1")
    with pytest.raises(ObjectNotFound):
        await images.delete_copy("../central", "i1?x")
    assert stub.asked[-1].path == "/image/v2/stores/..%2Fcentral/i1%3Fx"
    stub.on("DELETE /image/v2/images/i1", Said(409, {"message": "Image i1 is in use"}))
    with pytest.raises(HttpError, match=r"409 Image i1 is in use.*clones of it"):
        await images.delete("i1")


async def test_properties_are_set_as_a_json_patch(
    stub: StubOpenstack, images: GlanceImages
) -> None:
    stub.on("PATCH /image/v2/images/i1", lambda asked: Said(200, QUEUED))
    await images.set_properties("i1", {"os_type": "linux", "a/b~c": "x"})
    asked: Asked = stub.asked[-1]
    assert asked.headers["content-type"] == "application/openstack-images-v2.1-json-patch"
    assert asked.body == [
        {"op": "add", "path": "/os_type", "value": "linux"},
        {"op": "add", "path": "/a~1b~0c", "value": "x"},
    ]
