"""What a cluster is told to change of RBD images: features, parents, snapshots, copies.

Long work is done a piece at a time, as long as the agent goes on asking for it.
"""

from msgspec.structs import replace

from dcn_console.model.mirroring import (
    FEATURE_EXCLUSIVE_LOCK,
    FEATURE_FAST_DIFF,
    FEATURE_JOURNALING,
    FEATURE_OBJECT_MAP,
)
from dcn_console.simulator.capacity import fill
from dcn_console.simulator.cluster_answer import ClusterAnswer, Parameters, found, text, whole
from dcn_console.simulator.mirror_clock import settle_image
from dcn_console.simulator.mirror_records import SnapshotRecord
from dcn_console.simulator.rbd_content import holding, seen_data, snapshot_data
from dcn_console.simulator.rbd_data import EMPTY, OBJECT, Data, objects_of
from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.refusals import (
    ClusterRefusal,
    busy,
    exists,
    invalid,
    missing,
    read_only,
)
from dcn_console.simulator.world import World

OWN = "dcn-console."
OWNER = "dcn-console.owner"
_MAPS = FEATURE_OBJECT_MAP | FEATURE_FAST_DIFF
_MAPS_INVALID = 3
"""Both flags: object map and fast-diff (librbd.h)."""
_CHANGEABLE = FEATURE_EXCLUSIVE_LOCK | _MAPS | FEATURE_JOURNALING
_PIECE_SECONDS = 0.25
DONE = ClusterAnswer(result={})


def _writable(
    world: World, site: SimulatedSite, parameters: Parameters, what: str
) -> tuple[str, str, RbdRecord]:
    """Return pool, name and RBD image; raise ClusterRefusal where it is not primary."""
    pool, name = text(parameters, "pool"), text(parameters, "name")
    settle_image(world, pool, name, world.now)
    record = found(world, site, parameters)
    if record.mirroring is not None and not record.mirroring.primary:
        raise read_only(f"{what} {name.encode()!r}")
    return pool, name, record


def set_features(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Switch features on and off; refused where another feature or mirroring needs them."""
    enable, disable = whole(parameters, "enable"), whole(parameters, "disable")
    if (enable | disable) & ~_CHANGEABLE or enable & disable:
        raise ClusterRefusal("invalid", f"the features {enable | disable} cannot all be changed")
    what = "error updating features for image"
    pool, name, record = _writable(world, site, parameters, what)
    if disable & _MAPS:
        disable |= _MAPS
    if enable & _MAPS:
        enable |= _MAPS
    features = (record.features & ~disable) | enable
    needs_lock = features & (_MAPS | FEATURE_JOURNALING)
    journaled = record.mirroring is not None and record.mirroring.mode == "journal"
    if (needs_lock and not features & FEATURE_EXCLUSIVE_LOCK) or (
        journaled and not features & FEATURE_JOURNALING
    ):
        raise invalid(f"{what} {name.encode()!r}")
    flags = record.flags
    if features & _MAPS and not record.features & _MAPS:
        flags |= _MAPS_INVALID
    if not features & _MAPS:
        flags = 0
    world.put_rbd(site, pool, name, replace(record, features=features, flags=flags))
    return DONE


def rebuild_object_map(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Make the object map true again, after a look at every object."""
    pool, name, record = _writable(world, site, parameters, "error rebuilding object map of image")
    if not record.features & FEATURE_OBJECT_MAP:
        raise invalid(f"error rebuilding object map of image {name.encode()!r}")
    total = objects_of(record.size)
    done = min(total, whole(parameters, "again") + 4000)
    if done < total:
        return ClusterAnswer(seconds=_PIECE_SECONDS, again=done, done=done, total=total)
    world.put_rbd(site, pool, name, replace(record, flags=0))
    return ClusterAnswer(result={}, done=total, total=total)


def flatten(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Copy into a clone what it has from its parent; it stays one until that is over."""
    pool, name, record = _writable(world, site, parameters, "error flattening")
    if record.parent is None:
        raise invalid(f"error flattening {name.encode()!r}")
    whole_data = seen_data(world, site.name, name, record)
    total = objects_of(record.size)
    done = min(total, whole(parameters, "again") + _piece(site))
    _check_space(world, site, OBJECT)
    if done < total:
        return ClusterAnswer(seconds=_PIECE_SECONDS, again=done, done=done, total=total)
    world.put_rbd(site, pool, name, replace(holding(record, whole_data), parent=None))
    volume = world.volumes.get(name.removeprefix("volume-"))
    if volume is not None and volume.clone_of is not None:
        world.put_volume(replace(volume, clone_of=None))
    return ClusterAnswer(result={}, done=total, total=total)


def _piece(site: SimulatedSite) -> int:
    """How many objects are copied inside a cluster in one piece of work."""
    return max(1, int(site.read_bandwidth / 2 * _PIECE_SECONDS / OBJECT))


def _check_space(world: World, site: SimulatedSite, needed: int) -> None:
    if fill(world, site).available < needed:
        raise ClusterRefusal("no-space", "[errno 28] RBD no space left on device")


def create_snapshot(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Take a snapshot."""
    snapshot = text(parameters, "snapshot")
    what = f"error creating snapshot {snapshot.encode()!r} from"
    pool, name, record = _writable(world, site, parameters, what)
    if any(item.name == snapshot for item in record.snapshots):
        raise exists(f"{what} {name.encode()!r}")
    number = record.last_snapshot_id + 1
    data = seen_data(world, site.name, name, record)
    added = SnapshotRecord(
        id=number, name=snapshot, size=record.size, taken_at=world.now, data=data
    )
    world.put_rbd(
        site,
        pool,
        name,
        replace(record, last_snapshot_id=number, snapshots=(*record.snapshots, added)),
    )
    return DONE


def remove_snapshot(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Remove a snapshot of our own."""
    snapshot = text(parameters, "snapshot")
    if not snapshot.startswith(OWN):
        raise ClusterRefusal("invalid", f"its name does not begin with {OWN}, so it is not ours")
    what = f"error removing snapshot {snapshot.encode()!r} from"
    pool, name, record = _writable(world, site, parameters, what)
    kept = tuple(item for item in record.snapshots if item.name != snapshot)
    if len(kept) == len(record.snapshots):
        raise missing(f"{what} {name.encode()!r}")
    world.put_rbd(site, pool, name, replace(record, snapshots=kept))
    return DONE


def copy_within(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Copy an RBD image inside the cluster, a piece at a time, into one that has our mark."""
    pool, name = text(parameters, "pool"), text(parameters, "name")
    to_pool, to_name = text(parameters, "to_pool"), text(parameters, "to_name")
    owner = text(parameters, "owner")
    settle_image(world, pool, name, world.now)
    record = found(world, site, parameters)
    source = snapshot_data(world, site, name, record, parameters.get("snapshot_id"))
    if source is None:
        raise missing(f"error setting image {name.encode()!r} to snapshot")
    there = world.rbd(site, to_pool).get(to_name)
    _refuse_others(there, to_name, owner)
    numbers = source.held()
    total = len(numbers) * OBJECT
    copied = min(len(numbers), whole(parameters, "again") + _piece(site))
    _check_space(world, site, OBJECT)
    finished = copied == len(numbers)
    data = source if finished else source.cut(numbers[copied])
    world.put_rbd(site, to_pool, to_name, _copy(record, data, owner, world.now))
    if finished:
        return ClusterAnswer(result={}, done=total, total=total)
    done = copied * OBJECT
    return ClusterAnswer(seconds=_PIECE_SECONDS, again=copied, done=done, total=total)


def _refuse_others(there: RbdRecord | None, name: str, owner: str) -> None:
    if there is not None and there.metadata.get(OWNER) != owner:
        raise ClusterRefusal("exists", f"there is an RBD image {name} that was not made for this")


def _copy(record: RbdRecord, data: Data, owner: str, now: float) -> RbdRecord:
    bare = RbdRecord(
        size=record.size,
        used=0,
        snap=False,
        snap_protected=False,
        data=EMPTY,
        metadata={OWNER: owner},
        created_at=now,
        modified_at=now,
    )
    return holding(bare, data)


def remove_owned(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Remove a copy of our own."""
    pool, name = text(parameters, "pool"), text(parameters, "name")
    record = world.rbd(site, pool).get(name)
    if record is None:
        return ClusterAnswer(result={"removed": False})
    _refuse_others(record, name, text(parameters, "owner"))
    if record.snapshots:
        raise ClusterRefusal("invalid", f"{name} has the snapshot {record.snapshots[0].name}")
    if record.mirroring is not None:
        raise busy(f"error removing image {name.encode()!r}")
    world.drop_rbd(site, pool, name)
    return ClusterAnswer(result={"removed": True})
