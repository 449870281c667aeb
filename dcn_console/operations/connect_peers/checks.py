"""What may speak against connecting two sites, by what both clusters say of the pool."""

from dcn_console.model.mirroring import PoolMode
from dcn_console.model.plans import Check
from dcn_console.model.text import printable
from dcn_console.operations.connect_peers.names import Parameters
from dcn_console.operations.mirror_peers import REMOVE, site_of_peer
from dcn_console.operations.mirror_routes import PoolSides
from dcn_console.operations.mirror_subject import fine, refused, warned


def names_differ(sides: PoolSides, wanted: Parameters) -> list[Check]:
    """Refuse two clusters of one name: a peer is found by it."""
    ends = (wanted.source, wanted.destination)
    first, second = (wanted.site_names.get(end) or sides.pools[end].site_name for end in ends)
    if first and first == second:
        return [
            refused(
                f"The clusters of {ends[0]} and {ends[1]} both call themselves "
                f"{printable(first, 60)}.",
                f"Give one another name first: dcn-console mirror site-name {ends[1]} NAME",
            )
        ]
    return []


def receives_elsewhere(sides: PoolSides, wanted: Parameters) -> list[Check]:
    """Refuse a second peer to receive from: rbd-mirror 16.2 replays only one a pool."""
    checks = []
    for receiver, source in wanted.routes:
        same = sides.peer_for(receiver, source)
        for peer in sides.pools[receiver].peers:
            if not peer.direction.receives or (same is not None and peer.uuid == same.uuid):
                continue
            other = site_of_peer(sides, receiver, peer)
            name = other or printable(peer.site_name or peer.uuid, 60)
            pool = printable(wanted.pool, 60)
            checks.append(
                refused(
                    f"{receiver} receives pool {pool} from {name} already, and Ceph lets a pool "
                    "receive from one peer only.",
                    f"Remove that peer first: {REMOVE} {receiver} {pool} {peer.uuid}"
                    + (", or connect one way" if receiver == wanted.source else ""),
                )
            )
    return checks


def modes(sides: PoolSides, wanted: Parameters) -> list[Check]:
    """Say what the pool's mode is at each site, and what a mode switched on brings about."""
    checks = []
    for site in (wanted.source, wanted.destination):
        mode = sides.pools[site].mode
        if mode is PoolMode.DISABLED:
            checks.append(fine(f"Mirroring of the pool is off at {site}; it is switched on."))
        elif mode is not wanted.mode:
            checks.append(
                warned(
                    f"The pool is mirrored in mode {mode} at {site}, and stays so.",
                    f"Change it with: dcn-console mirror pool-mode {site} "
                    f"{printable(wanted.pool, 60)} {wanted.mode}",
                )
            )
    if wanted.mode is PoolMode.POOL and wanted.enable:
        checks.append(
            warned(
                f"In mode pool every RBD image with the feature journaling is mirrored at once: "
                f"{' and '.join(wanted.enable)}."
            )
        )
    return checks
