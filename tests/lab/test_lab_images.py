"""Images in and out on real Glance and Ceph: right at every site or gone, whatever is killed."""

import hashlib
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dcn_lab.lab import Lab, LabSite
from lab_clients import (
    connect,
    delete_image,
    is_locked,
    shown_image,
    stores_of,
    wait_for,
    web_server,
)
from lab_tasks import carried_out, console_on, halted, plan_of, planned, throttled
from real_console import RealConsole, until

from dcn_console.model.image_requests import DeleteCopies, DeleteImages, ImportImage
from dcn_console.model.tasks import TargetState, TaskState

MIB = 1 << 20
GATED = """#!{python}
import os, pathlib, sys, time
folder = pathlib.Path({folder!r})
if sys.argv[1] == "convert":
    (folder / "draft").write_text(str(os.getpid()))
    (folder / "draft").rename(folder / "pid")
    while not (folder / "open").exists():
        time.sleep(0.05)
os.execv({program!r}, ["qemu-img", *sys.argv[1:]])
"""
READ = """
import hashlib, rados, rbd, sys
conf, pool, name = sys.argv[1:]
total = hashlib.sha512()
with rados.Rados(conffile=conf, rados_id="admin") as handle, handle.open_ioctx(pool) as ioctx:
    with rbd.Image(ioctx, name, snapshot="snap", read_only=True) as image:
        for offset in range(0, image.size(), 8 << 20):
            total.update(image.read(offset, min(8 << 20, image.size() - offset)))
print(total.hexdigest())
"""
ARRIVING = frozenset({TargetState.COPYING, TargetState.VERIFYING, TargetState.DONE})


class Glance:
    """Glance and the pools of images, seen past the console."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.connection = connect(lab, lab.cloud)

    def named(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.connection.image.get(f"/images?name={name}").json()[
            "images"
        ]
        return found

    def assert_right(self, image_id: str, sites: tuple[LabSite, ...], sha512: str) -> None:
        """See that Glance lists just these sites' stores, and that each has the very data."""
        shown = shown_image(self.connection, image_id)
        assert (shown["status"], shown["disk_format"]) == ("active", "raw")
        assert stores_of(self.connection, image_id) == {site.store for site in sites}
        assert shown["os_hash_value"] == sha512
        for site in sites:
            assert self._data_at(site, image_id) == sha512, site.name

    def _data_at(self, site: LabSite, image_id: str) -> str:
        command = ("/usr/bin/python3", "-c", READ, str(site.conf), site.pools.images, image_id)
        done = subprocess.run(command, check=True, timeout=600, capture_output=True, text=True)
        return done.stdout.strip()

    def rbd_images(self, site: LabSite) -> set[str]:
        return set(self._lab.rbd(site, "ls", site.pools.images, "--format", "json"))

    def assert_no_orphans(self) -> None:
        """See that no RBD image is left of an image that Glance does not have."""
        wait_for(self._lab, "the end of orphans", lambda: not self._orphans())

    def _orphans(self) -> set[str]:
        return {
            f"{image_id} at {site.name}"
            for site in self._lab.sites
            for image_id in self.rbd_images(site)
            if self.connection.image.get(f"/images/{image_id}", raise_exc=False).status_code == 404
        }


class Disk:
    """A disk as a raw and as a qcow2 file, with data here and there."""

    def __init__(self, folder: Path, size: int) -> None:
        self.raw = folder / "disk.raw"
        self.qcow2 = folder / "disk.qcow2"
        with self.raw.open("wb") as file:
            for offset in (size // 8, size // 2):
                file.seek(offset)
                file.write(os.urandom(size // 16))
            file.truncate(size)
        with self.raw.open("rb") as file:
            self.sha512 = hashlib.file_digest(file, "sha512").hexdigest()
        command = ("qemu-img", "convert", "-f", "raw", "-O", "qcow2")
        subprocess.run((*command, str(self.raw), str(self.qcow2)), check=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    return Disk(tmp_path_factory.mktemp("disk"), 288 * MIB)


@pytest.fixture(scope="module")
def glance(lab: Lab) -> Glance:
    return Glance(lab)


@pytest.fixture
def name(lab: Lab, glance: Glance) -> Iterator[str]:
    name = f"import-test-{uuid.uuid4().hex[:8]}"
    yield name
    for image in glance.named(name):
        delete_image(lab, glance.connection, image["id"])


@pytest.fixture
def console(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealConsole]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    with console_on(lab, tmp_path) as console:
        yield console
    assert list(scratch.iterdir()) == []


def gated(console: RealConsole, folder: Path) -> Path:
    """Have conversions of the console's runners wait for the file "open" in the folder returned.

    The process that waits is in its file "pid".
    """
    found = subprocess.run(
        ("which", "qemu-img"), check=True, capture_output=True, text=True
    ).stdout.strip()
    folder.mkdir()
    program = folder / "qemu-img"
    text = GATED.format(python="/usr/bin/python3", folder=str(folder), program=found)
    program.write_text(text)
    program.chmod(0o755)
    console.environment["PATH"] = f"{folder}:{console.environment['PATH']}"
    return folder


def at(console: RealConsole, number: int, site: LabSite) -> Callable[[], bool]:
    """Whether data arrives at a site, or has arrived."""
    return lambda: console.target(number, site.name).state in ARRIVING


async def test_a_qcow2_file_is_raw_everywhere_though_its_runner_is_killed_at_every_stage(
    lab: Lab, console: RealConsole, glance: Glance, disk: Disk, name: str, tmp_path: Path
) -> None:
    edges = tuple(site.name for site in lab.edges)
    request = ImportImage(name=name, path=str(disk.qcow2), sites=edges)
    number = console.store.submit(await planned(console, request), "test").number
    gate = gated(console, tmp_path / "gate")
    console.start_runner()
    until((gate / "pid").exists, "qemu-img converts")
    converting = Path("/proc", (gate / "pid").read_text())
    console.kill_runner()
    until(lambda: not converting.exists(), "the conversion ends with its runner")

    (gate / "open").touch()
    console.start_runner()
    until(at(console, number, lab.hub), "the file is sent")
    with halted(lab, "glance-api"):
        console.kill_runner()
    console.start_runner()
    until(at(console, number, lab.edges[0]), "an edge's copy arrives")
    console.kill_runner()
    console.start_runner()

    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    (image,) = glance.named(name)
    glance.assert_right(image["id"], lab.sites, disk.sha512)
    assert "sha512 is that of what was sent" in console.target(number, lab.hub.name).verified
    glance.assert_no_orphans()


async def test_an_upload_that_dies_with_its_glance_is_begun_anew(
    lab: Lab, console: RealConsole, glance: Glance, disk: Disk, name: str
) -> None:
    request = ImportImage(name=name, path=str(disk.raw))
    number = console.store.submit(await planned(console, request), "test").number
    console.start_runner()
    with throttled(lab.hub, lab.hub.pools.images):
        until(
            lambda: console.target(number, lab.hub.name).state is TargetState.COPYING,
            "the file is sent",
        )
        lab.kill("glance-api")
    lab.start("glance-api")
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    (image,) = glance.named(name)
    glance.assert_right(image["id"], (lab.hub,), disk.sha512)
    glance.assert_no_orphans()


async def test_an_address_is_made_raw_by_glance_and_a_broken_one_leaves_nothing(
    lab: Lab, console: RealConsole, glance: Glance, name: str, tmp_path: Path
) -> None:
    disk = Disk(tmp_path, 48 * MIB)
    with web_server(tmp_path, lab.download_port) as address:
        wrong = ImportImage(name=name, url=f"{address}/nothing.qcow2")
        lost = console.store.submit(await planned(console, wrong), "test").number
        console.start_runner()
        task = console.wait_over(lost)
        assert task.state is TaskState.FAILED
        assert "Glance could not import" in task.error
        assert glance.named(name) == []

        right = ImportImage(name=name, url=f"{address}/{disk.qcow2.name}")
        await carried_out(console, right)
    (image,) = glance.named(name)
    glance.assert_right(image["id"], (lab.hub,), disk.sha512)


async def test_no_copy_goes_while_a_volume_at_one_site_is_a_clone(
    lab: Lab, console: RealConsole, glance: Glance, name: str, tmp_path: Path
) -> None:
    source = tmp_path / "small.raw"
    source.write_bytes(os.urandom(24 * MIB))
    near, far = lab.edges[:2]
    console.start_runner()
    await carried_out(
        console, ImportImage(name=name, path=str(source), sites=(near.name, far.name))
    )
    image_id = str(glance.named(name)[0]["id"])
    wait_for(lab, "Glance's lock", lambda: not is_locked(glance.connection, image_id))
    everywhere = DeleteImages(image_ids=(image_id,))
    early = await planned(console, everywhere)
    assert early.typed_name == name

    with cloned(lab, glance, image_id, near) as volume_id:
        plan = await plan_of(console, everywhere)
        assert volume_id in plan.refusals[0].text
        plan = await plan_of(console, DeleteCopies(image_ids=(image_id,), sites=(near.name,)))
        assert plan.targets == ()
        assert volume_id in plan.skipped[near.name]
        late = console.store.submit(early, "test").number
        assert console.wait_over(late).state is TaskState.FAILED
        assert volume_id in console.task(late).error
        assert stores_of(glance.connection, image_id) == {near.store, far.store, lab.hub.store}

        request = DeleteCopies(image_ids=(image_id,), sites=(far.name,))
        task = await carried_out(console, request)
        assert f"its room at {far.name} is free" in task.targets[0].verified
        assert stores_of(glance.connection, image_id) == {near.store, lab.hub.store}
        assert image_id not in glance.rbd_images(far)

    await carried_out(console, everywhere)
    assert glance.named(name) == []
    assert not any(image_id in glance.rbd_images(site) for site in lab.sites)


@contextmanager
def cloned(lab: Lab, glance: Glance, image_id: str, site: LabSite) -> Iterator[str]:
    """Have a volume of the image at the site for the length of a with block."""
    cinder = glance.connection.block_storage
    asked = {"name": "import-test", "size": 1, "imageRef": image_id}
    asked["availability_zone"] = site.availability_zone
    path = f"/volumes/{cinder.post('/volumes', json={'volume': asked}).json()['volume']['id']}"
    try:
        wait_for(lab, "the volume", lambda: _status(cinder, path) == "available")
        yield path.rpartition("/")[2]
    finally:
        assert cinder.delete(path).ok
        wait_for(lab, "the volume's end", partial(_is_gone, cinder, path))


def _status(cinder: Any, path: str) -> str:
    return str(cinder.get(path).json()["volume"]["status"])


def _is_gone(cinder: Any, path: str) -> bool:
    return bool(cinder.get(path, raise_exc=False).status_code == 404)
