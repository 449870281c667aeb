"""``backup list``, ``snapshot list`` and ``server list``: trees, and the contract with scripts."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_core import FakeCore, write_sample_config

from dcn_console.cli import list_commands
from dcn_console.cli.main import run
from dcn_console.inventory.join import Joiner
from dcn_console.model.backup_rows import VERIFIED_AT
from dcn_console.model.inventory import Attachment, Inventory, Server, Snapshot, Volume
from dcn_console.model.rows import Rows
from dcn_console.model.sites import Role, Site, Topology
from dcn_console.model.storage import Backup, VolumeSnapshot

GOLDEN_FOLDER = Path(__file__).parent / "golden_cli"
UPDATE_VARIABLE = "DCN_CONSOLE_UPDATE_GOLDEN"
AT = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
GIB = 1024**3
TOPOLOGY = Topology(
    sites=(
        Site(name="central", role=Role.HUB, store="c", availability_zone="az-c"),
        Site(name="dcn1", store="d", availability_zone="az-d"),
    )
)


def backup(key: str, hours_ago: int, *, incremental: bool = False, **more: object) -> Backup:
    fields: dict[str, object] = {
        "id": key,
        "name": f"[red]{key}",
        "status": "available",
        "volume_id": "v1",
        "size": 2 * GIB,
        "availability_zone": "az-c",
        "incremental": incremental,
        "project_id": "p1",
        "data_at": AT - timedelta(hours=hours_ago),
        "created_at": AT - timedelta(hours=hours_ago),
    }
    return Backup(**(fields | more))  # type: ignore[arg-type]


def joined() -> Rows:
    root = Volume(
        id="v1",
        name="db",
        size=2 * GIB,
        availability_zone="az-d",
        bootable=True,
        attachments=(Attachment(server_id="s1", device="/dev/vda"),),
    )
    backups = (
        backup("b1", 50, metadata={VERIFIED_AT: "2026-11-20T12:00:00Z"}),
        backup("b2", 30, incremental=True),
        backup("b3", 3, incremental=True),
        backup("b4", 60, volume_id="gone", status="error", fail_reason="no\nkeyring", name=None),
    )
    server = Server(
        id="s1",
        name="web",
        status="ACTIVE",
        task_state="powering-off",
        availability_zone="az-d",
        host="h",
        flavor="m1.tiny",
        volumes=("v1", "v2"),
        root_device="/dev/vda",
        project_id="p1",
        created_at=AT - timedelta(days=3),
    )
    snapshots = (
        VolumeSnapshot(
            id="n1",
            name="before",
            status="available",
            volume_id="v1",
            size=2 * GIB,
            project_id="p1",
            created_at=AT - timedelta(hours=1),
        ),
        VolumeSnapshot(id="n2", volume_id="v9"),
    )
    inventory = Inventory(
        topology=TOPOLOGY,
        volumes=Snapshot(rows=(root,), complete=True),
        servers=Snapshot(rows=(server, Server(id="s2", image_id="i1")), complete=True),
        snapshots=Snapshot(rows=snapshots, complete=True),
        backups=Snapshot(rows=backups, complete=True),
    )
    return Joiner().rows(inventory, (), AT)


def printed(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    config = write_sample_config(tmp_path)
    assert run(["--config", str(config), *arguments], FakeCore(joined())) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("output", ["json", "csv"])
@pytest.mark.parametrize("what", ["backup", "snapshot", "server"])
def test_the_output_is_the_golden_one(
    what: str, output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compare with golden_cli/NAME.OUTPUT; DCN_CONSOLE_UPDATE_GOLDEN=1 writes them anew."""
    text = printed([what, "list", "-o", output], tmp_path, capsys)
    golden = GOLDEN_FOLDER / f"{what}-list.{output}"
    if os.environ.get(UPDATE_VARIABLE):
        golden.write_text(text)
    assert text == golden.read_text()


def test_backups_are_drawn_as_trees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return AT

    monkeypatch.setattr(list_commands, "datetime", Then)
    text = printed(["backup", "list"], tmp_path, capsys)
    lines = [line for line in text.splitlines() if "[red]" in line]
    assert [
        line[line.index("db") :].split("[red]")[0].removeprefix("db").strip() for line in lines
    ] == [
        "",
        "└",
        "└",
    ]
    first, second, third = (line.index("[red]") for line in lines)
    assert first < second < third
    assert "[red]b2 and 1 other build on it" in lines[0]
    assert "gone (deleted)" in text
    assert "never" in text


def test_servers_show_root_and_data_volumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(["server", "list", "--sort", "name"], tmp_path, capsys)
    (line,) = [line for line in text.splitlines() if "web" in line]
    assert "ACTIVE, powering-off" in line
    assert line.index("db") < line.index("v2")


def test_a_site_keeps_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(["backup", "list", "-o", "csv", "--site", "dcn1"], tmp_path, capsys)
    assert len(text.splitlines()) == 4
    assert "gone" not in text
