"""Mirroring of the demo: its past is played through, so that it fits together."""

from msgspec.structs import replace

from dcn_console.model.mirroring import MirrorMode
from dcn_console.simulator import demo_data as data
from dcn_console.simulator.deployment import Contents
from dcn_console.simulator.mirror_clock import advance_mirrors, write
from dcn_console.simulator.mirror_orders import Order
from dcn_console.simulator.mirror_peers import add_schedule
from dcn_console.simulator.mirror_records import WriterRecord
from dcn_console.simulator.records import MIB, SimulatedSite, VolumeRecord
from dcn_console.simulator.volumes import rbd_name
from dcn_console.simulator.world import World

_ENABLED = 3 * 86400.0
_SCHEDULED = 3600.0
_FORCED = 5 * 3600.0
_DEMOTED = 4 * 3600.0
_WRITING = 600.0
_PAST_BANDWIDTH = 400.0 * MIB
_BACKLOG = 1800
"""Entries that the volume that is behind begins with."""


def mirrored(contents: Contents) -> Contents:
    """Return the demo's contents with the volumes mirrored that shall be, as of ``now``."""
    now = contents.now
    fast = tuple(replace(site, bandwidth=_PAST_BANDWIDTH) for site in contents.deployment.sites)
    world = World(replace(contents, deployment=replace(contents.deployment, sites=fast)))
    volumes = {volume.name or "": volume for volume in contents.volumes}
    _until(world, now - _ENABLED)
    for item in data.MIRRORED:
        _order(world, volumes[item.name]).enable(item.mode)
    _until(world, now - _FORCED)
    _split(world, volumes[data.SPLIT_BRAIN], now)
    _until(world, now - _SCHEDULED)
    for item in data.MIRRORED:
        if item.interval:
            volume = volumes[item.name]
            site = _site(world, volume.site)
            add_schedule(world, site, site.volumes_pool, rbd_name(volume), item.interval)
    _until(world, now - _WRITING)
    for name, seconds, entries in (
        ("ledger-db", 20.0, 12),
        ("shop-media", 15.0, 10),
        (data.BEHIND, 10.0, 404),
    ):
        _let_write(world, volumes[name], seconds, entries)
    _until(world, now - 5.0)
    behind = volumes[data.BEHIND]
    site = _site(world, behind.site)
    write(world, site, site.volumes_pool, rbd_name(behind), {}, _BACKLOG, world.now)
    _order(world, volumes[data.FIRST_SYNC]).enable(MirrorMode.JOURNAL)
    _until(world, now - 1.0)
    found = world.contents()
    return replace(found, now=now, deployment=contents.deployment)


def _until(world: World, now: float) -> None:
    world.now = now
    advance_mirrors(world, now)


def _site(world: World, name: str) -> SimulatedSite:
    site = world.deployment.site(name)
    if site is None:
        raise LookupError(name)
    return site


def _order(world: World, volume: VolumeRecord, site_name: str = "") -> Order:
    site = _site(world, site_name or volume.site)
    return Order(world, site, site.volumes_pool, rbd_name(volume))


def _split(world: World, volume: VolumeRecord, now: float) -> None:
    """Promote the volume at Leeds by force, write at both sides, demote the old primary."""
    name = rbd_name(volume)
    leeds, central = _site(world, data.LEEDS), _site(world, data.CENTRAL)
    _order(world, volume, data.LEEDS).promote(force=True)
    for site, objects in ((central, (3, 40)), (leeds, (3, 77, 78))):
        changes = {number: f"{name}/{site.name}/{number}" for number in objects}
        write(world, site, site.volumes_pool, name, changes, 12, world.now + 60.0)
    _until(world, now - _DEMOTED)
    _order(world, volume).demote()


def _let_write(world: World, volume: VolumeRecord, seconds: float, entries: int) -> None:
    site = _site(world, volume.site)
    server_id = volume.attachments[0].server_id if volume.attachments else ""
    world.mirrors.put_writer(
        WriterRecord(
            site=site.name,
            pool=site.volumes_pool,
            name=rbd_name(volume),
            seconds=seconds,
            entries=entries,
            due_at=world.now + seconds,
            server_id=server_id,
        )
    )
