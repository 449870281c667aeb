"""The simulator's small parts: synthetic data, clock, listing, faults, scenarios, storage."""

import hashlib
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.model.errors import ConfigError
from dcn_console.simulator.api.disturbance import mangled
from dcn_console.simulator.backup_clock import NO_KEYRING
from dcn_console.simulator.building import build_scenario
from dcn_console.simulator.capacity import fill, health
from dcn_console.simulator.clock import Clock
from dcn_console.simulator.data import BLOCK, blocks, digests
from dcn_console.simulator.faults import ApiFault, Faults, Mangling, take_api_fault
from dcn_console.simulator.image_listing import filters, ordered, page_of, sort_order
from dcn_console.simulator.records import ImageRecord, Phase
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.storage import Storage
from dcn_console.simulator.times import zulu
from dcn_console.simulator.tokens import TokenNote, Tokens
from dcn_console.simulator.world import World

NOW = 1_795_000_000.0


@given(size=st.integers(0, 3 * BLOCK), start=st.integers(0, 3 * BLOCK))
def test_synthetic_data_is_the_same_from_any_start(size: int, start: int) -> None:
    whole = b"".join(blocks("image", size))
    assert len(whole) == size
    assert b"".join(blocks("image", size, start)) == whole[start:]


def test_synthetic_digests_are_those_of_the_data() -> None:
    data = b"".join(blocks("image", 100_000))
    found = digests("image", 100_000)
    assert found.sha512 == hashlib.sha512(data).hexdigest()
    assert found.checksum == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert digests("other", 100_000).sha512 != found.sha512


def test_the_clock_scales_and_jumps_and_never_goes_back() -> None:
    real = [0.0]
    clock = Clock(1000.0, 10.0, monotonic=lambda: real[0])
    real[0] = 2.0
    assert clock.now() == 1020.0
    clock.run_at(0.0)
    real[0] = 50.0
    assert clock.now() == 1020.0
    clock.advance(5.0)
    assert clock.now() == 1025.0
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1.0)


def images(*rows: tuple[str, str, float]) -> list[ImageRecord]:
    return [
        ImageRecord(id=identifier, name=name, size=int(at), created_at=at, updated_at=at)
        for identifier, name, at in rows
    ]


def test_images_come_newest_first_and_by_id_when_equal() -> None:
    known = images(("a", "x", 5.0), ("b", "y", 5.0), ("c", "z", 9.0))
    assert [image.id for image in ordered(known, sort_order({}))] == ["c", "b", "a"]
    by_name = sort_order({"sort": ["name:asc"]})
    assert [image.id for image in ordered(known, by_name)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "query",
    [
        {"sort": ["colour:asc"]},
        {"sort_key": ["name"], "sort_dir": ["up"]},
        {"sort": ["name:asc"], "sort_key": ["id"]},
        {"sort_key": ["name", "id", "size"], "sort_dir": ["asc", "desc"]},
    ],
)
def test_a_wrong_order_is_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(Refusal) as refused:
        sort_order(query)
    assert refused.value.status == 400


@given(st.integers(0, 40), st.integers(1, 12))
def test_pages_together_are_the_list(count: int, limit: int) -> None:
    known = images(*((f"{number:02}", "n", float(number)) for number in range(count)))
    seen: list[ImageRecord] = []
    marker = None
    while True:
        page = page_of(known, marker, limit)
        seen += page.images
        marker = page.next_marker
        if marker is None:
            break
    assert seen == known


def test_filters_compare_times_and_look_into_properties() -> None:
    known = images(("a", "x", NOW), ("b", "y", NOW + 60))
    after = filters({"updated_at": [f"gt:{zulu(NOW)}"]})
    kept = [image.id for image in known if all(test(image) for test in after)]
    assert kept == ["b"]
    with pytest.raises(Refusal):
        filters({"updated_at": ["gt:yesterday"]})
    named = filters({"name": ["in:x,z"]})
    assert [image.id for image in known if all(test(image) for test in named)] == ["a"]


def test_a_fault_is_spent_after_its_times() -> None:
    faults = Faults(api=(ApiFault(service="image", path="/v2/images", status=503, times=2),))
    for _ in range(2):
        fault, faults = take_api_fault(faults, "image", "GET", "/v2/images/x")
        assert fault is not None
    assert take_api_fault(faults, "image", "GET", "/v2/images") == (None, faults)
    assert faults.api == ()


@pytest.mark.parametrize("mangling", [kind for kind in Mangling if kind is not Mangling.NONE])
def test_every_mangling_changes_the_body(mangling: Mangling) -> None:
    body = msgspec.json.encode({"images": [{"id": "a", "size": 4, "tags": ["x"]}], "next": "/n"})
    spoiled = mangled(body, mangling)
    assert spoiled != body
    if mangling is Mangling.WRONG_TYPES:
        content = msgspec.json.decode(spoiled)
        assert content["next"] == "/n"
        assert content["images"] == [{"id": "a", "size": "4 or so", "tags": None}]


def test_the_demo_is_the_same_every_time_and_has_what_is_to_be_discovered() -> None:
    contents = build_scenario("demo", now=NOW)
    assert contents == build_scenario("demo", now=NOW)
    world = World(contents)
    by_name = {image.name: image for image in contents.images}
    assert len(contents.images) >= 24
    assert len(contents.volumes) == 70
    assert len({volume.project_id for volume in contents.volumes}) >= 4
    assert by_name["edge-gateway-7"].stores == ("dcn-bristol",)
    assert by_name["windows-2k22"].disk_format == "qcow2"
    leeds = world.deployment.site("leeds")
    bristol = world.deployment.site("bristol")
    assert leeds is not None
    assert bristol is not None
    chains = [backup for backup in contents.block.backups if backup.status == "available"]
    (failed,) = (backup for backup in contents.block.backups if backup.status == "error")
    assert failed.fail_reason == NO_KEYRING
    assert {backup.volume_id for backup in chains} - {volume.id for volume in contents.volumes}
    assert all(world.record("central", "backups", backup.base) is not None for backup in chains), (
        "what a backup holds is in the hub's pool"
    )
    needed = by_name["jumphost-2025"]
    assert "dcn-bristol" not in needed.stores
    assert any(
        volume.site == "bristol" and volume.image_metadata.get("image_id") == needed.id
        for volume in contents.volumes
    )
    gone = by_name["k8s-node-1.30"]
    assert "dcn-leeds" in gone.stores
    assert world.rbd_image(leeds, "images", gone.id) is None
    stalled = by_name["pos-terminal-2025.1"]
    task = world.task(stalled.import_task or "")
    assert task is not None
    assert (task.status, task.phase) == ("processing", Phase.ABANDONED)
    assert NOW - task.updated_at > 180
    filled = fill(world, bristol)
    assert filled.percent == pytest.approx(88.0, abs=0.5)
    assert health(world, bristol, filled.percent) == ("HEALTH_WARN", ("1 nearfull osd(s)",))
    zones = {server.id: server.availability_zone for server in contents.servers}
    astray = [
        volume.name
        for volume in contents.volumes
        for attachment in volume.attachments
        if zones[attachment.server_id] != volume.site
    ]
    assert astray == ["pos-bristol-data"]


def test_volumes_are_clones_only_where_their_image_is() -> None:
    for name in ("demo", "scale"):
        contents = build_scenario(name, now=NOW, images=200, volumes=200)
        stores = {site.name: site.store for site in contents.deployment.sites}
        by_id = {image.id: image for image in contents.images}
        for volume in contents.volumes:
            if volume.clone_of is not None:
                assert stores[volume.site] in by_id[volume.clone_of].stores


def test_scale_has_as_many_objects_as_asked_for() -> None:
    contents = build_scenario("scale", now=NOW, images=1234, volumes=321)
    assert (len(contents.images), len(contents.volumes)) == (1234, 321)
    assert len({image.id for image in contents.images}) == 1234


def test_sites_take_names_that_all_differ() -> None:
    contents = build_scenario("empty", now=NOW, sites=("hub:default_backend:az0:ceph", "edge"))
    hub, edge = contents.deployment.sites
    names = (hub.name, hub.store, hub.availability_zone, hub.cluster)
    assert names == ("hub", "default_backend", "az0", "ceph")
    assert (edge.store, edge.availability_zone, edge.cluster) == ("edge", "edge", "edge")
    assert contents.deployment.default_store == "default_backend"


def test_an_unknown_scenario_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="demo, scale, empty"):
        build_scenario("moon", now=NOW)


def test_storage_keeps_contents_and_key_to_the_owner(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "state")
    contents = build_scenario("demo", now=NOW)
    assert storage.load() is None
    storage.save(contents)
    assert storage.load() == contents
    assert storage.key() == Storage(tmp_path / "state").key()
    for path in (tmp_path / "state").iterdir():
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600)


def test_a_state_that_is_none_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "contents.msgpack").write_bytes(b"something else")
    with pytest.raises(ConfigError, match=r"contents\.msgpack .* Remove it"):
        Storage(tmp_path).load()


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 36 + "/b", "x"])
def test_only_ids_become_paths(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="id"):
        Storage(tmp_path).data_file(name)


def test_a_token_is_worthless_when_forged_expired_or_revoked() -> None:
    tokens = Tokens(b"key")
    note = TokenNote(user_id="u", project_id="p", issued_at=0.0, expires_at=100.0, audit_id="a")
    token = tokens.issue(note)
    assert tokens.read(token, 50.0) == note
    assert Tokens(b"key").read(token, 50.0) == note
    assert Tokens(b"other").read(token, 50.0) is None
    assert tokens.read(token, 101.0) is None
    wrong: list[Any] = ["", "x", "x.y", token[:-1], token + "0", "é." + token]
    assert [tokens.read(item, 50.0) for item in wrong] == [None] * len(wrong)
    tokens.revoke(note)
    assert tokens.read(token, 50.0) is None
