# ruff: noqa: UP006, UP035 - the file must load in Python 3.6: no list[str], no str | None
"""The agent's main loop: requests in, answers out, several at the same time."""

import errno
import os
import queue
import threading
from typing import Any, Callable, Dict

from . import (
    connection,
    copying,
    data,
    detail,
    health,
    images,
    kinship,
    metadata,
    mirror_manager,
    mirror_peers,
    mirror_status,
    mirror_steering,
)
from .channel import Channel
from .connection import Connection
from .failures import Failure, failure_of
from .parameters import Parameters, Send

PROTOCOL = 1
THREADS = 4
"""Requests served at the same time."""

Operation = Callable[[Connection, Parameters, Send], Any]

OPERATIONS: Dict[str, Operation] = {
    "connect": connection.connect,
    "status": health.status,
    "pools": health.pools,
    "probe": health.probe,
    "rbd_image": images.rbd_image,
    "used_bytes": images.used_bytes,
    "rbd_images": images.rbd_images,
    "digest": images.digest,
    "remove_unfinished": images.remove_unfinished,
    "names": kinship.names,
    "trash": kinship.trash,
    "children": kinship.children,
    "mirror_pool": mirror_status.mirror_pool,
    "mirror_images": mirror_status.mirror_images,
    "sync_progress": mirror_status.sync_progress,
    "mirror_daemons": mirror_manager.mirror_daemons,
    "mirror_schedules": mirror_manager.mirror_schedules,
    "mirror_schedule_add": mirror_manager.mirror_schedule_add,
    "mirror_schedule_remove": mirror_manager.mirror_schedule_remove,
    "mirror_enable": mirror_steering.mirror_enable,
    "mirror_disable": mirror_steering.mirror_disable,
    "mirror_promote": mirror_steering.mirror_promote,
    "mirror_demote": mirror_steering.mirror_demote,
    "mirror_resync": mirror_steering.mirror_resync,
    "mirror_snapshot": mirror_steering.mirror_snapshot,
    "mirror_pool_mode": mirror_steering.mirror_pool_mode,
    "mirror_site_name": mirror_steering.mirror_site_name,
    "mirror_peer_permission": mirror_peers.mirror_peer_permission,
    "mirror_peer_token": mirror_peers.mirror_peer_token,
    "mirror_peer_import": mirror_peers.mirror_peer_import,
    "mirror_peer_rename": mirror_peers.mirror_peer_rename,
    "mirror_peer_remove": mirror_peers.mirror_peer_remove,
    "rbd_detail": detail.rbd_detail,
    "set_features": detail.set_features,
    "rebuild_object_map": detail.rebuild_object_map,
    "flatten": detail.flatten,
    "create_snapshot": detail.create_snapshot,
    "remove_snapshot": detail.remove_snapshot,
    "metadata_get": metadata.metadata_get,
    "metadata_set": metadata.metadata_set,
    "metadata_remove": metadata.metadata_remove,
    "used_objects": data.used_objects,
    "hash_objects": data.hash_objects,
    "read": data.read,
    "copy_within": copying.copy_within,
    "remove_owned": copying.remove_owned,
}
"""What can be asked for, by the protocol's names."""


def unknown_operation(connected: Connection, parameters: Parameters, send: Send) -> Dict[str, Any]:
    """Refuse what is asked for; raises Failure."""
    raise Failure("unknown-operation", f"known are {', '.join(sorted(OPERATIONS))}")


def answer(connected: Connection, channel: Channel, request: Dict[str, Any]) -> None:
    """Carry out one request and send exactly one result or error."""
    number = request["id"]

    def send(message: Dict[str, Any]) -> None:
        channel.send(dict(message, id=number))

    try:
        operation: Operation = OPERATIONS.get(request["operation"], unknown_operation)
        send({"result": operation(connected, request.get("parameters", {}), send)})
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
        failure = failure_of(error)
        send({"error": {"kind": failure.kind, "message": str(failure)}})
        if getattr(error, "errno", None) == errno.ESHUTDOWN:
            os._exit(1)


def library_version() -> str:
    """Return the version of librbd, "" where the modules are missing."""
    try:
        import rbd
    except ImportError:
        return ""
    return f"librbd {'.'.join(str(number) for number in rbd.RBD().version())}"


def serve() -> None:
    """Serve requests until stdin ends, then end the process whatever still hangs."""
    channel = Channel()
    connected = Connection()
    hello = {
        "protocol": PROTOCOL,
        "agent": "ceph",
        "ceph_version": library_version(),
        "pid": os.getpid(),
    }
    channel.send({"hello": hello})
    waiting: Any = queue.Queue()

    def work() -> None:
        while True:
            answer(connected, channel, waiting.get())

    for _ in range(THREADS):
        threading.Thread(target=work, daemon=True).start()
    for request in channel.requests():
        waiting.put(request)
    os._exit(0)
