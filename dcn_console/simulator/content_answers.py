"""What a cluster answers about the content of an RBD image."""

import base64
from typing import Any

from dcn_console.model.mirroring import MirrorMode
from dcn_console.simulator.cluster_answer import ClusterAnswer, Parameters, found, text, whole
from dcn_console.simulator.mirror_answers import mirrored_image, moment
from dcn_console.simulator.mirror_clock import settle_image
from dcn_console.simulator.mirror_records import ReplayPhase
from dcn_console.simulator.rbd_content import image_id, snapshot_data
from dcn_console.simulator.rbd_data import OBJECT, Data, object_bytes, object_hash, objects_of
from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.refusals import ClusterRefusal, missing
from dcn_console.simulator.world import World

HASHES = 256
"""Objects of one request for hashes."""
_CLIENT = 4100


def _asked(
    world: World, site: SimulatedSite, parameters: Parameters
) -> tuple[str, str, RbdRecord, Data]:
    """Return pool, name, RBD image, and what is read of it."""
    pool, name = text(parameters, "pool"), text(parameters, "name")
    settle_image(world, pool, name, world.now)
    record = found(world, site, parameters)
    snapshot_id = parameters.get("snapshot_id")
    data = snapshot_data(world, site, name, record, snapshot_id)
    if data is None:
        raise missing(f"error setting image {name.encode()!r} to snapshot {snapshot_id}")
    return pool, name, record, data


def rbd_detail(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer everything about one RBD image."""
    pool, name, record, _ = _asked(world, site, {**parameters, "snapshot_id": None})
    mirroring = record.mirroring
    watchers, lock_owner = _watchers(world, site, pool, name, record)
    snapshots = [
        {
            "id": item.id,
            "name": item.name,
            "size": item.size,
            "protected": item.protected,
            "taken_at": moment(item.taken_at),
        }
        for item in record.snapshots
    ]
    mirror_snapshots = [
        {
            "id": item.id,
            "state": item.state,
            "complete": item.complete,
            "primary_snapshot_id": item.primary_snapshot_id,
            "copied_objects": _copied(item.primary_snapshot_id, item.copied_objects),
            "taken_at": moment(item.taken_at),
        }
        for item in (mirroring.snapshots if mirroring else ())
    ]
    parent = record.parent
    return ClusterAnswer(
        result={
            "name": name,
            "id": image_id(site, pool, name, record, world),
            "size": record.size,
            "object_size": OBJECT,
            "features": record.features,
            "flags": record.flags,
            "parent": parent
            and {"pool": parent.pool, "image": parent.image, "snapshot": parent.snapshot},
            "children": _children(world, site, pool, name),
            "watchers": watchers,
            "lock_owner": lock_owner,
            "created_at": moment(record.created_at),
            "modified_at": moment(record.modified_at),
            "snapshots": snapshots,
            "mirror_snapshots": mirror_snapshots,
            "mirroring": mirroring and mirrored_image(world, site, pool, name, record, mirroring),
        }
    )


def _copied(primary_snapshot_id: int | None, objects: int | None) -> int | None:
    return None if primary_snapshot_id is None else objects


def _children(world: World, site: SimulatedSite, pool: str, name: str) -> int:
    return sum(
        1
        for _, images in world.pools(site)
        for record in images.values()
        if record.parent is not None and (record.parent.pool, record.parent.image) == (pool, name)
    )


def _watchers(
    world: World, site: SimulatedSite, pool: str, name: str, record: RbdRecord
) -> tuple[list[dict[str, str]], str]:
    """Who has it open for writing, and who holds the lock.

    Running servers do both. A daemon locks what it replays into, and has a primary of snapshot
    mode open that it reads from, without a lock.
    """
    locking = daemons = 0
    mirroring = record.mirroring
    if mirroring is None or mirroring.primary:
        volume = world.volumes.get(name.removeprefix("volume-"))
        for attachment in volume.attachments if volume and volume.site == site.name else ():
            server = world.servers.get(attachment.server_id)
            locking += int(server is not None and server.status == "ACTIVE")
    if mirroring is not None:
        for replay in world.mirrors.replays_of(pool, mirroring.global_id):
            if replay.phase in (ReplayPhase.SYNCING, ReplayPhase.REPLAYING):
                locking += int(replay.site == site.name)
                is_read = replay.origin == site.name and mirroring.mode is MirrorMode.SNAPSHOT
                daemons += int(is_read)
    watchers = [
        {"address": f"127.0.0.1:0/{_CLIENT + number}", "client": f"client.{_CLIENT + number}"}
        for number in range(locking + daemons)
    ]
    return watchers, watchers[0]["address"] if locking else ""


def used_objects(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer the numbers of the objects that hold data."""
    _, _, record, data = _asked(world, site, parameters)
    numbers = [number for number in data.held() if number < objects_of(record.size)]
    end: dict[str, Any] = {"count": len(numbers), "object_size": OBJECT, "size": record.size}
    return ClusterAnswer(parts=numbers, result=end)


def hash_objects(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer the hashes of objects."""
    _, _, record, data = _asked(world, site, parameters)
    numbers = parameters["objects"]
    if not isinstance(numbers, list) or len(numbers) > HASHES:
        raise ClusterRefusal("invalid", f"objects must be at most {HASHES} numbers")
    beyond = [number for number in numbers if not 0 <= number < objects_of(record.size)]
    if beyond:
        raise ClusterRefusal(
            "invalid", f"there is no object {beyond[0]}: the size is {record.size} bytes"
        )
    hashes = [[number, object_hash(data.seed(number), number, record.size)] for number in numbers]
    held = sum(1 for number in numbers if data.seed(number))
    return ClusterAnswer(
        result=hashes, total=len(hashes), seconds=held * OBJECT / site.read_bandwidth
    )


def read(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer a piece of the data, at most 4 MiB."""
    _, _, record, data = _asked(world, site, parameters)
    offset, length = whole(parameters, "offset"), whole(parameters, "length")
    if length > OBJECT:
        raise ClusterRefusal("invalid", f"at most {OBJECT} bytes are read at once")
    end = min(record.size, offset + length)
    pieces = []
    for number in range(offset // OBJECT, objects_of(max(end, 0))):
        content = object_bytes(data.seed(number), number, record.size)
        start = number * OBJECT
        pieces.append(content[max(0, offset - start) : max(0, end - start)])
    encoded = base64.b64encode(b"".join(pieces)).decode()
    return ClusterAnswer(result={"data": encoded})
