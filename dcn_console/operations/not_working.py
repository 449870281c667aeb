"""Which services at some sites do not work: why others hang they do not tell themselves."""

from collections.abc import Iterable

from dcn_console.clouds.nova import Nova
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError, HttpError, ServiceError
from dcn_console.model.inventory import CinderService
from dcn_console.model.text import printable
from dcn_console.operations.backups.checks import BACKUP_SERVICE, VOLUME_SERVICE, standing

_FORBIDDEN = 403


async def not_working(
    services: Services, sites: Iterable[str], *, compute: bool = False
) -> tuple[str, ...]:
    """Return what does not work at ``sites``, as sentences without their last full stop.

    Looked at are Ceph, cinder-volume and cinder-backup, and with ``compute`` the compute hosts, as
    far as these credentials may see them. A service counts as up until it was silent for a minute.
    """
    names = tuple(dict.fromkeys(name for name in sites if name))
    zones = {services.topology.site(name).availability_zone for name in names} - {None, ""}
    found = [text for name in names if (text := await _cluster(services, name))]
    try:
        for one in await services.cinder.services():
            if one.availability_zone in zones and _is_out(one):
                found.append(f"{one.binary} on {standing(one)}")
    except ServiceError as error:
        found += _told(error)
    if compute and services.nova is not None:
        found += await _hosts(services.nova, zones)
    return tuple(found)


def _is_out(service: CinderService) -> bool:
    known = service.binary in (VOLUME_SERVICE, BACKUP_SERVICE)
    return known and (service.state != "up" or service.status != "enabled")


async def _cluster(services: Services, site: str) -> str:
    access = services.topology.site(site).cluster
    if access is None or site not in services.clusters:
        return ""
    try:
        await services.clusters[site].probe(access.volumes_pool)
    except ClusterError as error:
        return error.message.rstrip(".")
    return ""


async def _hosts(nova: Nova, zones: set[str | None]) -> list[str]:
    try:
        known = await nova.hosts()
    except ServiceError as error:
        return _told(error)
    return [
        f"nova-compute on {printable(host.name, 60)} is {'down' if host.is_enabled else 'disabled'}"
        for host in known
        if host.availability_zone in zones and not (host.is_up and host.is_enabled)
    ]


def _told(error: ServiceError) -> list[str]:
    """Say that a service does not answer; that only administrators may ask is no fault."""
    if isinstance(error, HttpError) and error.status == _FORBIDDEN:
        return []
    return [error.message.rstrip(".")]
