# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""One RBD image in full, and changes of its features, object map, parent and snapshots."""

from typing import Any, Dict

from .connection import Connection
from .failures import Failure
from .mirror_status import MIRROR_SNAPSHOT, SYNC_SNAPSHOT, mirroring_of
from .opening import moment, open_image, open_to_change, parent_of
from .pace import Reporter, signs_of_life
from .parameters import Parameters, Send, number, text

ENABLING_ORDER = (4, 8 | 16, 64)
"""exclusive-lock, object-map with fast-diff, journaling: each needs the one before, and librbd
switches object-map and fast-diff together (librbd/operation/{Enable,Disable}FeaturesRequest.cc)."""
CHANGEABLE = 4 | 8 | 16 | 64
OWN_SNAPSHOT = "dcn-console."
USER_SNAPSHOT = 0
SNAPSHOT_STATES = {
    0: "primary",
    1: "primary-demoted",
    2: "non-primary",
    3: "non-primary-demoted",
}
"""rbd_snap_mirror_state_t."""
NO_SNAPSHOT = 1 << 63
"""Ids from here on are markers for "none" (CEPH_NOSNAP and its like)."""


def rbd_detail(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer everything about one RBD image."""
    name = text(parameters, "name")
    with connection.pool(parameters) as ioctx, open_image(ioctx, name) as image:
        facts = image.stat()
        snapshots = list(image.list_snaps())
        return {
            "name": name,
            "id": image.id(),
            "size": image.size(),
            "object_size": facts["obj_size"],
            "features": image.features(),
            "flags": image.flags(),
            "parent": parent_of(image),
            "children": sum(1 for _ in image.list_children2()),
            "watchers": [
                {"address": watcher["addr"], "client": f"client.{watcher['id']}"}
                for watcher in image.watchers_list()
            ],
            "lock_owner": lock_owner(image),
            "created_at": moment(image.create_timestamp()),
            "modified_at": moment(image.modify_timestamp()),
            "snapshots": [
                user_snapshot(image, snapshot)
                for snapshot in snapshots
                if snapshot.get("namespace", USER_SNAPSHOT) == USER_SNAPSHOT
                and not snapshot["name"].startswith(SYNC_SNAPSHOT)
            ],
            "mirror_snapshots": [
                mirror_snapshot(image, snapshot)
                for snapshot in snapshots
                if snapshot.get("namespace") == MIRROR_SNAPSHOT
            ],
            "mirroring": mirroring_of(image),
        }


def set_features(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Switch features on and off, each bit only if it differs: librbd refuses it otherwise."""
    enable, disable = number(parameters, "enable", 0), number(parameters, "disable", 0)
    if (enable | disable) & ~CHANGEABLE or enable & disable:
        raise Failure("invalid", f"the features {enable | disable} cannot all be changed")
    name = text(parameters, "name")
    with connection.pool(parameters) as ioctx, open_to_change(ioctx, name) as image:
        for mask in reversed(ENABLING_ORDER):
            bits = mask & disable & image.features()
            if bits:
                image.update_features(bits, False)
        for mask in ENABLING_ORDER:
            bits = mask & enable & ~image.features()
            if bits:
                image.update_features(bits, True)
    return {}


def rebuild_object_map(
    connection: Connection, parameters: Parameters, send: Send
) -> Dict[str, Any]:
    """Make the object map of an RBD image true again. librbd's binding tells no progress of it."""
    name = text(parameters, "name")
    pool = connection.pool(parameters)
    with pool, open_to_change(pool, name) as image, signs_of_life(send, image.stat()["num_objs"]):
        image.rebuild_object_map()
    return {}


def flatten(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Copy into a clone what it has from its parent."""
    name = text(parameters, "name")
    with connection.pool(parameters) as ioctx, open_to_change(ioctx, name) as image:
        image.flatten(on_progress=Reporter(send))
    return {}


def create_snapshot(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Take a snapshot."""
    snapshot, name = text(parameters, "snapshot"), text(parameters, "name")
    with connection.pool(parameters) as ioctx, open_to_change(ioctx, name) as image:
        image.create_snap(snapshot)
    return {}


def remove_snapshot(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Remove a snapshot of our own."""
    snapshot, name = text(parameters, "snapshot"), text(parameters, "name")
    if not snapshot.startswith(OWN_SNAPSHOT):
        raise Failure("invalid", f"its name does not begin with {OWN_SNAPSHOT}, so it is not ours")
    with connection.pool(parameters) as ioctx, open_to_change(ioctx, name) as image:
        image.remove_snap(snapshot)
    return {}


def lock_owner(image: Any) -> str:
    """Return the address of who holds the exclusive lock, "" when nobody does.

    ``lock_get_owners`` is refused on an RBD image opened for reading.
    """
    held = image.list_lockers() or {}
    lockers = held.get("lockers") or ()
    return str(lockers[0][2]) if lockers else ""


def user_snapshot(image: Any, snapshot: Dict[str, Any]) -> Dict[str, Any]:
    """Return a snapshot that somebody made."""
    return {
        "id": snapshot["id"],
        "name": snapshot["name"],
        "size": snapshot["size"],
        "protected": bool(image.is_protected_snap(snapshot["name"])),
        "taken_at": moment(image.get_snap_timestamp(snapshot["id"])),
    }


def mirror_snapshot(image: Any, snapshot: Dict[str, Any]) -> Dict[str, Any]:
    """Return a mirror snapshot; what it says of a primary one makes sense at a secondary only."""
    facts = snapshot["mirror"]
    secondary = facts["state"] in (2, 3)
    primary_id = facts.get("primary_snap_id")
    has_primary = secondary and primary_id is not None and primary_id < NO_SNAPSHOT
    return {
        "id": snapshot["id"],
        "state": SNAPSHOT_STATES.get(facts["state"], "unknown"),
        "complete": bool(facts["complete"]),
        "primary_snapshot_id": primary_id if has_primary else None,
        "copied_objects": facts.get("last_copied_object_number") if secondary else None,
        "taken_at": moment(image.get_snap_timestamp(snapshot["id"])),
    }
