"""What the sites' clusters still hold of objects that no service lists any more."""

from collections.abc import Iterable

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.model.text import printable
from dcn_console.operations.backups.where import DEFAULT_POOL, image_of, pool_of, site_of
from dcn_console.operations.validate_site.leftovers import Leftovers
from dcn_console.operations.validate_site.names import (
    BACKUP,
    BACKUP_DATA,
    IMAGE,
    IMAGE_DATA,
    IMPORT,
    RESTORE,
    VOLUME,
    VOLUME_DATA,
)
from dcn_console.operations.validate_site.stage import Run


async def remains_of(run: Run, seen: Iterable[Leftovers]) -> tuple[list[str], str]:
    """Look for RBD images of what was removed, in the pools and in their trash.

    What was ``seen`` at the services is looked for, and what the steps say that they made. Returns
    what is there, in words, and the names of the sites that were looked at.
    """
    services = run.context.services
    wanted = _wanted(services, seen)
    for place, prefixes in _made(run).items():
        wanted.setdefault(place, set()).update(prefixes)
    found: list[str] = []
    looked: list[str] = []
    for (name, pool), prefixes in sorted(wanted.items()):
        cluster = services.clusters.get(name)
        if cluster is None:
            continue
        try:
            trash = await cluster.trash(pool)
            for prefix in sorted(prefixes):
                there = await cluster.names(pool, prefix)
                found += [f"{printable(one, 120)} is in pool {pool} of {name}" for one in there]
                thrown = [one for one in trash if one.startswith(prefix)]
                found += [f"{printable(one, 120)} is in the trash of {name}" for one in thrown]
        except ClusterError:
            continue
        if name not in looked:
            looked.append(name)
    clusters = "cluster" if len(looked) == 1 else "clusters"
    return found, f"the {clusters} of {', '.join(looked)}" if looked else ""


def _made(run: Run) -> dict[tuple[str, str], set[str]]:
    """Return how the names of what the steps made begin, by site and pool."""
    topology, parameters = run.context.services.topology, run.parameters
    made: dict[tuple[str, str], set[str]] = {}

    def add(site: str, pool: str, name: str) -> None:
        if name:
            made.setdefault((site, pool), set()).add(name)

    volume = run.made(VOLUME, VOLUME_DATA)
    restored = run.made(RESTORE, VOLUME_DATA)
    for name, key in ((parameters.site, volume), (parameters.second_site, restored)):
        access = topology.site(name).cluster if name else None
        if access is not None and key:
            add(name, access.volumes_pool, image_of(key))
    images = [run.made(IMAGE, IMAGE_DATA)]
    images += [] if parameters.image_id else [run.made(IMPORT, IMAGE_DATA)]
    for name in (parameters.hub, parameters.site):
        access = topology.site(name).cluster
        if access is not None:
            for image in images:
                add(name, access.images_pool, image)
    if run.made(BACKUP, BACKUP_DATA):
        add(parameters.hub, DEFAULT_POOL, f"{image_of(volume)}.backup.")
    return made


def _wanted(services: Services, seen: Iterable[Leftovers]) -> dict[tuple[str, str], set[str]]:
    """Return how names begin, by site and pool."""
    wanted: dict[tuple[str, str], set[str]] = {}
    hub = services.topology.hub
    for one in seen:
        for volume in one.volumes:
            site = site_of(services, volume)
            if site is not None and site.cluster is not None:
                place = (site.name, site.cluster.volumes_pool)
                wanted.setdefault(place, set()).add(image_of(volume.id))
        for backup in one.backups:
            if hub is not None:
                prefix = f"{image_of(backup.volume_id or '')}.backup."
                wanted.setdefault((hub.name, pool_of(backup)), set()).add(prefix)
        for image in one.images:
            for store in (*image.stores, *image.importing_to, *image.failed_stores):
                site = services.topology.with_store(store)
                if site is not None and site.cluster is not None:
                    place = (site.name, site.cluster.images_pool)
                    wanted.setdefault(place, set()).add(image.id)
    return wanted
