"""The doctor's look at Cinder: endpoint, zones, cinder-volume and cinder-backup, backends."""

from datetime import UTC, datetime

from dcn_console.clouds.cloud import BLOCK_STORAGE
from dcn_console.inventory.diagnosis import Area, Diagnosis
from dcn_console.inventory.findings import clock
from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError, HttpError
from dcn_console.model.inventory import CinderService
from dcn_console.model.text import printable

CINDER = Area("block storage")

_ADMINISTRATORS_ONLY = "Only administrators may list this."


async def check_cinder(services: Services) -> tuple[Diagnosis, ...]:
    """Return the diagnoses of the block storage service; reading only."""
    if not services.cloud.has(BLOCK_STORAGE):
        return (
            CINDER.problem(
                "endpoint",
                "The catalogue has no block-storage service: there are no volumes to show.",
                "Add the endpoint to Keystone's catalogue.",
            ),
        )
    found = [await _endpoint(services)]
    found.extend(await _zones(services))
    found.extend(await _services(services))
    found.extend(await _backends(services))
    return tuple(found)


async def _endpoint(services: Services) -> Diagnosis:
    try:
        versions = await services.cinder.versions()
    except DcnError as error:
        return CINDER.failed("endpoint", error)
    newest = versions[-1] if versions else None
    if newest is None:
        return CINDER.warning("endpoint", "It announces no API version.")
    microversion = f", microversions to {newest.maximum}" if newest.maximum else ""
    return CINDER.ok("endpoint", f"It answers, API version {newest.version}{microversion}.")


async def _zones(services: Services) -> list[Diagnosis]:
    try:
        zones = {zone.name: zone for zone in await services.cinder.availability_zones()}
    except DcnError as error:
        return [CINDER.failed("availability zones", error)]
    found = []
    known = ", ".join(map(printable, zones)) or "none"
    for site in services.settings.topology:
        name = site.availability_zone
        if name is None:
            text = f"Site {site.name} has no availability zone: its volumes are not shown."
            found.append(CINDER.skipped(f"{site.name}: availability zone", text))
        elif name not in zones:
            found.append(
                CINDER.problem(
                    f"{site.name}: availability zone",
                    f"Cinder knows no availability zone {printable(name)}.",
                    f"Its zones: {known}.",
                )
            )
        elif not zones[name].available:
            text = f"Zone {printable(name)} is not available: no service in it is up and enabled."
            found.append(CINDER.problem(f"{site.name}: availability zone", text))
        else:
            text = f"Zone {printable(name)} is available."
            found.append(CINDER.ok(f"{site.name}: availability zone", text))
    return found


async def _services(services: Services) -> list[Diagnosis]:
    try:
        listed = await services.cinder.services()
    except HttpError as error:
        if error.status == 403:
            return [CINDER.skipped("services", _ADMINISTRATORS_ONLY)]
        return [CINDER.failed("services", error)]
    except DcnError as error:
        return [CINDER.failed("services", error)]
    found = []
    for site in services.settings.topology:
        if site.availability_zone is None:
            continue
        there = [
            one
            for one in listed
            if one.binary == "cinder-volume" and one.availability_zone == site.availability_zone
        ]
        found.append(_service_diagnosis(f"{site.name}: cinder-volume", there, "volumes there"))
    backups = [one for one in listed if one.binary == "cinder-backup"]
    found.append(_service_diagnosis("cinder-backup", backups, "backups"))
    return found


def _service_diagnosis(subject: str, listed: list[CinderService], needed_for: str) -> Diagnosis:
    if not listed:
        return CINDER.warning(
            subject, f"None is registered: no {needed_for}.", "Start one in that zone."
        )
    now = datetime.now(UTC)
    live = [one for one in listed if one.state == "up" and one.status != "disabled"]
    up = ", ".join(
        f"{printable(one.host)} (zone {printable(one.availability_zone or '–')})" for one in live
    )
    rest = "; ".join(_state(one, now) for one in listed if one not in live)
    way_out = "Start or enable it; its log says why it ended."
    if not live:
        return CINDER.problem(subject, f"None is live: {rest}.", way_out)
    if any(one.state != "up" and one.status != "disabled" for one in listed):
        return CINDER.warning(subject, f"Up: {up}; but {rest}.", way_out)
    return CINDER.ok(subject, f"Up: {up}; besides, {rest}." if rest else f"Up: {up}.")


def _state(service: CinderService, now: datetime) -> str:
    """Return how a service that does not work stands, and since when."""
    text = f"{printable(service.host)} is {printable(service.state or 'unknown')}"
    if service.state != "up" and service.updated_at is not None:
        text += f" since {clock(service.updated_at, now)}"
    if service.status == "disabled":
        text += f", disabled: {printable(service.disabled_reason or 'no reason given')}"
    return text


async def _backends(services: Services) -> list[Diagnosis]:
    """Check that each zone's backend is on its site's cluster, as far as both tell their fsid."""
    try:
        pools = await services.cinder.pools()
        hosts = {
            one.host: one.availability_zone
            for one in await services.cinder.services()
            if one.binary == "cinder-volume"
        }
    except HttpError as error:
        if error.status == 403:
            return [CINDER.skipped("backends", _ADMINISTRATORS_ONLY)]
        return [CINDER.failed("backends", error)]
    except DcnError as error:
        return [CINDER.failed("backends", error)]
    found = []
    for site in services.settings.topology:
        fsid = site.cluster.fsid if site.cluster else ""
        if not fsid or not site.availability_zone:
            continue
        of_zone = [
            pool
            for pool in pools
            if hosts.get(pool.name.partition("#")[0]) == site.availability_zone and pool.fsid
        ]
        subject = f"{site.name}: backend"
        if any(pool.fsid == fsid for pool in of_zone):
            found.append(CINDER.ok(subject, "Its zone's backend is on the site's cluster."))
        elif of_zone:
            found.append(
                CINDER.problem(
                    subject,
                    f"The backend of zone {printable(site.availability_zone)} is on cluster "
                    f"{printable(of_zone[0].fsid or '')}, the site's is {printable(fsid)}.",
                    "Join them anew with “dcn-console init”.",
                )
            )
    return found
