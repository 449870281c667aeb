"""The volume and snapshot commands on a fake core: what they ask for, refuse and return."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from command_runner import Runner
from fake_core import FakeCore

from dcn_console.cli.framework import Session
from dcn_console.cli.reading import Reading
from dcn_console.model.backup_rows import SnapshotRow
from dcn_console.model.inventory import Image, Snapshot, Volume
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.requests import Request
from dcn_console.model.rows import VolumeRow
from dcn_console.model.storage import VolumeSnapshot
from dcn_console.model.storage_requests import (
    CreateVolume,
    DeleteSnapshots,
    DeleteVolumes,
    ExtendVolumes,
    SnapshotVolumes,
    UploadVolumes,
)

GIB = 1024**3
VOLUMES = tuple(Volume(id=f"id-{name}", name=name) for name in ("db-1", "db-2"))
SNAPSHOTS = (VolumeSnapshot(id="id-point", name="point", volume_id="id-db-1"),)
IMAGES = (Image(id="id-cirros", name="cirros"),)


class VolumeCore(FakeCore):
    """A fake core with some volumes, a snapshot and an image."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = msgspec.structs.replace(
            self.rows,
            volumes=tuple(VolumeRow(volume=volume) for volume in VOLUMES),
            snapshots=tuple(SnapshotRow(snapshot=snapshot) for snapshot in SNAPSHOTS),
        )

    async def read(self, session: Session, wanted: frozenset[str]) -> Reading:
        reading = await super().read(session, wanted)
        inventory = msgspec.structs.replace(reading.inventory, images=Snapshot(rows=IMAGES))
        return Reading(inventory=inventory, rows=self.rows)


def a_plan(typed_name: str = "") -> Plan:
    return Plan(
        operation="volume-delete",
        title="delete volume db-1 at dcn0",
        objects=(ObjectReference(kind="volume", id="id-db-1", name="db-1"),),
        targets=("dcn0",),
        typed_name=typed_name,
        made_at=datetime.now(UTC),
    )


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    core = VolumeCore()
    core.fake.plans = (a_plan(),)
    return Runner(tmp_path, capfd, monkeypatch, core)


REQUESTS: list[tuple[tuple[str, ...], Request]] = [
    (
        ("volume", "create", "new", "--at", "dcn0", "--size", "3", "--type", "fast"),
        CreateVolume(site="dcn0", name="new", size=3 * GIB, volume_type="fast"),
    ),
    (
        ("volume", "create", "new", "--at", "dcn0", "--image", "cirros"),
        CreateVolume(site="dcn0", name="new", image_id="id-cirros"),
    ),
    (
        ("volume", "create", "new", "--at", "dcn0", "--snapshot", "point"),
        CreateVolume(site="dcn0", name="new", snapshot_id="id-point"),
    ),
    (
        ("volume", "extend", "db-1", "db-2", "--size", "20"),
        ExtendVolumes(volume_ids=("id-db-1", "id-db-2"), size=20 * GIB),
    ),
    (
        ("volume", "snapshot", "db-1", "--name", "before", "--stop-server"),
        SnapshotVolumes(volume_ids=("id-db-1",), name="before", stop_server=True),
    ),
    (("volume", "upload", "db-1"), UploadVolumes(volume_ids=("id-db-1",))),
    (
        ("volume", "upload", "db-1", "--name", "golden", "--to", "edges", "--format", "qcow2"),
        UploadVolumes(
            volume_ids=("id-db-1",), name="golden", disk_format="qcow2", sites=("dcn0", "dcn1")
        ),
    ),
    (
        ("volume", "delete", "db-1", "id-db-2", "db-1", "--with-snapshots"),
        DeleteVolumes(volume_ids=("id-db-1", "id-db-2"), with_snapshots=True),
    ),
    (("snapshot", "delete", "point"), DeleteSnapshots(snapshot_ids=("id-point",))),
]


@pytest.mark.parametrize(("words", "request_"), REQUESTS)
def test_each_command_asks_for_what_it_says(
    command: Runner, words: tuple[str, ...], request_: Request
) -> None:
    ran = command(*words, "--dry-run")
    assert ran.status == 0, ran.err
    assert command.asked() == [request_]
    assert not command.core.fake.named("submit")


@pytest.mark.parametrize(
    "words",
    [
        ("volume", "create", "new"),
        ("volume", "create", "new", "--at", "nowhere", "--size", "1"),
        ("volume", "create", "new", "--at", "dcn0", "--image", "cirros", "--snapshot", "point"),
        ("volume", "create", "new", "--at", "dcn0", "--image", "unknown"),
        ("volume", "extend", "db-1"),
        ("volume", "extend", "db-1", "--size", "0"),
        ("volume", "upload", "db-1", "--to", "nowhere"),
        ("volume", "upload", "db-1", "--format", "iso"),
        ("volume", "delete", "unknown"),
        ("snapshot", "delete", "unknown"),
    ],
)
def test_what_makes_no_sense_is_told(command: Runner, words: tuple[str, ...]) -> None:
    assert command(*words).status == 2
    assert not command.core.fake.named("submit")


def test_a_deletion_wants_the_name(command: Runner) -> None:
    command.core.fake.plans = (a_plan("db-1"),)
    refused = command("volume", "delete", "db-1", "--yes")
    assert refused.status == 1
    assert "--confirm db-1" in refused.err
    assert not command.core.fake.named("submit")
    agreed = command("volume", "delete", "db-1", "--confirm", "db-1", "-o", "json")
    assert agreed.status == 0
    assert agreed.json[0]["state"] == "done"
