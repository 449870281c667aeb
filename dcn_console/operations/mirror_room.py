"""Whether a site has room for the data of an RBD image, and somebody to bring it."""

from dcn_console.ceph.cluster import Cluster, ClusterStatus
from dcn_console.model.errors import ClusterError
from dcn_console.model.plans import Check
from dcn_console.model.sites import Site
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.mirror_subject import fine, refused, warned

NEARLY_FULL_PERCENT = 85.0


async def room_checks(cluster: Cluster, site: Site, pool: str, count: int | None) -> list[Check]:
    """Compare a pool's free space with ``count`` bytes; not enough of it forbids the plan.

    The monitors know the space also while the pool cannot be used, so a little is read from it.
    """
    try:
        status = await cluster.status()
    except ClusterError as error:
        return [warned(f"{site.name}: free space unknown. {error.message}", error.way_out)]
    checks = [_room(status, site, pool, count)]
    try:
        await cluster.probe(pool)
    except ClusterError as error:
        text = f"Nothing can be written at {site.name} now. {error.message}"
        checks.append(warned(text, error.way_out, site.name))
    return checks


def _room(status: ClusterStatus, site: Site, pool: str, count: int | None) -> Check:
    found = status.pools.get(pool)
    if found is None:
        return warned(f"{site.name}: free space of pool {printable(pool)} unknown.")
    free = format_bytes(found.available)
    if count is None:
        return fine(f"{site.name} has {free} free.", site.name)
    if found.available < count:
        return refused(
            f"{site.name} has {free} free in pool {printable(pool)}, "
            f"{format_bytes(count)} are to go there.",
            "Free or add space there first.",
        )
    room = found.used + found.available
    percent = 100.0 * (found.used + count) / room if room else 0.0
    if percent > NEARLY_FULL_PERCENT:
        return warned(
            f"{site.name} will be {percent:.0f} % full afterwards ({free} free now).",
            site=site.name,
        )
    return fine(f"{site.name} has {free} free.", site.name)


async def daemon_check(cluster: Cluster, site: Site, pool: str) -> Check:
    """Tell whether an rbd-mirror daemon works at a site that is to receive."""
    try:
        daemons = await cluster.mirroring.daemons(pool)
    except ClusterError as error:
        return warned(
            f"{site.name}: whether an rbd-mirror daemon works there is not known, for its manager "
            f"does not tell. {error.message}",
            error.way_out,
            site.name,
        )
    if not daemons:
        return warned(
            f"{site.name}: no rbd-mirror daemon reports; nothing arrives until one does.",
            "Start rbd-mirror there.",
            site.name,
        )
    problems = [problem for daemon in daemons for problem in daemon.problems]
    if problems:
        return warned(
            f"{site.name}: its rbd-mirror daemon complains: {printable(problems[0], 200)}.",
            site=site.name,
        )
    return fine(f"{site.name}: an rbd-mirror daemon reports.", site.name)
