"""Mirroring while daemons are dead, on real clusters: nothing hangs, nothing lies."""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from command_line import CommandLine
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab, LabSite
from lab_settings import lab_settings
from real_console import until

from dcn_console.config.write import render

MIB = 1024 * 1024
SIZE = 16 * MIB
BIG = 256 * MIB
FEATURES = "layering,exclusive-lock"
SECONDS = 240.0
MODES = ("journal", "snapshot")

Make = Callable[..., str]


@pytest.fixture
def cli(lab: Lab, tmp_path: Path) -> Iterator[CommandLine]:
    """The command line as the clusters' administrator."""
    config = tmp_path / "config.toml"
    config.write_text(render(lab_settings(lab, user="admin", agent_deadline_seconds=10)))
    command = CommandLine(tmp_path, config)
    yield command
    command.close()


@pytest.fixture
def make(lab: Lab, tmp_path: Path) -> Iterator[Make]:
    """What makes an RBD image with random data at the hub; mirrored when a mode is given."""
    made: list[str] = []
    hub, pool = lab.hub, lab.topology.mirrored_pool

    def imported(mode: str = "", size: int = SIZE) -> str:
        name = f"{pool}/faults-{uuid.uuid4().hex[:8]}"
        data = tmp_path / "data"
        data.write_bytes(os.urandom(size))
        hub.rbd("import", "--no-progress", "--image-feature", FEATURES, str(data), name)
        data.unlink()
        made.append(name)
        if mode:
            hub.rbd("mirror", "image", "enable", name, mode)
        return name

    yield imported
    for name in made:
        for site in lab.sites:
            with suppress(LabError):
                site.rbd("mirror", "image", "disable", "--force", name)
        for site in lab.sites:
            until(partial(is_gone, site, name), f"{name} is gone at {site.name}", SECONDS)


def is_gone(site: LabSite, name: str) -> bool:
    with suppress(LabError):
        site.rbd("mirror", "image", "disable", "--force", name)
    with suppress(LabError):
        site.rbd("rm", "--no-progress", name)
    return not exists(site, name)


def exists(site: LabSite, name: str) -> bool:
    pool, _, image = name.partition("/")
    return image in site.rbd("ls", pool, "--format", "json")


def status(site: LabSite, name: str) -> str:
    """What a site's own cluster says of an RBD image, "" while it has none."""
    with suppress(LabError):
        return str(site.rbd("mirror", "image", "status", name, "--format", "json")["description"])
    return ""


def in_sync(site: LabSite, name: str) -> bool:
    text = status(site, name)
    idle = '"idle"' in text and "local_snapshot_timestamp" in text
    return idle or '"entries_behind_primary":0' in text


def digest(site: LabSite, name: str, tmp_path: Path) -> str:
    file = tmp_path / f"export-{site.name}"
    site.rbd("export", "--no-progress", name, str(file))
    value = hashlib.sha256(file.read_bytes()).hexdigest()
    file.unlink()
    return value


def test_a_daemon_killed_in_the_first_copy_ends_it_when_it_is_back(
    lab: Lab, cli: CommandLine, make: Make, tmp_path: Path
) -> None:
    edge = lab.edges[0]
    daemon = f"rbd-mirror.{edge.name}"
    names = {mode: make(size=BIG) for mode in MODES}
    for mode, name in names.items():
        options = ("--mode", mode, "--to", edge.name, "--yes", "--no-wait")
        ran = cli("mirror", "enable", name, *options)
        assert ran.status == 0, ran.err
    until(lambda: any(exists(edge, name) for name in names.values()), "a copy begins", SECONDS)
    lab.kill(daemon)
    try:
        held = [name for name in names.values() if exists(edge, name)]
        whole = [digest(edge, name, tmp_path) == digest(lab.hub, name, tmp_path) for name in held]
        assert not all(whole)
        assert cli("mirror", "status", "-o", "json").status == 0
        assert open_tasks(cli)
    finally:
        lab.start(daemon)
    until(lambda: not open_tasks(cli), "the tasks are over", SECONDS)
    tasks = cli("task", "list", "-o", "json").json
    assert [task["state"] for task in tasks] == ["done", "done"], tasks
    for name in names.values():
        assert digest(lab.hub, name, tmp_path) == digest(edge, name, tmp_path)


def open_tasks(cli: CommandLine) -> list[str]:
    tasks = cli("task", "list", "-o", "json").json
    return [task["state"] for task in tasks if task["state"] not in ("done", "failed")]


def test_without_any_manager_all_is_told_and_a_volume_relocates(
    lab: Lab, cli: CommandLine, make: Make, tmp_path: Path
) -> None:
    hub, edge = lab.hub, lab.edges[0]
    name = make("snapshot")
    until(lambda: in_sync(edge, name), f"{name} is in sync", SECONDS)
    with lab.without(f"mgr.{hub.name}"), lab.without(f"mgr.{edge.name}"):
        shown = cli("mirror", "status", name, "--site", edge.name, "-o", "json")
        assert shown.status == 0, shown.err
        assert [row["condition"] for row in shown.json] == ["in sync"]
        assert shown.json[0]["protected"]["holds"] is None
        assert "schedules are not known" in shown.json[0]["protected"]["why"]
        assert cli("mirror", "health", "--site", edge.name).out.startswith("MIRROR ")
        relocating = ("mirror", "relocate", name, "--to", edge.name, "--check", "full")
        (planned,) = cli(*relocating, "--dry-run", "-o", "json").json
        told = [check["text"] for check in planned["checks"] if check["outcome"] == "warning"]
        assert any("schedules of mirror snapshots cannot be read" in text for text in told), told
        process = cli.start(*relocating, "--yes", "-o", "json")
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, out + err
    assert edge.rbd("info", name, "--format", "json")["mirroring"]["primary"]
    assert digest(hub, name, tmp_path) == digest(edge, name, tmp_path)
