"""Backups on real Cinder and Ceph: a chain travels to another edge whatever is killed meanwhile."""

import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dcn_lab.lab import Lab, LabSite
from lab_clients import connect, wait_for
from lab_settings import lab_settings
from real_console import RealConsole, until

from dcn_console.config.write import render
from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ContentCheck, Request
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)
from dcn_console.model.tasks import TargetState, Task, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation_for

OBJECT = 4 << 20
HEADERS = {"OpenStack-API-Version": "volume 3.60"}
WRITE = """
import os, rados, rbd, sys
conf, pool, name, numbers = sys.argv[1:]
with rados.Rados(conffile=conf, rados_id="admin") as handle, handle.open_ioctx(pool) as ioctx:
    with rbd.Image(ioctx, name) as image:
        for number in map(int, numbers.split(",")):
            image.write(os.urandom(4 << 20), number << 22)
"""
READ = """
import hashlib, rados, rbd, sys
conf, pool, name, snapshot, numbers = sys.argv[1:]
total = hashlib.sha256()
with rados.Rados(conffile=conf, rados_id="admin") as handle, handle.open_ioctx(pool) as ioctx:
    with rbd.Image(ioctx, name, snapshot=snapshot or None, read_only=True) as image:
        for number in map(int, numbers.split(",")):
            total.update(image.read(number << 22, 4 << 20))
print(total.hexdigest())
"""


class Storage:
    """Cinder seen past the console, and what its RBD images hold."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._api = connect(lab, lab.cloud).block_storage
        self.made: list[str] = []

    def get(self, path: str) -> Any:
        answer = self._api.get(path, headers=HEADERS, raise_exc=False)
        return answer.json() if answer.status_code == 200 else None

    def volume(self, site: LabSite) -> str:
        """Make an empty volume of 1 GiB and return its id."""
        wanted = {
            "size": 1,
            "name": f"backup-test-{uuid.uuid4().hex[:8]}",
            "availability_zone": site.availability_zone,
        }
        identity = str(self._api.post("/volumes", json={"volume": wanted}).json()["volume"]["id"])
        self.made.append(identity)
        wait_for(self._lab, "the volume", lambda: self.status(identity) == "available")
        return identity

    def status(self, volume_id: str) -> str | None:
        shown = self.get(f"/volumes/{volume_id}")
        return shown["volume"]["status"] if shown else None

    def backups(self, volume_id: str) -> list[dict[str, Any]]:
        """The backups of a volume, the oldest first."""
        found = self.get(f"/backups/detail?volume_id={volume_id}")["backups"]
        return sorted(found, key=lambda one: one["created_at"])

    def write(self, site: LabSite, volume_id: str, *numbers: int) -> None:
        """Write random data into whole objects of a volume."""
        self._script(WRITE, site, volume_id, ",".join(map(str, numbers)))

    def checksum(self, site: LabSite, volume_id: str, *numbers: int, snapshot: str = "") -> str:
        """Return the SHA-256 of some objects of a volume, read past the console."""
        return self._script(READ, site, volume_id, snapshot, ",".join(map(str, numbers)))

    def _script(self, script: str, site: LabSite, volume_id: str, *words: str) -> str:
        name = f"volume-{volume_id}"
        command = ("/usr/bin/python3", "-c", script, str(site.conf), site.pools.volumes, name)
        done = subprocess.run(
            (*command, *words), check=True, timeout=120, capture_output=True, text=True
        )
        return done.stdout.strip()

    def clear(self) -> None:
        """Remove what is left of the backups and volumes of a test."""
        for identity in self.made:
            wait_for(self._lab, "the backups' end", partial(self._no_backups, identity))
        for identity in self.made:
            self._api.delete(f"/volumes/{identity}")

    def _no_backups(self, volume_id: str) -> bool:
        """Ask for the end of the newest backup that has settled; true when none is left."""
        left = self.backups(volume_id)
        if left and left[-1]["status"] in ("available", "error"):
            self._api.delete(f"/backups/{left[-1]['id']}")
        return not left


@pytest.fixture
def storage(lab: Lab) -> Iterator[Storage]:
    storage = Storage(lab)
    yield storage
    storage.clear()


@pytest.fixture
def console(lab: Lab, tmp_path: Path) -> Iterator[RealConsole]:
    config = tmp_path / "config.toml"
    patience = {"agent_deadline_seconds": 20.0, "request_timeout_seconds": 60.0}
    config.write_text(render(lab_settings(lab, **patience)))  # type: ignore[arg-type]
    console = RealConsole(config, tmp_path / "state")
    yield console
    console.close()


async def planned(console: RealConsole, request: Request) -> Plan:
    services = await Services.open(console.settings)
    try:
        context = PlanContext(
            open_tasks=console.store.open_tasks(),
            rate_to=console.store.rate_to,
            now=datetime.now(UTC),
        )
        (plan,) = await operation_for(request).plan(services, request, context)
    finally:
        await services.close()
    assert not plan.is_refused, plan.checks
    return plan


async def carried_out(console: RealConsole, request: Request) -> Task:
    """Plan, submit and wait; a runner has to run."""
    number = console.store.submit(await planned(console, request), "test").number
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    return task


@contextmanager
def halted(lab: Lab, daemon: str) -> Iterator[None]:
    """Have a daemon stand still, so that whatever it was asked for stays under way."""
    pids = lab.pids(daemon)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def carried_out_with_kills(lab: Lab, console: RealConsole, request: Request) -> Task:
    """Carry out ``request`` with agents and runner killed (-9) while Cinder works on it.

    Everything is ready before cinder-backup stands still: Cinder asks nothing of a service that has
    been silent for a minute.
    """
    if console.runner_pid() is None:
        console.start_runner()
    until(lambda: console.runner_pid() is not None, "the runner holds the store")
    plan = await planned(console, request)
    (site,) = plan.targets

    def watching(number: int) -> Callable[[], bool]:
        return lambda: console.target(number, site).state is TargetState.COPYING

    with halted(lab, "cinder-backup"):
        number = console.store.submit(plan, "test").number
        until(watching(number), "the task watches")
        until(lambda: bool(agents(console)), "an agent measures")
        for agent in agents(console):
            os.kill(agent, signal.SIGKILL)
        console.kill_runner()
        console.start_runner()
        until(lambda: bool(agents(console)), "the next runner's agent measures")
        assert not console.task(number).state.is_over, console.explain(number)
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    return task


def agents(console: RealConsole) -> list[int]:
    """Return the agents of the runner: its child processes."""
    pid = console.runner_pid()
    if pid is None:
        return []
    listed = subprocess.run(
        ("ps", "--ppid", str(pid), "-o", "pid="), capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]


async def test_a_chain_survives_kills_on_its_way_to_another_edge(
    lab: Lab, console: RealConsole, storage: Storage
) -> None:
    source, destination = lab.edges[:2]
    volume_id = storage.volume(source)
    storage.write(source, volume_id, *range(8))

    full = BackUpVolumes(volume_ids=(volume_id,), name="full")
    task = await carried_out_with_kills(lab, console, full)
    assert task.plan.bytes_to_move == 8 * OBJECT
    assert "all 8 objects in use are the same" in task.targets[0].verified

    storage.write(source, volume_id, 7, 8, 9)
    increment = BackUpVolumes(volume_ids=(volume_id,), name="increment", incremental=True)
    task = await carried_out(console, increment)
    assert task.plan.bytes_to_move == 3 * OBJECT
    first, second = storage.backups(volume_id)
    assert (first["is_incremental"], second["is_incremental"]) == (False, True)
    kept = f"{lab.hub.pools.backups}/volume-{volume_id}.backup.{first['id']}"
    snapshots = lab.rbd(lab.hub, "snap", "ls", kept, "--format", "json")
    assert len(snapshots) == 2
    wanted = storage.checksum(source, volume_id, *range(10))
    storage.write(source, volume_id, 0)

    restore = RestoreBackup(
        backup_id=second["id"],
        site=destination.name,
        name=f"restored-{volume_id[:8]}",
        check=ContentCheck.FULL,
    )
    task = await carried_out_with_kills(lab, console, restore)
    assert "all 10 objects in use are the same" in task.targets[0].verified
    volumes = storage.get("/volumes/detail")["volumes"]
    (restored,) = [one for one in volumes if one["name"] == restore.name]
    storage.made.append(restored["id"])
    assert restored["availability_zone"] == destination.availability_zone
    assert storage.checksum(destination, restored["id"], *range(10)) == wanted

    chain = DeleteBackups(backup_ids=(first["id"],), with_dependents=True)
    task = await carried_out(console, chain)
    assert task.plan.typed_name == "full"
    assert storage.backups(volume_id) == []
    listed = lab.rbd(lab.hub, "ls", lab.hub.pools.backups)
    assert volume_id not in listed


async def test_a_check_proves_a_backup_and_retention_lets_the_old_one_go(
    lab: Lab, console: RealConsole, storage: Storage
) -> None:
    volume_id = storage.volume(lab.edges[0])
    storage.write(lab.edges[0], volume_id, 0, 1)
    console.start_runner()
    await carried_out(console, BackUpVolumes(volume_ids=(volume_id,), name="old"))
    await carried_out(console, BackUpVolumes(volume_ids=(volume_id,), name="new", keep=1))
    (left,) = storage.backups(volume_id)
    assert left["name"] == "new"
    check = CheckBackups(backup_ids=(left["id"],), site=lab.hub.name, check=ContentCheck.FULL)
    task = await carried_out(console, check)
    assert "all 2 objects in use are the same" in task.targets[0].verified
    (left,) = storage.backups(volume_id)
    assert left["metadata"]["dcn_console_verified_at"]
    names = {one["name"] for one in storage.get("/volumes/detail")["volumes"]}
    assert not any(name and name.startswith("dcn-console-check") for name in names)
