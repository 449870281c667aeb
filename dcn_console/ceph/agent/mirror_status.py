# ruff: noqa: UP006, UP035, UP045 - the file must load in Python 3.6: no list[str], no str | None
"""Mirroring of pools and RBD images, read without the manager, which may be missing."""

from typing import Any, Dict, List, Optional

from .connection import Connection
from .opening import moment, open_image
from .pace import Parts
from .parameters import Parameters, Send, text

POOL_MODES = {"disabled": 0, "image": 1, "pool": 2}
IMAGE_MODES = {"journal": 0, "snapshot": 1}
DIRECTIONS = {"rx-only": 0, "tx-only": 1, "rx-tx": 2}
"""rbd_mirror_mode_t, rbd_mirror_image_mode_t, rbd_mirror_peer_direction_t (rbd/librbd.h)."""
STATES = {
    0: "unknown",
    1: "error",
    2: "syncing",
    3: "starting_replay",
    4: "replaying",
    5: "stopping_replay",
    6: "stopped",
}
"""rbd_mirror_image_status_state_t."""
NO_STATUS = "status not found"
"""What librbd says for a daemon's missing report.

Its list of a pool's reports says so as well for every report of state 0, however new (measured on
16.2.15): one that lives is told by its time.
"""
SYNC_SNAPSHOT = ".rbd-mirror."
"""How the names begin of snapshots that a first copy in journal mode needs."""
NOT_MIRRORED = 2
ENABLED = 1
"""rbd_mirror_image_state_t."""
MIRROR_SNAPSHOT = 3
"""rbd_snap_namespace_type_t."""


def mirror_pool(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer mode, names and peers of a pool.

    The site's name is the fsid when none is set, or the user may not read it (librbd,
    api/Mirror.cc, ``site_name_get``).
    """
    import rbd

    api = rbd.RBD()
    with connection.pool(parameters) as ioctx:
        mode = name_in(POOL_MODES, api.mirror_mode_get(ioctx))
        peers = list(api.mirror_peer_list(ioctx)) if mode != "disabled" else []
        return {
            "name": parameters["pool"],
            "mode": mode,
            "site_name": str(api.mirror_site_name_get(connection.handle)),
            "mirror_uuid": pool_uuid(api, ioctx),
            "peers": [
                {
                    "uuid": peer["uuid"],
                    "site_name": peer.get("site_name") or peer.get("cluster_name") or "",
                    "direction": name_in(DIRECTIONS, peer.get("direction", 2)),
                    "mirror_uuid": peer.get("mirror_uuid") or "",
                    "client_name": peer.get("client_name") or "",
                }
                for peer in peers
            ],
        }


def mirror_images(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Send all mirrored RBD images of a pool in parts; answer how many there were.

    The list of states lacks who is primary, the list of facts lacks the names.
    """
    import rbd

    api = rbd.RBD()
    parts = Parts(send)
    with connection.pool(parameters) as ioctx:
        facts = dict(api.mirror_image_info_list(ioctx))
        for status in api.mirror_image_status_list(ioctx):
            known = facts.get(status["id"]) or {}
            parts.add(mirrored_image(status, known, known.get("mode")))
    parts.end()
    return {"count": parts.count}


def sync_progress(connection: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Answer how much of a sync is here: of the newest mirror snapshot, else in bytes of data.

    Source: rbd_mirror/image_replayer/snapshot/Replayer.cc, which counts the objects.
    """
    name = text(parameters, "name")
    with connection.pool(parameters) as ioctx, open_image(ioctx, name) as image:
        size, snapshots = image.size(), list(image.list_snaps())
        mirrored = [item["mirror"] for item in snapshots if item["namespace"] == MIRROR_SNAPSHOT]
        if mirrored and mirrored[-1]["complete"]:
            done = size
        elif mirrored:
            done = mirrored[-1]["last_copied_object_number"] * image.stat()["obj_size"]
        else:
            first_copy = [
                item["id"] for item in snapshots if item["name"].startswith(SYNC_SNAPSHOT)
            ]
            done = max([used(image), *(used_at(ioctx, name, item) for item in first_copy)])
        return {"done": min(done, size), "total": size}


def used(image: Any) -> int:
    """Return the bytes of all objects that an opened RBD image has data in."""
    total = 0

    def add(offset: int, length: int, exists: bool) -> None:
        nonlocal total
        total += length if exists else 0

    size = image.size()
    if size:
        image.diff_iterate(0, size, None, add, include_parent=False, whole_object=True)
    return total


def used_at(ioctx: Any, name: str, snapshot_id: int) -> int:
    """Return what ``used`` does, at a snapshot; 0 for one that is gone by now."""
    import rbd

    with open_image(ioctx, name) as image:
        try:
            image.set_snap_by_id(snapshot_id)
        except rbd.ImageNotFound:
            return 0
        return used(image)


def mirrored_image(
    status: Dict[str, Any], facts: Dict[str, Any], mode: Optional[int]
) -> Dict[str, Any]:
    """Return one mirrored RBD image as the protocol has it."""
    info = dict(status["info"], **facts)
    return {
        "name": status["name"],
        "id": status.get("id") or "",
        "global_id": info.get("global_id") or "",
        "mode": None if mode is None else name_in(IMAGE_MODES, mode, None),
        "primary": bool(info.get("primary")),
        "enabled": info.get("state") == ENABLED,
        "status": report(status),
        "remote": remote_reports(status),
    }


def remote_reports(status: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return the reports of peers."""
    reports = []
    for remote in status.get("remote_statuses") or ():
        said = report(remote)
        if said is not None:
            reports.append({"mirror_uuid": remote["mirror_uuid"], "status": said})
    return reports


def report(status: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """Return a daemon's report, None when there is none; its text is "" where librbd hides it.

    Of an RBD image that a resync has just made anew there is not even a description (16.2.15).
    """
    description = status.get("description", NO_STATUS)
    state, reported_at = STATES.get(status.get("state", 0), "unknown"), status.get("last_update")
    hidden = description == NO_STATUS
    if hidden and not (state == "unknown" and status.get("up") and moment(reported_at)):
        return None
    return {
        "state": state,
        "up": bool(status["up"]),
        "reported_at": moment(reported_at),
        "text": "" if hidden else description,
    }


def mirroring_of(image: Any) -> Optional[Dict[str, Any]]:
    """Return what the protocol has of an opened RBD image's mirroring, None without."""
    info = image.mirror_image_get_info()
    if info["state"] == NOT_MIRRORED:
        return None
    return mirrored_image(image.mirror_image_get_status(), info, image.mirror_image_get_mode())


def pool_uuid(api: Any, ioctx: Any) -> str:
    """Return how a pool is known to daemons elsewhere, "" until it is."""
    import rbd

    try:
        return str(api.mirror_uuid_get(ioctx) or "")
    except rbd.ImageNotFound:
        return ""


def name_in(names: Dict[str, int], value: int, default: Any = "disabled") -> Any:
    """Return the name of one of librbd's numbers."""
    return next((name for name, number in names.items() if number == value), default)
