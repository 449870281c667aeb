"""What the RBD images of the simulated clusters hold, parents of clones included."""

from msgspec.structs import replace

from dcn_console.simulator.mirror_records import MirrorSnapshotRecord, SnapshotRecord
from dcn_console.simulator.rbd_data import EMPTY, OBJECT, Data, Layer, objects_of
from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.world import World


def data_of(name: str, record: RbdRecord) -> Data:
    """Return what an RBD image holds itself."""
    if record.data is not None:
        return record.data
    count = objects_of(min(record.used, record.size))
    return Data((Layer(name, count),)) if count else EMPTY


def seen_data(world: World, site: str, name: str, record: RbdRecord) -> Data:
    """Return what a client reads: a clone's parent shows through."""
    own = data_of(name, record)
    if record.parent is None:
        return own
    parent = world.record(site, record.parent.pool, record.parent.image)
    if parent is None:
        return own
    name = record.parent.image
    frozen = next(
        (item.data for item in parent.snapshots if item.name == record.parent.snapshot), None
    )
    below = seen_data(world, site, name, parent) if frozen is None else frozen
    return own.over(below.cut(objects_of(record.size)))


def holding(record: RbdRecord, data: Data) -> RbdRecord:
    """Return the RBD image with other content."""
    used = min(record.size, len(data.held()) * OBJECT)
    return replace(record, data=data, used=used)


def snapshot_data(
    world: World, site: SimulatedSite, name: str, record: RbdRecord, snapshot_id: int | None
) -> Data | None:
    """Return what a snapshot holds, the head's for None; None when there is no such snapshot."""
    if snapshot_id is None:
        return seen_data(world, site.name, name, record)
    known: tuple[SnapshotRecord | MirrorSnapshotRecord, ...] = record.snapshots
    if record.mirroring is not None:
        known = (*known, *record.mirroring.snapshots)
    return next((snapshot.data for snapshot in known if snapshot.id == snapshot_id), None)


def image_id(site: SimulatedSite, pool: str, name: str, record: RbdRecord, world: World) -> str:
    """Return librbd's id of an RBD image: a new one whenever it is made anew."""
    return record.id or world.short_identifier(f"{site.name}/{pool}/{name}")
