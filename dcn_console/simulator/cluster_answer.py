"""What an operation of a cluster's agent is answered with."""

from typing import Any

import msgspec

from dcn_console.simulator.records import RbdRecord, SimulatedSite
from dcn_console.simulator.refusals import ClusterRefusal, Refusal
from dcn_console.simulator.world import World

Parameters = dict[str, Any]


class ClusterAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A result, an error of the protocol's kinds, or the daemon that keeps it from answering.

    ``parts`` go before the result. ``seconds`` is how long the work takes on the simulator's
    clock. ``again`` asks for the same request with that parameter once they are over, after
    ``done`` of ``total``: work goes on as long as somebody asks.
    """

    result: Any = None
    parts: list[Any] | None = None
    error: dict[str, str] | None = None
    blocked: str = ""
    seconds: float = 0.0
    again: int | None = None
    done: int = 0
    total: int = 0


def failed(kind: str, message: str) -> ClusterAnswer:
    """Return an error of one of the protocol's kinds."""
    return ClusterAnswer(error={"kind": kind, "message": message})


def text(parameters: Parameters, name: str) -> str:
    """Return a parameter that must be a string; raise ClusterRefusal."""
    value = parameters[name]
    if not isinstance(value, str) or not value:
        raise ClusterRefusal("invalid", f"the parameter {name} must be a string")
    return value


def whole(parameters: Parameters, name: str, default: int = 0) -> int:
    """Return a parameter that must be a whole number; raise ClusterRefusal."""
    value = parameters.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ClusterRefusal("invalid", f"the parameter {name} must be a whole number")
    return value


def found(world: World, site: SimulatedSite, parameters: Parameters) -> RbdRecord:
    """Return the RBD image that is asked about; raise Refusal 404."""
    pool, name = str(parameters["pool"]), str(parameters["name"])
    world.rbd(site, pool)
    record = world.rbd_image(site, pool, name)
    if record is None:
        raise Refusal(404, f"error opening image {name} in pool {pool}: [errno 2] RBD not found")
    return record
