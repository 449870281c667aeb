"""Requests to a scripted cloud: credentials, errors, pages, time limits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.clouds.cinder import Cinder
from dcn_console.clouds.cloud import BLOCK_STORAGE, COMPUTE, IMAGE, Cloud
from dcn_console.clouds.glance import Glance
from dcn_console.clouds.nova import Nova
from dcn_console.model.errors import (
    AuthenticationFailed,
    ConfigError,
    HttpError,
    MalformedAnswer,
    ObjectNotFound,
    ServiceError,
    ServiceUnreachable,
)

IMAGES = "GET /image/v2/images"
VOLUMES = "GET /volume/v3/volumes/detail"


@pytest.fixture
def stub() -> Iterator[StubOpenstack]:
    with stub_openstack() as served:
        yield served


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_CLOUD", "OS_AUTH_URL", "OS_CLIENT_CONFIG_FILE", "OS_USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def cloud(stub: StubOpenstack, tmp_path: Path) -> AsyncIterator[Cloud]:
    connected = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)), timeout=60)
    yield connected
    connected.close()


async def test_the_token_tells_who_we_are(cloud: Cloud) -> None:
    assert (cloud.name, cloud.project_name, cloud.project_id) == ("stub", "operations", "p1")
    assert (cloud.user_name, cloud.region, cloud.roles) == (
        "operator",
        "RegionOne",
        frozenset({"admin"}),
    )
    assert cloud.has(IMAGE)
    assert cloud.has(BLOCK_STORAGE), "volumev3 is an alias of block-storage"
    assert not cloud.has(COMPUTE)


async def test_a_service_missing_from_the_catalogue_says_so(cloud: Cloud) -> None:
    with pytest.raises(ServiceError, match="has no compute service"):
        _ = [page async for page in Nova(cloud).server_pages()]


async def test_refused_credentials_name_the_cloud_and_not_the_password(
    stub: StubOpenstack, tmp_path: Path
) -> None:
    stub.refuse_credentials = True
    with pytest.raises(AuthenticationFailed, match=r"stub.*401.*requires authentication") as caught:
        await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)))
    assert "hunter2" not in str(caught.value)


async def test_a_dead_keystone_is_unreachable(stub: StubOpenstack, tmp_path: Path) -> None:
    path = stub.write_clouds_yaml(tmp_path)
    path.write_text(path.read_text().replace(f":{stub.port}/", ":1/"))
    with pytest.raises(ServiceUnreachable, match="Keystone: get a token"):
        await Cloud.connect("stub", str(path), timeout=3)


async def test_an_unknown_cloud_lists_the_known_ones(stub: StubOpenstack, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no cloud “stab”.*Known clouds: stub"):
        await Cloud.connect("stab", str(stub.write_clouds_yaml(tmp_path)))


async def test_the_only_cloud_needs_no_name(stub: StubOpenstack, tmp_path: Path) -> None:
    cloud = await Cloud.connect("", str(stub.write_clouds_yaml(tmp_path)))
    assert cloud.name == "stub"
    cloud.close()


async def test_stray_variables_do_not_mix_two_clouds(
    stub: StubOpenstack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_REGION_NAME", "RegionTwo")
    monkeypatch.setenv("OS_AUTH_URL", "http://127.0.0.1:1/v3")
    cloud = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)))
    assert cloud.region == "RegionOne"
    cloud.close()


@pytest.mark.parametrize("content", ["clouds: [", "clouds:\n  stub: 7\n", "{}", "\x00"])
async def test_a_broken_clouds_file_is_a_config_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError):
        await Cloud.connect("stub", str(path))


async def test_a_missing_clouds_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no clouds file"):
        await Cloud.connect("stub", str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            Said(
                409,
                b"<html><head><title>409 Conflict</title></head><body><h1>409 Conflict</h1>"
                b"Image has active task &amp; more<br /><br />\n\n</body></html>",
                "text/html",
            ),
            "409 Image has active task & more",
        ),
        (
            Said(409, {"message": "Image has active task<br /><br />\n", "code": "409 Conflict"}),
            "409 Image has active task",
        ),
        (Said(400, {"badRequest": {"code": 400, "message": "bad store"}}), "400 bad store"),
        (Said(500, b""), "500"),
        (Said(502, b"<html><h1>Bad Gateway</h1></html>", "text/html"), "502 Bad Gateway"),
    ],
)
async def test_an_error_has_what_was_asked_and_the_services_own_sentence(
    stub: StubOpenstack, cloud: Cloud, said: Said, words: str
) -> None:
    stub.on("POST /image/v2/images/i1/import", said)
    with pytest.raises(HttpError) as caught:
        await Glance(cloud).copy_image("i1", ["dcn0"], label="x")
    assert caught.value.message == f"Glance: copy image “x” to dcn0: {words}."
    assert caught.value.status == said.status


async def test_a_service_in_maintenance_is_not_asked_again_behind_our_back(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    stub.on("POST /image/v2/images/i1/import", Said(503, b""))
    with pytest.raises(HttpError):
        await Glance(cloud).copy_image("i1", ["dcn0"])
    assert stub.paths_asked().count("POST /image/v2/images/i1/import") == 1


async def test_a_refused_copy_names_the_policy(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on("POST /image/v2/images/i1/import", Said(403, {"message": "not allowed"}))
    with pytest.raises(HttpError) as caught:
        await Glance(cloud).copy_image("i1", ["dcn0"])
    assert "copy_image" in caught.value.way_out


async def test_a_copy_asks_for_the_stores_and_tolerates_one_that_fails(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    stub.on("POST /image/v2/images/i1/import", Said(202, b""))
    await Glance(cloud).copy_image("i1", ["dcn0", "dcn1"])
    assert stub.asked[-1].body == {
        "method": {"name": "copy-image"},
        "stores": ["dcn0", "dcn1"],
        "all_stores_must_succeed": False,
    }


async def test_a_hostile_id_stays_one_path_segment(stub: StubOpenstack, cloud: Cloud) -> None:
    with pytest.raises(ObjectNotFound):
        await Glance(cloud).image("../../etc?x=1#y")
    assert stub.asked[-1].path == "/image/v2/images/..%2F..%2Fetc%3Fx%3D1%23y"


async def test_images_come_page_by_page_following_next(stub: StubOpenstack, cloud: Cloud) -> None:
    def answer(asked: Asked) -> Said:
        marker = int(asked.query.get("marker", "0"))
        body: dict[str, object] = {"images": [{"id": str(marker + 1)}]}
        if marker < 2:
            body["next"] = f"http://elsewhere/image/v2/images?marker={marker + 1}&limit=1"
        return Said(200, body)

    stub.on(IMAGES, answer)
    pages = [page async for page in Glance(cloud).image_pages(page_size=1)]
    assert [[image.id for image in page] for page in pages] == [["1"], ["2"], ["3"]]


async def test_pages_that_never_end_are_noticed(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on(IMAGES, Said(200, {"images": [{"id": "1"}], "next": "/v2/images?marker=1"}))
    with pytest.raises(MalformedAnswer, match="never end"):
        _ = [page async for page in Glance(cloud).image_pages()]


async def test_volumes_follow_their_links_and_sizes_are_bytes(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    def answer(asked: Asked) -> Said:
        if "marker" in asked.query:
            return Said(200, {"volumes": [{"id": "v2", "size": 2}]})
        link = {"rel": "next", "href": "http://x/v3/p/volumes/detail?marker=v1&limit=1"}
        return Said(200, {"volumes": [{"id": "v1", "size": 1}], "volumes_links": [link]})

    stub.on(VOLUMES, answer)
    pages = [page async for page in Cinder(cloud).volume_pages(page_size=1)]
    assert [volume.size for page in pages for volume in page] == [1024**3, 2 * 1024**3]


async def test_changes_are_asked_with_the_microversion_that_knows_them(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    stub.on(VOLUMES, Said(200, {"volumes": []}))
    since = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    _ = [page async for page in Cinder(cloud).volume_pages(updated_since=since)]
    assert stub.asked[-1].query["updated_at"] == "gte:2026-11-21T09:00:00"
    assert stub.asked[-1].headers["openstack-api-version"] == "volume 3.60"


async def test_nova_lists_the_own_project_when_all_are_refused(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Said:
        if "all_tenants" in asked.query:
            return Said(403, {"forbidden": {"message": "policy"}})
        return Said(200, {"servers": [{"id": "s1", "OS-EXT-AZ:availability_zone": "dcn0"}]})

    with stub_openstack(services=("compute",)) as stub:
        stub.on("GET /compute/v2.1/servers/detail", answer)
        cloud = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)))
        pages = [page async for page in Nova(cloud).server_pages()]
        cloud.close()
    assert [server.availability_zone for page in pages for server in page] == ["dcn0"]


async def test_a_hung_service_delays_no_other(stub: StubOpenstack, cloud: Cloud) -> None:
    def hang(_asked: Asked) -> Said:
        stub.closing.wait(60)
        return Said(200, {"images": []})

    stub.on(IMAGES, hang)
    stub.on("GET /volume/v3/os-services", Said(200, {"services": []}))
    hung = [asyncio.create_task(cloud.request(IMAGE, "GET", "/images")) for _ in range(9)]
    assert await Cinder(cloud).services() == ()
    assert not any(task.done() for task in hung)
    for task in hung:
        task.cancel()
    await asyncio.gather(*hung, return_exceptions=True)


async def test_a_hung_service_is_given_up_by_all_who_wait(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    def hang(_asked: Asked) -> Said:
        stub.closing.wait(60)
        return Said(200, {"images": []})

    stub.on(IMAGES, hang)
    hung = [cloud.request(IMAGE, "GET", "/images", timeout=0.5) for _ in range(9)]
    results = await asyncio.gather(*hung, return_exceptions=True)
    assert all(isinstance(result, ServiceUnreachable) for result in results)


async def test_what_timed_out_is_not_asked_again(stub: StubOpenstack, cloud: Cloud) -> None:
    came = threading.Event()

    def hang(_asked: Asked) -> Said:
        came.set()
        stub.closing.wait(60)
        return Said(200, {"stores": []})

    stub.on("GET /image/v2/info/stores", Said(200, {"stores": [{"id": "a"}]}))
    stub.on("GET /image/v2/info/stores/detail", hang)
    await Glance(cloud).stores()
    with pytest.raises(ServiceUnreachable, match=r"no answer within 0\.5 s"):
        await Glance(cloud).stores_detail(timeout=0.5)
    assert came.wait(60)
    assert stub.paths_asked().count("GET /image/v2/info/stores/detail") == 1


async def test_a_cloud_serves_any_event_loop(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on("GET /image/v2/info/stores", Said(200, {"stores": [{"id": "a", "default": "true"}]}))
    there = await asyncio.to_thread(lambda: asyncio.run(Glance(cloud).stores()))
    here = await Glance(cloud).stores()
    assert there == here
    assert here[0].default


async def test_a_glance_without_stores_says_what_to_set(cloud: Cloud) -> None:
    with pytest.raises(ServiceError, match="enabled_backends"):
        await Glance(cloud).stores()


async def test_import_methods(stub: StubOpenstack, cloud: Cloud) -> None:
    stub.on(
        "GET /image/v2/info/import",
        Said(200, {"import-methods": {"type": "array", "value": ["web-download", "copy-image"]}}),
    )
    assert await Glance(cloud).import_methods() == ("web-download", "copy-image")


async def test_a_malformed_body_is_an_error_that_shows_its_start(
    stub: StubOpenstack, cloud: Cloud
) -> None:
    stub.on("GET /image/v2/info/stores", Said(200, b"\x1b[31mnot json"))
    with pytest.raises(MalformedAnswer) as caught:
        await Glance(cloud).stores()
    assert "not json" in str(caught.value)
    assert "\x1b" not in str(caught.value)
