"""Data on its way into RBD images: how fast, and what keeps it from moving."""

from collections import Counter

from msgspec.structs import replace

from dcn_console.simulator.block_records import TransferKind, TransferRecord
from dcn_console.simulator.rbd_data import objects_of
from dcn_console.simulator.world import World

_HALF_A_BYTE = 0.5


def move_transfers(world: World, since: float) -> tuple[TransferRecord, ...]:
    """Move what is on its way from the time ``since`` to ``world.now``; return what arrived."""
    arrived = []
    moving = [item for item in world.block.transfers if _is_moving(world, item)]
    sharers = Counter(item.target for item in moving)
    for item in moving:
        seconds = max(0.0, world.now - max(since, item.start_at))
        moved = item.done + seconds * _rate(world, item) / sharers[item.target]
        done = min(float(item.total), moved)
        advanced = replace(item, done=done)
        if done >= item.total - _HALF_A_BYTE:
            arrived.append(advanced)
        elif done > item.done:
            world.block.put_transfer(advanced)
            _show(world, advanced)
    return tuple(arrived)


def _is_moving(world: World, item: TransferRecord) -> bool:
    if world.now < item.start_at:
        return False
    sites = (world.deployment.site(name) for name in {item.source, item.target})
    known = [site for site in sites if site is not None]
    if any(world.is_blocked(site) or world.is_unconnectable(site) for site in known):
        return False
    if any(site.name in world.faults.full for site in known if site.name == item.target):
        return False
    if item.kind in (TransferKind.UPLOAD, TransferKind.COPY):
        return not any(site.name in world.faults.volume_down for site in known)
    return item.reader not in world.faults.backup_down


def _rate(world: World, item: TransferRecord) -> float:
    """Bytes a second: the slower of reading at one end and writing at the other."""
    source, target = world.deployment.site(item.source), world.deployment.site(item.target)
    if source is None or target is None:
        return world.deployment.hub.bandwidth
    if source == target:
        return target.bandwidth
    return min(source.staging_bandwidth, target.bandwidth)


def _show(world: World, item: TransferRecord) -> None:
    """Let the RBD image hold as much as has arrived; what it held before is still there."""
    site = world.deployment.site(item.target)
    record = world.record(item.target, item.pool, item.name)
    if site is None or record is None:
        return
    used = max(item.before, min(record.size, int(item.done)))
    data = record.data if item.before else item.data.cut(objects_of(int(item.done)))
    world.put_rbd(site, item.pool, item.name, replace(record, used=used, data=data))
