"""Pools, peers, site names and schedules of mirroring (librbd, api/Mirror.cc)."""

import base64
import json
import re

from msgspec.structs import replace

from dcn_console.model.mirroring import PeerDirection, PoolMode
from dcn_console.simulator.mirror_clock import notice
from dcn_console.simulator.mirror_records import PEER_CLIENT, PeerRecord, ScheduleRecord
from dcn_console.simulator.records import SimulatedSite
from dcn_console.simulator.refusals import ClusterRefusal, busy, invalid, missing
from dcn_console.simulator.world import World

_RECEIVES = "the pool receives from a peer already, and can from one only"
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0}
_INTERVAL = re.compile(r"([1-9][0-9]{0,5})([dhm])")


def site_name(world: World, site: SimulatedSite) -> str:
    """Return the name a cluster gave itself for mirroring, its fsid unless one was set."""
    return world.mirrors.site_names.get(site.name, site.fsid)


def set_site_name(world: World, site: SimulatedSite, name: str) -> None:
    """Name a cluster for mirroring; peers that its daemons ping learn it, others do not."""
    if not name.strip():
        raise invalid("error setting site name")
    world.mirrors.rename(site.name, name.strip())
    world.revision += 1


def set_mode(world: World, site: SimulatedSite, pool: str, mode: PoolMode) -> None:
    """Set a pool's mode; switching off is refused while it has mirrored RBD images or peers."""
    record = world.mirrors.pool(site.name, pool)
    images = world.rbd(site, pool).values()
    used = record.peers or any(image.mirroring for image in images)
    if mode is PoolMode.DISABLED and used:
        raise busy("error setting mirror mode disabled")
    uuid = record.uuid or world.new_identifier("mirror")
    world.mirrors.put_pool(site.name, pool, replace(record, uuid=uuid, mode=mode))


def token(world: World, site: SimulatedSite, pool: str) -> str:
    """Return a bootstrap token: a secret that lets another cluster connect to this one."""
    if world.mirrors.pool(site.name, pool).mode is PoolMode.DISABLED:
        raise invalid("error creating bootstrap token")
    content = {
        "fsid": site.fsid,
        "client_id": PEER_CLIENT,
        "key": f"simulated-key-of-{site.name}",
        "mon_host": "[v2:127.0.0.1:3300,v1:127.0.0.1:6789]",
    }
    return base64.b64encode(json.dumps(content).encode()).decode()


def import_token(
    world: World, site: SimulatedSite, pool: str, text: str, direction: PeerDirection
) -> None:
    """Add the cluster of a token as a peer; it is connected to, and learns of this one."""
    why = "error importing peer bootstrap token"
    record = world.mirrors.pool(site.name, pool)
    try:
        content = json.loads(base64.b64decode(text, validate=True))
        fsid = content["fsid"]
    except (ValueError, TypeError, KeyError):
        raise invalid(why) from None
    other = next((item for item in world.deployment.sites if item.fsid == fsid), None)
    if other is None or other.name == site.name or record.mode is PoolMode.DISABLED:
        raise invalid(why)
    if world.is_unconnectable(other) or world.is_blocked(other):
        raise ClusterRefusal("unreachable", f"[errno 110] RBD connection timed out ({why})")
    if world.mirrors.pool(other.name, pool).mode is PoolMode.DISABLED:
        raise invalid(why, "mirroring of the peer's pool is switched off")
    if site_name(world, other) == site_name(world, site):
        raise invalid(why, f"both clusters call themselves {site_name(world, site)}")
    if any(peer.direction.receives and peer.site != other.name for peer in record.peers):
        raise invalid(why, _RECEIVES)
    known = next((peer for peer in record.peers if peer.site == other.name), None)
    peer = PeerRecord(
        uuid=known.uuid if known else world.new_identifier("peer"),
        site=other.name,
        site_name=site_name(world, other),
        direction=_joined(known, direction),
        mirror_uuid=known.mirror_uuid if known else "",
        client_name=f"client.{PEER_CLIENT}",
    )
    kept = tuple(item for item in record.peers if item.site != other.name)
    world.mirrors.put_pool(site.name, pool, replace(record, peers=(*kept, peer)))
    _meet(world, site, other, pool)


def _joined(known: PeerRecord | None, direction: PeerDirection) -> PeerDirection:
    """Return what a peer is for when it is to be for ``direction`` as well."""
    return direction if known is None or known.direction is direction else PeerDirection.BOTH


def _meet(world: World, site: SimulatedSite, other: SimulatedSite, pool: str) -> None:
    """Let both sides know each other, as the first ping of a daemon does."""
    for here, there in ((site, other), (other, site)):
        if there.name in world.mirrors.receivers(here.name, pool):
            world.mirrors.learn(here.name, pool, there.name, world.new_identifier("peer"))
    for place in (site, other):
        for name, image in world.rbd(place, pool).items():
            if image.mirroring is not None:
                notice(world, pool, name, image.mirroring.global_id, world.now)


def rename_peer(world: World, site: SimulatedSite, pool: str, uuid: str, name: str) -> None:
    """Give a peer another name."""
    record = world.mirrors.pool(site.name, pool)
    if not any(peer.uuid == uuid for peer in record.peers):
        raise missing("error setting peer name")
    peers = tuple(
        replace(peer, site_name=name) if peer.uuid == uuid else peer for peer in record.peers
    )
    world.mirrors.put_pool(site.name, pool, replace(record, peers=peers))


def remove_peer(world: World, site: SimulatedSite, pool: str, uuid: str) -> None:
    """Forget a peer; what came from it is followed no more."""
    record = world.mirrors.pool(site.name, pool)
    gone = next((peer for peer in record.peers if peer.uuid == uuid), None)
    if gone is None:
        raise missing("error removing peer")
    kept = tuple(peer for peer in record.peers if peer is not gone)
    world.mirrors.put_pool(site.name, pool, replace(record, peers=kept))
    for replay in world.mirrors.replays():
        if replay.pool == pool and replay.site == site.name and replay.origin == gone.site:
            world.mirrors.drop_replay(replay)


def interval_seconds(interval: str) -> float:
    """Return the seconds of an interval such as "15m"; raise ClusterRefusal."""
    match = _INTERVAL.fullmatch(interval)
    if match is None:
        raise ClusterRefusal("invalid", f"Invalid interval ({interval})")
    return int(match.group(1)) * _UNITS[match.group(2)]


def add_schedule(
    world: World, site: SimulatedSite, pool: str, image: str | None, interval: str
) -> None:
    """Let mirror snapshots be taken every ``interval``, of one RBD image or of the pool."""
    seconds = interval_seconds(interval)
    if image is not None and image not in world.rbd(site, pool):
        raise ClusterRefusal("not-found", f"RBD image {pool}/{image} does not exist")
    record = world.mirrors.pool(site.name, pool)
    same = [item for item in record.schedules if item.image == image and item.interval == interval]
    if same:
        return
    due_at = (world.now // seconds + 1) * seconds
    added = ScheduleRecord(interval=interval, seconds=seconds, due_at=due_at, image=image)
    put = replace(record, schedules=(*record.schedules, added))
    world.mirrors.put_pool(site.name, pool, put)


def remove_schedule(
    world: World, site: SimulatedSite, pool: str, image: str | None, interval: str
) -> None:
    """Take the schedule away again; one that is not there is none."""
    record = world.mirrors.pool(site.name, pool)
    kept = tuple(
        item
        for item in record.schedules
        if not (item.image == image and interval in ("", item.interval))
    )
    world.mirrors.put_pool(site.name, pool, replace(record, schedules=kept))
