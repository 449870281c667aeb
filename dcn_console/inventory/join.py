"""Joining snapshots and tasks into the rows of the placement view.

Pure: the same inventory, tasks and moment give the same rows. A row that did not change is the
same object as before, so that screens can compare by identity.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from dcn_console.inventory.backup_dues import due_rows, judged, overdue_findings
from dcn_console.inventory.findings import site_findings
from dcn_console.inventory.image_rows import ImageRows, World
from dcn_console.inventory.keeping import same_rows, same_tuple
from dcn_console.inventory.mirror_join import Mirrored, MirrorJoiner
from dcn_console.inventory.needed import NeededImages
from dcn_console.inventory.storage_findings import missing_services
from dcn_console.inventory.storage_join import StorageJoiner, Stored
from dcn_console.inventory.tallies import Counts, Gathered
from dcn_console.inventory.volume_rows import VolumeRows, with_more
from dcn_console.model.backup_plans import BackupPlan
from dcn_console.model.inventory import (
    Capacity,
    CinderService,
    Inventory,
)
from dcn_console.model.rows import DueRow, Finding, Rows, SiteRow, StoreRow, VolumeRow
from dcn_console.model.storage import Backup
from dcn_console.model.tasks import Task

_JUDGE_EVERY = timedelta(minutes=1)
"""How often backups are judged by the clock alone."""


def rows(
    inventory: Inventory,
    tasks: Sequence[Task],
    now: datetime,
    previous: Rows | None = None,
    plans: Sequence[BackupPlan] = (),
) -> Rows:
    """Return the joined rows; those equal to a row of ``previous`` are that same object."""
    return Joiner(previous, plans).rows(inventory, tasks, now)


class Joiner:
    """Joins again and again, doing over only what changed since its last time.

    ``plans`` say which volumes are to be backed up how often.
    """

    def __init__(self, previous: Rows | None = None, plans: Sequence[BackupPlan] = ()) -> None:
        self._plans = tuple(plans)
        self._overdue: dict[str, tuple[Finding, ...]] = {}
        self._dues: tuple[DueRow, ...] = ()
        self._judged_at: datetime | None = None
        self._rows = previous or Rows()
        self._inventory: Inventory | None = None
        self._image_rows = ImageRows(self._rows.images)
        self._mirrors = MirrorJoiner()
        self._mirrored = Mirrored()
        self._storage = StorageJoiner()
        self._stored: Stored | None = None
        self._last_backups: Mapping[str, Backup] = {}
        self._needed = NeededImages()
        self._volume_rows = VolumeRows(self._rows.volumes)
        self._plain_volumes = self._rows.volumes
        self._counts = Counts()
        self._gathered = Gathered()

    def rows(self, inventory: Inventory, tasks: Sequence[Task], now: datetime) -> Rows:
        """Return the joined rows of this moment."""
        old = self._rows
        images = same_tuple(old.images, self._image_rows.joined(World.of(inventory, tasks, now)))
        mirrored = self._mirrors.joined(inventory, tasks, now)
        stored = self._storage.joined(inventory)
        overdue = self._judge_backups(inventory, stored, now)
        volumes = self._join_volumes(inventory, mirrored, stored, overdue)
        counts = self._counts = self._counts.now(inventory)
        sites = same_rows(old.sites, _site_rows(inventory, counts, now))
        stores = same_rows(old.stores, _store_rows(inventory, counts))
        kept = same_rows if self._inventory is None else same_tuple
        mirrors = kept(old.mirrors, mirrored.rows)
        pairs = kept(old.pairs, mirrored.pairs)
        before, self._stored = self._stored, stored
        backups, snapshots, servers = old.backups, old.snapshots, old.servers
        if before is None or before.backups is not stored.backups:
            backups = same_rows(backups, stored.backups)
        if before is None or before.snapshots is not stored.snapshots:
            snapshots = same_rows(snapshots, stored.snapshots)
        if before is None or before.servers is not stored.servers:
            servers = same_rows(servers, stored.servers)
        self._gathered = self._gathered.now(
            sites, images, volumes, backups, self._needed.judged(inventory), mirrored.findings
        )
        self._inventory = inventory
        new = Rows(
            sites=sites,
            stores=stores,
            images=images,
            volumes=volumes,
            mirrors=mirrors,
            pairs=pairs,
            backups=backups,
            dues=self._dues,
            snapshots=snapshots,
            servers=servers,
            findings=self._gathered.all,
        )
        if not _identical(old, new):
            self._rows = new
        return self._rows

    def _judge_backups(
        self, inventory: Inventory, stored: Stored, now: datetime
    ) -> dict[str, tuple[Finding, ...]]:
        """Return what is overdue, by volume id: judged with new good backups, or a minute later."""
        last = self._inventory
        if not (
            last is not None
            and self._judged_at is not None
            and now - self._judged_at < _JUDGE_EVERY
            and last.topology is inventory.topology
            and last.volumes.complete == inventory.volumes.complete
            and last.backups.complete == inventory.backups.complete
            and last.marked.rows is inventory.marked.rows
            and stored.last_backups is self._last_backups
        ):
            dues = judged(self._plans, inventory, now)
            self._dues = same_rows(self._dues, due_rows(self._plans, dues, inventory))
            found = overdue_findings(dues, inventory.topology)
            self._judged_at = now
            return self._overdue if found == self._overdue else found
        return self._overdue

    def _join_volumes(
        self,
        inventory: Inventory,
        mirrored: Mirrored,
        stored: Stored,
        overdue: dict[str, tuple[Finding, ...]],
    ) -> tuple[VolumeRow, ...]:
        plain = self._volume_rows.joined(inventory)
        if (
            plain is self._plain_volumes
            and mirrored is self._mirrored
            and stored.last_backups is self._last_backups
            and overdue is self._overdue
        ):
            return self._rows.volumes
        self._plain_volumes, self._mirrored = plain, mirrored
        self._last_backups, self._overdue = stored.last_backups, overdue
        old, by_volume = self._rows.volumes, mirrored.by_volume
        return with_more(old, plain, by_volume, stored.last_backups, overdue)


def _site_rows(inventory: Inventory, counts: Counts, now: datetime) -> Iterable[SiteRow]:
    services: dict[str | None, list[CinderService]] = {}
    for service in inventory.services.rows:
        services.setdefault(service.availability_zone, []).append(service)
    for site in inventory.topology:
        cluster = inventory.clusters.get(site.name)
        state = cluster.rows[0] if cluster is not None and cluster.rows else None
        zone = site.availability_zone
        yield SiteRow(
            site=site,
            capacity=state.capacity if state else None,
            health=state.health if state else None,
            warnings=state.warnings if state else (),
            images=counts.images.get(site.store, 0) if site.store else 0,
            volumes=counts.volumes.get(zone, 0) if zone else 0,
            taken_at=cluster.taken_at if cluster else None,
            error=cluster.error if cluster else None,
            unreachable_since=cluster.failing_since if cluster else None,
            findings=(
                *site_findings(site, cluster, services.get(zone, ()) if zone else (), now),
                *missing_services(site, inventory.topology, inventory.services.rows),
            ),
        )


def _store_rows(inventory: Inventory, counts: Counts) -> Iterable[StoreRow]:
    for store in inventory.stores.rows:
        site = inventory.topology.with_store(store.id)
        yield StoreRow(
            store=store,
            site=site.name if site else None,
            capacity=_capacity(inventory, site.name) if site else None,
            images=counts.images.get(store.id, 0),
        )


def _capacity(inventory: Inventory, site: str) -> Capacity | None:
    cluster = inventory.clusters.get(site)
    return cluster.rows[0].capacity if cluster is not None and cluster.rows else None


def _identical(old: Rows, new: Rows) -> bool:
    return (
        old.sites is new.sites
        and old.stores is new.stores
        and old.images is new.images
        and old.volumes is new.volumes
        and old.mirrors is new.mirrors
        and old.pairs is new.pairs
        and old.backups is new.backups
        and old.dues is new.dues
        and old.snapshots is new.snapshots
        and old.servers is new.servers
        and old.findings is new.findings
    )
