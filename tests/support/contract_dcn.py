"""One DCN for the contract tests, be it the simulator or the lab: what both let a test do.

Nothing here tells a test which of the two it has, but ``Dcn.name``, for failing tests' messages.
"""

import asyncio
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from contract_plants import LabPlant, SimulatedPlant
from dcn_lab.lab import Lab
from lab_settings import lab_settings
from lab_tasks import throttled
from plain_cloud import PlainCloud
from simulated import Reply, eventually

from dcn_console.config.paths import Paths
from dcn_console.config.settings import Settings, load
from dcn_console.config.write import render
from dcn_console.inventory.services import Services
from dcn_console.model.sites import ClusterAccess, Site, Topology
from dcn_console.simulator.instance import Simulator

MIB = 1024 * 1024
COPY_SECONDS = 600.0
"""Within this a copy of the few MiB of these tests ends, on the busiest machine."""
SLOW_RATE = 4 * MIB
"""Bytes a second, on the lab."""
SLOW_TIME = 0.5
"""Of the simulator, whose bandwidth is low anyway."""
PATCH_TYPE = "application/openstack-images-v2.1-json-patch"


class Daemon(StrEnum):
    """What of a site's cluster can be stopped: all its OSDs, or its monitor."""

    OSD = "osd"
    MON = "mon"


@dataclass(frozen=True)
class User:
    """One account with everything it can be used through."""

    config: Path
    settings: Settings
    services: Services
    plain: PlainCloud


@dataclass(frozen=True)
class Dcn:
    """A deployment with an administrator and a plain member.

    ``without`` stops a daemon of the site that it is given while a with block lasts. Where
    ``is_shared``, others use the same services, and nothing may be stopped.
    """

    name: str
    admin: User
    member: User
    without: Callable[[Daemon, str], AbstractContextManager[None]]
    is_shared: bool
    dead_port: int
    """A port of this machine that Glance may download from, where nobody listens."""
    slowly: Callable[[str], AbstractContextManager[None]]
    """Has images arrive slowly at a site while a with block lasts, to be seen in the middle."""
    plant: "Plant"
    """What makes RBD images and writes to them, as a client of the clusters."""
    marker: str = field(default_factory=lambda: f"contract-{uuid.uuid4().hex[:8]}")
    """A tag of every image of this run, so that a shared Glance's others can be told apart."""

    @property
    def topology(self) -> Topology:
        """The sites, the hub first."""
        return self.admin.settings.topology

    @property
    def hub(self) -> Site:
        """The central site."""
        assert self.topology.hub is not None
        return self.topology.hub

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores of all sites, the hub's first."""
        return tuple(store_of(site) for site in self.topology)

    @property
    def edge_stores(self) -> tuple[str, ...]:
        """The stores of the edges."""
        return tuple(store_of(site) for site in self.topology.edges)

    def show(self, image_id: str, user: User | None = None) -> dict[str, Any]:
        """Return an image as Glance shows it."""
        shown: dict[str, Any] = (user or self.admin).plain.get("image", f"/v2/images/{image_id}")
        return shown

    def tasks(self, image_id: str) -> list[dict[str, Any]]:
        """Return an image's tasks as Glance lists them, in no order."""
        listed: list[dict[str, Any]] = self.admin.plain.get(
            "image", f"/v2/images/{image_id}/tasks"
        )["tasks"]
        return listed

    def ask_copy(self, image_id: str, *stores: str, user: User | None = None) -> Reply:
        """Ask for a copy as our own adapter does, and return what Glance answers."""
        body = {
            "method": {"name": "copy-image"},
            "stores": list(stores),
            "all_stores_must_succeed": False,
        }
        plain = (user or self.admin).plain
        return plain.ask("POST", "image", f"/v2/images/{image_id}/import", body)

    def wait_unlocked(self, image_id: str, seconds: float = COPY_SECONDS) -> dict[str, Any]:
        """Wait until no import holds the image and no task of it is open; return the image."""

        def look() -> tuple[dict[str, Any], set[str]]:
            return self.show(image_id), {task["status"] for task in self.tasks(image_id)}

        image, _ = eventually(
            look,
            lambda seen: (
                "os_glance_import_task" not in seen[0] and not seen[1] & {"pending", "processing"}
            ),
            seconds,
        )
        return image


class Plant(Protocol):
    """RBD images of the volumes' pool, made and written to as a client of the cluster does."""

    def create(self, site: str, name: str, size: int, objects: int, parent: str = "") -> None:
        """Make an RBD image whose first ``objects`` hold random data, or a clone of ``parent``."""

    def write(self, site: str, name: str, objects: tuple[int, ...]) -> None:
        """Write random data to these objects."""

    def remove(self, site: str, name: str) -> None:
        """Remove it, if it is there; it must not be mirrored any more."""


@dataclass
class Images:
    """The images a test made, and their end. Not shared between tests."""

    dcn: Dcn
    made: list[tuple[User, str]] = field(default_factory=list)

    def create(self, user: User | None = None, **attributes: Any) -> dict[str, Any]:
        """Create a queued image, raw and bare unless ``attributes`` say otherwise."""
        owner = user or self.dcn.admin
        body = {
            "name": f"{self.dcn.marker}-{uuid.uuid4().hex[:8]}",
            "disk_format": "raw",
            "container_format": "bare",
            "tags": [self.dcn.marker],
        } | attributes
        reply = owner.plain.ask("POST", "image", "/v2/images", body)
        assert reply.status == 201, reply
        image: dict[str, Any] = reply.content
        self.made.append((owner, image["id"]))
        return image

    def upload(self, data: bytes, user: User | None = None, **attributes: Any) -> str:
        """Create an image that holds ``data`` in the default store; return its id."""
        owner = user or self.dcn.admin
        image_id = str(self.create(owner, **attributes)["id"])
        headers = {"Content-Type": "application/octet-stream"}
        path = f"/v2/images/{image_id}/file"
        reply = owner.plain.ask("PUT", "image", path, data, headers)
        assert reply.status == 204, reply
        return image_id

    def forget(self, image_id: str) -> None:
        """Leave an image that the test deleted itself out of the end."""
        self.made = [(user, made) for user, made in self.made if made != image_id]

    def delete_all(self) -> None:
        """Delete what was made, once nothing works on it any more."""
        for user, image_id in self.made:
            if "os_glance_import_task" in self.dcn.show(image_id):
                self.dcn.wait_unlocked(image_id)
            reply = user.plain.ask("DELETE", "image", f"/v2/images/{image_id}")
            assert reply.status == 204, reply


def store_of(site: Site) -> str:
    """Return the store of a site that has to have one."""
    assert site.store is not None
    return site.store


def access_of(site: Site) -> ClusterAccess:
    """Return the access to the cluster of a site that has to have one."""
    assert site.cluster is not None
    return site.cluster


def random_data(size: int) -> bytes:
    """Return bytes that nothing can compress or leave out."""
    return os.urandom(size)


def sha512(data: bytes) -> str:
    """Return the hash that Glance keeps of an image."""
    return hashlib.sha512(data).hexdigest()


@contextmanager
def simulated_dcn(simulator: Simulator, folder: Path) -> Iterator[Dcn]:
    """A DCN on a running simulator; its files go to ``folder``."""

    @contextmanager
    def without(daemon: Daemon, site: str) -> Iterator[None]:
        down = (site,)
        if daemon is Daemon.OSD:
            simulator.control.set_faults(osd_down=down)
        else:
            simulator.control.set_faults(mon_down=down)
        try:
            yield
        finally:
            simulator.control.clear_faults()

    @contextmanager
    def slowly(_site: str) -> Iterator[None]:
        simulator.control.set_time_scale(SLOW_TIME)
        try:
            yield
        finally:
            simulator.control.set_time_scale(1.0)

    configs = [simulator.write_config(folder / user, user) for user in ("admin", "demo")]
    with _users(configs) as (admin, member):
        plant = SimulatedPlant(simulator)
        yield Dcn("simulator", admin, member, without, False, 80, slowly, plant)


@contextmanager
def lab_dcn(lab: Lab, folder: Path, *, shared: bool) -> Iterator[Dcn]:
    """A DCN on a lab that is up; its files go to ``folder``."""

    def without(daemon: Daemon, site: str) -> AbstractContextManager[None]:
        return lab.without(f"{daemon}.{site}")

    def slowly(site: str) -> AbstractContextManager[None]:
        return throttled(lab.site(site), lab.site(site).pools.images, rate=SLOW_RATE)

    configs = []
    for cloud in (lab.cloud, lab.member_cloud):
        path = folder / cloud / "config.toml"
        path.parent.mkdir(mode=0o700)
        path.write_text(render(lab_settings(lab, cloud)))
        configs.append(path)
    with _users(configs) as (admin, member):
        port, plant = lab.download_port, LabPlant(lab, folder)
        yield Dcn("lab", admin, member, without, shared, port, slowly, plant)


@contextmanager
def _users(configs: list[Path]) -> Iterator[list[User]]:
    users: list[User] = []
    try:
        for config in configs:
            settings = load(Paths.resolve(config), {}).settings
            services = asyncio.run(Services.open(settings))
            plain = PlainCloud(settings.cloud, settings.clouds_file)
            users.append(User(config, settings, services, plain))
        yield users
    finally:
        for user in users:
            asyncio.run(user.services.close())
