"""What a plan of a backup is made from: the volume, its backups, and what Ceph holds of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.backup_chains import GOOD, chain_of, newest
from dcn_console.model.errors import ClusterError, RbdImageNotFound
from dcn_console.model.inventory import Volume
from dcn_console.model.mirroring import RbdDetail
from dcn_console.model.plans import Check
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup, VolumeSnapshot
from dcn_console.model.text import count
from dcn_console.operations.backups.where import (
    DEFAULT_POOL,
    hub_of,
    image_of,
    kept,
    pool_of,
    site_of,
    snapshot_named,
    snapshot_prefix,
)
from dcn_console.operations.mirror_room import room_checks
from dcn_console.operations.mirror_subject import fine, warned

_SOME = 50
"""So many of all backups are looked at for one that names its pool."""


@dataclass(frozen=True)
class Scene:
    """The volume to back up as it is now.

    ``backups`` are those of the project that asks, ``of_others`` is how many other projects have.
    """

    volume: Volume
    site: Site | None
    hub: Site
    backups: tuple[Backup, ...]
    snapshot: VolumeSnapshot | None = None
    of_others: int = 0


@dataclass(frozen=True)
class Base:
    """What an increment would build on: the newest backup, its chain, and its snapshot."""

    parent: Backup
    chain: str
    snapshot: str = ""


async def look_at_scene(services: Services, volume_id: str, snapshot_id: str | None) -> Scene:
    """Look the volume and its backups up. Raises ObjectNotFound and other ServiceErrors."""
    volume = await services.cinder.volume(volume_id)
    snapshot = await services.cinder.snapshots.snapshot(snapshot_id) if snapshot_id else None
    backups = await services.cinder.backups.of_volume(volume_id)
    project = services.cloud.project_id
    ours = tuple(one for one in backups if one.project_id in (None, project) or not project)
    return Scene(
        volume=volume,
        site=site_of(services, volume),
        hub=hub_of(services),
        backups=ours,
        snapshot=snapshot,
        of_others=len(backups) - len(ours),
    )


async def base_of(services: Services, scene: Scene) -> tuple[Base | None, list[Check]]:
    """Return what an increment builds on, None for why a full backup has to be made, in checks.

    Cinder builds on the backup with the newest data and refuses when that one is not available.
    The Ceph driver needs its snapshot on the volume, and its data at the hub.
    """
    parent = newest(scene.backups)
    if parent is None and scene.of_others:
        theirs = count(scene.of_others, "backup is", "backups are")
        text = f"This volume's {theirs} of another project, and Cinder builds on none of them: "
        return None, [warned(f"{text}this will be a full one.")]
    if parent is None:
        return None, [fine("There is no earlier backup to build on: this will be a full one.")]
    label = f"“{parent.label}”"
    if parent.status != GOOD:
        text = f"The newest backup, {label}, is {parent.status}, and Cinder builds on no other: "
        way_out = f"Delete it first for an increment: dcn-console backup delete {parent.id}"
        return None, [warned(f"{text}this will be a full one.", way_out)]
    if parent.snapshot_id is not None:
        text = f"The newest backup, {label}, is one of a snapshot, on which nothing can build: "
        return None, [warned(f"{text}this will be a full one.")]
    chain = chain_of(parent, scene.backups)[0].chain
    try:
        place = await kept(services, parent, scene.backups)
        detail = await source_detail(services, scene)
    except RbdImageNotFound as error:
        text = f"The data of {label} is not there to build on: this will be a full one. "
        return None, [warned(text + error.message)]
    except ClusterError as error:
        unknown = warned(f"Whether {label} can be built on is not known: {error.message}")
        return Base(parent, chain), [unknown]
    if detail is None or place is None:
        return Base(parent, chain), [fine(f"It builds on {label}.")]
    snapshot = snapshot_named(detail, snapshot_prefix(parent.id))
    if not snapshot:
        text = f"The volume has lost the snapshot that {label} left on it (it was restored, moved "
        return None, [warned(f"{text}or cleaned up): this will be a full one.")]
    return Base(parent, chain, snapshot), [fine(f"It builds on {label}.")]


async def source_detail(services: Services, scene: Scene) -> RbdDetail | None:
    """Return the volume's RBD image, None without Ceph access. Raises ClusterError."""
    site = scene.site
    cluster = services.clusters.get(site.name) if site is not None else None
    if site is None or site.cluster is None or cluster is None:
        return None
    return await cluster.content.detail(site.cluster.volumes_pool, image_of(scene.volume.id))


async def bytes_to_move(
    services: Services, scene: Scene, base: Base | None
) -> tuple[int | None, list[Check]]:
    """Return the bytes that will arrive at the hub, None when nobody can tell, and why not.

    A snapshot is copied whole, holes too. A clone's data in its parent comes along.
    """
    if scene.snapshot is not None:
        return scene.volume.size, []
    site = scene.site
    cluster = services.clusters.get(site.name) if site is not None else None
    if site is None or site.cluster is None or cluster is None or (base and not base.snapshot):
        return None, []
    pool, name = site.cluster.volumes_pool, image_of(scene.volume.id)
    try:
        if base is not None:
            return await cluster.used_bytes(pool, name, since=base.snapshot), []
        detail = await cluster.content.detail(pool, name)
        if detail.parent is None:
            return await cluster.used_bytes(pool, name), []
        used = await cluster.content.used_objects(pool, name)
    except ClusterError as error:
        text = f"How many bytes will move is not known: {error.message}"
        return None, [warned(text, error.way_out, site.name)]
    return min(used.size, len(used.numbers) * used.object_size), []


async def pool_for(services: Services, backups: Sequence[Backup]) -> str:
    """Return the pool that backups go to, by that of the newest one, "" when nothing tells.

    It is one for all (option backup_ceph_pool), so those of other volumes tell as well.
    """
    last = newest(one for one in backups if one.container)
    if last is not None:
        return pool_of(last)
    async for page in services.cinder.backups.pages(_SOME):
        return next((one.container for one in page if one.container), "")
    return ""


async def room_at_hub(services: Services, hub: Site, pool: str, total: int | None) -> list[Check]:
    """Compare the free space at the hub with the bytes to come; without a pool say that."""
    cluster = services.clusters.get(hub.name)
    if cluster is None:
        return []
    if not pool:
        try:
            there = DEFAULT_POOL in (await cluster.status()).pools
        except ClusterError as error:
            return [warned(f"{hub.name}: free space unknown. {error.message}", error.way_out)]
        if not there:
            text = f"{hub.name}: no backup tells yet which pool backups go to, so whether it has "
            return [warned(f"{text}room for one is not known.", site=hub.name)]
    return await room_checks(cluster, hub, pool or DEFAULT_POOL, total)
