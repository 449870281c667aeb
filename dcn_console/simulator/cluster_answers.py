"""What a cluster answers to its agent: the operations of the agent's protocol, without the waiting.

A request that a dead daemon would leave hanging is not answered but reported as blocked; the
agent does the waiting, and gives up after the timeout it was told.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from dcn_console.simulator import (
    content_answers,
    content_changes,
    kinship_answers,
    metadata_answers,
    mirror_answers,
    mirror_changes,
)
from dcn_console.simulator.capacity import fill, health
from dcn_console.simulator.cluster_answer import ClusterAnswer, Parameters, failed, found
from dcn_console.simulator.data import invented_hash
from dcn_console.simulator.records import ImageRecord, RbdRecord, SimulatedSite
from dcn_console.simulator.refusals import ClusterRefusal, Refusal
from dcn_console.simulator.world import World


def answer(
    world: World, site: SimulatedSite, operation: str, parameters: Parameters
) -> ClusterAnswer:
    """Return what a cluster answers to one request of its agent."""
    handler = _OPERATIONS.get(operation)
    if handler is None:
        return failed("unknown-operation", f"There is no operation “{operation}”.")
    if world.is_unconnectable(site):
        return ClusterAnswer(blocked="mon")
    if operation not in _NEED_NO_OSDS and world.is_blocked(site):
        return ClusterAnswer(blocked="osd")
    if operation in _NEED_MGR and site.name in world.faults.mgr_down:
        return ClusterAnswer(blocked="mgr")
    pool = parameters.get("pool")
    if pool is not None and pool not in dict(world.pools(site)):
        return failed("invalid", f"there is no pool {pool}")
    try:
        return handler(world, site, parameters)
    except ClusterRefusal as refusal:
        return failed(refusal.kind, refusal.message)
    except Refusal as refusal:
        return failed("not-found", refusal.message)
    except KeyError as missing:
        return failed("invalid", f"The parameter {missing} is missing.")


def _connect(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    wanted = parameters.get("fsid")
    if wanted and wanted != site.fsid:
        return failed("invalid", f"this is the cluster {site.fsid}, not {wanted}")
    return ClusterAnswer(result={"fsid": site.fsid})


def _status(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    filled = fill(world, site)
    word, warnings = health(world, site, filled.percent)
    return ClusterAnswer(
        result={
            "fsid": site.fsid,
            "health": word,
            "warnings": list(warnings),
            "total": filled.total,
            "used": filled.used,
            "available": filled.available,
            "pools": {
                pool: {"used": used, "available": filled.available}
                for pool, used in filled.pools.items()
            },
        }
    )


def _pools(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    return ClusterAnswer(result=sorted(pool for pool, _ in world.pools(site)))


def _probe(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    world.rbd(site, str(parameters["pool"]))
    return ClusterAnswer(result={})


def _item(name: str, record: RbdRecord) -> dict[str, Any]:
    return {
        "name": name,
        "size": record.size,
        "snap": record.snap,
        "snap_protected": record.snap_protected,
    }


def _rbd_image(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    record = found(world, site, parameters)
    return ClusterAnswer(result=_item(str(parameters["name"]), record))


def _rbd_images(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    images = world.rbd(site, str(parameters["pool"]))
    items = [_item(name, images[name]) for name in sorted(images)]
    return ClusterAnswer(parts=items, result={"count": len(items)})


def _remove_unfinished(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Remove what an interrupted copy left behind; refuse anything that may be of use."""
    pool, name = str(parameters["pool"]), str(parameters["name"])
    record = world.rbd(site, pool).get(name)
    if record is None:
        return ClusterAnswer(result={"removed": False})
    if record.snap:
        return failed("invalid", "it has the snapshot snap, so it is no leftover")
    if pool != site.images_pool or world.is_being_written(site, name):
        return failed("invalid", "it is open at 127.0.0.1:0/1")
    world.drop_rbd(site, pool, name)
    return ClusterAnswer(result={"removed": True})


def _digest(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    record = found(world, site, parameters)
    name, algorithm = str(parameters["name"]), str(parameters["algorithm"])
    snap = parameters.get("snap")
    if snap and not (snap == "snap" and record.snap):
        return failed("not-found", f"The RBD image {name} has no snapshot {snap}.")
    if algorithm not in hashlib.algorithms_available:
        return failed("invalid", f"the hash {algorithm} is not known here")
    digest = _digest_of(world.images.get(name), name, algorithm)
    if record.corrupt or (record.used < record.size and not record.snap):
        digest = hashlib.new(algorithm, b"other data" + digest.encode()).hexdigest()
    return ClusterAnswer(
        result={"digest": digest, "bytes": record.size},
        seconds=record.size / site.read_bandwidth,
    )


def _digest_of(image: ImageRecord | None, name: str, algorithm: str) -> str:
    if image is not None and algorithm == image.hash_algorithm and image.hash_value:
        return image.hash_value
    if image is not None and algorithm == "md5" and image.checksum:
        return image.checksum
    return hashlib.new(algorithm, invented_hash(name).encode()).hexdigest()


_OPERATIONS: dict[str, Callable[[World, SimulatedSite, Parameters], ClusterAnswer]] = {
    "connect": _connect,
    "status": _status,
    "pools": _pools,
    "probe": _probe,
    "rbd_image": _rbd_image,
    "used_bytes": kinship_answers.used_bytes,
    "names": kinship_answers.names,
    "trash": kinship_answers.trash,
    "children": kinship_answers.children,
    "rbd_images": _rbd_images,
    "digest": _digest,
    "remove_unfinished": _remove_unfinished,
    "mirror_pool": mirror_answers.mirror_pool,
    "mirror_daemons": mirror_answers.mirror_daemons,
    "mirror_images": mirror_answers.mirror_images,
    "mirror_schedules": mirror_answers.mirror_schedules,
    "sync_progress": mirror_answers.sync_progress,
    "mirror_enable": mirror_changes.mirror_enable,
    "mirror_disable": mirror_changes.mirror_disable,
    "mirror_promote": mirror_changes.mirror_promote,
    "mirror_demote": mirror_changes.mirror_demote,
    "mirror_resync": mirror_changes.mirror_resync,
    "mirror_snapshot": mirror_changes.mirror_snapshot,
    "mirror_schedule_add": mirror_changes.mirror_schedule_add,
    "mirror_schedule_remove": mirror_changes.mirror_schedule_remove,
    "mirror_pool_mode": mirror_changes.mirror_pool_mode,
    "mirror_site_name": mirror_changes.mirror_site_name,
    "mirror_peer_permission": mirror_changes.mirror_peer_permission,
    "mirror_peer_token": mirror_changes.mirror_peer_token,
    "mirror_peer_import": mirror_changes.mirror_peer_import,
    "mirror_peer_rename": mirror_changes.mirror_peer_rename,
    "mirror_peer_remove": mirror_changes.mirror_peer_remove,
    "rbd_detail": content_answers.rbd_detail,
    "used_objects": content_answers.used_objects,
    "hash_objects": content_answers.hash_objects,
    "read": content_answers.read,
    "set_features": content_changes.set_features,
    "rebuild_object_map": content_changes.rebuild_object_map,
    "flatten": content_changes.flatten,
    "create_snapshot": content_changes.create_snapshot,
    "remove_snapshot": content_changes.remove_snapshot,
    "copy_within": content_changes.copy_within,
    "remove_owned": content_changes.remove_owned,
    "metadata_get": metadata_answers.metadata_get,
    "metadata_set": metadata_answers.metadata_set,
    "metadata_remove": metadata_answers.metadata_remove,
}
_NEED_NO_OSDS = frozenset({"connect", "status", "pools", "mirror_peer_permission"})
_NEED_MGR = frozenset(
    {"mirror_daemons", "mirror_schedules", "mirror_schedule_add", "mirror_schedule_remove"}
)
