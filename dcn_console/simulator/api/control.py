"""The simulator's own API under /simulator: faults, clock, contents, and what agents ask.

It is for tests and demos; it takes no token, as it listens on the loopback address only.
"""

from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api.exchange import engine_of, json_body, json_reply
from dcn_console.simulator.cluster_answers import answer
from dcn_console.simulator.faults import AgentFault, ApiFault, Faults, take_agent_fault
from dcn_console.simulator.import_outcome import abandon_all, with_data
from dcn_console.simulator.records import (
    MIB,
    ImageRecord,
    RbdRecord,
    SimulatedSite,
    VolumeRecord,
)
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.volumes import rbd_name, rbd_record

T = TypeVar("T")


class FaultOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The faults that shall be on; what is left out is off."""

    osd_down: tuple[str, ...] = ()
    mon_down: tuple[str, ...] = ()
    failing_stores: tuple[str, ...] = ()
    api: tuple[ApiFault, ...] = ()
    agents: tuple[AgentFault, ...] = ()


class ClockOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Jump ahead by ``advance`` seconds, or run at ``time_scale``, or both."""

    advance: float = 0.0
    time_scale: float | None = None


class LatencyOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Delays by service in real seconds; "" is every service."""

    seconds: dict[str, float]


class ImageOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An active image to add; its owner is the administrators' project, its data synthetic."""

    name: str | None
    stores: tuple[str, ...]
    size: int = 8 * MIB
    disk_format: str = "raw"
    visibility: str = "public"
    id: str = ""


class VolumeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An available volume to add; ``size`` is in GiB."""

    name: str | None
    site: str
    size: int = 1
    id: str = ""


class RbdOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Remove an RBD image of a site's pool, take its snapshot away, or corrupt its data."""

    site: str
    name: str
    pool: str = ""
    action: str = "remove"


class AgentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request of an agent."""

    operation: str
    parameters: dict[str, Any] = {}


async def _order(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.convert(await json_body(request), kind)
    except msgspec.ValidationError as error:
        raise Refusal(400, str(error)) from error


def _site(request: Request, name: str) -> SimulatedSite:
    site = engine_of(request).world.deployment.site(name)
    if site is None:
        raise Refusal(404, f"There is no site “{name}”.")
    return site


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
            "active_tasks": [task.id for task in world.active_tasks()],
            "faults": world.faults,
        }
    )


async def show_faults(request: Request) -> Response:
    """Show the faults that are on."""
    return json_reply(engine_of(request).world.faults)


async def set_faults(request: Request) -> Response:
    """Replace all faults."""
    order = await _order(request, FaultOrder)
    engine = engine_of(request)
    now, old = engine.world.now, engine.world.faults
    for name in (*order.osd_down, *order.mon_down, *(fault.site for fault in order.agents)):
        _site(request, name)
    engine.set_faults(
        Faults(
            osd_down={name: old.osd_down.get(name, now) for name in order.osd_down},
            mon_down={name: old.mon_down.get(name, now) for name in order.mon_down},
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
    order = await _order(request, ClockOrder)
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
    order = await _order(request, LatencyOrder)
    engine_of(request).set_latency(order.seconds)
    return json_reply(order)


async def add_image(request: Request) -> Response:
    """Add an active image with a copy in each named store."""
    order = await _order(request, ImageOrder)
    world = engine_of(request).world
    sites = [world.deployment.site_of_store(store) for store in order.stores]
    if not all(sites):
        raise Refusal(400, "A store of the image is unknown or read-only.")
    image = with_data(
        ImageRecord(
            id=order.id or world.new_identifier("image"),
            name=order.name,
            status="active" if sites else "queued",
            visibility=order.visibility,
            owner=world.deployment.projects[0].id,
            disk_format=order.disk_format,
            container_format="bare",
            created_at=world.now,
            updated_at=world.now,
            stores=order.stores,
        ),
        order.size,
    )
    for site in sites:
        if site is not None:
            record = RbdRecord(size=order.size, used=order.size)
            world.put_rbd(site, site.images_pool, image.id, record)
    world.put_image(image)
    return json_reply({"id": image.id}, 201)


async def add_volume(request: Request) -> Response:
    """Add an available volume at a site."""
    order = await _order(request, VolumeOrder)
    site = _site(request, order.site)
    world = engine_of(request).world
    volume = VolumeRecord(
        id=order.id or world.new_identifier("volume"),
        site=site.name,
        project_id=world.deployment.projects[0].id,
        user_id=world.deployment.users[0].id,
        name=order.name,
        size=order.size,
        created_at=world.now,
        updated_at=world.now,
    )
    world.put_rbd(site, site.volumes_pool, rbd_name(volume), rbd_record(volume, site))
    world.put_volume(volume)
    return json_reply({"id": volume.id}, 201)


async def change_rbd(request: Request) -> Response:
    """Harm an RBD image behind the services' backs."""
    order = await _order(request, RbdOrder)
    site = _site(request, order.site)
    world = engine_of(request).world
    pool = order.pool or site.images_pool
    record = world.rbd(site, pool).get(order.name)
    if record is None:
        raise Refusal(404, f"There is no RBD image {order.name} at {site.name}.")
    if order.action == "remove":
        world.drop_rbd(site, pool, order.name)
    elif order.action == "remove-snap":
        bare = replace(record, snap=False, snap_protected=False)
        world.put_rbd(site, pool, order.name, bare)
    elif order.action == "corrupt":
        world.put_rbd(site, pool, order.name, replace(record, corrupt=True))
    else:
        raise Refusal(400, "The action is remove, remove-snap or corrupt.")
    return Response(status_code=204)


async def kill_image_service(request: Request) -> Response:
    """Let Glance die and come back: nobody works on its tasks any more, the locks stay."""
    return json_reply({"abandoned": abandon_all(engine_of(request).world)})


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
    asked = await _order(request, AgentRequest)
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
    Route("/", show),
    Route("/faults", show_faults, methods=["GET"]),
    Route("/faults", set_faults, methods=["PUT"]),
    Route("/faults", clear_faults, methods=["DELETE"]),
    Route("/clock", set_clock, methods=["PUT"]),
    Route("/latency", set_latency, methods=["PUT"]),
    Route("/images", add_image, methods=["POST"]),
    Route("/volumes", add_volume, methods=["POST"]),
    Route("/rbd", change_rbd, methods=["POST"]),
    Route("/image-service/kill", kill_image_service, methods=["POST"]),
    Route("/tasks/{task_id}", forget_task, methods=["DELETE"]),
    Route("/agents/{cluster}", ask_cluster, methods=["POST"]),
]
