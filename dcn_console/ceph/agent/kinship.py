# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""What is in a pool and in its trash by name, and the clones of an RBD image."""

from typing import Any, Dict

from .connection import Connection
from .opening import open_image
from .pace import Parts
from .parameters import Parameters, Send, text

PART_NAMES = 1000


def names(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Send the names of a pool's RBD images that begin with a prefix; none is opened."""
    import rbd

    prefix = text(parameters, "prefix", "")
    parts = Parts(send, PART_NAMES)
    with connection.pool(parameters) as ioctx:
        for name in sorted(rbd.RBD().list(ioctx)):
            if name.startswith(prefix):
                parts.add(name)
    parts.end()
    return {"count": parts.count}


def trash(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Send the names that RBD images in a pool's trash had."""
    import rbd

    parts = Parts(send, PART_NAMES)
    with connection.pool(parameters) as ioctx:
        for entry in rbd.RBD().trash_list(ioctx):
            parts.add(entry["name"])
    parts.end()
    return {"count": parts.count}


def children(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Send the clones of an RBD image, each with the snapshot that it was made of.

    A snapshot in the trash namespace, deleted while it had clones, goes by its own name there.
    """
    name = text(parameters, "name")
    parts = Parts(send)
    with connection.pool(parameters) as ioctx, open_image(ioctx, name) as image:
        for snapshot in list(image.list_snaps()):
            image.set_snap_by_id(snapshot["id"])
            for child in image.list_children2():
                parts.add(
                    {
                        "pool": child["pool"],
                        "image": child["image"],
                        "snapshot": snapshot["name"],
                        "trashed": bool(child["trash"]),
                    }
                )
    parts.end()
    return {"count": parts.count}
