"""How full a simulated cluster is, and what Ceph says of it."""

from typing import NamedTuple

from dcn_console.simulator.records import SimulatedSite
from dcn_console.simulator.world import World

NEARFULL_PERCENT = 85.0
"""Ceph's mon_osd_nearfull_ratio."""


class Fill(NamedTuple):
    """Bytes of a cluster; ``pools`` has the used ones by pool."""

    total: int
    used: int
    available: int
    pools: dict[str, int]

    @property
    def percent(self) -> float:
        """Used bytes as a percentage of the total."""
        return 100.0 * self.used / self.total if self.total else 0.0


def fill(world: World, site: SimulatedSite) -> Fill:
    """Return how full a site's cluster is, with what running imports have written so far."""
    pools = {
        pool: sum(
            record.used if record.snap else _written(world, site, pool, name, record.used)
            for name, record in images.items()
        )
        for pool, images in world.pools(site)
    }
    used = min(site.total_bytes, site.other_bytes + sum(pools.values()))
    if site.name in world.faults.full:
        used = site.total_bytes
    return Fill(site.total_bytes, used, site.total_bytes - used, pools)


def _written(world: World, site: SimulatedSite, pool: str, name: str, used: int) -> int:
    record = world.rbd_image(site, pool, name)
    return used if record is None else record.used


def health(world: World, site: SimulatedSite, percent: float) -> tuple[str, tuple[str, ...]]:
    """Return Ceph's health word and its checks in short, as ``ceph status`` has them."""
    checks = []
    if world.is_blocked(site):
        checks += ["1 osds down", "Reduced data availability: 8 pgs inactive"]
    if site.name in world.faults.mgr_down:
        checks.append("no active mgr")
    if site.name in world.faults.full:
        return "HEALTH_ERR", (*checks, "1 full osd(s)")
    if percent >= NEARFULL_PERCENT:
        checks.append("1 nearfull osd(s)")
    return ("HEALTH_WARN" if checks else "HEALTH_OK"), tuple(checks)
