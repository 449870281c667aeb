"""What is wrong with backups, Cinder's services, and images needed where they are not. Pure."""

from collections.abc import Iterable, Iterator, Sequence, Set

import msgspec

from dcn_console.model.backup_chains import BackupNode, data_time
from dcn_console.model.findings import (
    BACKUP_BROKEN,
    BACKUP_FAILED,
    IMAGE_NEEDED,
    SERVICE_MISSING,
    Finding,
    Severity,
)
from dcn_console.model.inventory import CinderService, Image, Inventory
from dcn_console.model.sites import Site, Topology
from dcn_console.model.storage import Backup
from dcn_console.model.text import count, printable

_NAMED = 2
"""Servers and volumes that a sentence names before it counts the others."""


def backup_findings(
    node: BackupNode, last_good: Backup | None, *, volume_is_gone: bool = False
) -> tuple[Finding, ...]:
    """Return the findings of one backup; ``last_good`` is the volume's newest good one.

    That a backup failed matters no more once its volume is gone.
    """
    backup = node.backup
    name = f"Backup “{printable(backup.label)}”"
    if backup.status == "error":
        healed = last_good is not None and data_time(last_good) >= data_time(backup)
        if healed or volume_is_gone:
            return ()
        reason = f": {printable(backup.fail_reason, 300)}" if backup.fail_reason else "."
        return (
            Finding(
                kind=BACKUP_FAILED,
                severity=Severity.WARNING,
                key=backup.id,
                text=f"{name} failed and no later one of its volume is good{reason}",
                way_out="Back the volume up again, and delete the failed backup: Cinder refuses "
                "increments while the newest backup is a failed one.",
            ),
        )
    if node.is_broken and backup.status == "available":
        return (
            Finding(
                kind=BACKUP_BROKEN,
                severity=Severity.ERROR,
                key=backup.id,
                text=f"{name} is an increment, and the backup it builds on is not there.",
                way_out="Make a full backup of its volume; this one may not be restored.",
            ),
        )
    return ()


def missing_services(
    site: Site, topology: Topology, services: Sequence[CinderService]
) -> Iterator[Finding]:
    """Yield what a site lacks of Cinder; ``services`` are all that Cinder lists, none unknown."""
    zone = site.availability_zone
    if not services or zone is None:
        return
    there = {service.binary for service in services if service.availability_zone == zone}
    yield from _disabled(site, zone, services)
    if "cinder-volume" not in there:
        yield Finding(
            kind=SERVICE_MISSING,
            severity=Severity.WARNING,
            key=site.name,
            site=site.name,
            text=f"Site {site.name}: no cinder-volume is in availability zone {printable(zone)}, "
            "so no volume can be made there.",
            way_out="Start one there, or mend the site's availability_zone in the configuration.",
        )
    if topology.hub is site and "cinder-backup" not in there:
        places = sorted(
            {
                printable(service.availability_zone or "–")
                for service in services
                if service.binary == "cinder-backup"
            }
        )
        elsewhere = f" It is in {', '.join(places)}." if places else ""
        yield Finding(
            kind=SERVICE_MISSING,
            severity=Severity.NOTICE,
            key=site.name,
            site=site.name,
            text=f"Site {site.name}: no cinder-backup is in availability zone {printable(zone)}, "
            f"so nothing can be backed up there.{elsewhere}",
            way_out="Start one there if volumes are to be backed up.",
        )


def _disabled(site: Site, zone: str, services: Sequence[CinderService]) -> Iterator[Finding]:
    """Yield that every cinder-volume of a site is disabled: the scheduler takes none of them."""
    there = [
        service
        for service in services
        if service.binary == "cinder-volume" and service.availability_zone == zone
    ]
    if not there or any(service.status != "disabled" for service in there):
        return
    hosts = ", ".join(
        printable(service.host)
        + (f" ({printable(service.disabled_reason, 100)})" if service.disabled_reason else "")
        for service in there
    )
    yield Finding(
        kind=SERVICE_MISSING,
        severity=Severity.WARNING,
        key=site.name,
        site=site.name,
        text=f"Site {site.name}: cinder-volume is disabled on {hosts}, so no volume can be made "
        "there.",
        way_out="“openstack volume service set --enable HOST cinder-volume” when it is mended.",
    )


class _Users(msgspec.Struct, gc=False):
    """Who uses one image at one site: how many, and the names of some, servers first."""

    servers: int = 0
    volumes: int = 0
    names: tuple[str, ...] = ()


def images_needed(inventory: Inventory, among: Set[str] | None = None) -> tuple[Finding, ...]:
    """Return a finding for each image that is used at a site whose store lacks it.

    A server that boots from the image needs it there at the next start; volumes made of it were
    copied whole, and so will be the next ones. ``among`` are the ids of the images to look at.
    """
    images = inventory.images.rows
    if among is not None:
        images = tuple(image for image in images if image.id in among)
    lacking = _lacking(images, inventory.topology)
    if not lacking:
        return ()
    zones = {
        site.availability_zone: site.name
        for site in reversed(inventory.topology.sites)
        if site.availability_zone and site.store
    }
    users: dict[tuple[str, str], _Users] = {}
    for server in inventory.servers.rows:
        site = zones.get(server.availability_zone or "")
        if site is not None and server.image_id and site in lacking.get(server.image_id, ()):
            used = users.setdefault((server.image_id, site), _Users())
            used.servers += 1
            if used.servers <= _NAMED:
                used.names += (f"server {printable(server.label, 60)}",)
    for volume in inventory.volumes.rows:
        if volume.image_id is None or volume.image_id not in lacking:
            continue
        site = zones.get(volume.availability_zone or "")
        if site is not None and site in lacking[volume.image_id]:
            used = users.setdefault((volume.image_id, site), _Users())
            used.volumes += 1
            if len(used.names) < _NAMED:
                used.names += (f"volume {printable(volume.label, 60)}",)
    names = {image.id: image.label for image in images if image.id in lacking}
    ways_out = {site: _way_out(site) for site in zones.values()}
    return tuple(
        _needed(image_id, names[image_id], site, users[image_id, site], ways_out[site])
        for image_id, site in sorted(users)
    )


def _lacking(images: Iterable[Image], topology: Topology) -> dict[str, tuple[str, ...]]:
    """Return by image id the sites whose store lacks the image and is not getting it."""
    places = [(site.name, site.store) for site in topology if site.store]
    known: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}
    lacking = {}
    for image in images:
        if image.status != "active" or not image.size:
            continue
        where = (image.stores, image.importing_to)
        sites = known.get(where)
        if sites is None:
            having = {*image.stores, *image.importing_to}
            sites = known[where] = tuple(name for name, store in places if store not in having)
        if sites:
            lacking[image.id] = sites
    return lacking


def _needed(image_id: str, label: str, site: str, users: _Users, way_out: str) -> Finding:
    more = users.servers + users.volumes - len(users.names)
    who = ", ".join(users.names) + (f" and {count(more, 'other')}" if more else "")
    return Finding(
        kind=IMAGE_NEEDED,
        severity=Severity.WARNING if users.servers else Severity.NOTICE,
        key=image_id,
        site=site,
        text=f"Image “{printable(label)}” is needed at {site}, by {who}, "
        "but its store has no copy.",
        way_out=way_out,
    )


def _way_out(site: str) -> str:
    """Return what to do; there are many such findings, and they share it."""
    return (
        f"Copy it to {site}: without a copy there every new volume or server made of it "
        "is a full copy over the network."
    )
