"""How volumes and snapshots get in time where they were sent (cinder/volume/manager.py)."""

from msgspec.structs import replace

from dcn_console.simulator.block_records import VolumeSnapshotRecord
from dcn_console.simulator.messages import SNAPSHOT_BUSY, tell
from dcn_console.simulator.mirror_clock import notice
from dcn_console.simulator.mirror_records import SnapshotRecord
from dcn_console.simulator.rbd_content import seen_data
from dcn_console.simulator.records import (
    GIB,
    RbdParent,
    RbdRecord,
    SimulatedSite,
    VolumeRecord,
)
from dcn_console.simulator.volumes import rbd_name, rbd_record
from dcn_console.simulator.world import World


def advance_volumes(world: World) -> None:
    """Finish what is due at ``world.now``; at a site whose services are dead nothing ends."""
    for volume in world.changing_volumes():
        site = world.deployment.site(volume.site)
        if site is None or volume.due_at is None or volume.due_at > world.now:
            continue
        if not is_served(world, site):
            continue
        if volume.status == "deleting":
            _delete(world, site, volume)
        elif volume.status == "extending":
            _extend(world, site, volume)
        else:
            _create(world, site, volume)


def advance_snapshots(world: World) -> None:
    """Finish what is due at ``world.now``, as ``advance_volumes`` does."""
    for snapshot in world.block.changing_snapshots():
        volume = world.volumes.get(snapshot.volume_id)
        site = world.deployment.site(volume.site) if volume else None
        if volume is None or site is None:
            world.block.drop_snapshot(snapshot)
        elif (snapshot.due_at or 0.0) <= world.now and is_served(world, site):
            if snapshot.status == "deleting":
                _delete_snapshot(world, site, rbd_name(volume), snapshot)
            else:
                take_snapshot(world, site, rbd_name(volume), snapshot_name(snapshot.id))
                world.block.put_snapshot(
                    replace(snapshot, status="available", updated_at=world.now, due_at=None)
                )


def is_served(world: World, site: SimulatedSite) -> bool:
    """Whether cinder-volume works at a site and its cluster answers."""
    return not (
        world.is_blocked(site)
        or world.is_unconnectable(site)
        or site.name in world.faults.volume_down
    )


def snapshot_name(snapshot_id: str) -> str:
    """The name of a Cinder snapshot's RBD snapshot."""
    return f"snapshot-{snapshot_id}"


def take_snapshot(
    world: World, site: SimulatedSite, name: str, snapshot: str, *, protected: bool = True
) -> None:
    """Take a snapshot of a volume's RBD image, if that is there."""
    record = world.record(site.name, site.volumes_pool, name)
    if record is None:
        return
    number = record.last_snapshot_id + 1
    added = SnapshotRecord(
        id=number,
        name=snapshot,
        size=record.size,
        taken_at=world.now,
        data=seen_data(world, site.name, name, record),
        protected=protected,
    )
    world.put_rbd(
        site,
        site.volumes_pool,
        name,
        replace(record, last_snapshot_id=number, snapshots=(*record.snapshots, added)),
    )


def _create(world: World, site: SimulatedSite, volume: VolumeRecord) -> None:
    world.put_rbd(site, site.volumes_pool, rbd_name(volume), _cloned(world, site, volume))
    world.put_volume(
        replace(
            volume,
            status="available",
            bootable=volume.bootable or bool(volume.image_metadata),
            updated_at=world.now,
            due_at=None,
        )
    )


def _cloned(world: World, site: SimulatedSite, volume: VolumeRecord) -> RbdRecord:
    """The RBD image of a new volume; one of a snapshot or a volume is a clone of that."""
    record = rbd_record(volume, site)
    snapshot = world.block.snapshots.get(volume.snapshot_id or "")
    parent = None
    if snapshot is not None:
        parent = RbdParent(
            pool=site.volumes_pool,
            image=f"volume-{snapshot.volume_id}",
            snapshot=snapshot_name(snapshot.id),
        )
    elif volume.source_volume_id is not None:
        origin, held = f"volume-{volume.source_volume_id}", f"{rbd_name(volume)}.clone_snap"
        take_snapshot(world, site, origin, held)
        parent = RbdParent(pool=site.volumes_pool, image=origin, snapshot=held)
    return record if parent is None else replace(record, parent=parent)


def _extend(world: World, site: SimulatedSite, volume: VolumeRecord) -> None:
    record = world.record(site.name, site.volumes_pool, rbd_name(volume))
    if record is not None:
        grown = replace(record, size=volume.new_size * GIB, modified_at=world.now)
        world.put_rbd(site, site.volumes_pool, rbd_name(volume), grown)
    world.put_volume(
        replace(
            volume,
            size=volume.new_size,
            new_size=0,
            status=volume.previous_status or "available",
            updated_at=world.now,
            due_at=None,
        )
    )


def _delete(world: World, site: SimulatedSite, volume: VolumeRecord) -> None:
    """Remove volume and RBD image; one with clones of it stays under another name."""
    name = rbd_name(volume)
    record = world.record(site.name, site.volumes_pool, name)
    mirroring = world.mirroring(site.name, site.volumes_pool, name)
    if record is not None and any(item.name.endswith(".clone_snap") for item in record.snapshots):
        _rename(world, site, name, f"{name}.deleted", record)
    world.drop_rbd(site, site.volumes_pool, name)
    if mirroring is not None:
        notice(world, site.volumes_pool, name, mirroring.global_id, world.now)
    for snapshot in world.block.snapshots_of(volume.id):
        world.block.drop_snapshot(snapshot)
    world.drop_volume(volume.id)


def _rename(world: World, site: SimulatedSite, old: str, new: str, record: RbdRecord) -> None:
    world.put_rbd(site, site.volumes_pool, new, replace(record, mirroring=None))
    for name, child in tuple(world.rbd(site, site.volumes_pool).items()):
        parent = child.parent
        if parent is not None and (parent.pool, parent.image) == (site.volumes_pool, old):
            moved = replace(child, parent=replace(parent, image=new))
            world.put_rbd(site, site.volumes_pool, name, moved)


def _delete_snapshot(
    world: World, site: SimulatedSite, name: str, snapshot: VolumeSnapshotRecord
) -> None:
    """Remove a snapshot; one with a clone of it is busy, and available again."""
    held = snapshot_name(snapshot.id)
    parents = (item.parent for item in world.rbd(site, site.volumes_pool).values())
    if any(parent and (parent.image, parent.snapshot) == (name, held) for parent in parents):
        world.block.put_snapshot(
            replace(snapshot, status="available", updated_at=world.now, due_at=None)
        )
        tell(world, SNAPSHOT_BUSY, snapshot.project_id, snapshot.id)
        return
    record = world.record(site.name, site.volumes_pool, name)
    if record is not None:
        kept = tuple(item for item in record.snapshots if item.name != held)
        world.put_rbd(site, site.volumes_pool, name, replace(record, snapshots=kept))
    world.block.drop_snapshot(snapshot)
