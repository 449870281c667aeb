"""Where cinder-backup runs, and whether Cinder thinks that it does."""

from dcn_console.simulator.records import SimulatedSite
from dcn_console.simulator.world import World

SERVICE_DOWN_SECONDS = 60.0
"""Cinder's service_down_time: for so long a dead service counts as up."""


def backup_site(world: World, zone: str | None) -> SimulatedSite | None:
    """Return the site of a cinder-backup that counts as up in ``zone`` (None is any zone)."""
    site = world.deployment.hub
    stopped = world.faults.backup_down.get(site.name)
    is_up = stopped is None or world.now - stopped < SERVICE_DOWN_SECONDS
    return site if is_up and zone in (None, site.availability_zone) else None


def is_backing_up(world: World, site: SimulatedSite) -> bool:
    """Whether cinder-backup of a site really runs."""
    return site.name not in world.faults.backup_down
