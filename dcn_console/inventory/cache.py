"""The last inventory on disk, to be shown at start before any network.

The file is a row of blocks, each a length and MessagePack: first the head, then the long lists
some rows at a time, at last the RBD images of each site, so that a large inventory is never in
memory twice.
"""

import logging
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from dcn_console.inventory.clusters import like_image
from dcn_console.model.inventory import (
    ClusterState,
    Image,
    Inventory,
    RbdImage,
    Server,
    Snapshot,
    Source,
    Volume,
)
from dcn_console.model.storage import Backup, VolumeSnapshot

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_VERSION = 4
_LENGTH = struct.Struct(">I")
_ROWS_IN_BLOCK = 1000
"""So few that packing them, which holds the interpreter, takes a millisecond or two."""
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
    ),
    "servers": ("status", "availability_zone", "host", "project_id", "flavor", "root_device"),
    "snapshots": ("status", "project_id"),
    "backups": ("status", "availability_zone", "container", "project_id"),
}
"""The long lists, and the fields that thousands of their rows repeat together."""
_REPEATED = {
    "images": ("stores", "locations"),
    "volumes": ("attachments", "image_id", "image_name", "size"),
    "backups": ("volume_id",),
}
"""The fields that many rows repeat, each by itself."""


class _Head(msgspec.Struct, frozen=True):
    """The first block; ``inventory`` is without the rows of the long lists and the RBD images."""

    version: int
    cloud: str
    inventory: Inventory


class _Rows(msgspec.Struct, frozen=True, omit_defaults=True):
    """A further block; ``copies`` are RBD images of the Glance pool of ``site``."""

    images: tuple[Image, ...] = ()
    volumes: tuple[Volume, ...] = ()
    servers: tuple[Server, ...] = ()
    snapshots: tuple[VolumeSnapshot, ...] = ()
    backups: tuple[Backup, ...] = ()
    site: str = ""
    copies: tuple[RbdImage, ...] = ()


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
    emptied["clusters"] = {
        site: _with_images(snapshot, dict) for site, snapshot in inventory.clusters.items()
    }
    yield _Head(version=_VERSION, cloud=cloud, inventory=replace(inventory, **emptied))
    for name, snapshot in lists.items():
        for rows in _parts(snapshot.rows):
            block: dict[str, Any] = {name: rows}
            yield _Rows(**block)
    for site, cluster in inventory.clusters.items():
        for state in cluster.rows:
            for copies in _parts(tuple((state.images or {}).values())):
                yield _Rows(site=site, copies=copies)


def _with_images(
    snapshot: Snapshot[ClusterState], images: Callable[[], dict[str, RbdImage]]
) -> Snapshot[ClusterState]:
    """Return the snapshot with these RBD images, where any were listed."""
    replace = msgspec.structs.replace
    rows = (
        state if state.images is None else replace(state, images=images())
        for state in snapshot.rows
    )
    return replace(snapshot, rows=tuple(rows))


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
    copies: dict[str, dict[str, RbdImage]] = {site: {} for site in inventory.clusters}
    known: dict[object, Any] = {}
    images: dict[str, Image] = {}
    decoder = msgspec.msgpack.Decoder(_Rows)
    while content := _block(file):
        block = decoder.decode(content)
        for name, several in found.items():
            rows: tuple[Any, ...] = getattr(block, name)
            _share(rows, name, known)
            several.extend(rows)
        if block.copies:
            images = images or {image.id: image for image in found["images"]}
            listed = (like_image(copy, images.get(copy.name)) for copy in block.copies)
            copies.setdefault(block.site, {}).update((copy.name, copy) for copy in listed)
    replace = msgspec.structs.replace
    filled: dict[str, Any] = {
        name: replace(getattr(inventory, name), rows=tuple(rows)) for name, rows in found.items()
    }
    filled["clusters"] = {
        site: _with_images(snapshot, partial(copies.__getitem__, site))
        for site, snapshot in inventory.clusters.items()
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


def _share(rows: Sequence[msgspec.Struct], name: str, known: dict[object, Any]) -> None:
    """Keep equal values of these rows once; nobody else has seen the rows yet."""
    fields, repeated = _SHARED[name], _REPEATED.get(name, ())
    together = attrgetter(*fields)
    change = msgspec.structs.force_setattr
    for row in rows:
        values = together(row)
        shared = known.get(values)
        if shared is None:
            shared = known[values] = tuple(
                value if value is None else sys.intern(value) for value in values
            )
        for field, value in zip(fields, shared, strict=True):
            if value is not None:
                change(row, field, value)
        for field in repeated:
            value = getattr(row, field)
            if value:
                change(row, field, known.setdefault(value, value))
        if isinstance(row, Image) and row.virtual_size == row.size:
            change(row, "virtual_size", row.size)


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
