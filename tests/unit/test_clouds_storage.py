"""Cinder's volumes, snapshots, backups, quotas and messages: what is asked, what is understood.

The bodies are as Cinder 21.3 sent them, shortened.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from stub_openstack import Asked, Said, StubOpenstack, stub_openstack

from dcn_console.clouds.cinder import Cinder
from dcn_console.clouds.cloud import Cloud
from dcn_console.model.errors import HttpError, MalformedAnswer, ObjectNotFound
from dcn_console.model.storage import Allowance, NewBackup, NewVolume

GIB = 1024**3
MARK = {"dcn_console_task": "7f", "dcn_console_part": 'dcn0: it\'s "x" é'}
VOLUME = {
    "id": "v1",
    "status": "creating",
    "size": 2,
    "availability_zone": "dcn0",
    "name": "pröbe",
    "description": None,
    "bootable": "false",
    "encrypted": False,
    "attachments": [],
    "metadata": MARK,
    "created_at": "2026-11-21T16:09:16.731612",
    "updated_at": None,
    "source_volid": None,
    "snapshot_id": None,
    "volume_type": "__DEFAULT__",
}
SNAPSHOT = {
    "id": "s1",
    "created_at": "2026-11-21T16:09:22.000000",
    "updated_at": "2026-11-21T16:09:23.000000",
    "name": "snäp",
    "description": None,
    "volume_id": "v1",
    "status": "available",
    "size": 2,
    "metadata": MARK,
    "os-extended-snapshot-attributes:progress": "100%",
    "os-extended-snapshot-attributes:project_id": "p1",
}
BACKUP = {
    "id": "b1",
    "status": "available",
    "size": 2,
    "object_count": 0,
    "availability_zone": "central",
    "container": "backups",
    "created_at": "2026-11-21T16:09:30.000000",
    "updated_at": "2026-11-21T16:09:32.000000",
    "name": "b2",
    "description": "",
    "fail_reason": None,
    "volume_id": "v1",
    "links": [],
    "is_incremental": True,
    "has_dependent_backups": False,
    "snapshot_id": None,
    "data_timestamp": "2026-11-21T16:09:30.000000",
    "metadata": MARK,
    "os-backup-project-attr:project_id": "p1",
}
WRONG_STATE = Said(
    400, {"badRequest": {"code": 400, "message": "Invalid volume: status must be available"}}
)
OVER_QUOTA = Said(413, {"overLimit": {"code": 413, "message": "Requested 3G, quota is 2G"}})
TOO_OLD = Said(
    406, {"computeFault": {"message": "Version 3.51 is not supported by the API. Minimum is 3.0"}}
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_CLOUD", "OS_AUTH_URL", "OS_CLIENT_CONFIG_FILE", "OS_USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub() -> Iterator[StubOpenstack]:
    with stub_openstack() as served:
        yield served


@pytest.fixture
async def cinder(stub: StubOpenstack, tmp_path: Path) -> AsyncIterator[Cinder]:
    cloud = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)), timeout=60)
    yield Cinder(cloud)
    cloud.close()


def version(asked: Asked) -> str | None:
    return asked.headers.get("openstack-api-version")


async def test_a_volume_is_asked_for_in_whole_gibibytes_and_nothing_that_is_not_meant(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    stub.on("POST /volume/v3/volumes", Said(202, {"volume": VOLUME}))
    new = NewVolume(name="pröbe", size=GIB + 1, availability_zone="dcn0", metadata=MARK)
    volume = await cinder.volumes.create(new)
    assert (volume.id, volume.size, volume.availability_zone) == ("v1", 2 * GIB, "dcn0")
    assert volume.created_at == datetime(2026, 11, 21, 16, 9, 16, 731612, tzinfo=UTC)
    assert stub.asked[-1].body == {
        "volume": {"name": "pröbe", "size": 2, "availability_zone": "dcn0", "metadata": MARK}
    }
    assert version(stub.asked[-1]) is None


async def test_a_volume_from_a_backup_needs_its_microversion(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    stub.on("POST /volume/v3/volumes", Said(202, {"volume": VOLUME}))
    new = NewVolume(name="r", availability_zone="dcn1", backup_id="b1", image_id=None)
    await cinder.volumes.create(new)
    assert stub.asked[-1].body == {
        "volume": {"name": "r", "availability_zone": "dcn1", "backup_id": "b1"}
    }
    assert version(stub.asked[-1]) == "volume 3.47"


async def test_marks_are_looked_for_and_looked_at(stub: StubOpenstack, cinder: Cinder) -> None:
    other = {**VOLUME, "id": "v2", "metadata": {"dcn_console_task": "8"}}
    bare = {**VOLUME, "id": "v3", "metadata": None}
    stub.on("GET /volume/v3/volumes/detail", Said(200, {"volumes": [other, VOLUME, bare]}))
    assert [volume.id for volume in await cinder.volumes.made_with(MARK)] == ["v1"]
    asked = stub.asked[-1].query
    assert asked["all_tenants"] == "1"
    assert eval_literal(asked["metadata"]) == MARK
    strange = {**SNAPSHOT, "id": "s2", "metadata": {}}
    stub.on("GET /volume/v3/snapshots/detail", Said(200, {"snapshots": [strange, SNAPSHOT]}))
    assert [one.id for one in await cinder.snapshots.made_with(MARK)] == ["s1"]
    assert version(stub.asked[-1]) == "volume 3.22"
    foreign = [{**BACKUP, "id": "b0", "volume_id": "v9"}, {**BACKUP, "id": "b2", "metadata": {}}]
    stub.on("GET /volume/v3/backups/detail", Said(200, {"backups": [*foreign, BACKUP]}))
    assert [one.id for one in await cinder.backups.made_with("v1", MARK)] == ["b1"]
    assert stub.asked[-1].query["volume_id"] == "v1"


def eval_literal(text: str) -> Any:
    """Read a filter as Cinder does (cinder/api/v3/volumes.py)."""
    import ast

    return ast.literal_eval(text)


async def test_the_actions_of_a_volume(stub: StubOpenstack, cinder: Cinder) -> None:
    answers: dict[str, Any] = {
        "os-volume_upload_image": {"os-volume_upload_image": {"image_id": "i1", "status": "x"}},
        "os-show_image_metadata": {
            "metadata": {"os_type": "linux", "os_glance_import_task": "t", "size": 5}
        },
    }

    def act(asked: Asked) -> Said:
        (what,) = asked.body
        return Said(202, answers.get(what, b""))

    stub.on("POST /volume/v3/volumes/v1/action", act)
    await cinder.volumes.extend("v1", 3 * GIB)
    assert stub.asked[-1].body == {"os-extend": {"new_size": 3}}
    assert version(stub.asked[-1]) == "volume 3.42"
    assert await cinder.volumes.upload("v1", "im", "raw", force=True) == "i1"
    assert stub.asked[-1].body["os-volume_upload_image"] == {
        "image_name": "im",
        "disk_format": "raw",
        "container_format": "bare",
        "force": True,
        "visibility": "private",
    }
    assert version(stub.asked[-1]) == "volume 3.1"
    assert await cinder.volumes.image_metadata("v1") == {"os_type": "linux"}
    await cinder.volumes.set_image_metadata("v1", {"os_type": "linux"})
    assert stub.asked[-1].body == {"os-set_image_metadata": {"metadata": {"os_type": "linux"}}}
    await cinder.volumes.set_bootable("v1", True)
    assert stub.asked[-1].body == {"os-set_bootable": {"bootable": True}}
    stub.on("GET /volume/v3/volumes/v1/metadata", Said(200, {"metadata": MARK}))
    assert await cinder.volumes.metadata("v1") == MARK


async def test_a_volume_without_image_metadata_is_told_from_one_that_is_gone(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    missing = "Glance metadata for volume/snapshot v1 cannot be found."
    stub.on("POST /volume/v3/volumes/v1/action", Said(404, {"itemNotFound": {"message": missing}}))
    stub.on("GET /volume/v3/volumes/v1/metadata", Said(200, {"metadata": {}}))
    assert await cinder.volumes.image_metadata("v1") == {}
    with pytest.raises(ObjectNotFound):
        await cinder.volumes.image_metadata("v2")


async def test_what_is_deleted_and_what_goes_with_it(stub: StubOpenstack, cinder: Cinder) -> None:
    for path in ("volumes/v1", "snapshots/s1", "backups/b1"):
        stub.on(f"DELETE /volume/v3/{path}", Said(202, b""))
    await cinder.volumes.delete("v1")
    assert stub.asked[-1].query == {}
    await cinder.volumes.delete("v1", cascade=True)
    assert stub.asked[-1].query == {"cascade": "true"}
    await cinder.snapshots.delete("s1")
    await cinder.backups.delete("b1")
    with pytest.raises(ObjectNotFound):
        await cinder.volumes.delete("../v9?cascade=true#")
    assert stub.asked[-1].path == "/volume/v3/volumes/..%2Fv9%3Fcascade%3Dtrue%23"


async def test_a_snapshot_is_forced_below_the_microversion_that_ignores_it(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    stub.on("POST /volume/v3/snapshots", Said(202, {"snapshot": SNAPSHOT}))
    snapshot = await cinder.snapshots.create("v1", "snäp", MARK, force=True)
    assert (snapshot.id, snapshot.size, snapshot.project_id) == ("s1", 2 * GIB, "p1")
    assert snapshot.metadata == MARK
    assert stub.asked[-1].body["snapshot"]["force"] is True
    assert version(stub.asked[-1]) is None
    stub.on("GET /volume/v3/snapshots/s1", Said(200, {"snapshot": SNAPSHOT}))
    assert (await cinder.snapshots.snapshot("s1")).label == "snäp"


async def test_the_snapshots_of_a_volume_are_only_its_own(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    other = {**SNAPSHOT, "id": "s2", "volume_id": "v2"}
    stub.on("GET /volume/v3/snapshots/detail", Said(200, {"snapshots": [other, SNAPSHOT]}))
    assert [one.id for one in await cinder.snapshots.of_volume("v1")] == ["s1"]
    assert stub.asked[-1].query == {"limit": "1000", "all_tenants": "1", "volume_id": "v1"}


async def test_a_backup_is_asked_for_with_its_zone(stub: StubOpenstack, cinder: Cinder) -> None:
    summary = {"backup": {"id": "b1", "name": "n", "links": []}}
    stub.on("POST /volume/v3/backups", Said(202, summary))
    new = NewBackup(
        volume_id="v1", name="n", availability_zone="central", incremental=True, metadata=MARK
    )
    made = await cinder.backups.create(new)
    assert (made.id, made.status, made.volume_id, made.incremental) == (
        "b1",
        "creating",
        "v1",
        True,
    )
    assert stub.asked[-1].body["backup"] == {
        "volume_id": "v1",
        "name": "n",
        "incremental": True,
        "force": False,
        "availability_zone": "central",
        "metadata": MARK,
    }
    assert version(stub.asked[-1]) == "volume 3.51"
    await cinder.backups.create(NewBackup(volume_id="v1", name="n"))
    assert version(stub.asked[-1]) == "volume 3.43"


async def test_backups_are_read_with_all_they_tell(stub: StubOpenstack, cinder: Cinder) -> None:
    encrypted = {**BACKUP, "id": "b2", "encryption_key_id": "k", "metadata": None, "size": "two"}
    stub.on("GET /volume/v3/backups/detail", Said(200, {"backups": [BACKUP, encrypted]}))
    ((first, second),) = [page async for page in cinder.backups.pages()]
    assert version(stub.asked[-1]) == "volume 3.64"
    assert (first.size, first.incremental, first.has_dependents) == (2 * GIB, True, False)
    assert (first.project_id, first.metadata, first.container) == ("p1", MARK, "backups")
    assert first.data_at == datetime(2026, 11, 21, 16, 9, 30, tzinfo=UTC)
    assert (first.encrypted, second.encrypted) == (False, True)
    assert (second.size, second.metadata) == (None, {})
    stub.on("GET /volume/v3/backups/b1", Said(200, {"backup": BACKUP}))
    assert await cinder.backups.backup("b1") == first
    assert stub.paths_asked().count("GET /volume/") <= 1, "the microversion is asked for once"


async def test_an_old_cinder_is_asked_for_what_it_knows(tmp_path: Path) -> None:
    with stub_openstack(maxima={"/volume": "3.9"}) as stub:
        cloud = await Cloud.connect("stub", str(stub.write_clouds_yaml(tmp_path)), timeout=60)
        cinder = Cinder(cloud)
        stub.on("GET /volume/v3/backups/detail", Said(200, {"backups": []}))
        assert [page async for page in cinder.backups.pages(10, all_projects=False)] == [()]
        assert version(stub.asked[-1]) == "volume 3.9"
        assert stub.asked[-1].query == {"limit": "10"}
        assert await cinder.microversion() == "3.9"
        cloud.close()


async def test_a_restore_and_the_metadata_of_a_backup(stub: StubOpenstack, cinder: Cinder) -> None:
    stub.on("POST /volume/v3/backups/b1/restore", Said(202, {"restore": {"backup_id": "b1"}}))
    await cinder.backups.restore("b1", "v2")
    assert stub.asked[-1].body == {"restore": {"volume_id": "v2"}}
    stub.on("PUT /volume/v3/backups/b1", Said(200, {"backup": {"id": "b1"}}))
    await cinder.backups.set_metadata("b1", {"dcn_console_verified_at": "2026"})
    assert stub.asked[-1].body == {"backup": {"metadata": {"dcn_console_verified_at": "2026"}}}
    assert version(stub.asked[-1]) == "volume 3.43"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (WRONG_STATE, "400 Invalid volume"),
        (OVER_QUOTA, "413 Requested 3G, quota is 2G. A quota of the project is used up"),
        (TOO_OLD, "406 Version 3.51 is not supported"),
        (Said(500, b""), "500"),
        (Said(503, {"serviceUnavailable": {"message": "Service cinder-backup"}}), "cinder-backup"),
    ],
)
async def test_a_refused_backup_says_why_and_is_asked_for_once(
    stub: StubOpenstack, cinder: Cinder, said: Said, words: str
) -> None:
    stub.on("POST /volume/v3/backups", said)
    with pytest.raises(HttpError) as caught:
        await cinder.backups.create(NewBackup(volume_id="v1", name="n", availability_zone="z"))
    assert str(caught.value).startswith("Cinder: back up volume v1 as “n”: ")
    assert words in str(caught.value)
    assert stub.paths_asked().count("POST /volume/v3/backups") == 1


async def test_quotas_are_bytes_and_minus_one_is_no_limit(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    quotas = {
        "id": "p1",
        "volumes": {"limit": 10, "in_use": 3, "reserved": 1, "allocated": 0},
        "gigabytes": {"limit": 1000, "in_use": 5, "reserved": 0},
        "snapshots": {"limit": -1, "in_use": 0, "reserved": 0},
        "backups": {"limit": 0, "in_use": 0, "reserved": 0},
        "backup_gigabytes": {"limit": 7, "in_use": 9, "reserved": 0},
        "per_volume_gigabytes": {"limit": -1, "in_use": 0, "reserved": 0},
        "gigabytes___DEFAULT__": {"limit": -1, "in_use": 5, "reserved": 0},
    }
    stub.on("GET /volume/v3/os-quota-sets/p1", Said(200, {"quota_set": quotas}))
    quota = await cinder.quota()
    assert stub.asked[-1].query == {"usage": "true"}
    assert quota.volumes == Allowance(used=4, allowed=10)
    assert quota.volume_bytes.free == 995 * GIB
    assert quota.snapshots.free is None
    assert (quota.backups.free, quota.backup_bytes.free) == (0, 0)
    assert quota.largest_volume is None
    with pytest.raises(ObjectNotFound):
        await cinder.quota("other")


async def test_messages_about_an_object_come_oldest_first(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    def message(key: str, moment: str | None, about: str) -> dict[str, Any]:
        return {
            "id": key,
            "user_message": "schedule allocate volume:Could not find any available backend.",
            "message_level": "ERROR",
            "created_at": moment,
            "resource_type": "VOLUME",
            "resource_uuid": about,
        }

    body = [
        message("m2", "2026-11-21T17:00:00.000000", "v1"),
        message("m1", "2026-11-21T16:00:00.000000", "v1"),
        message("m9", None, "v9"),
    ]
    stub.on("GET /volume/v3/messages", Said(200, {"messages": body}))
    assert [one.id for one in await cinder.messages("v1")] == ["m1", "m2"]
    assert stub.asked[-1].query == {"resource_uuid": "v1"}
    assert version(stub.asked[-1]) == "volume 3.5"


async def test_an_answer_without_what_was_made_is_malformed(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    stub.on("POST /volume/v3/volumes", Said(202, {"volume": {"name": "x"}}))
    with pytest.raises(MalformedAnswer):
        await cinder.volumes.create(NewVolume(name="x", size=GIB))


async def test_attachments_are_those_that_a_volume_does_not_show(
    stub: StubOpenstack, cinder: Cinder
) -> None:
    listed = [{"id": "a1", "status": "reserved", "instance": "s1", "volume_id": "v1"}]
    stub.on("GET /volume/v3/attachments", Said(200, {"attachments": listed}))
    (found,) = await cinder.attachments.of_volume("v1")
    assert (found.id, found.status, found.server_id) == ("a1", "reserved", "s1")
    assert stub.asked[-1].query == {"volume_id": "v1", "all_tenants": "1"}
    assert version(stub.asked[-1]) == "volume 3.27"
    stub.on("DELETE /volume/v3/attachments/a1", Said(200, {"attachments": []}))
    await cinder.attachments.delete("a1")
    assert version(stub.asked[-1]) == "volume 3.27"
    in_use = {"conflictingRequest": {"code": 409, "message": "Detach volume from instance s1"}}
    stub.on("DELETE /volume/v3/attachments/a1", Said(409, in_use))
    with pytest.raises(HttpError, match="Detach volume from instance s1"):
        await cinder.attachments.delete("a1")
