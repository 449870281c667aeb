"""Images are uploaded as fast as a site takes them, fetched from addresses, and made raw."""

import hashlib
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from simulated import PATIENCE_SECONDS, Api, Reply, eventually
from simulated_storage import Storage

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB

IMAGES = "/image/v2/images"
BINARY = {"Content-Type": "application/octet-stream"}


def create(api: Api, disk_format: str = "raw") -> str:
    body = {"name": "made", "disk_format": disk_format, "container_format": "bare"}
    return str(api.ask("POST", IMAGES, body).content["id"])


def ask_import(api: Api, image_id: str, method: dict[str, Any]) -> Reply:
    body = {"method": method, "stores": ["store-home", "store-north"]}
    return api.ask("POST", f"{IMAGES}/{image_id}/import", body)


def over(api: Api, image_id: str) -> dict[str, Any]:
    tasks = eventually(
        lambda: api.tasks(image_id),
        lambda found: bool(found) and found[0]["status"] in ("success", "failure"),
    )
    assert len(tasks) == 1
    return api.image(image_id)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that its files are served at."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield tmp_path, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_qcow2(folder: Path, size: int) -> tuple[Path, bytes]:
    """Make a qcow2 file; return it and the bytes of the disk in it."""
    program = shutil.which("qemu-img")
    if program is None:
        pytest.skip("qemu-img is not installed")
    data = bytes(range(256)) * 4096 + bytes(size - MIB)
    raw, packed = folder / "disk.raw", folder / "disk.qcow2"
    raw.write_bytes(data)
    command = [program, "convert", "-f", "raw", "-O", "qcow2", str(raw), str(packed)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return packed, data


def test_an_upload_grows_in_the_store(simulator: Simulator, admin: Api) -> None:
    image_id = create(admin)
    data = bytes(48 * MIB)
    sent: list[int] = []

    def upload() -> None:
        sent.append(admin.ask("PUT", f"{IMAGES}/{image_id}/file", data, BINARY).status)

    storage = Storage(simulator, admin)
    thread = threading.Thread(target=upload)
    thread.start()

    def used() -> int:
        told = storage.cluster("ceph-home", "used_bytes", pool="images", name=image_id)
        return int(told.get("result", {}).get("used", 0))

    part = eventually(used)
    assert 0 < part <= len(data)
    thread.join(PATIENCE_SECONDS)
    assert sent == [204]
    assert used() == len(data)
    assert admin.image(image_id)["os_hash_value"] == hashlib.sha512(data).hexdigest()


def test_a_file_of_this_machine_is_really_fetched(admin: Api, served: tuple[Path, str]) -> None:
    folder, address = served
    data = bytes(range(256)) * 8192
    (folder / "disk.raw").write_bytes(data)
    image_id = create(admin)
    method = {"name": "web-download", "uri": f"{address}/disk.raw"}
    assert ask_import(admin, image_id, method).status == 202
    image = over(admin, image_id)
    assert (image["status"], image["stores"]) == ("active", "store-home,store-north")
    assert image["os_hash_value"] == hashlib.sha512(data).hexdigest()
    assert admin.ask("GET", f"{IMAGES}/{image_id}/file").body == data


def test_what_is_not_there_puts_the_image_back(admin: Api, served: tuple[Path, str]) -> None:
    image_id = create(admin)
    method = {"name": "web-download", "uri": f"{served[1]}/other.raw"}
    assert ask_import(admin, image_id, method).status == 202
    image = over(admin, image_id)
    assert image["status"] == "queued"
    assert image["os_glance_failed_import"] == "store-home,store-north"
    assert admin.tasks(image_id)[0]["status"] == "failure"


@pytest.mark.parametrize("way", ["web-download", "glance-direct"])
def test_a_qcow2_is_made_raw_on_its_way(admin: Api, served: tuple[Path, str], way: str) -> None:
    folder, address = served
    packed, data = make_qcow2(folder, 8 * MIB)
    image_id = create(admin, "qcow2")
    method = {"name": way}
    if way == "web-download":
        method["uri"] = f"{address}/{packed.name}"
    else:
        staged = admin.ask("PUT", f"{IMAGES}/{image_id}/stage", packed.read_bytes(), BINARY)
        assert staged.status == 204
    assert ask_import(admin, image_id, method).status == 202
    image = over(admin, image_id)
    assert (image["status"], image["disk_format"]) == ("active", "raw")
    assert (image["size"], image["virtual_size"]) == (8 * MIB, 8 * MIB)
    assert image["os_hash_value"] == hashlib.sha512(data).hexdigest()
