"""Mirroring while things are broken or forbidden, on real clusters: nothing hangs, nothing lies."""

import hashlib
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import CommandLine, Result
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab, LabSite
from lab_settings import lab_settings
from real_console import until

from dcn_console.config.write import render
from dcn_console.model.sites import Topology

MIB = 1024 * 1024
SIZE = 16 * MIB
BIG = 256 * MIB
PLAIN = "layering,exclusive-lock"
SECONDS = 600.0
MODES = ("journal", "snapshot")
HOLD_OPEN = """
import rados, rbd, sys
conf, pool, name = sys.argv[1:]
handle = rados.Rados(conffile=conf, rados_id="admin")
handle.connect()
with handle.open_ioctx(pool) as ioctx, rbd.Image(ioctx, name):
    print("open", flush=True)
    sys.stdin.read()
"""

Make = Callable[..., str]
WriteConfig = Callable[..., CommandLine]


@pytest.fixture
def configured(lab: Lab, tmp_path: Path) -> Iterator[WriteConfig]:
    """What makes a command line with a configuration of its own; keywords are for lab_settings."""
    made: list[CommandLine] = []

    def make(**settings: object) -> CommandLine:
        folder = tmp_path / f"cli-{len(made)}"
        folder.mkdir()
        config = folder / "config.toml"
        known: dict[str, object] = {"user": "admin"}
        config.write_text(render(lab_settings(lab, **(known | settings))))  # type: ignore[arg-type]
        made.append(CommandLine(folder, config))
        return made[-1]

    yield make
    for command in made:
        command.close()


@pytest.fixture
def cli(configured: WriteConfig) -> CommandLine:
    return configured()


@pytest.fixture
def make(lab: Lab, tmp_path: Path) -> Iterator[Make]:
    """What makes an RBD image with random data at the hub; mirrored when a mode is given."""
    made: list[str] = []
    hub, pool = lab.hub, lab.topology.mirrored_pool

    def imported(
        mode: str = "", size: int = SIZE, features: str = "layering,exclusive-lock"
    ) -> str:
        name = f"{pool}/faults-{uuid.uuid4().hex[:8]}"
        data = tmp_path / "data"
        data.write_bytes(os.urandom(size))
        hub.rbd("import", "--no-progress", "--image-feature", features, str(data), name)
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


def has_condition(cli: CommandLine, name: str, site: LabSite, condition: str) -> Any:
    """Wait until the one row of an RBD image at a site is in a condition; return the row."""
    rows: list[Any] = []

    def is_so() -> bool:
        rows[:] = cli("mirror", "status", name, "--site", site.name, "-o", "json").json
        return [row["condition"] for row in rows] == [condition]

    until(is_so, f"{name} is {condition} at {site.name}", SECONDS)
    return rows[0]


def open_tasks(cli: CommandLine) -> list[str]:
    tasks = cli("task", "list", "-o", "json").json
    return [task["state"] for task in tasks if task["state"] not in ("done", "failed")]


def test_without_any_manager_all_is_told_and_a_volume_relocates(
    lab: Lab, cli: CommandLine, make: Make, tmp_path: Path
) -> None:
    hub, edge = lab.hub, lab.edges[0]
    name = make("snapshot")
    until(lambda: in_sync(edge, name), f"{name} is in sync", SECONDS)
    has_condition(cli, name, edge, "in sync")
    with lab.without(f"mgr.{hub.name}"), lab.without(f"mgr.{edge.name}"):
        listed = cli("mirror", "status", name, "--site", edge.name, "-o", "json")
        assert listed.status == 0, listed.err
        assert [row["condition"] for row in listed.json] == ["in sync"]
        assert listed.json[0]["protected"]["holds"] is None
        assert "schedules are not known" in listed.json[0]["protected"]["why"]
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


def test_what_is_forbidden_or_does_not_fit_is_refused_before_anything_changes(
    lab: Lab, configured: WriteConfig, make: Make, tmp_path: Path
) -> None:
    hub, edge = lab.hub, lab.edges[0]
    name = make()
    enabling = ("mirror", "enable", name, "--mode", "journal", "--to", edge.name)
    before = shown(hub, name)
    readers = with_user(lab, tmp_path, {hub.name: reader(hub, tmp_path)})
    strangers = with_user(lab, tmp_path, {edge.name: stranger(edge, hub, tmp_path)})
    for topology, site in ((readers, hub), (strangers, edge)):
        ran = configured(topology=topology)(*enabling, "--dry-run", "-o", "json")
        assert ran.status == 1, ran.out
        (refused,) = [check for check in ran.json[0]["checks"] if check["outcome"] == "refused"]
        assert f"Site {site.name}: permission denied to client.faults" in refused["text"]
        assert "ceph auth get client.faults" in refused["way_out"]
    pool = lab.topology.mirrored_pool
    edge.ceph("osd", "pool", "set-quota", pool, "max_bytes", str(4 * MIB))
    command = configured()
    try:
        until(
            lambda: has_no_room(command(*enabling, "--dry-run", "-o", "json"), edge),
            "a plan knows the quota",
        )
    finally:
        edge.ceph("osd", "pool", "set-quota", pool, "max_bytes", "0")
        until(lambda: is_writable(edge, pool), "the pool can be written again")
    assert shown(hub, name) == before


def shown(site: LabSite, name: str) -> dict[str, Any]:
    """All of an RBD image but when it was read."""
    found = site.rbd("info", name, "--format", "json")
    return {key: value for key, value in found.items() if key != "access_timestamp"}


def has_no_room(ran: Result, edge: LabSite) -> bool:
    """Whether a plan is refused because there is no room at the edge."""
    return ran.status == 1 and any(
        f"{edge.name} has" in check["text"] and "free in pool" in check["text"]
        for check in ran.json[0]["checks"]
        if check["outcome"] == "refused"
    )


def is_writable(site: LabSite, pool: str) -> bool:
    """Whether the monitor has taken back that a pool is full."""
    listed = site.ceph("osd", "pool", "ls", "detail")
    (flags,) = [one["flags_names"] for one in listed if one["pool_name"] == pool]
    return "full" not in flags


def reader(site: LabSite, folder: Path) -> Path:
    """Return a ceph.conf for a user who may read RBD images and not change them."""
    capabilities = ("mon", "profile rbd-read-only", "osd", "profile rbd-read-only")
    (entry,) = site.ceph("auth", "get-or-create", "client.faults", *capabilities)
    return conf_with(site, str(entry["key"]), folder)


def stranger(site: LabSite, other: LabSite, folder: Path) -> Path:
    """Return a ceph.conf whose key is that of another cluster."""
    (entry,) = other.ceph("auth", "get", "client.admin")
    return conf_with(site, str(entry["key"]), folder)


def conf_with(site: LabSite, key: str, folder: Path) -> Path:
    keyring, conf = folder / f"{site.name}.keyring", folder / f"{site.name}.conf"
    keyring.write_text(f"[client.faults]\n\tkey = {key}\n")
    conf.write_text(f"{site.conf.read_text()}\n[client.faults]\nkeyring = {keyring}\n")
    return conf


def with_user(lab: Lab, folder: Path, confs: dict[str, Path]) -> Topology:
    """Return the lab's topology with client.faults and these files at some sites."""
    sites = []
    for site in lab_settings(lab, user="admin").topology:
        assert site.cluster is not None
        if site.name in confs:
            access = msgspec.structs.replace(
                site.cluster, conf=str(confs[site.name]), user="faults"
            )
            site = msgspec.structs.replace(site, cluster=access)  # noqa: PLW2901 - the changed one
        sites.append(site)
    return Topology(tuple(sites))


def test_an_open_rbd_image_without_a_lock_is_not_relocated(
    lab: Lab, cli: CommandLine, make: Make
) -> None:
    hub, edge = lab.hub, lab.edges[0]
    name = make("snapshot", features="layering")
    until(lambda: in_sync(edge, name), f"{name} is in sync", SECONDS)
    pool, _, image = name.partition("/")
    words = ("/usr/bin/python3", "-c", HOLD_OPEN, str(hub.conf), pool, image)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"open\n"
        ran = cli("mirror", "relocate", name, "--to", edge.name, "--dry-run", "-o", "json")
        assert client.stdin is not None
        client.stdin.close()
    assert ran.status == 1, ran.out
    refused = [check for check in ran.json[0]["checks"] if check["outcome"] == "refused"]
    assert any(f"{hub.name}: somebody may be writing" in check["text"] for check in refused)
    assert hub.rbd("info", name, "--format", "json")["mirroring"]["primary"]


def test_a_copy_left_at_a_third_site_is_named_and_can_be_given_up(
    lab: Lab, cli: CommandLine, make: Make
) -> None:
    hub, edge, third = lab.hub, lab.edges[0], lab.edges[1]
    name = make("journal")
    for site in (edge, third):
        until(partial(in_sync, site, name), f"{name} is in sync at {site.name}", SECONDS)
    ran = cli("mirror", "relocate", name, "--to", edge.name, "--yes")
    assert ran.status == 0, ran.err
    assert f"{third.name} also has a copy, and does not receive from {edge.name}" in ran.err
    row = has_condition(cli, name, third, "orphan")
    assert [one["kind"] for one in row["findings"]] == ["mirror-orphan"]
    assert third.name in row["findings"][0]["way_out"]
    ran = cli("mirror", "disable", name, "--confirm", name, "-o", "json")
    assert ran.status == 0, ran.err
    assert not exists(hub, name)
    assert exists(edge, name)
    assert exists(third, name)
    assert f"{third.name} holds a copy and does not receive from {edge.name}" in ran.err
    third.rbd("mirror", "image", "disable", "--force", name)
    until(partial(is_gone, third, name), f"{name} can be removed", SECONDS)
