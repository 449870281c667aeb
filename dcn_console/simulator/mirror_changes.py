"""What a cluster is told to change of mirroring."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from dcn_console.model.mirroring import MirrorMode, PeerDirection, PoolMode
from dcn_console.simulator import mirror_peers
from dcn_console.simulator.cluster_answer import ClusterAnswer, Parameters, text
from dcn_console.simulator.mirror_orders import Order
from dcn_console.simulator.records import SimulatedSite
from dcn_console.simulator.refusals import ClusterRefusal
from dcn_console.simulator.world import World

C = TypeVar("C", bound=StrEnum)
DONE = ClusterAnswer(result={})


def _choice(parameters: Parameters, name: str, kind: type[C]) -> C:
    try:
        return kind(parameters[name])
    except ValueError:
        known = ", ".join(kind)
        raise ClusterRefusal("invalid", f"the parameter {name} must be one of {known}") from None


def _order(world: World, site: SimulatedSite, parameters: Parameters) -> Order:
    return Order(world, site, text(parameters, "pool"), text(parameters, "name"))


def mirror_enable(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Enable mirroring of an RBD image."""
    _order(world, site, parameters).enable(_choice(parameters, "mode", MirrorMode))
    return DONE


def mirror_disable(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Disable mirroring of an RBD image."""
    _order(world, site, parameters).disable(force=bool(parameters.get("force")))
    return DONE


def mirror_promote(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Promote an RBD image."""
    _order(world, site, parameters).promote(force=bool(parameters.get("force")))
    return DONE


def mirror_demote(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Demote an RBD image."""
    _order(world, site, parameters).demote()
    return DONE


def mirror_resync(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Ask for a resync of an RBD image."""
    _order(world, site, parameters).resync(text(parameters, "id"))
    return DONE


def mirror_snapshot(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Take a mirror snapshot."""
    return ClusterAnswer(result={"id": _order(world, site, parameters).snapshot()})


def _scheduled(
    change: Callable[[World, SimulatedSite, str, str | None, str], None],
) -> Callable[[World, SimulatedSite, Parameters], ClusterAnswer]:
    def scheduled(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
        name = parameters.get("name") or None
        change(world, site, text(parameters, "pool"), name, text(parameters, "interval"))
        return DONE

    return scheduled


mirror_schedule_add = _scheduled(mirror_peers.add_schedule)
"""Add a schedule to a pool or an RBD image."""
mirror_schedule_remove = _scheduled(mirror_peers.remove_schedule)
"""Remove one."""


def mirror_pool_mode(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Set a pool's mode."""
    mode = _choice(parameters, "mode", PoolMode)
    mirror_peers.set_mode(world, site, text(parameters, "pool"), mode)
    return DONE


def mirror_site_name(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Name the cluster."""
    mirror_peers.set_site_name(world, site, text(parameters, "name"))
    return DONE


def mirror_peer_permission(
    world: World, site: SimulatedSite, parameters: Parameters
) -> ClusterAnswer:
    """Answer that tokens may be made."""
    return DONE


def mirror_peer_token(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Answer a bootstrap token."""
    token = mirror_peers.token(world, site, text(parameters, "pool"))
    return ClusterAnswer(result={"token": token})


def mirror_peer_import(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Make the cluster of a token a peer."""
    direction = _choice(parameters, "direction", PeerDirection)
    pool, token = text(parameters, "pool"), text(parameters, "token")
    mirror_peers.import_token(world, site, pool, token, direction)
    return DONE


def mirror_peer_rename(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Give a peer another name."""
    pool, uuid = text(parameters, "pool"), text(parameters, "uuid")
    mirror_peers.rename_peer(world, site, pool, uuid, text(parameters, "name"))
    return DONE


def mirror_peer_remove(world: World, site: SimulatedSite, parameters: Parameters) -> ClusterAnswer:
    """Forget a peer."""
    mirror_peers.remove_peer(world, site, text(parameters, "pool"), text(parameters, "uuid"))
    return DONE
