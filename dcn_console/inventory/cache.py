"""The last inventory on disk, to be shown at start before any network."""

import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from dcn_console.model.inventory import Inventory, Snapshot, Source

_LOG = logging.getLogger(__name__)
_VERSION = 1


class _File(msgspec.Struct, frozen=True):
    """What the file holds; another version is not read."""

    version: int
    cloud: str
    inventory: Inventory


class _Header(msgspec.Struct, frozen=True):
    """The part that every version has."""

    version: int
    cloud: str


def save(inventory: Inventory, path: Path, cloud: str) -> None:
    """Write the inventory of the cloud called ``cloud`` atomically, readable by its owner only.

    Raises OSError.
    """
    content = msgspec.msgpack.encode(_File(version=_VERSION, cloud=cloud, inventory=inventory))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def load(path: Path, cloud: str) -> Inventory | None:
    """Return the saved inventory of ``cloud``, marked as cached; None without a usable one.

    A file that is missing, broken, of another version or of another cloud is no error.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        header = msgspec.msgpack.decode(content, type=_Header)
        if header.version != _VERSION or header.cloud != cloud:
            return None
        return as_cached(msgspec.msgpack.decode(content, type=_File).inventory)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _LOG.info("the cached inventory %s is not usable: %s", path, error)
        return None


def as_cached(inventory: Inventory) -> Inventory:
    """Return the inventory with every snapshot marked as cached, without errors of last time."""
    fields = msgspec.structs.asdict(inventory)
    changed = {
        name: _cached(value) for name, value in fields.items() if isinstance(value, Snapshot)
    }
    clusters = {site: _cached(snapshot) for site, snapshot in inventory.clusters.items()}
    return msgspec.structs.replace(inventory, clusters=clusters, **changed)


def _cached(snapshot: Snapshot) -> Snapshot:  # type: ignore[type-arg]
    if snapshot.source is Source.NONE:
        return snapshot
    return msgspec.structs.replace(
        snapshot, source=Source.CACHE, complete=False, error=None, failing_since=None
    )
