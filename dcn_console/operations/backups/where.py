"""Where Ceph keeps a backup, and where the volume has the very data that was backed up.

The Ceph driver (cinder/backup/drivers/ceph.py) keeps a chain in one RBD image
``volume-VOLUME.backup.FULL`` with a snapshot ``backup.ID.snap.TIME`` for each backup in it; the
volume's own RBD image has a snapshot of the same name. Backups of Cinder's snapshots are copied
whole into ``volume-VOLUME.backup.base``, which older releases used for everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.backup_chains import chain_of
from dcn_console.model.errors import RbdImageNotFound, UsageError
from dcn_console.model.inventory import Volume
from dcn_console.model.mirroring import RbdDetail
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup

DEFAULT_POOL = "backups"
"""Of the option backup_ceph_pool; a backup names its own as its container."""


@dataclass(frozen=True)
class Place:
    """An RBD image at a site, at a snapshot or, without one, at its head. Sizes are bytes."""

    site: str
    cluster: Cluster
    pool: str
    image: str
    snapshot: str = ""
    snapshot_id: int | None = None
    size: int = 0
    object_size: int = 4 << 20

    @property
    def words(self) -> str:
        """What people call it."""
        return (
            f"{self.site} ({self.pool}/{self.image}{'@' if self.snapshot else ''}{self.snapshot})"
        )


def hub_of(services: Services) -> Site:
    """Return the hub, where backups are kept; raises UsageError without one."""
    hub = services.topology.hub
    if hub is None:
        raise UsageError(
            "The configuration has no hub, and backups are kept there.",
            way_out="Give one site role = “hub”, or run: dcn-console init",
        )
    return hub


def site_of(services: Services, volume: Volume) -> Site | None:
    """Return the site of a volume, by its availability zone."""
    zone = volume.availability_zone
    return services.topology.in_availability_zone(zone) if zone else None


def snapshot_prefix(backup_id: str) -> str:
    """Return how the names of a backup's snapshots begin."""
    return f"backup.{backup_id}.snap."


def image_of(volume_id: str) -> str:
    """Return the name of a volume's RBD image (Cinder's volume_name_template)."""
    return f"volume-{volume_id}"


def kept_images(backup: Backup, backups: Iterable[Backup]) -> tuple[str, ...]:
    """Return the names that the RBD image with the data of ``backup`` can have, likeliest first."""
    volume = image_of(backup.volume_id or "")
    base = f"{volume}.backup.base"
    if backup.snapshot_id is not None:
        return (base,)
    chain = chain_of(backup, backups)[0].chain
    return (f"{volume}.backup.{chain}", base)


def pool_of(backup: Backup) -> str:
    """Return the pool of a backup; until its transfer begins Cinder does not tell."""
    return backup.container or DEFAULT_POOL


async def kept(services: Services, backup: Backup, backups: Iterable[Backup]) -> Place | None:
    """Return where the hub's cluster keeps a backup, None without Ceph access there.

    Raises RbdImageNotFound when it is not there, and ClusterError when nobody can tell.
    """
    hub = hub_of(services)
    cluster = services.clusters.get(hub.name)
    if cluster is None:
        return None
    pool, names = pool_of(backup), kept_images(backup, tuple(backups))
    for name in names:
        try:
            detail = await cluster.content.detail(pool, name)
        except RbdImageNotFound:
            continue
        if backup.snapshot_id is not None:
            return place_at(hub.name, cluster, pool, detail, "")
        snapshot = snapshot_named(detail, snapshot_prefix(backup.id))
        if snapshot:
            return place_at(hub.name, cluster, pool, detail, snapshot)
    raise RbdImageNotFound(
        f"Site {hub.name}: pool {pool} has no RBD image with the data of backup “{backup.label}”.",
        way_out="It cannot be restored; back the volume up anew.",
    )


async def source_of(services: Services, backup: Backup, volume: Volume) -> Place | None:
    """Return the snapshot of the volume that holds what was backed up.

    None without Ceph access to the volume's site, or when the snapshot is gone. Raises
    ClusterError when nobody can tell.
    """
    site = site_of(services, volume)
    cluster = services.clusters.get(site.name) if site is not None else None
    if site is None or site.cluster is None or cluster is None:
        return None
    pool = site.cluster.volumes_pool
    try:
        detail = await cluster.content.detail(pool, image_of(volume.id))
    except RbdImageNotFound:
        return None
    wanted = f"snapshot-{backup.snapshot_id}" if backup.snapshot_id else snapshot_prefix(backup.id)
    snapshot = snapshot_named(detail, wanted)
    return place_at(site.name, cluster, pool, detail, snapshot) if snapshot else None


def snapshot_named(detail: RbdDetail, prefix: str) -> str:
    """Return the newest snapshot whose name begins with ``prefix``, "" for none."""
    found = [one for one in detail.snapshots if one.name.startswith(prefix)]
    return max(found, key=lambda one: one.id).name if found else ""


def place_at(site: str, cluster: Cluster, pool: str, detail: RbdDetail, snapshot: str) -> Place:
    """Return the place of an RBD image at a snapshot of it, "" for its head."""
    found = next((one for one in detail.snapshots if one.name == snapshot), None)
    return Place(
        site=site,
        cluster=cluster,
        pool=pool,
        image=detail.name,
        snapshot=snapshot,
        snapshot_id=found.id if found is not None else None,
        size=found.size if found is not None else detail.size,
        object_size=detail.object_size,
    )


async def used_at(place: Place) -> int:
    """Return the bytes in use at a place, in whole objects. Raises ClusterError."""
    used = await place.cluster.content.used_objects(place.pool, place.image, place.snapshot_id)
    return min(used.size, len(used.numbers) * used.object_size)
