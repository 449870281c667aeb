"""What Glance does with data before it goes to the stores: fetch it, and make it raw.

Only addresses of this machine are really fetched. Sources: glance/async_/flows/_internal_plugins
/web_download.py and glance/async_/flows/plugins/image_conversion.py.
"""

import asyncio
import hashlib
import shutil
import struct
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dcn_console.simulator.api.image_arrival import KEPT_LIMIT
from dcn_console.simulator.data import Digests, Prepared, invented_hash
from dcn_console.simulator.engine import Engine
from dcn_console.simulator.records import GLANCE_DIRECT, WEB_DOWNLOAD

_QCOW2 = b"QFI\xfb"
_CHUNK = 1 << 20
_SECONDS = 30.0
_LOCAL = ("127.0.0.1", "localhost", "::1")


def begin_preparing(engine: Engine, image_id: str, body: dict[str, Any]) -> None:
    """Fetch or convert an image's data beside the event loop, if its import needs it."""
    method, world = body["method"], engine.world
    path, convert = engine.storage.data_file(image_id), world.deployment.image_conversion
    if method["name"] == WEB_DOWNLOAD:
        if urlsplit(str(method["uri"])).hostname not in _LOCAL:
            return
        work = asyncio.to_thread(_fetch, str(method["uri"]), path, convert=convert)
    elif method["name"] == GLANCE_DIRECT and convert and _is_qcow2(path):
        work = asyncio.to_thread(_prepare, path, convert=True)
    else:
        return
    world.preparing.add(image_id)

    async def prepare() -> None:
        try:
            world.prepared[image_id] = await work
        finally:
            world.preparing.discard(image_id)

    engine.keep(asyncio.create_task(prepare()))


def _fetch(address: str, path: Path, *, convert: bool) -> Prepared:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with (
            opener.open(address, timeout=_SECONDS) as reply,
            path.open("wb") as file,
        ):
            path.chmod(0o600)
            shutil.copyfileobj(reply, file, _CHUNK)
    except (OSError, urllib.error.URLError, ValueError):
        path.unlink(missing_ok=True)
        return Prepared(None)
    return _prepare(path, convert=convert)


def _prepare(path: Path, *, convert: bool) -> Prepared:
    """Return what the file holds in the end; a qcow2 is made raw."""
    if not convert or not _is_qcow2(path):
        return Prepared(_digests(path), _keep(path))
    program = shutil.which("qemu-img")
    size = _virtual_size(path)
    raw = path.with_name(f".{path.name}.raw")
    if program is None or size > KEPT_LIMIT:
        path.unlink()
        known = invented_hash(path.name)
        return Prepared(Digests(known[:32], known, size), is_converted=True)
    command = [program, "convert", "-f", "qcow2", "-O", "raw", str(path), str(raw)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raw.unlink(missing_ok=True)
        return Prepared(None)
    raw.chmod(0o600)
    raw.replace(path)
    return Prepared(_digests(path), is_kept=True, is_converted=True)


def _is_qcow2(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return file.read(len(_QCOW2)) == _QCOW2


def _virtual_size(path: Path) -> int:
    """The size in a qcow2's header (QEMU, docs/interop/qcow2.txt)."""
    with path.open("rb") as file:
        header = file.read(32)
    return int(struct.unpack(">Q", header[24:32])[0]) if len(header) == 32 else 0


def _digests(path: Path) -> Digests:
    md5, sha512 = hashlib.md5(usedforsecurity=False), hashlib.sha512()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            md5.update(chunk)
            sha512.update(chunk)
    return Digests(md5.hexdigest(), sha512.hexdigest(), path.stat().st_size)


def _keep(path: Path) -> bool:
    if path.stat().st_size <= KEPT_LIMIT:
        return True
    path.unlink()
    return False
