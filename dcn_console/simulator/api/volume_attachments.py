"""Cinder v3: attachments of volumes to servers (API ref: Attachments, 3.27)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.block_exchange import minor_of, reply
from dcn_console.simulator.api.exchange import caller, engine_of
from dcn_console.simulator.records import VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.world import World

_MINOR = 27


async def attachments(request: Request) -> Response:
    """List attachments, of one volume if asked for; one is reserved while Nova makes a server."""
    who, world = caller(request), engine_of(request).world
    if minor_of(request) < _MINOR:
        raise Refusal(404, "The resource could not be found.")
    wanted = request.query_params.get("volume_id")
    listed = [
        entry
        for volume in world.volumes.values()
        if (wanted is None or volume.id == wanted)
        and (who.is_admin or volume.project_id == who.project_id)
        for entry in _entries(world, volume)
    ]
    return reply(request, {"attachments": listed})


def _entries(world: World, volume: VolumeRecord) -> list[dict[str, Any]]:
    held = [(item.id, "attached", item.server_id) for item in volume.attachments]
    if volume.status == "reserved":
        makers = (item for item in world.servers.values() if item.root_volume == volume.id)
        held += [(f"{item.id[:8]}-{volume.id[9:]}", "reserved", item.id) for item in makers]
    return [
        {"id": identifier, "status": status, "instance": server_id, "volume_id": volume.id}
        for identifier, status, server_id in held
    ]


ROUTES = (("/attachments", attachments, "GET"),)
