"""What a cluster answers about mirroring: pools, daemons, RBD images, and how a sync goes."""

from datetime import UTC, datetime
from typing import Any

from dcn_console.simulator.cluster_answer import ClusterAnswer, Parameters, found, text
from dcn_console.simulator.mirror_clock import settle_image
from dcn_console.simulator.mirror_peers import site_name
from dcn_console.simulator.mirror_records import MirrorRecord, ReplayRecord
from dcn_console.simulator.mirror_reports import died_at, is_up, report_of
from dcn_console.simulator.rbd_content import image_id
from dcn_console.simulator.rbd_data import OBJECT
from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.world import World

VERSION = "16.2.15"


def moment(seconds: float | None) -> str | None:
    """Return a time as the protocol has it."""
    if not seconds:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def mirror_pool(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer mode, names and peers of a pool."""
    pool = text(parameters, "pool")
    record = world.mirrors.pool(site.name, pool)
    peers = [
        {
            "uuid": peer.uuid,
            "site_name": peer.site_name,
            "direction": peer.direction,
            "mirror_uuid": peer.mirror_uuid,
            "client_name": peer.client_name,
        }
        for peer in record.peers
    ]
    return ClusterAnswer(
        result={
            "name": pool,
            "mode": record.mode,
            "site_name": site_name(world, site),
            "mirror_uuid": record.uuid,
            "peers": peers,
        }
    )


def mirror_daemons(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer the rbd-mirror daemon of a pool, which is forgotten a while after its end."""
    pool = text(parameters, "pool")
    record = world.mirrors.pool(site.name, pool)
    died = died_at(world, site.name)
    if not record.peers or (
        died is not None and world.now - died >= world.deployment.mirroring.gone
    ):
        return ClusterAnswer(result=[])
    problems = []
    source = world.mirrors.source(site.name, pool)
    other = world.deployment.site(source.site) if source else None
    if source is not None and other is not None and world.is_unconnectable(other):
        problems.append(f"error: unable to connect to remote cluster {source.site_name}")
    daemon = {
        "name": site.cluster,
        "hostname": f"mirror-{site.name}",
        "version": VERSION,
        "leader": True,
        "problems": problems,
    }
    return ClusterAnswer(result=[daemon])


def mirror_schedules(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer the schedules of a pool and of its RBD images."""
    record = world.mirrors.pool(site.name, text(parameters, "pool"))
    return ClusterAnswer(
        result=[
            {"image": item.image, "interval": item.interval, "start_time": ""}
            for item in record.schedules
        ]
    )


def mirror_images(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer all mirrored RBD images of a pool."""
    pool = text(parameters, "pool")
    known = [
        _as_listed(mirrored_image(world, site, pool, name, record, record.mirroring))
        for name, record in sorted(world.rbd(site, pool).items())
        if record.mirroring is not None
    ]
    return ClusterAnswer(parts=known, result={"count": len(known)})


def _as_listed(image: dict[str, Any]) -> dict[str, Any]:
    """Take away the words that librbd's list hides: those of state unknown (16.2.15)."""
    for status in (image["status"], *(one["status"] for one in image["remote"])):
        if status is not None and status["state"] == "unknown":
            status["text"] = ""
    return image


def mirrored_image(
    world: World,
    site: SimulatedSite,
    pool: str,
    name: str,
    record: RbdRecord,
    mirroring: MirrorRecord,
) -> dict[str, Any]:
    """Return one mirrored RBD image as the protocol has it."""
    uuids = {peer.site: peer.mirror_uuid for peer in world.mirrors.pool(site.name, pool).peers}
    local = None
    remote = []
    for replay in world.mirrors.replays_of(pool, mirroring.global_id):
        status = _status(world, replay)
        if status is None:
            continue
        if replay.site == site.name:
            local = status
        elif replay.origin == site.name and uuids.get(replay.site):
            remote.append({"mirror_uuid": uuids[replay.site], "status": status})
    return {
        "name": name,
        "id": image_id(site, pool, name, record, world),
        "global_id": mirroring.global_id,
        "mode": mirroring.mode,
        "primary": mirroring.primary,
        "enabled": True,
        "status": local,
        "remote": remote,
    }


def _status(world: World, replay: ReplayRecord) -> dict[str, Any] | None:
    report = report_of(world, replay, world.now)
    if report is None:
        return None
    return {
        "state": report.state,
        "up": is_up(world, replay, world.now),
        "reported_at": moment(report.at),
        "text": report.text,
    }


def sync_progress(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer how far the sync of an RBD image got: its newest mirror snapshot, else its data."""
    pool, name = text(parameters, "pool"), text(parameters, "name")
    settle_image(world, pool, name, world.now)
    record = found(world, site, parameters)
    done = record.used
    snapshots = record.mirroring.snapshots if record.mirroring else ()
    if snapshots:
        newest = snapshots[-1]
        done = record.size if newest.complete else (newest.copied_objects or 0) * OBJECT
    return ClusterAnswer(result={"done": min(done, record.size), "total": record.size})
