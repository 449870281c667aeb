# ruff: noqa: UP006, UP035, UP045 - the file must load in Python 3.6: no list[str], no str | None
"""Pools and RBD images as Glance and Cinder use them, and the leftovers of their copies."""

import hashlib
from typing import Any, Dict, Optional

from .connection import Connection
from .failures import Failure
from .opening import open_image, parent_of
from .pace import Parts, Reporter, in_order
from .parameters import Parameters, Send, text

OPEN_AT_ONCE = 8
"""RBD images opened at the same time while a pool is listed: each costs several round trips."""
READ_BYTES = 4 << 20
READ_AHEAD = 3
"""Bytes of one read while a digest is made, and reads under way at once: memory is bounded."""
GLANCE_SNAPSHOT = "snap"
"""The name of the snapshot that Glance makes and protects (glance_store/_drivers/rbd.py)."""


def rbd_image(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer size in bytes and Glance's snapshot of one RBD image."""
    name = text(parameters, "name")
    with connection.pool(parameters) as ioctx:
        return describe(ioctx, name)


def used_bytes(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer the bytes of an RBD image that are written, in whole objects, as ``rbd du``.

    With ``since``, only what was written after the snapshot of that name.
    """
    total = 0

    def add(offset: int, length: int, exists: bool) -> None:
        nonlocal total
        total += length if exists else 0

    name, since = text(parameters, "name"), text(parameters, "since", "") or None
    with connection.pool(parameters) as ioctx, open_image(ioctx, name) as image:
        size = image.size()
        if size:
            image.diff_iterate(0, size, since, add, include_parent=False, whole_object=True)
    return {"used": min(total, size)}


def rbd_images(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Send all RBD images of a pool in parts; answer how many there were."""
    import rbd

    parts = Parts(send)
    with connection.pool(parameters) as ioctx:
        names = rbd.RBD().list(ioctx)
        for item in in_order(lambda name: describe_or_skip(ioctx, name), names, OPEN_AT_ONCE):
            if item is not None:
                parts.add(item)
        parts.end()
    return {"count": parts.count}


def digest(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Read an RBD image, or its snapshot, from end to end; answer the hash of its bytes."""
    name = text(parameters, "name")
    algorithm = text(parameters, "algorithm")
    if algorithm not in hashlib.algorithms_available or algorithm.startswith("shake"):
        raise Failure("invalid", f"the hash {algorithm} is not known here")
    total_hash = hashlib.new(algorithm)
    snapshot = text(parameters, "snap", "") or None
    with connection.pool(parameters) as ioctx, open_image(ioctx, name, snapshot) as image:
        size = image.size()

        def read(offset: int) -> bytes:
            return bytes(image.read(offset, min(READ_BYTES, size - offset)))

        done = 0
        report = Reporter(send)
        for data in in_order(read, range(0, size, READ_BYTES), READ_AHEAD):
            total_hash.update(data)
            done += len(data)
            report(done, size)
    if done != size:
        raise Failure("internal", f"{done} bytes were read instead of {size}")
    return {"digest": total_hash.hexdigest(), "bytes": done}


def remove_unfinished(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Remove an RBD image that an interrupted copy left behind, and nothing else.

    Whoever began to write it since is a watcher, and librbd itself looks for those and for
    snapshots again while it removes (src/librbd/image/RemoveRequest.cc).
    """
    import rbd

    name = text(parameters, "name")
    report = Reporter(send)
    with connection.pool(parameters) as ioctx:
        try:
            with open_image(ioctx, name) as image:
                refuse_finished(image)
            rbd.RBD().remove(ioctx, name, on_progress=report)
        except rbd.ImageNotFound:
            return {"removed": False}
        except (rbd.ImageBusy, rbd.ImageHasSnapshots) as error:
            raise Failure("invalid", str(error)) from error
    return {"removed": True}


def describe(ioctx: Any, name: str) -> Dict[str, Any]:
    """Return name, size in bytes, and the state of Glance's snapshot."""
    with open_image(ioctx, name) as image:
        present = any(snapshot["name"] == GLANCE_SNAPSHOT for snapshot in image.list_snaps())
        return {
            "name": name,
            "size": image.size(),
            "snap": present,
            "snap_protected": bool(present and image.is_protected_snap(GLANCE_SNAPSHOT)),
        }


def describe_or_skip(ioctx: Any, name: str) -> Optional[Dict[str, Any]]:
    """Return what ``describe`` does, or None for an image removed since the pool was listed."""
    import rbd

    try:
        return describe(ioctx, name)
    except rbd.ImageNotFound:
        return None


def refuse_finished(image: Any) -> None:
    """Raise Failure unless ``image`` can only be what an interrupted copy left behind."""
    import rbd

    snapshots = [snapshot["name"] for snapshot in image.list_snaps()]
    if snapshots:
        raise Failure("invalid", f"it has the snapshot {snapshots[0]}, so it is no leftover")
    watchers = [watcher["addr"] for watcher in image.watchers_list()]
    if watchers:
        raise Failure("invalid", f"it is open at {watchers[0]}")
    if image.mirror_image_get_info()["state"] != rbd.RBD_MIRROR_IMAGE_DISABLED:
        raise Failure("invalid", "it is mirrored")
    if parent_of(image) is not None:
        raise Failure("invalid", "it is a clone, so no copy made it")
