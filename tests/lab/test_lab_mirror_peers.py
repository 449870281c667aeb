"""Peers of real clusters, on pools of our own: by the real runner and by the command line."""

import asyncio
import base64
import hashlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import CommandLine
from dcn_lab.errors import LabError
from dcn_lab.lab import Lab, LabSite
from lab_settings import lab_settings
from real_console import RealConsole, until

from dcn_console.config.write import render
from dcn_console.inventory.services import Services
from dcn_console.model.mirroring import PeerDirection, PoolMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import (
    ChangePoolMode,
    ConnectPeers,
    NameMirrorSite,
    RemovePeer,
    Request,
)
from dcn_console.model.tasks import TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.connect_peers.names import CONNECT
from dcn_console.operations.registry import operation_for

SIZE = 8 << 20


class PeersLab:
    """A pool of our own at every site, and what was said and stored while its peers changed."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.pool = f"peers-{uuid.uuid4().hex[:8]}"
        self.images: list[str] = []
        self.config = folder / "config.toml"
        self.config.write_text(render(lab_settings(lab, user="admin")))
        self.console = RealConsole(self.config, folder / "state")

    def ceph(self, site: LabSite, *arguments: str) -> str:
        words = ("ceph", "--conf", str(site.conf), "--connect-timeout", "60", *arguments)
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def make(self) -> None:
        def pool_at(site: LabSite) -> None:
            self.ceph(site, "osd", "pool", "create", self.pool, "1")
            self.lab.rbd(site, "pool", "init", self.pool)

        with ThreadPoolExecutor() as pool:
            list(pool.map(pool_at, self.lab.sites))

    def remove(self) -> None:
        self.console.close()
        for site in self.lab.sites:
            self.ceph(
                site, "osd", "pool", "rm", self.pool, self.pool, "--yes-i-really-really-mean-it"
            )

    def info(self, site: LabSite) -> Any:
        return self.lab.rbd(site, "mirror", "pool", "info", self.pool, "--format", "json")

    def mode(self, site: LabSite) -> str:
        return str(self.info(site)["mode"])

    def peers(self, site: LabSite) -> dict[str, str]:
        """Return the directions of a site's peers by their names."""
        listed = self.info(site).get("peers", [])
        return {peer["site_name"]: peer["direction"] for peer in listed}

    def make_image(self, site: LabSite) -> str:
        """Mirror a new RBD image with random data in journal mode."""
        name = f"disk-{uuid.uuid4().hex[:8]}"
        data = self.folder / name
        data.write_bytes(os.urandom(SIZE))
        features = "layering,exclusive-lock,journaling"
        spec = f"{self.pool}/{name}"
        self.lab.rbd(site, "import", "--no-progress", "--image-feature", features, str(data), spec)
        self.lab.rbd(site, "mirror", "image", "enable", spec, "journal")
        data.unlink()
        return name

    def holds(self, site: LabSite, name: str, digest: str) -> bool:
        """Whether the RBD image is at a site and has that content."""
        if name not in self.lab.rbd(site, "ls", self.pool, "--format", "json"):
            return False
        with suppress(LabError):  # it is still being made
            return self.digest(site, name) == digest
        return False

    def digest(self, site: LabSite, name: str) -> str:
        file = self.folder / f"export-{site.name}"
        file.unlink(missing_ok=True)
        self.lab.rbd(site, "export", "--no-progress", f"{self.pool}/{name}", str(file))
        return hashlib.sha256(file.read_bytes()).hexdigest()

    async def plan(self, request: Request, user: str = "admin") -> Plan:
        """Plan as the faces do, as the cephx user ``user``."""
        settings = lab_settings(self.lab, user=user)
        services = await Services.open(settings)
        try:
            store = self.console.store
            context = PlanContext(
                open_tasks=store.open_tasks(), rate_to=store.rate_to, now=datetime.now(UTC)
            )
            (made,) = await operation_for(request).plan(services, request, context)
            return made
        finally:
            await services.close()

    async def submit(self, request: Request) -> int:
        made = await self.plan(request)
        assert made.has_work, (made.skipped, made.checks)
        return self.console.store.submit(made, "test").number

    async def carry_out(self, request: Request) -> str:
        """Carry a request out and return what its target says was verified."""
        return await self.await_done(await self.submit(request))

    async def await_done(self, number: int) -> str:
        task = await asyncio.to_thread(self.console.wait_over, number)
        assert task.state is TaskState.DONE, self.console.explain(number)
        return task.targets[0].verified

    def secrets(self) -> set[bytes]:
        """Return the keys that peers connect with, and pieces of the tokens that hold them."""
        found = set()
        for site in self.lab.sites:
            users = json.loads(self.ceph(site, "auth", "ls", "-f", "json"))["auth_dump"]
            for key in (one["key"] for one in users if one["entity"] == "client.rbd-mirror-peer"):
                found |= {key.encode(), site.fsid().encode() + b'","client_id'}
                for shift in range(3):
                    piece = base64.b64encode(b" " * shift + key.encode())
                    found.add(piece[4:-4])
        assert found
        return found

    def assert_no_secret_is_kept(self, *texts: str) -> None:
        """Look into every file of state, cache and logs, and at what was printed."""
        secrets = self.secrets()
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        assert any("state" in path.parts for path in files)
        for content in (*map(content_of, files), *(text.encode() for text in texts)):
            assert not [secret for secret in secrets if secret in content]
            assert b"eyJmc2lkIjo" not in content


def content_of(path: Path) -> bytes:
    """What a file holds; nothing when a runner has removed it meanwhile."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


@pytest.fixture
def peers(lab: Lab, tmp_path: Path) -> Iterator[PeersLab]:
    made = PeersLab(lab, tmp_path)
    made.make()
    yield made
    made.remove()


async def test_connected_one_way_then_both_and_taken_apart_again(lab: Lab, peers: PeersLab) -> None:
    hub, edge, pool = lab.hub, lab.edges[0], peers.pool
    one_way = ConnectPeers(pool=pool, source=hub.name, destination=edge.name)
    both_ways = msgspec.structs.replace(one_way, direction=PeerDirection.BOTH)
    refused = await peers.plan(one_way, user="openstack")
    assert refused.is_refused
    assert f"[site.{hub.name}.cluster]" in refused.refusals[0].way_out
    assert {peers.mode(site) for site in (hub, edge)} == {"disabled"}

    number = await peers.submit(one_way)
    peers.console.start_runner()
    connecting = CONNECT.format(edge.name)
    until(
        lambda: connecting in {step.name for step in peers.console.store.steps(number)},
        "it connects",
    )
    peers.console.kill_runner()
    peers.console.start_runner()
    assert "the daemons have met" in await peers.await_done(number)
    assert peers.peers(edge) == {hub.cluster: "rx-only"}
    assert peers.peers(hub) == {edge.cluster: "tx-only"}

    await named_and_known(lab, peers)
    await peers.carry_out(both_ways)
    assert peers.peers(edge) == {hub.cluster: "rx-tx"}
    assert peers.peers(hub) == {edge.cluster: "rx-tx"}
    assert not (await peers.plan(one_way)).targets

    name = peers.make_image(hub)
    digest = peers.digest(hub, name)
    until(lambda: peers.holds(edge, name, digest), f"{name} has arrived at {edge.name}")
    off = await peers.plan(ChangePoolMode(site=edge.name, pool=pool, mode=PoolMode.DISABLED))
    assert {name in check.text for check in off.refusals} == {True, False}
    remove = await peers.plan(RemovePeer(site=edge.name, pool=pool, uuid=hub.name))
    assert remove.typed_name == hub.name
    assert name in " ".join(check.text for check in remove.warnings)

    lab.rbd(hub, "mirror", "image", "disable", f"{pool}/{name}")
    until(lambda: not lab.rbd(edge, "ls", pool, "--format", "json"), "the copy is gone")
    for site, other in ((edge, hub), (hub, edge)):
        await peers.carry_out(RemovePeer(site=site.name, pool=pool, uuid=other.name))
        assert other.cluster not in {
            known for known, direction in peers.peers(site).items() if direction != "tx-only"
        }
    peers.assert_no_secret_is_kept()


async def named_and_known(lab: Lab, peers: PeersLab) -> None:
    """Name the hub's cluster and back: a site that only receives from it learns both."""
    hub, edge = lab.hub, lab.edges[0]
    taken = await peers.plan(NameMirrorSite(site=hub.name, site_name=edge.cluster))
    assert taken.is_refused
    name = f"hub-{uuid.uuid4().hex[:6]}"
    try:
        await peers.carry_out(NameMirrorSite(site=hub.name, site_name=name))
        assert peers.peers(edge) == {name: "rx-only"}
        assert peers.info(hub)["site_name"] == name
        assert not (await peers.plan(NameMirrorSite(site=hub.name, site_name=name))).targets
    finally:
        await peers.carry_out(NameMirrorSite(site=hub.name, site_name=hub.cluster))
    assert peers.peers(edge) == {hub.cluster: "rx-only"}


async def test_the_command_line_connects_a_second_site_to_a_pool_others_receive(
    lab: Lab, peers: PeersLab
) -> None:
    hub, first, second, pool = lab.hub, lab.edges[0], lab.edges[-1], peers.pool
    cli = CommandLine(peers.folder, peers.config)
    said: list[str] = []

    def run(*words: str, status: int = 0) -> Any:
        answer = cli("mirror", *words)
        said.extend((answer.out, answer.err))
        assert answer.status == status, answer.err
        return answer

    try:
        dry = run("peer", "connect", pool, hub.name, first.name, "--dry-run")
        assert "TOKEN-FILE" in dry.out
        assert peers.mode(hub) == "disabled"
        run("peer", "connect", pool, hub.name, first.name, "--yes")
        run("peer", "connect", pool, hub.name, second.name, "--both-ways", "--yes")
        assert peers.peers(hub) == {first.cluster: "tx-only", second.cluster: "rx-tx"}
        assert peers.peers(second) == {hub.cluster: "rx-tx"}
        refused = run("peer", "connect", pool, first.name, second.name, "--yes", status=1)
        assert "from one peer only" in refused.err
        known = peers.info(hub)["peers"]
        entry = next(peer for peer in known if peer["site_name"] == first.cluster)
        still = run("peer", "remove", hub.name, pool, entry["uuid"], "--yes", status=1)
        assert f"{first.name} still receives" in still.err
        run("peer", "remove", first.name, pool, hub.name, "--yes")
        run("pool-mode", first.name, pool, "disabled", "--yes")
        assert peers.mode(first) == "disabled"
        peers.assert_no_secret_is_kept(*said)
    finally:
        cli.close()
