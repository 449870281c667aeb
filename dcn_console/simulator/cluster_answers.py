"""What a cluster answers to its agent: the operations of the agent's protocol, without the waiting.

A request that a dead daemon would leave hanging is not answered but reported as blocked; the
agent does the waiting, and gives up after the timeout it was told.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from dcn_console.simulator.capacity import fill, health
from dcn_console.simulator.data import invented_hash
from dcn_console.simulator.records import ImageRecord, RbdRecord, SimulatedSite
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.world import World


class ClusterAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A result, an error of the protocol's kinds, or the daemon that keeps it from answering.

    ``seconds`` is how long the work takes on the simulator's clock.
    """

    result: Any = None
    error: dict[str, str] | None = None
    blocked: str = ""
    seconds: float = 0.0


Parameters = dict[str, Any]


def answer(
    world: World, site: SimulatedSite, operation: str, parameters: Parameters
) -> ClusterAnswer:
    """Return what a cluster answers to one request of its agent."""
    handler = _OPERATIONS.get(operation)
    if handler is None:
        return _error("unknown-operation", f"There is no operation “{operation}”.")
    if world.is_unconnectable(site):
        return ClusterAnswer(blocked="mon")
    if operation in _NEED_OSDS and world.is_blocked(site):
        return ClusterAnswer(blocked="osd")
    pool = parameters.get("pool")
    if pool is not None and pool not in dict(world.pools(site)):
        return _error("invalid", f"there is no pool {pool}")
    try:
        return handler(world, site, parameters)
    except Refusal as refusal:
        return _error("not-found", refusal.message)
    except KeyError as missing:
        return _error("invalid", f"The parameter {missing} is missing.")


def _error(kind: str, message: str) -> ClusterAnswer:
    return ClusterAnswer(error={"kind": kind, "message": message})


def _connect(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    wanted = parameters.get("fsid")
    if wanted and wanted != site.fsid:
        return _error("invalid", f"this is the cluster {site.fsid}, not {wanted}")
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
    return ClusterAnswer(result=[pool for pool, _ in world.pools(site)])


def _probe(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    world.rbd(site, str(parameters["pool"]))
    return ClusterAnswer(result={})


def _found(world: World, site: SimulatedSite, parameters: Parameters) -> RbdRecord:
    pool, name = str(parameters["pool"]), str(parameters["name"])
    world.rbd(site, pool)
    record = world.rbd_image(site, pool, name)
    if record is None:
        raise Refusal(404, f"error opening image {name} in pool {pool}: [errno 2] RBD not found")
    return record


def _item(name: str, record: RbdRecord) -> dict[str, Any]:
    return {
        "name": name,
        "size": record.size,
        "snap": record.snap,
        "snap_protected": record.snap_protected,
    }


def _rbd_image(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    record = _found(world, site, parameters)
    return ClusterAnswer(result=_item(str(parameters["name"]), record))


def _used_bytes(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    return ClusterAnswer(result={"used": _found(world, site, parameters).used})


def _rbd_images(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    images = world.rbd(site, str(parameters["pool"]))
    return ClusterAnswer(result=[_item(name, images[name]) for name in sorted(images)])


def _remove_unfinished(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Remove what an interrupted copy left behind; refuse anything that may be of use."""
    pool, name = str(parameters["pool"]), str(parameters["name"])
    record = world.rbd(site, pool).get(name)
    if record is None:
        return ClusterAnswer(result={"removed": False})
    if record.snap:
        return _error("invalid", "it has the snapshot snap, so it is no leftover")
    if pool != site.images_pool or world.is_being_written(site, name):
        return _error("invalid", "it is open at 127.0.0.1:0/1")
    world.drop_rbd(site, pool, name)
    return ClusterAnswer(result={"removed": True})


def _digest(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    record = _found(world, site, parameters)
    name, algorithm = str(parameters["name"]), str(parameters["algorithm"])
    snap = parameters.get("snap")
    if snap and not (snap == "snap" and record.snap):
        return _error("not-found", f"The RBD image {name} has no snapshot {snap}.")
    if algorithm not in hashlib.algorithms_available:
        return _error("invalid", f"the hash {algorithm} is not known here")
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
    "used_bytes": _used_bytes,
    "rbd_images": _rbd_images,
    "digest": _digest,
    "remove_unfinished": _remove_unfinished,
}
_NEED_OSDS = frozenset(
    {"probe", "rbd_image", "used_bytes", "rbd_images", "digest", "remove_unfinished"}
)
