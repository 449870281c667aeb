"""Which sites receive a pool's RBD images from a site, as the peers in the clusters say.

Only the receiving side's list counts: a primary need not list a site that only receives. A peer
that only receives does not tell the other's mirror uuid, and only administrators may read what a
cluster calls itself (others are told its fsid; measured on 16.2), so the name by which anybody
knows a cluster counts for all.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ClusterError
from dcn_console.model.mirroring import MirrorPeer, MirrorPool, PoolMode
from dcn_console.model.sites import Site
from dcn_console.operations.mirror_sides import cluster_of


@dataclass(frozen=True)
class PoolSides:
    """One pool's mirroring at every site with Ceph access.

    ``pools`` holds what answered, ``errors`` why a site did not; both by site name.
    """

    pools: dict[str, MirrorPool]
    errors: dict[str, ClusterError]

    def peer_for(self, site: str, other: str) -> MirrorPeer | None:
        """Return the peer of ``site`` that is ``other``, whatever its direction."""
        here, there = self.pools.get(site), self.pools.get(other)
        if here is None or there is None:
            return None
        by_uuid = [one for one in here.peers if _same(one.mirror_uuid, there.mirror_uuid)]
        names = self.names_of(other)
        by_name = [one for one in here.peers if not one.mirror_uuid and one.site_name in names]
        return next(iter(by_uuid + by_name), None)

    def receiving_peer(self, destination: str, source: str) -> MirrorPeer | None:
        """Return the peer by which ``destination`` receives from ``source``."""
        peer = self.peer_for(destination, source)
        if peer is None or not peer.direction.receives:
            return None
        return None if self.pools[destination].mode is PoolMode.DISABLED else peer

    def receivers(self, source: str) -> tuple[str, ...]:
        """Return the sites that receive from ``source``, in the topology's order."""
        return tuple(
            name
            for name in self.pools
            if name != source and self.receiving_peer(name, source) is not None
        )

    def stranded(self, source: str, sites: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``sites`` that answer and do not receive from ``source``.

        What they hold of it gets nothing new, and Ceph does not remove it when mirroring ends at
        ``source`` (measured on 16.2, in both modes).
        """
        return tuple(
            site
            for site in sites
            if site in self.pools
            and source in self.pools
            and self.receiving_peer(site, source) is None
        )

    def names_of(self, site: str) -> set[str]:
        """Return all names by which clusters know that of ``site``."""
        uuid, own = self.pools[site].mirror_uuid, self.pools[site].site_name
        told = {
            peer.site_name
            for pool in self.pools.values()
            for peer in pool.peers
            if _same(peer.mirror_uuid, uuid)
        }
        return {name for name in (*told, own, site) if name}


def _same(one: str, other: str) -> bool:
    return bool(one) and one == other


async def pool_at(services: Services, pool: str, site: Site) -> MirrorPool | ClusterError:
    """Return a pool's mirroring at one site, or why it cannot be told."""
    try:
        return await cluster_of(services, site).mirroring.pool(pool)
    except ClusterError as error:
        return error


async def pool_sides(services: Services, pool: str) -> PoolSides:
    """Look at a pool at every site with Ceph access."""
    sites = [site for site in services.topology if site.name in services.clusters]
    found = await asyncio.gather(*(pool_at(services, pool, site) for site in sites))
    pools: dict[str, MirrorPool] = {}
    errors: dict[str, ClusterError] = {}
    for site, answer in zip(sites, found, strict=True):
        if isinstance(answer, ClusterError):
            errors[site.name] = answer
        else:
            pools[site.name] = answer
    return PoolSides(pools, errors)
