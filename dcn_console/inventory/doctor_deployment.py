"""The doctor's look at the deployment as a whole: what the guides for DCN ask of it.

Each check counts what the console shows one by one as findings (Red Hat OpenStack Platform 17.1:
Deploying a distributed compute node architecture).
"""

from collections.abc import Sequence
from typing import Any

from dcn_console.inventory.collect import (
    IMAGES,
    SERVERS,
    SERVICES,
    STORES,
    VOLUMES,
    collect,
)
from dcn_console.inventory.diagnosis import Area, Diagnosis
from dcn_console.inventory.findings import no_central_copy, volume_findings
from dcn_console.inventory.services import Services
from dcn_console.inventory.storage_findings import images_needed
from dcn_console.model.findings import Finding, Severity
from dcn_console.model.inventory import Inventory, Snapshot
from dcn_console.model.text import count, printable

DEPLOYMENT = Area("deployment")

_PARTS = frozenset({STORES, IMAGES, VOLUMES, SERVERS, SERVICES})
_NAMED = 3
"""Findings that a diagnosis tells in full."""


async def check_deployment(services: Services) -> tuple[Diagnosis, ...]:
    """Return what the guides' checks say, after reading all images, volumes and servers."""
    return diagnosed(await collect(services, _PARTS))


def diagnosed(inventory: Inventory) -> tuple[Diagnosis, ...]:
    """Return what the guides' checks say of an inventory."""
    return (
        _central_copies(inventory),
        _needed_images(inventory),
        _zones(inventory),
        _backup_zones(inventory),
    )


def _central_copies(inventory: Inventory) -> Diagnosis:
    subject = "central copies"
    hub = inventory.topology.hub
    missing = _unread(subject, {"images": inventory.images, "stores": inventory.stores})
    if missing is not None:
        return missing
    if hub is None or not hub.store:
        return DEPLOYMENT.skipped(subject, "No site with a store is the hub.")
    stores = {store.id: store for store in inventory.stores.rows}
    active = [image for image in inventory.images.rows if image.status == "active"]
    found = [
        finding
        for image in active
        for finding in no_central_copy(image, inventory.topology, stores)
    ]
    if not found:
        text = f"Every image with a copy at a site has one at {hub.name}: {_counted(len(active))}."
        return DEPLOYMENT.ok(subject, text)
    return DEPLOYMENT.warning(
        subject,
        f"{count(len(found), 'image')} {'has' if len(found) == 1 else 'have'} none. {_told(found)}",
        f"Copy them to {hub.name}: copies to further sites are made from there.",
    )


def _counted(number: int) -> str:
    return count(number, "image")


def _needed_images(inventory: Inventory) -> Diagnosis:
    subject = "images needed at sites"
    missing = _unread(
        subject,
        {
            "images": inventory.images,
            "volumes": inventory.volumes,
            "servers": inventory.servers,
        },
    )
    if missing is not None:
        return missing
    found = images_needed(inventory)
    if not found:
        text = "Every image that servers or volumes at a site were made of has a copy there."
        return DEPLOYMENT.ok(subject, _with_notices(text, inventory.volumes, inventory.servers))
    way_out = "Copy them there: “dcn-console image copy IMAGE --to SITE”."
    urgent = [one for one in found if one.severity is not Severity.NOTICE]
    if urgent:
        text = (
            f"{count(len(urgent), 'image')} {'is' if len(urgent) == 1 else 'are'} needed by "
            f"servers where {'it is' if len(urgent) == 1 else 'they are'} not. {_told(urgent)}"
        )
        return DEPLOYMENT.warning(subject, text, way_out)
    made = count(len(found), "image")
    text = f"No server boots from an image that its site lacks, but volumes were made of {made}"
    return DEPLOYMENT.ok(subject, f"{text} without a copy there, such as: {found[0].text}")


def _zones(inventory: Inventory) -> Diagnosis:
    subject = "zones of volumes and servers"
    missing = _unread(subject, {"volumes": inventory.volumes, "servers": inventory.servers})
    if missing is not None:
        return missing
    servers = {server.id: server for server in inventory.servers.rows}
    attached = [volume for volume in inventory.volumes.rows if volume.attachments]
    found = [finding for volume in attached for finding in volume_findings(volume, servers)]
    if not found:
        text = "Every attached volume is in its server's availability zone"
        text += f": {count(len(attached), 'volume')}." if attached else "; none is attached."
        return DEPLOYMENT.ok(subject, _with_notices(text, inventory.volumes, inventory.servers))
    return DEPLOYMENT.warning(
        subject,
        f"{count(len(found), 'volume')} {'is' if len(found) == 1 else 'are'} attached across "
        f"zones. {_told(found)}",
        "So Nova attaches across zones. At every site set cross_az_attach = false under [cinder] "
        "in nova.conf (its default is true), that no more are; then move these.",
    )


def _backup_zones(inventory: Inventory) -> Diagnosis:
    subject = "zone of cinder-backup"
    topology = inventory.topology
    missing = _unread(subject, {"services": inventory.services})
    if missing is not None:
        return missing
    if not inventory.services.rows:
        return DEPLOYMENT.skipped(subject, "These credentials may not list Cinder's services.")
    hub = topology.hub
    if hub is None or hub.availability_zone is None:
        return DEPLOYMENT.skipped(subject, "No site with an availability zone is the hub.")
    zones = sorted(
        {
            one.availability_zone or ""
            for one in inventory.services.rows
            if one.binary == "cinder-backup" and one.state == "up" and one.status != "disabled"
        }
    )
    names = ", ".join(printable(zone or "–") for zone in zones)
    central = printable(hub.availability_zone)
    if hub.availability_zone in zones:
        text = f"One is live in {hub.name}'s zone {central}."
        others = [printable(zone or "–") for zone in zones if zone != hub.availability_zone]
        if others:
            text += f" Others are in {', '.join(others)}: a backup names the zone it goes to."
        return DEPLOYMENT.ok(subject, text)
    if not zones:
        return DEPLOYMENT.skipped(subject, "None is live anywhere: see block storage.")
    return DEPLOYMENT.warning(
        subject,
        f"None is live in {hub.name}'s zone {central}, but in {names}.",
        f"The guides keep backups at {hub.name}: start one there, or name the zone of the one "
        "that lives when you back up.",
    )


def _unread(subject: str, parts: dict[str, Snapshot[Any]]) -> Diagnosis | None:
    """Return that something could not be read, None when everything was."""
    for name, part in parts.items():
        if part.error is not None:
            text = f"Not all {name} could be read: {printable(part.error, 300)}"
            return DEPLOYMENT.skipped(subject, text)
    return None


def _with_notices(text: str, *parts: Snapshot[Any]) -> str:
    return " ".join([text, *(printable(part.notice) for part in parts if part.notice)])


def _told(found: Sequence[Finding]) -> str:
    told = " ".join(one.text for one in found[:_NAMED])
    more = len(found) - _NAMED
    return f"{told} And {count(more, 'other')}." if more > 0 else told
