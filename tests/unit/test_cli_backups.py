"""The backup commands on a fake core: what they ask for, refuse, print and return."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_runner import Runner
from fake_core import FakeCore

from dcn_console.cli.framework import Session
from dcn_console.cli.reading import Reading
from dcn_console.model.backup_chains import nodes
from dcn_console.model.inventory import MarkedVolumes, Snapshot, Volume
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.requests import ContentCheck, Request
from dcn_console.model.rows import BackupRow, VolumeRow
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)

NOW = datetime.now(UTC)
PLANS = """
[[backup_plans]]
name = "nightly"
volumes = "db-*"
every = 24
keep = 7
incremental_of = 6

[[backup_plans]]
name = "tagged"
metadata = { backup = "hourly" }
every = 1

"""


def a_backup(name: str, hours: float, volume: str = "db-1", **more: Any) -> Backup:
    at = NOW - timedelta(hours=hours)
    fields = {"status": "available", **more}
    return Backup(
        id=f"id-{name}", name=name, volume_id=f"id-{volume}", data_at=at, created_at=at, **fields
    )


def a_volume(name: str) -> Volume:
    created = NOW - timedelta(days=90)
    return Volume(
        id=f"id-{name}",
        name=name,
        status="available",
        availability_zone="az-dcn0",
        created_at=created,
    )


BACKUPS = (
    a_backup("first", 25),
    a_backup("second", 2, "db-2", metadata={"dcn_console_verified_at": "2026-01-01T00:00:00Z"}),
    a_backup("broken", 1, status="error", fail_reason="no keyring"),
)
VOLUMES = tuple(map(a_volume, ("db-1", "db-2", "db-3", "web")))


class BackupCore(FakeCore):
    """A fake core with some volumes and their backups."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = msgspec.structs.replace(
            self.rows,
            volumes=tuple(VolumeRow(volume=volume) for volume in VOLUMES),
            backups=tuple(
                BackupRow(
                    node=node,
                    verified_on=NOW if "dcn_console_verified_at" in node.backup.metadata else None,
                )
                for node in nodes(BACKUPS)
            ),
        )

    async def read(self, session: Session, wanted: frozenset[str]) -> Reading:
        reading = await super().read(session, wanted)
        inventory = msgspec.structs.replace(
            reading.inventory,
            volumes=Snapshot(rows=VOLUMES, error=self.errors.get("volumes")),
            backups=Snapshot(rows=BACKUPS, error=self.errors.get("backups")),
            marked=Snapshot(rows=(MarkedVolumes(plan="tagged", volume_ids=("id-web",)),)),
        )
        return Reading(inventory=inventory, rows=self.rows)


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    core = BackupCore()
    core.fake.plans = (
        Plan(
            operation="backup-create",
            title="back up db-1 → central",
            objects=(ObjectReference(kind="volume", id="id-db-1", name="db-1"),),
            targets=("central",),
            made_at=NOW,
        ),
    )
    runner = Runner(tmp_path, capfd, monkeypatch, core, "backup")
    head, mark, sites = runner.config.read_text().partition("\n# One table a site")
    runner.config.write_text(f"{head}{PLANS}{mark}{sites}")
    return runner


REQUESTS: list[tuple[tuple[str, ...], Request]] = [
    (("create", "db-1"), BackUpVolumes(volume_ids=("id-db-1",))),
    (
        ("create", "db-1", "db-2", "--incremental", "--keep", "7"),
        BackUpVolumes(volume_ids=("id-db-1", "id-db-2"), incremental=True, keep=7),
    ),
    (
        ("create", "db-1", "--snapshot", "s1", "--name", "before"),
        BackUpVolumes(volume_ids=("id-db-1",), snapshot_id="s1", name="before"),
    ),
    (
        ("restore", "first", "--to", "dcn1", "--name", "again", "--check", "full"),
        RestoreBackup(backup_id="id-first", site="dcn1", name="again", check=ContentCheck.FULL),
    ),
    (
        ("restore", "first", "--over", "db-2", "--percent", "50"),
        RestoreBackup(backup_id="id-first", volume_id="id-db-2", sample_percent=50.0),
    ),
    (
        (
            *("restore", "first", "--to", "dcn1", "--server", "web", "--flavor", "m1.small"),
            *("--network", "lab-net", "--key", "k", "--security-group", "ssh"),
        ),
        RestoreBackup(
            backup_id="id-first",
            site="dcn1",
            server="web",
            flavor="m1.small",
            network="lab-net",
            key="k",
            security_group="ssh",
        ),
    ),
    (
        ("delete", "first", "second", "--with-dependents"),
        DeleteBackups(backup_ids=("id-first", "id-second"), with_dependents=True),
    ),
    (("check", "first", "--at", "dcn0"), CheckBackups(backup_ids=("id-first",), site="dcn0")),
    (("check", "--oldest", "1"), CheckBackups(backup_ids=("id-first",))),
    (("check", "--oldest", "5"), CheckBackups(backup_ids=("id-first", "id-second"))),
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
        ("restore", "first"),
        ("restore", "first", "--to", "dcn1", "--over", "db-1"),
        ("restore", "first", "--to", "nowhere"),
        ("restore", "first", "--to", "dcn1", "--flavor", "m1.small"),
        ("restore", "unknown", "--to", "dcn1"),
        ("check",),
        ("check", "first", "--oldest", "2"),
        ("create", "unknown"),
        ("run-due", "--plan", "nihgtly"),
    ],
)
def test_what_makes_no_sense_is_told(command: Runner, words: tuple[str, ...]) -> None:
    ran = command(*words)
    assert ran.status == 2
    assert not command.core.fake.named("submit")


def test_a_backup_is_submitted_and_waited_for(command: Runner) -> None:
    ran = command("create", "db-1", "--yes", "-o", "json")
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)[0]["state"] == "done"


def test_plans_show_the_overdue_first(command: Runner) -> None:
    ran = command("plans", "-o", "json")
    assert ran.status == 0
    lines = json.loads(ran.out)
    assert [(line["volume"], line["plan"], line["state"]) for line in lines] == [
        ("db-3", "nightly", "overdue"),
        ("web", "tagged", "overdue"),
        ("db-1", "nightly", "due"),
        ("db-2", "nightly", "ok"),
    ]
    assert lines[2]["failed"] == "no keyring"
    assert lines[2]["last_good_id"] == "id-first"
    table = command("plans").out
    assert "overdue" in table
    assert "1 d" in table


def test_what_is_due_is_backed_up_each_volume_by_itself(command: Runner) -> None:
    ran = command("run-due", "--yes", "--no-wait")
    assert ran.status == 0, ran.err
    assert command.asked() == [
        BackUpVolumes(volume_ids=("id-db-3",), keep=7),
        BackUpVolumes(volume_ids=("id-web",)),
        BackUpVolumes(volume_ids=("id-db-1",), keep=7),
    ]
    assert command.core.fake.named("submit")


def test_what_a_task_works_on_is_left_to_it(command: Runner) -> None:
    command("create", "db-1", "--yes", "--no-wait")
    before = len(command.asked())
    command("run-due", "--plan", "nightly", "--yes", "--no-wait")
    assert [request.volume_ids for request in command.asked()[before:]] == [  # type: ignore[attr-defined]
        ("id-db-3",)
    ]


def test_a_gap_in_what_was_read_runs_nothing(command: Runner) -> None:
    command.core.errors["backups"] = "Cinder: list backups: no answer within 15 s."
    ran = command("run-due", "--yes")
    assert ran.status == 1
    assert "cannot be told" in ran.err
    assert command.asked() == []
