"""Verification and rehearsal on real clusters, through the command line and its runner."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import CommandLine
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab
from lab_settings import lab_settings
from real_console import until

from dcn_console.config.write import render

MIB = 1024 * 1024
SIZE = 32 * MIB
OBJECT = 4 * MIB
SYNC_SECONDS = 600.0
MODES = ("journal", "snapshot")
WRITER = """
import os, rados, rbd, sys, time
conf, pool, name = sys.argv[1:]
handle = rados.Rados(conffile=conf, rados_id="admin")
handle.connect()
with handle.open_ioctx(pool) as ioctx, rbd.Image(ioctx, name) as image:
    number = 0
    while os.getppid() > 1:
        image.write(os.urandom(65536), (number % 7 + 1) << 22)
        if not number:
            print("writing", flush=True)
        number += 1
        time.sleep(0.05)
"""
WRITE_ONCE = """
import os, rados, rbd, sys
conf, pool, name = sys.argv[1:]
handle = rados.Rados(conffile=conf, rados_id="admin")
handle.connect()
with handle.open_ioctx(pool) as ioctx, rbd.Image(ioctx, name) as image:
    image.write(os.urandom(65536), 5 << 22)
"""
DAMAGE = """
import rados, sys
conf, pool, name = sys.argv[1:]
handle = rados.Rados(conffile=conf, rados_id="admin")
handle.connect()
with handle.open_ioctx(pool) as ioctx:
    ioctx.write(name, b"rotten", 1000)
"""


def run_script(script: str, conf: Path, pool: str, name: str) -> None:
    """Run a script with the distribution's bindings; its arguments say where."""
    command = ("/usr/bin/python3", "-c", script, str(conf), pool, name)
    subprocess.run(command, check=True, timeout=300)


@dataclass(frozen=True)
class Staged:
    """RBD images mirrored from the hub, by mode; they hold an ext4 with 20 files."""

    pool: str
    images: dict[str, str]
    blank: str

    def spec(self, mode: str) -> str:
        return f"{self.pool}/{self.images[mode]}"


def an_ext4(folder: Path) -> Path:
    """Return a disk whose whole is an ext4 with 20 files of random data."""
    tree, disk = folder / "tree", folder / "disk"
    tree.mkdir()
    for number in range(20):
        (tree / f"file {number}").write_bytes(os.urandom(MIB // 2))
    with disk.open("wb") as file:
        file.truncate(SIZE)
    command = ("/usr/sbin/mkfs.ext4", "-q", "-F", "-L", "pet", "-d", str(tree), str(disk))
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return disk


@pytest.fixture(scope="module")
def staged(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    folder = tmp_path_factory.mktemp("content")
    pool, mark = lab.topology.mirrored_pool, uuid.uuid4().hex[:8]
    made = Staged(pool, {mode: f"content-{mode}-{mark}" for mode in MODES}, f"content-blank-{mark}")
    disk = an_ext4(folder)
    try:
        for mode in MODES:
            lab.rbd(lab.hub, "import", "--no-progress", str(disk), made.spec(mode))
            lab.rbd(lab.hub, "mirror", "image", "enable", made.spec(mode), mode)
        lab.rbd(lab.hub, "create", "--size", "8M", f"{pool}/{made.blank}")
        lab.rbd(lab.hub, "mirror", "image", "enable", f"{pool}/{made.blank}", "snapshot")
        for name in (*made.images.values(), made.blank):
            for edge in lab.edges:
                wait_synced(lab, edge.name, pool, name)
        yield made
    finally:
        for name in (*made.images.values(), made.blank):
            remove(lab, pool, name)


def wait_synced(lab: Lab, site: str, pool: str, name: str) -> None:
    """Wait until a secondary reports that everything has arrived."""

    def synced() -> bool:
        try:
            status = lab.rbd(
                site, "mirror", "image", "status", f"{pool}/{name}", "--format", "json"
            )
        except LabError:
            return False
        text = status.get("description", "")
        return "replaying" in text and (
            '"entries_behind_primary":0' in text or "local_snapshot_timestamp" in text
        )

    until(synced, f"{name} is synced at {site}", SYNC_SECONDS)


def remove(lab: Lab, pool: str, name: str) -> None:
    spec = f"{pool}/{name}"
    try:
        lab.rbd(lab.hub, "mirror", "image", "disable", "--force", spec)
    except LabError:
        return

    def gone() -> bool:
        return not any(name in lab.rbd(edge, "ls", pool, "--format", "json") for edge in lab.edges)

    until(gone, f"the copies of {name} are gone", SYNC_SECONDS)

    def removed() -> bool:
        try:
            lab.rbd(lab.hub, "rm", "--no-progress", spec)
        except LabError:
            return name not in lab.rbd(lab.hub, "ls", pool, "--format", "json")
        return True

    until(removed, f"{name} is removed")


@pytest.fixture
def cli(lab: Lab, tmp_path: Path) -> Iterator[CommandLine]:
    config = tmp_path / "config.toml"
    config.write_text(render(lab_settings(lab)))
    command = CommandLine(tmp_path, config)
    yield command
    command.close()


def scratch_left(lab: Lab, pool: str) -> list[str]:
    return [
        name
        for site in lab.sites
        for name in lab.rbd(site, "ls", pool, "--format", "json")
        if name.startswith("dcn-console")
    ]


def test_both_sides_are_the_same_at_every_level(lab: Lab, cli: CommandLine, staged: Staged) -> None:
    specs = [staged.spec(mode) for mode in MODES]
    for check in ("metadata", "sampled", "full"):
        ran = cli("mirror", "verify", *specs, "--check", check, "--percent", "30", "-o", "json")
        assert ran.status == 0, ran.err
        assert [task["state"] for task in ran.json] == ["done", "done"]
        for task in ran.json:
            assert {target["site"] for target in task["targets"]} == {
                edge.name for edge in lab.edges
            }
    assert "are the same at" in ran.err
    planned = cli("mirror", "verify", *specs, "--dry-run", "-o", "json").json
    assert [plan["reads_only"] for plan in planned] == [True, True]


def test_what_is_written_after_the_mirror_snapshot_is_no_mismatch(
    lab: Lab, cli: CommandLine, staged: Staged
) -> None:
    spec = staged.spec("snapshot")
    run_script(WRITE_ONCE, lab.hub.conf, staged.pool, staged.images["snapshot"])
    assert cli("mirror", "verify", spec, "--check", "full").status == 0
    lab.rbd(lab.hub, "mirror", "image", "snapshot", spec)
    ran = cli("mirror", "verify", spec, "--check", "full")
    assert ran.status == 0, ran.err


def test_a_journal_in_use_is_compared_at_a_temporary_snapshot(
    lab: Lab, cli: CommandLine, staged: Staged
) -> None:
    spec = staged.spec("journal")
    words = (str(lab.hub.conf), staged.pool, staged.images["journal"])
    with subprocess.Popen(
        ("/usr/bin/python3", "-c", WRITER, *words), stdout=subprocess.PIPE
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            (plan,) = cli("mirror", "verify", spec, "--dry-run", "-o", "json").json
            assert not plan["reads_only"]
            ran = cli("mirror", "verify", spec, "--check", "full")
            assert ran.status == 0, ran.err
            assert "step 1 of 3, snapshot; next: compare" in ran.err
            assert "are the same at" in ran.err
            ran = cli("mirror", "rehearse", spec, "--at", lab.edges[0].name, "-o", "json")
            assert ran.status == 0, ran.err
            assert "ext4 “pet”, 21 entries" in ran.json[0]["targets"][0]["verified"]
        finally:
            writer.kill()
    assert lab.rbd(lab.hub, "snap", "ls", spec, "--format", "json") == []
    assert scratch_left(lab, staged.pool) == []
    wait_synced(lab, lab.edges[0].name, staged.pool, staged.images["journal"])


def test_rehearsals_leave_nothing(lab: Lab, cli: CommandLine, staged: Staged) -> None:
    edge = lab.edges[0].name
    ran = cli("mirror", "rehearse", staged.spec("snapshot"), "--at", edge, "-o", "json")
    assert ran.status == 0, ran.err
    (target,) = ran.json[0]["targets"]
    assert "ext4 “pet”, 21 entries" in target["verified"]
    blank = cli("mirror", "rehearse", f"{staged.pool}/{staged.blank}", "--at", edge, "-o", "json")
    assert blank.status == 0, blank.err
    assert "nothing to check but that it reads" in blank.json[0]["targets"][0]["verified"]
    assert scratch_left(lab, staged.pool) == []
    listed = cli("mirror", "status", "--pool", staged.pool, "-o", "json")
    assert {row["image"] for row in listed.json} >= set(staged.images.values())


def test_a_mismatch_names_the_object(lab: Lab, cli: CommandLine, staged: Staged) -> None:
    edge = lab.edges[0]
    for mode in MODES:
        shown = lab.rbd(edge, "info", staged.spec(mode), "--format", "json")
        name = f"{shown['block_name_prefix']}.{2:016x}"
        run_script(DAMAGE, edge.conf, staged.pool, name)
    specs = [staged.spec(mode) for mode in MODES]
    ran = cli("mirror", "verify", *specs, "--check", "full", "-o", "json")
    assert ran.status in (1, 3), ran.err
    for task in ran.json:
        failed = [target for target in task["targets"] if target["state"] == "failed"]
        assert [target["site"] for target in failed] == [edge.name]
        assert f"1 object differs: 2 (bytes {2 * OBJECT} to {3 * OBJECT - 1})" in failed[0]["text"]
