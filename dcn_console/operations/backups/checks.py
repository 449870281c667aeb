"""Preconditions of backups and restores that Cinder alone can tell."""

import shlex
from collections.abc import Sequence

from dcn_console.clouds.service_api import as_numbers
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.inventory import CinderService
from dcn_console.model.plans import Check
from dcn_console.model.storage import Allowance
from dcn_console.model.text import count, format_bytes, printable
from dcn_console.operations.mirror_subject import fine, refused, warned

BACKUP_SERVICE = "cinder-backup"
VOLUME_SERVICE = "cinder-volume"
TO_ANOTHER_ZONE = "3.51"
"""Since when a backup can be asked for in an availability zone (Cinder API history)."""
WITH_METADATA = "3.43"
"""Since when a backup has metadata, by which a task finds its own (Cinder API history)."""
FROM_BACKUP = "3.47"
"""Since when a volume can be created from a backup, in any zone (Cinder API history)."""


async def version_checks(services: Services, needed: str, what: str) -> list[Check]:
    """See that Cinder knows the microversion that ``what`` needs; a refusal otherwise."""
    try:
        maximum = await services.cinder.microversion()
    except ServiceError as error:
        return [warned(f"Cinder's microversion is not known: {error.message}", error.way_out)]
    if maximum is not None and as_numbers(maximum) >= as_numbers(needed):
        return []
    known = f"knows microversions up to {maximum}" if maximum else "knows no microversions"
    return [refused(f"This Cinder {known}; {what} needs {needed}.", "Upgrade Cinder.")]


async def service_checks(services: Services, binary: str, zone: str, doing: str) -> list[Check]:
    """See that ``binary`` works in an availability zone; a refusal when none does."""
    try:
        known = await services.cinder.services()
    except ServiceError as error:
        text = f"Whether a {binary} works in zone {zone} is not known: {error.message}"
        return [warned(text, error.way_out)]
    return [service_check(known, binary, zone, doing)]


def service_check(known: tuple[CinderService, ...], binary: str, zone: str, doing: str) -> Check:
    """Judge the services that Cinder listed."""
    ours = [one for one in known if one.binary == binary]
    here = [one for one in ours if one.availability_zone == zone]
    working = [one for one in here if one.state == "up" and one.status == "enabled"]
    if working:
        return fine(f"{binary} is up in zone {zone}.")
    if here:
        words = ", ".join(standing(one) for one in here)
        return refused(f"No {binary} works in zone {zone}, so {doing}: {words}.", _way_out(here))
    zones = sorted({one.availability_zone or "none" for one in ours})
    elsewhere = f"; there is one in {', '.join(zones)}" if zones else ""
    return refused(
        f"Zone {zone} has no {binary}, so {doing}{elsewhere}.",
        f"Deploy {binary} there, or correct the site's availability_zone.",
    )


def standing(service: CinderService) -> str:
    """Say how a service that does not work stands, and since when it is silent."""
    host = printable(service.host, 60)
    if service.status != "enabled":
        reason = f" ({printable(service.disabled_reason, 100)})" if service.disabled_reason else ""
        return f"{host} is disabled{reason}"
    since = f" since {service.updated_at:%Y-%m-%d %H:%M} UTC" if service.updated_at else ""
    return f"{host} is {printable(service.state or 'silent', 40)}{since}"


def _way_out(services: Sequence[CinderService]) -> str:
    """Say how to have one of the services, all of one kind, work again."""
    first = services[0]
    if all(one.status != "enabled" for one in services):
        return f"openstack volume service set --enable {shlex.quote(first.host)} {first.binary}"
    return f"Start {first.binary} on {printable(first.host, 60)}; its log says why it ended."


async def backup_quota_checks(services: Services, size: int | None, number: int = 1) -> list[Check]:
    """Compare the quotas ``backups`` and ``backup_gigabytes`` with what is needed.

    Cinder reserves a volume's whole ``size`` in bytes, also for an increment
    (cinder/backup/api.py).
    """
    try:
        quota = await services.cinder.quota()
    except ServiceError as error:
        return [warned(f"Quotas are not known: {error.message}", error.way_out)]
    return [
        *allowance_checks("backups", quota.backups, number, of_bytes=False),
        *allowance_checks("backup_gigabytes", quota.backup_bytes, size or 0),
    ]


async def volume_quota_checks(services: Services, size: int | None) -> list[Check]:
    """Compare the quotas ``volumes`` and ``gigabytes`` with one more volume of ``size`` bytes."""
    try:
        quota = await services.cinder.quota()
    except ServiceError as error:
        return [warned(f"Quotas are not known: {error.message}", error.way_out)]
    checks = [
        *allowance_checks("volumes", quota.volumes, 1, of_bytes=False),
        *allowance_checks("gigabytes", quota.volume_bytes, size or 0),
    ]
    if quota.largest_volume is not None and size is not None and size > quota.largest_volume:
        largest = format_bytes(quota.largest_volume)
        text = f"A volume may have {largest} at most, this one needs {format_bytes(size)}."
        checks.append(refused(text, "Have the quota per_volume_gigabytes raised."))
    return checks


def allowance_checks(
    name: str, allowance: Allowance, needed: int, *, of_bytes: bool = True
) -> list[Check]:
    """Compare what a quota has free with what is needed: one check, none without a limit."""
    free = allowance.free
    if free is None:
        return []
    words = format_bytes if of_bytes else str
    if free < needed:
        verb = "are" if not of_bytes and free != 1 else "is"
        return [
            refused(
                f"Quota {name}: {words(free)} {verb} free of {words(allowance.allowed or 0)}, "
                f"{words(needed)} needed.",
                f"Delete what is not needed, or have the quota {name} raised.",
            )
        ]
    return [fine(f"Quota {name}: {words(free)} free, {words(needed)} needed.")]


def tasks_check(numbers: list[int], what: str) -> list[Check]:
    """Refuse while other tasks work on the same."""
    if not numbers:
        return []
    names = ", ".join(str(number) for number in numbers)
    return [
        refused(
            f"{count(len(numbers), 'open task')} ({names}) works on {what} already.",
            f"See: dcn-console task show {numbers[0]}",
        )
    ]
