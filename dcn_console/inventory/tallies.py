"""What is counted and gathered over all rows, done over only where a list changed. Pure."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from dcn_console.model.backup_rows import BackupRow
from dcn_console.model.inventory import Image, Inventory, Volume
from dcn_console.model.rows import Finding, ImageRow, SiteRow, VolumeRow


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many copies of images are in each store, and how many volumes in each zone."""

    images: dict[str, int] = {}
    volumes: dict[str | None, int] = {}
    of_images: tuple[Image, ...] = ()
    of_volumes: tuple[Volume, ...] = ()

    def now(self, inventory: Inventory) -> "Counts":
        """Return the counts of this moment, the same object when no list changed."""
        images, volumes = inventory.images.rows, inventory.volumes.rows
        if images is self.of_images and volumes is self.of_volumes:
            return self
        of_stores, of_zones = self.images, self.volumes
        if images is not self.of_images:
            of_stores = _sums(Counter(image.stores for image in images))
        if volumes is not self.of_volumes:
            of_zones = Counter(volume.availability_zone for volume in volumes)
        return Counts(images=of_stores, volumes=of_zones, of_images=images, of_volumes=volumes)


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """All findings, and those of each kind of rows that they were put together from."""

    all: tuple[Finding, ...] = ()
    sites: tuple[SiteRow, ...] = ()
    images: tuple[ImageRow, ...] = ()
    volumes: tuple[VolumeRow, ...] = ()
    backups: tuple[BackupRow, ...] = ()
    needed: tuple[Finding, ...] = ()
    mirrors: tuple[Finding, ...] = ()

    def now(
        self,
        sites: tuple[SiteRow, ...],
        images: tuple[ImageRow, ...],
        volumes: tuple[VolumeRow, ...],
        backups: tuple[BackupRow, ...],
        needed: tuple[Finding, ...],
        mirrors: tuple[Finding, ...],
    ) -> "Gathered":
        """Return the findings of this moment; equal ones are the same tuple as before."""
        if (
            sites is self.sites
            and images is self.images
            and volumes is self.volumes
            and backups is self.backups
            and needed is self.needed
            and mirrors is self.mirrors
        ):
            return self
        found = (
            *_of_rows(sites),
            *_of_rows(images),
            *_of_rows(volumes),
            *needed,
            *_of_rows(backups),
            *mirrors,
        )
        return Gathered(
            all=self.all if found == self.all else found,
            sites=sites,
            images=images,
            volumes=volumes,
            backups=backups,
            needed=needed,
            mirrors=mirrors,
        )


def _sums(of_stores: Counter[tuple[str, ...]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for stores, number in of_stores.items():
        for store in stores:
            sums[store] += number
    return sums


def _of_rows(rows: Iterable[SiteRow | ImageRow | VolumeRow | BackupRow]) -> Iterable[Finding]:
    return (finding for row in rows if row.findings for finding in row.findings)
