"""Rows of the placement view: what the faces show, joined across services."""

from datetime import datetime
from enum import StrEnum

import msgspec

from dcn_console.model.backup_rows import BackupRow, DueRow, ServerRow, SnapshotRow
from dcn_console.model.findings import (
    BACKUP_BROKEN,
    BACKUP_FAILED,
    CLUSTER_UNHEALTHY,
    COPY_GONE,
    FINDING_KINDS,
    IMAGE_NEEDED,
    IMPORT_STALLED,
    NEARLY_FULL,
    NO_CENTRAL_COPY,
    NOT_RAW,
    SERVICE_DOWN,
    SERVICE_MISSING,
    SITE_UNREACHABLE,
    ZONE_MISMATCH,
    Finding,
    Severity,
)
from dcn_console.model.inventory import Capacity, Image, Store, Volume
from dcn_console.model.mirror_rows import MirrorPair, MirrorRow
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup

__all__ = [
    "BACKUP_BROKEN",
    "BACKUP_FAILED",
    "CLUSTER_UNHEALTHY",
    "COPY_GONE",
    "FINDING_KINDS",
    "IMAGE_NEEDED",
    "IMPORT_STALLED",
    "NEARLY_FULL",
    "NOT_RAW",
    "NO_CENTRAL_COPY",
    "SERVICE_DOWN",
    "SERVICE_MISSING",
    "SITE_UNREACHABLE",
    "ZONE_MISMATCH",
    "BackupRow",
    "Cell",
    "DueRow",
    "Finding",
    "ImageRow",
    "Placement",
    "Rows",
    "ServerRow",
    "Severity",
    "SiteRow",
    "SnapshotRow",
    "StoreRow",
    "VolumeRow",
]


class Placement(StrEnum):
    """The state of one image at one site."""

    PRESENT = "present"
    ABSENT = "absent"
    COPYING = "copying"
    QUEUED = "queued"
    FAILED = "failed"
    MISSING = "missing"
    """Wanted there, and not there."""
    GONE = "gone"
    """Glance lists the copy, but its RBD image or snapshot is not in the pool."""
    UNKNOWN = "unknown"
    """The site has no store that we know of."""


class Cell(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One image at one site.

    ``percent`` is set while copying and known; ``task`` is the number of our task, if it is ours.
    """

    site: str
    state: Placement
    percent: float | None = None
    task: int | None = None
    text: str = ""


class SiteRow(msgspec.Struct, frozen=True, kw_only=True):
    """A site with what is known of it.

    ``unreachable_since`` is set while its cluster does not answer.
    """

    site: Site
    capacity: Capacity | None = None
    health: str | None = None
    warnings: tuple[str, ...] = ()
    images: int = 0
    volumes: int = 0
    taken_at: datetime | None = None
    error: str | None = None
    unreachable_since: datetime | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """The site's name."""
        return self.site.name


class StoreRow(msgspec.Struct, frozen=True, kw_only=True):
    """A store with the site it belongs to (None for a store of no site, such as an http store)."""

    store: Store
    site: str | None = None
    capacity: Capacity | None = None
    images: int = 0

    @property
    def key(self) -> str:
        """The store's id."""
        return self.store.id


class ImageRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An image with one cell a site, in the order of the topology."""

    image: Image
    cells: tuple[Cell, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """The image's id."""
        return self.image.id

    def cell(self, site: str) -> Cell | None:
        """The image's cell at ``site``."""
        return next((cell for cell in self.cells if cell.site == site), None)


class VolumeRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A volume with its site, the name of its parent image and of the server it is attached to.

    ``mirrors`` has a row for each pair of sites that its RBD image is mirrored between.
    ``last_backup`` is the newest of its backups that can be restored.
    """

    volume: Volume
    site: str | None = None
    parent_image: str | None = None
    server: str | None = None
    mirrors: tuple[MirrorRow, ...] = ()
    last_backup: Backup | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        """The volume's id."""
        return self.volume.id


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Everything joined at one moment: the placement view, the mirroring page and the rest.

    ``mirrors`` has a row for each mirrored RBD image and pair of sites, ``pairs`` one for each
    mirrored pool and pair of sites, ``dues`` one for each volume of a backup plan.
    ``findings`` are those of all rows.
    """

    sites: tuple[SiteRow, ...] = ()
    stores: tuple[StoreRow, ...] = ()
    images: tuple[ImageRow, ...] = ()
    volumes: tuple[VolumeRow, ...] = ()
    mirrors: tuple[MirrorRow, ...] = ()
    pairs: tuple[MirrorPair, ...] = ()
    backups: tuple[BackupRow, ...] = ()
    dues: tuple[DueRow, ...] = ()
    snapshots: tuple[SnapshotRow, ...] = ()
    servers: tuple[ServerRow, ...] = ()
    findings: tuple[Finding, ...] = ()
