"""The last inventory on disk, to be shown at start before any network.

The file is a row of blocks, each a length and MessagePack: first the head, then the long lists a
few thousand rows at a time, so that a large inventory is never in memory twice.
"""

import logging
import os
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from dcn_console.model.inventory import Image, Inventory, Server, Snapshot, Source, Volume
from dcn_console.model.storage import Backup, VolumeSnapshot

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_VERSION = 3
_LENGTH = struct.Struct(">I")
_ROWS_IN_BLOCK = 5000
_SHARED = {
    "images": (
        "status",
        "disk_format",
        "container_format",
        "visibility",
        "owner",
        "hash_algorithm",
    ),
    "volumes": (
        "status",
        "availability_zone",
        "host",
        "project_id",
        "volume_type",
        "image_id",
        "image_name",
    ),
    "servers": ("status", "availability_zone", "host", "project_id", "flavor", "root_device"),
    "snapshots": ("status", "project_id"),
    "backups": ("status", "availability_zone", "container", "project_id", "volume_id"),
}
"""The long lists, and the fields that thousands of their rows repeat: each text is kept once."""


class _Head(msgspec.Struct, frozen=True):
    """The first block; ``inventory`` is without the rows of the long lists."""

    version: int
    cloud: str
    inventory: Inventory


class _Rows(msgspec.Struct, frozen=True):
    """A further block."""

    images: tuple[Image, ...] = ()
    volumes: tuple[Volume, ...] = ()
    servers: tuple[Server, ...] = ()
    snapshots: tuple[VolumeSnapshot, ...] = ()
    backups: tuple[Backup, ...] = ()


class _Header(msgspec.Struct, frozen=True):
    """The part that every version has."""

    version: int
    cloud: str


def save(inventory: Inventory, path: Path, cloud: str) -> None:
    """Write the inventory of the cloud called ``cloud`` atomically, readable by its owner only.

    Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            for block in _blocks(inventory, cloud):
                content = msgspec.msgpack.encode(block)
                file.write(_LENGTH.pack(len(content)))
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
        with path.open("rb") as file:
            return _read(file, cloud)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _LOG.info("the cached inventory %s is not usable: %s", path, error)
        return None


def _blocks(inventory: Inventory, cloud: str) -> Iterator[_Head | _Rows]:
    replace = msgspec.structs.replace
    lists: dict[str, Snapshot[Any]] = {name: getattr(inventory, name) for name in _SHARED}
    emptied: dict[str, Any] = {name: replace(one, rows=()) for name, one in lists.items()}
    yield _Head(version=_VERSION, cloud=cloud, inventory=replace(inventory, **emptied))
    for name, snapshot in lists.items():
        for rows in _parts(snapshot.rows):
            block: dict[str, Any] = {name: rows}
            yield _Rows(**block)


def _parts(rows: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    for start in range(0, len(rows), _ROWS_IN_BLOCK):
        yield rows[start : start + _ROWS_IN_BLOCK]


def _read(file: BinaryIO, cloud: str) -> Inventory | None:
    """Return the inventory in the file; raises EOFError for one cut off in mid-block."""
    content = _block(file)
    header = msgspec.msgpack.decode(content, type=_Header)
    if header.version != _VERSION or header.cloud != cloud:
        return None
    inventory = msgspec.msgpack.decode(content, type=_Head).inventory
    found: dict[str, list[Any]] = {name: [] for name in _SHARED}
    decoder = msgspec.msgpack.Decoder(_Rows)
    while content := _block(file):
        block = decoder.decode(content)
        for name, fields in _SHARED.items():
            rows: tuple[Any, ...] = getattr(block, name)
            _share(rows, fields)
            found[name] += rows
    replace = msgspec.structs.replace
    filled: dict[str, Any] = {
        name: replace(getattr(inventory, name), rows=tuple(rows)) for name, rows in found.items()
    }
    return as_cached(replace(inventory, **filled))


def _block(file: BinaryIO) -> bytes:
    """Return the next block, b"" at the end of the file."""
    length = file.read(_LENGTH.size)
    if not length:
        return b""
    if len(length) < _LENGTH.size:
        raise EOFError("it is cut off")
    (wanted,) = _LENGTH.unpack(length)
    content = file.read(wanted)
    if len(content) < wanted or not content:
        raise EOFError("it is cut off")
    return content


def _share(rows: Iterable[msgspec.Struct], fields: Sequence[str]) -> None:
    """Keep equal texts of these rows once; nobody else has seen the rows yet."""
    known: dict[object, tuple[object, ...]] = {}
    for row in rows:
        for field in fields:
            value = getattr(row, field)
            if value is not None:
                msgspec.structs.force_setattr(row, field, sys.intern(value))
        for field in ("stores", "locations", "attachments"):
            several = getattr(row, field, ())
            if several:
                msgspec.structs.force_setattr(row, field, known.setdefault(several, several))


def as_cached(inventory: Inventory) -> Inventory:
    """Return the inventory with every snapshot marked as cached, without errors of last time."""
    fields = msgspec.structs.asdict(inventory)
    changed = {
        name: _cached(value) for name, value in fields.items() if isinstance(value, Snapshot)
    }
    clusters = {site: _cached(snapshot) for site, snapshot in inventory.clusters.items()}
    mirrors = {site: _cached(snapshot) for site, snapshot in inventory.mirrors.items()}
    return msgspec.structs.replace(inventory, clusters=clusters, mirrors=mirrors, **changed)


def _cached(snapshot: Snapshot) -> Snapshot:  # type: ignore[type-arg]
    if snapshot.source is Source.NONE:
        return snapshot
    return msgspec.structs.replace(
        snapshot, source=Source.CACHE, complete=False, error=None, failing_since=None
    )
