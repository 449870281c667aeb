"""Where a new image lands, and the sites it goes on to from there."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from dcn_console.clouds.glance import COPY_IMAGE
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.inventory import Store
from dcn_console.model.plans import Check, PlannedStep
from dcn_console.model.sites import Site
from dcn_console.operations.copy_image.checks import may_copy_checks, site_refusal
from dcn_console.operations.mirror_room import room_checks
from dcn_console.operations.mirror_subject import fine, refused, warned


@dataclass(frozen=True)
class Places:
    """``landing`` is where the data arrives, ``sites`` those that can have the copy they are to.

    ``refusals`` says by site why the others cannot.
    """

    landing: Site
    sites: tuple[Site, ...]
    refusals: dict[str, Check]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of ``sites``."""
        return tuple(site.name for site in self.sites)

    @property
    def skipped(self) -> dict[str, str]:
        """Why a site is left out, by its name."""
        return {name: check.text for name, check in self.refusals.items()}


async def places_for(services: Services, home: Site, wanted: tuple[str, ...]) -> Places:
    """Return where an image made at ``home`` is to be: at the hub and ``wanted``, else ``home``.

    Raises UsageError for an unknown site, ServiceError when Glance cannot be asked.
    """
    topology = services.topology
    hub = (topology.hub.name,) if topology.hub is not None else ()
    sites = [topology.site(name) for name in dict.fromkeys((*hub, *(wanted or (home.name,))))]
    listed = await services.glance.stores()
    by_id = {store.id: store for store in listed}
    found = {site.name: site_refusal(site, by_id) for site in sites}
    return Places(
        landing=_landing_site(services, listed) or home,
        sites=tuple(site for site in sites if found[site.name] is None),
        refusals={name: check for name, check in found.items() if check is not None},
    )


async def place_checks(services: Services, places: Places, total: int | None) -> list[Check]:
    """Check room for ``total`` bytes, None when not known, at every site, and the way there."""
    checks = [*places.refusals.values(), *await _method_checks(services, places)]
    for name in dict.fromkeys((places.landing.name, *places.names)):
        checks += await _room_checks(services, services.topology.site(name), total)
    return checks


def copy_steps(sites: Sequence[str], landing: str) -> list[PlannedStep]:
    """Return the planned steps of ``spread``."""
    return [
        PlannedStep(
            name=f"verify at {site}",
            text=f"{'copy it there if it is not, and ' if site != landing else ''}see it whole",
            site=site,
        )
        for site in sites
    ]


def copy_commands(services: Services, sites: Sequence[str], landing: str) -> list[str]:
    """Return what one would type to copy the image on."""
    stores = [services.topology.site(site).store or "" for site in sites if site != landing]
    if not stores:
        return []
    words = ["glance", "image-import", "IMAGE", "--import-method", COPY_IMAGE]
    return [shlex.join([*words, "--stores", ",".join(stores)])]


def _landing_site(services: Services, stores: tuple[Store, ...]) -> Site | None:
    """Return the site of Glance's default store, where uploads land; the hub when none has it."""
    default = next((store for store in stores if store.default), None)
    site = services.topology.with_store(default.id) if default is not None else None
    return site or services.topology.hub


async def _method_checks(services: Services, places: Places) -> list[Check]:
    landing = places.landing.name
    if all(name == landing for name in places.names):
        return []
    try:
        methods = await services.glance.import_methods()
    except ServiceError as error:
        return [warned(f"Import methods unknown: {error.message}", error.way_out)]
    if COPY_IMAGE in methods:
        return may_copy_checks(services)
    text = f"This Glance does not offer copy-image: the image can only be at {landing}."
    return [refused(text, "Add it to enabled_import_methods in glance-api.conf.")]


async def _room_checks(services: Services, site: Site, total: int | None) -> list[Check]:
    cluster = services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        return [fine(f"{site.name}: free space and progress unknown, no Ceph access.", site.name)]
    return await room_checks(cluster, site, site.cluster.images_pool, total)
