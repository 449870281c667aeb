"""Preconditions of a new server that its volume and Nova can tell."""

from dcn_console.clouds.nova import Nova
from dcn_console.model.compute import ComputeHost, Flavor
from dcn_console.model.errors import HttpError, ServiceError
from dcn_console.model.plans import Check
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.backups.checks import allowance_checks
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.volumes.scene import Scene

_FORBIDDEN = 403


def volume_checks(scene: Scene) -> list[Check]:
    """See that the volume is free and can be booted from."""
    volume = scene.volume
    checks = []
    if volume.status != "available":
        status = printable(volume.status or "unknown", 40)
        text = f"Volume “{scene.label}” is {status}; a server can only be made of a free one."
        checks.append(refused(text, f"See: openstack volume show {volume.id}"))
    if not volume.bootable:
        text = f"Volume “{scene.label}” is not marked bootable, and Nova refuses it."
        way_out = f"openstack volume set --bootable {volume.id}"
        checks.append(refused(text, way_out))
    if volume.encrypted:
        text = f"Volume “{scene.label}” is encrypted: the server needs its key."
        checks.append(warned(text))
    return checks


async def zone_checks(nova: Nova, site: Site) -> list[Check]:
    """See that Nova has a working compute host in the site's zone."""
    zone = site.availability_zone or ""
    try:
        known = await nova.zones()
        if zone not in known:
            names = ", ".join(sorted(printable(name, 60) for name in known)) or "none"
            text = f"Nova has no availability zone {zone}; there are: {names}."
            way_out = "Put the site's compute hosts into a host aggregate of that zone."
            return [refused(text, way_out)]
        return [_host_check(zone, await nova.hosts())]
    except ServiceError as error:
        if isinstance(error, HttpError) and error.status == _FORBIDDEN:
            return [fine(f"Nova has zone {zone}; if a host works there, only administrators see.")]
        text = f"Whether a compute host works in zone {zone} is not known: {error.message}"
        return [warned(text, error.way_out)]


def _host_check(zone: str, hosts: tuple[ComputeHost, ...]) -> Check:
    here = [host for host in hosts if host.availability_zone == zone]
    if any(host.is_up and host.is_enabled for host in here):
        return fine(f"A compute host works in zone {zone}.")
    words = ", ".join(
        f"{printable(host.name, 60)} is {'down' if host.is_enabled else 'disabled'}"
        for host in here
    )
    way_out = "See: openstack compute service list --service nova-compute"
    return refused(f"No compute host works in zone {zone}: {words or 'it has none'}.", way_out)


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
