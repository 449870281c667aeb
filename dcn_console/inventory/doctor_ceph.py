"""The doctor's look at one site's cluster: agent, keyring, fsid, pools, OSDs."""

import time

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.diagnosis import Area, Diagnosis
from dcn_console.inventory.findings import HEALTHY, NEARLY_FULL_PERCENT
from dcn_console.model.errors import DcnError
from dcn_console.model.sites import ClusterAccess, Site
from dcn_console.model.text import format_bytes, printable

CEPH = Area("ceph")


async def check_cluster(site: Site, cluster: Cluster) -> tuple[Diagnosis, ...]:
    """Return the diagnoses of one site's cluster; reading only, each step with its deadline."""
    access = site.cluster or ClusterAccess()
    try:
        status = await cluster.status()
    except DcnError as error:
        return (CEPH.failed(site.name, error),)
    found = [_health(site, status.health, status.warnings)]
    capacity = status.capacity
    used = f"{capacity.used_percent:.0f} % of {format_bytes(capacity.total)} used"
    if capacity.used_percent >= NEARLY_FULL_PERCENT:
        way_out = "Remove what is not needed there, or add OSDs."
        found.append(CEPH.warning(f"{site.name}: space", f"{used}.", way_out))
    else:
        found.append(CEPH.ok(f"{site.name}: space", f"{used}."))
    found.extend(await _pools(site, access, cluster))
    found.append(await _probe(site, access, cluster))
    return tuple(found)


def _health(site: Site, health: str | None, warnings: tuple[str, ...]) -> Diagnosis:
    text = f"It answers, health {printable(health or 'unknown')}"
    text += f": {'; '.join(map(printable, warnings))}." if warnings else "."
    if health in (None, HEALTHY):
        return CEPH.ok(site.name, text)
    return CEPH.warning(site.name, text, "“ceph health detail” on that cluster tells more.")


async def _pools(site: Site, access: ClusterAccess, cluster: Cluster) -> list[Diagnosis]:
    subject = f"{site.name}: pools"
    try:
        pools = await cluster.pools()
    except DcnError as error:
        return [CEPH.failed(subject, error)]
    wanted = {"images_pool": access.images_pool, "volumes_pool": access.volumes_pool}
    missing = [f"{pool} ({key})" for key, pool in wanted.items() if pool not in pools]
    if missing:
        known = ", ".join(map(printable, pools)) or "none"
        return [
            CEPH.problem(
                subject,
                f"There is no pool {printable(', '.join(missing))}.",
                f"Write the right names under [site.{printable(site.name)}.cluster]. "
                f"Its pools: {known}.",
            )
        ]
    return [CEPH.ok(subject, f"{access.images_pool} and {access.volumes_pool} are there.")]


async def _probe(site: Site, access: ClusterAccess, cluster: Cluster) -> Diagnosis:
    subject = f"{site.name}: OSDs"
    started = time.monotonic()
    try:
        await cluster.probe(access.images_pool)
    except DcnError as error:
        return CEPH.failed(subject, error)
    seconds = time.monotonic() - started
    return CEPH.ok(subject, f"Pool {access.images_pool} answered a read in {seconds:.2f} s.")
