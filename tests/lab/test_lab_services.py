"""The lab is what it claims to be: real copies, clones and backups, on the loopback only."""

import hashlib
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dcn_lab.errors import LabError
from dcn_lab.execution import PYTHON
from dcn_lab.lab import COMMAND, Lab, LabSite
from lab_clients import connect, copy_image, delete_image, shown_image, wait_for, web_server

MEBIBYTE = 1024**2
IMAGE_BYTES = 24 * MEBIBYTE
QEMU_BYTES = 16 * MEBIBYTE
BACKUP_MICROVERSION = "3.51"
LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp."""
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
"""127.0.0.1 and ::1 as /proc/net/tcp and tcp6 write them."""


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Any:
    """Return a connection with the admin's credentials."""
    return connect(lab, lab.cloud)


@pytest.fixture(scope="module")
def random_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of random bytes."""
    path = tmp_path_factory.mktemp("data") / "disk.raw"
    path.write_bytes(os.urandom(IMAGE_BYTES))
    return path


@pytest.fixture(scope="module")
def image(lab: Lab, admin: Any, random_file: Path) -> Iterator[str]:
    """Return the id of an image in the hub's store that holds the random file."""
    created = admin.image.create_image(
        name="lab-test-raw",
        filename=str(random_file),
        disk_format="raw",
        container_format="bare",
        wait=True,
    )
    yield created.id
    delete_image(lab, admin, created.id)


def _sha512_of_copy(site: LabSite, identity: str, folder: Path) -> str:
    """Read an image's data back from the site's cluster."""
    path = folder / f"{site.name}.raw"
    site.rbd("export", "--no-progress", f"{site.pools.images}/{identity}@snap", str(path))
    return hashlib.sha512(path.read_bytes()).hexdigest()


def test_everything_is_up(lab: Lab) -> None:
    said = []

    def is_well() -> bool:
        status = subprocess.run(
            [PYTHON, str(COMMAND), "status", "--dir", str(lab.directory)],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        said.append(status.stdout)
        return status.returncode == 0

    wait_for(lab, "a lab without problems", lab.healthy)
    wait_for(lab, "a status without problems", is_well)
    assert all(f"{name} " in said[-1] for name in lab.daemons())


def test_nothing_listens_off_the_loopback(lab: Lab) -> None:
    sockets: set[str] = set()
    for name in lab.daemons():
        for pid in lab.pids(name):
            sockets |= _open_files(pid)
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in sockets:
                addresses.append(fields[1].partition(":")[0])

    assert len(addresses) > len(lab.sites) * 3
    assert set(addresses) <= LOOPBACK


def _open_files(pid: int) -> set[str]:
    """What a process has open; a helper of a daemon may have ended meanwhile."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found.add(str(descriptor.readlink()))
    return found


def test_secrets_are_for_their_owner_only(lab: Lab) -> None:
    assert lab.directory.stat().st_mode & 0o077 == 0
    for path in (lab.clouds_yaml, *lab.ceph_folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_clusters_are_apart_and_have_their_pools(lab: Lab) -> None:
    assert len({site.fsid() for site in lab.sites}) == len(lab.sites)
    for site in lab.sites:
        assert site.ceph("fsid")["fsid"] == site.fsid()
        assert set(site.pools.names()) <= set(site.ceph("osd", "pool", "ls"))


def test_stores_are_listed(lab: Lab, admin: Any) -> None:
    stores = {store["id"]: store for store in admin.image.get("/info/stores").json()["stores"]}

    expected = {site.store for site in lab.sites}
    if lab.topology.http_store:
        expected.add(lab.topology.http_store)
        assert stores[lab.topology.http_store]["read-only"] == "true"
    assert set(stores) == expected
    assert stores[lab.hub.store]["default"] == "true"


def test_each_site_has_a_zone_with_a_live_backend(lab: Lab) -> None:
    def live() -> set[tuple[str, str]]:
        services = lab.openstack("volume", "service", "list", "-f", "json")
        return {(row["Binary"], row["Zone"]) for row in services if row["State"] == "up"}

    wanted = {("cinder-volume", site.availability_zone) for site in lab.sites}
    wanted.add(("cinder-backup", lab.hub.availability_zone))
    wait_for(lab, "every service", lambda: live() >= wanted)
    assert {one for one in live() if one[0] == "cinder-volume"} <= wanted


def test_image_is_copied_to_every_edge(
    lab: Lab, admin: Any, image: str, random_file: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha512(random_file.read_bytes()).hexdigest()

    copy_image(lab, admin, image, lab.edges)

    assert shown_image(admin, image)["os_hash_value"] == digest
    for site in lab.sites:
        assert _sha512_of_copy(site, image, tmp_path) == digest, site.name


def test_locations_are_shown_as_the_topology_says(lab: Lab, admin: Any, image: str) -> None:
    shown = shown_image(admin, image)

    assert ("locations" in shown) == lab.topology.show_multiple_locations
    if lab.topology.show_multiple_locations:
        assert any(lab.hub.fsid() in location["url"] for location in shown["locations"])


def test_member_may_not_copy_images(lab: Lab, random_file: Path) -> None:
    member = connect(lab, lab.member_cloud)
    created = member.image.create_image(
        name="lab-test-member",
        filename=str(random_file),
        disk_format="raw",
        container_format="bare",
        wait=True,
    )
    try:
        answer = member.image.post(
            f"/images/{created.id}/import",
            json={"method": {"name": "copy-image"}, "stores": [lab.edges[0].store]},
        )
        assert answer.status_code == 403
    finally:
        member.image.delete_image(created.id)


def test_downloaded_qcow2_is_converted_to_raw(
    lab: Lab, admin: Any, random_file: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "small.raw"
    raw.write_bytes(random_file.read_bytes()[:QEMU_BYTES])
    qcow2 = tmp_path / "small.qcow2"
    subprocess.run(
        ["/usr/bin/qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(qcow2)],
        timeout=300,
        check=True,
    )
    created = admin.image.post(
        "/images",
        json={"name": "lab-test-qcow2", "disk_format": "qcow2", "container_format": "bare"},
    ).json()
    try:
        with web_server(tmp_path, lab.download_port) as address:
            answer = admin.image.post(
                f"/images/{created['id']}/import",
                json={
                    "method": {"name": "web-download", "uri": f"{address}/{qcow2.name}"},
                    "stores": [lab.hub.store],
                },
            )
            assert answer.status_code == 202, answer.text
            wait_for(
                lab, "download", lambda: shown_image(admin, created["id"])["status"] == "active"
            )
        shown = shown_image(admin, created["id"])
        assert (shown["disk_format"], shown["size"]) == ("raw", QEMU_BYTES)
        digest = hashlib.sha512(raw.read_bytes()).hexdigest()
        assert _sha512_of_copy(lab.hub, created["id"], tmp_path) == digest
    finally:
        delete_image(lab, admin, created["id"])


def test_edge_volume_is_a_clone_on_the_edge_and_backed_up_at_the_hub(
    lab: Lab, admin: Any, image: str
) -> None:
    edge = lab.edges[0]
    copy_image(lab, admin, image, (edge,))
    volume = admin.block_storage.create_volume(
        name="lab-test-clone", size=1, image_id=image, availability_zone=edge.availability_zone
    )
    volume_path = f"/volumes/{volume.id}"
    try:
        wait_for(lab, "volume", partial(_has_status, admin, volume_path, "volume", "available"))
        name = f"volume-{volume.id}"
        found = {site.name for site in lab.sites if name in _rbd_images(site, site.pools.volumes)}
        assert found == {edge.name}
        shown = edge.rbd("info", f"{edge.pools.volumes}/{name}", "--format", "json")
        parent = shown.get("parent", {})
        if lab.topology.show_multiple_locations:
            assert (parent["pool"], parent["image"]) == (edge.pools.images, image)
        else:
            assert parent == {}

        answer = admin.block_storage.post(
            "/backups",
            json={
                "backup": {
                    "volume_id": volume.id,
                    "name": "lab-test-backup",
                    "availability_zone": lab.hub.availability_zone,
                }
            },
            microversion=BACKUP_MICROVERSION,
        )
        assert answer.status_code == 202, answer.text
        backup = answer.json()["backup"]["id"]
        backup_path = f"/backups/{backup}"
        wait_for(lab, "backup", partial(_has_status, admin, backup_path, "backup", "available"))
        assert any(backup in each for each in _rbd_images(lab.hub, lab.hub.pools.backups))
        admin.block_storage.delete(backup_path)
        wait_for(lab, "end of backup", lambda: _is_gone(admin, backup_path))
    finally:
        admin.block_storage.delete(volume_path)
        wait_for(lab, "end of volume", lambda: _is_gone(admin, volume_path))


def test_mirrored_image_reaches_every_edge(lab: Lab) -> None:
    name = f"{lab.topology.mirrored_pool}/lab-test-{uuid.uuid4()}"
    lab.rbd(lab.hub, "create", "--size", "8M", name)
    try:
        lab.hub.rbd("mirror", "image", "enable", name, "snapshot")
        for edge in lab.edges:
            wait_for(lab, f"mirror at {edge.name}", partial(_exists, edge, name))
        lab.hub.rbd("mirror", "image", "disable", name)
        for edge in lab.edges:
            wait_for(lab, f"end of mirror at {edge.name}", partial(_is_missing, edge, name))
    finally:
        wait_for(lab, "the end of the RBD image", partial(_is_removed, lab.hub, name))


def _is_removed(site: LabSite, name: str) -> bool:
    """Remove an RBD image as soon as no daemon has it open."""
    with suppress(LabError):
        site.rbd("rm", "--no-progress", name)
    return _is_missing(site, name)


def _has_status(connection: Any, path: str, kind: str, status: str) -> bool:
    """Tell whether a volume or backup has reached `status`; fail at once when it can't any more."""
    body = connection.block_storage.get(path).json()[kind]
    assert not body["status"].startswith("error"), body
    return bool(body["status"] == status)


def _is_gone(connection: Any, path: str) -> bool:
    return bool(connection.block_storage.get(path).status_code == 404)


def _rbd_images(site: LabSite, pool: str) -> list[str]:
    names: list[str] = site.rbd("ls", pool, "--format", "json")
    return names


def _exists(site: LabSite, name: str) -> bool:
    pool, _, image = name.partition("/")
    return image in _rbd_images(site, pool)


def _is_missing(site: LabSite, name: str) -> bool:
    return not _exists(site, name)
