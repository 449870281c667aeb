"""Preconditions of a new server that its volume and Nova can tell."""

from dcn_console.clouds.nova import Nova
from dcn_console.model.compute import Flavor
from dcn_console.model.errors import ServiceError
from dcn_console.model.plans import Check
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.backups.checks import allowance_checks
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.volumes.scene import Scene


def volume_checks(scene: Scene) -> list[Check]:
    """See that the volume is free and can be booted from."""
    volume = scene.volume
    checks = []
    if volume.status != "available":
        status = printable(volume.status or "unknown", 40)
        text = f"Volume “{scene.label}” is {status}; a server can only be made of a free one."
        checks.append(refused(text, "See: openstack volume show"))
    if not volume.bootable:
        text = f"Volume “{scene.label}” is not marked bootable, and Nova refuses it."
        way_out = f"openstack volume set --bootable {volume.id}"
        checks.append(refused(text, way_out))
    if volume.encrypted:
        text = f"Volume “{scene.label}” is encrypted: the server needs its key."
        checks.append(warned(text))
    return checks


async def zone_checks(nova: Nova, site: Site) -> list[Check]:
    """See that Nova has a working compute host in the site's zone.

    Nova takes a host for working until it was silent for a minute (nova.conf: service_down_time).
    """
    zone = site.availability_zone or ""
    try:
        known = await nova.zones()
    except ServiceError as error:
        text = f"Whether a compute host works in zone {zone} is not known: {error.message}"
        return [warned(text, error.way_out)]
    if known.get(zone):
        return [fine(f"A compute host works in zone {zone}.")]
    if zone in known:
        way_out = "See: openstack compute service list --service nova-compute"
        return [refused(f"No compute host works in zone {zone}.", way_out)]
    names = ", ".join(sorted(printable(name, 60) for name in known)) or "none"
    text = f"Nova has no availability zone {zone}; there are: {names}."
    return [refused(text, "Put the site's compute hosts into a host aggregate of that zone.")]


async def quota_checks(nova: Nova, flavor: Flavor) -> list[Check]:
    """Compare the project's quotas with one more server of the flavor."""
    try:
        quota = await nova.quota()
    except ServiceError as error:
        return [warned(f"Nova's quotas are not known: {error.message}", error.way_out)]
    return [
        *allowance_checks("instances", quota.servers, 1, of_bytes=False),
        *allowance_checks("cores", quota.cores, flavor.cores, of_bytes=False),
        *allowance_checks("ram", quota.memory, flavor.memory),
    ]
