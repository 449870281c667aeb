"""The simulator's own API under /simulator: faults, clock, contents, and what agents ask.

It is for tests and demos; it takes no token, as it listens on the loopback address only.
"""

from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api import contents
from dcn_console.simulator.api.exchange import engine_of, json_reply
from dcn_console.simulator.api.orders import (
    ClockOrder,
    FaultOrder,
    LatencyOrder,
    order_of,
    site_of,
)
from dcn_console.simulator.cluster_answers import answer
from dcn_console.simulator.faults import Faults, take_agent_fault
from dcn_console.simulator.import_outcome import abandon_all
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.volume_uploads import break_uploads


class AgentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request of an agent."""

    operation: str
    parameters: dict[str, Any] = {}


async def show(request: Request) -> Response:
    """Show what runs: the clock, the sites and counts."""
    engine = engine_of(request)
    world = engine.world
    return json_reply(
        {
            "scenario": world.deployment.name,
            "now": world.now,
            "time_scale": engine.clock.scale,
            "latency_seconds": world.conditions.latency_seconds,
            "sites": world.deployment.sites,
            "images": len(world.images),
            "volumes": len(world.volumes),
            "backups": len(world.block.backups),
            "active_tasks": [task.id for task in world.active_tasks()],
            "faults": world.faults,
        }
    )


async def show_faults(request: Request) -> Response:
    """Show the faults that are on."""
    return json_reply(engine_of(request).world.faults)


async def set_faults(request: Request) -> Response:
    """Replace all faults."""
    order = await order_of(request, FaultOrder)
    engine = engine_of(request)
    now, old = engine.world.now, engine.world.faults
    sites = (*order.osd_down, *order.mon_down, *order.mgr_down, *order.mirror_down, *order.full)
    sites += (*order.volume_down, *order.backup_down, *order.keyrings_missing)
    for name in (*sites, *(fault.site for fault in order.agents)):
        site_of(request, name)
    engine.set_faults(
        Faults(
            osd_down={name: old.osd_down.get(name, now) for name in order.osd_down},
            mon_down={name: old.mon_down.get(name, now) for name in order.mon_down},
            mgr_down={name: old.mgr_down.get(name, now) for name in order.mgr_down},
            mirror_down={name: old.mirror_down.get(name, now) for name in order.mirror_down},
            volume_down={name: old.volume_down.get(name, now) for name in order.volume_down},
            backup_down={name: old.backup_down.get(name, now) for name in order.backup_down},
            keyrings_missing=order.keyrings_missing,
            backup_failures=order.backup_failures,
            full=order.full,
            failing_stores=order.failing_stores,
            api=order.api,
            agents=order.agents,
        )
    )
    return json_reply(engine.world.faults)


async def clear_faults(request: Request) -> Response:
    """Switch all faults off."""
    engine_of(request).set_faults(Faults())
    return Response(status_code=204)


async def set_clock(request: Request) -> Response:
    """Move the clock."""
    order = await order_of(request, ClockOrder)
    engine = engine_of(request)
    try:
        if order.time_scale is not None:
            engine.set_time_scale(order.time_scale)
        engine.clock.advance(order.advance)
    except ValueError as error:
        raise Refusal(400, str(error)) from error
    engine.tick()
    return json_reply({"now": engine.world.now, "time_scale": engine.clock.scale})


async def set_latency(request: Request) -> Response:
    """Set the delays of answers."""
    order = await order_of(request, LatencyOrder)
    engine_of(request).set_latency(order.seconds)
    return json_reply(order)


async def kill_image_service(request: Request) -> Response:
    """Let Glance die and come back: nobody works on its tasks any more, the locks stay."""
    return json_reply({"abandoned": abandon_all(engine_of(request).world)})


async def kill_volume_services(request: Request) -> Response:
    """Let every cinder-volume die and come back: what they uploaded stays as it is."""
    return json_reply({"broken": break_uploads(engine_of(request).world)})


async def forget_task(request: Request) -> Response:
    """Remove a task's record, as Glance's clean-up does with old ones."""
    world = engine_of(request).world
    identifier = request.path_params["task_id"]
    if world.task(identifier) is None:
        raise Refusal(404, f"There is no task {identifier}.")
    world.drop_task(identifier)
    return Response(status_code=204)


async def ask_cluster(request: Request) -> Response:
    """Answer an agent, or tell it which fault to act out."""
    asked = await order_of(request, AgentRequest)
    engine = engine_of(request)
    site = engine.world.deployment.site_of_cluster(request.path_params["cluster"])
    if site is None:
        message = f"There is no cluster “{request.path_params['cluster']}”."
        return json_reply({"error": {"kind": "invalid", "message": message}})
    fault, left = take_agent_fault(engine.world.faults, site.name, asked.operation)
    if fault is not None:
        engine.world.faults = left
        return json_reply({"fault": fault.kind})
    found = answer(engine.world, site, asked.operation, asked.parameters)
    scale = engine.clock.scale
    return json_reply(replace(found, seconds=found.seconds / scale if scale else 0.0))


ROUTES = [
    *contents.ROUTES,
    Route("/", show),
    Route("/faults", show_faults, methods=["GET"]),
    Route("/faults", set_faults, methods=["PUT"]),
    Route("/faults", clear_faults, methods=["DELETE"]),
    Route("/clock", set_clock, methods=["PUT"]),
    Route("/latency", set_latency, methods=["PUT"]),
    Route("/image-service/kill", kill_image_service, methods=["POST"]),
    Route("/volume-services/kill", kill_volume_services, methods=["POST"]),
    Route("/tasks/{task_id}", forget_task, methods=["DELETE"]),
    Route("/agents/{cluster}", ask_cluster, methods=["POST"]),
]
