"""Nova v2.1: servers, their actions and their volumes (Compute API ref: Servers)."""

from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.exchange import (
    base_url,
    caller,
    engine_of,
    json_body,
    json_reply,
    whole_number,
)
from dcn_console.simulator.api.server_view import server_view
from dcn_console.simulator.records import ServerRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.server_creation import create_server
from dcn_console.simulator.server_images import create_server_image
from dcn_console.simulator.servers import (
    act,
    attach,
    check_state,
    delete_server,
    detach,
    visible_server,
)
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volumes import visible_volume
from dcn_console.simulator.world import World

_MAXIMUM_LIMIT = 1000
_ACTIONS = {"os-start": "start", "os-stop": "stop"}
_IMAGE_ID_MINOR = 45
_NO_ID_MINOR = 89
"""Since when an attachment has no id of its own."""


def minor_of(request: Request) -> int:
    """Return the microversion asked for; raise Refusal 406 for one there is not."""
    maximum = engine_of(request).world.deployment.compute_minor
    text = request.headers.get("openstack-api-version", "")
    service, _, version = text.partition(" ")
    if service != "compute":
        version = request.headers.get("x-openstack-nova-api-version", "")
    if not version:
        return 1
    if version == "latest":
        return maximum
    major, _, minor = version.partition(".")
    if major != "2" or not minor.isdigit() or not 1 <= int(minor) <= maximum:
        raise Refusal(
            406,
            f"Version {version} is not supported by the API. Minimum is 2.1 and maximum is "
            f"2.{maximum}.",
        )
    return int(minor)


def reply(request: Request, content: object, status: int = 200) -> Response:
    """Answer with JSON in the microversion asked for."""
    headers = {
        "OpenStack-API-Version": f"compute 2.{minor_of(request)}",
        "Vary": "OpenStack-API-Version",
    }
    return json_reply(content, status, headers)


def _visible(world: World, who: Identity, *, every_project: bool) -> list[ServerRecord]:
    servers = (
        server
        for server in world.servers.values()
        if (every_project and who.is_admin) or server.project_id == who.project_id
    )
    return sorted(servers, key=lambda server: (server.created_at, server.id), reverse=True)


async def list_servers(request: Request) -> Response:
    """List servers, in detail or in short."""
    who, minor = caller(request), minor_of(request)
    world = engine_of(request).world
    query = dict(request.query_params)
    is_all = query.get("all_tenants", "").lower() in ("1", "true")
    if is_all and not who.is_admin:
        raise Refusal(
            403,
            "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.",
        )
    servers = _visible(world, who, every_project=is_all)
    if "name" in query:
        servers = [server for server in servers if query["name"] in server.name]
    if "status" in query:
        servers = [server for server in servers if query["status"].upper() == server.status]
    limit = whole_number(query.get("limit"), _MAXIMUM_LIMIT, "limit")
    start = 0
    if query.get("marker"):
        ids = [server.id for server in servers]
        if query["marker"] not in ids:
            raise Refusal(400, f"marker [{query['marker']}] not found")
        start = ids.index(query["marker"]) + 1
    part = servers[start : start + min(limit, _MAXIMUM_LIMIT)]
    if request.url.path.endswith("/detail"):
        views = [server_view(world, server, who, minor) for server in part]
    else:
        views = [{"id": server.id, "name": server.name, "links": []} for server in part]
    content: dict[str, Any] = {"servers": views}
    if part and start + len(part) < len(servers):
        link = f"{base_url(request)}{request.url.path}?"
        link += urlencode({**query, "marker": part[-1].id})
        content["servers_links"] = [{"rel": "next", "href": link}]
    return reply(request, content)


async def create(request: Request) -> Response:
    """Begin to build a server."""
    who, world = caller(request), engine_of(request).world
    server = create_server(world, who, await json_body(request), minor_of(request))
    path = f"{base_url(request)}/compute/v2.1/servers/{server.id}"
    content = {
        "id": server.id,
        "links": [{"rel": "self", "href": path}],
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": [{"name": name} for name in server.groups],
        "adminPass": server.id[:12],
    }
    return reply(request, {"server": content}, 202)


async def show(request: Request) -> Response:
    """Show a server."""
    who, world = caller(request), engine_of(request).world
    server = visible_server(world, who, request.path_params["server_id"])
    return reply(request, {"server": server_view(world, server, who, minor_of(request))})


async def delete(request: Request) -> Response:
    """Delete a server."""
    delete_server(engine_of(request).world, caller(request), request.path_params["server_id"])
    return Response(status_code=204)


async def act_on_server(request: Request) -> Response:
    """Start or stop a server, or make an image of it (Compute API ref: Server actions)."""
    who, world = caller(request), engine_of(request).world
    server_id, body = request.path_params["server_id"], await json_body(request)
    asked = list(body) if isinstance(body, dict) else []
    if asked == ["createImage"]:
        image = create_server_image(world, who, server_id, body["createImage"])
        if minor_of(request) >= _IMAGE_ID_MINOR:
            return reply(request, {"image_id": image.id}, 202)
        location = f"{base_url(request)}/image/images/{image.id}"
        return Response(status_code=202, headers={"Location": location})
    if len(asked) != 1 or asked[0] not in _ACTIONS:
        raise Refusal(400, f"There is no such action: {', '.join(map(str, asked))}.")
    act(world, who, server_id, _ACTIONS[asked[0]])
    return Response(status_code=202)


async def metadata(request: Request) -> Response:
    """Show, add to or replace a server's metadata."""
    who, world = caller(request), engine_of(request).world
    server = visible_server(world, who, request.path_params["server_id"])
    if request.method != "GET":
        body = await json_body(request)
        asked = body.get("metadata") if isinstance(body, dict) else None
        if not isinstance(asked, dict):
            raise Refusal(400, "Invalid input for field/attribute metadata.")
        known = server.metadata if request.method == "POST" else {}
        changed = {**known, **{str(key): str(text) for key, text in asked.items()}}
        server = replace(server, metadata=changed, updated_at=world.now)
        world.put_server(server)
    return reply(request, {"metadata": server.metadata})


async def attachments(request: Request) -> Response:
    """List a server's volumes."""
    who, world = caller(request), engine_of(request).world
    server = visible_server(world, who, request.path_params["server_id"])
    listed = [
        {
            **({"id": volume.id} if minor_of(request) < _NO_ID_MINOR else {}),
            "volumeId": volume.id,
            "serverId": server.id,
            "device": volume.device_on(server.id),
        }
        for volume in world.attached(server.id)
    ]
    return reply(request, {"volumeAttachments": listed})


async def attach_volume(request: Request) -> Response:
    """Attach a volume to a server."""
    who, world = caller(request), engine_of(request).world
    server = visible_server(world, who, request.path_params["server_id"])
    body = await json_body(request)
    asked = body.get("volumeAttachment") if isinstance(body, dict) else None
    if not isinstance(asked, dict):
        raise Refusal(400, "Invalid input for field/attribute volumeAttachment.")
    volume = visible_volume(world, who, str(asked.get("volumeId")))
    check_state(server, "attach_volume", ("ACTIVE", "SHUTOFF"))
    if volume.status != "available":
        raise Refusal(
            400,
            f"Invalid volume: volume {volume.id} status must be 'available'. Currently in "
            f"'{volume.status}' status.",
        )
    taken = {item.device_on(server.id) for item in world.attached(server.id)}
    device = next(name for letter in "bcdefghijklmnop" if (name := f"/dev/vd{letter}") not in taken)
    attach(world, server, volume, device)
    content = {
        "id": volume.id, "volumeId": volume.id, "serverId": server.id, "device": device,
    }  # fmt: skip
    return reply(request, {"volumeAttachment": content})


async def detach_volume(request: Request) -> Response:
    """Take a volume from a server."""
    who, world = caller(request), engine_of(request).world
    server = visible_server(world, who, request.path_params["server_id"])
    volume = visible_volume(world, who, request.path_params["volume_id"])
    device = volume.device_on(server.id)
    if not device:
        raise Refusal(404, f"Instance {server.id} is not attached to volume {volume.id}")
    if device == server.root_device:
        raise Refusal(403, "Cannot detach a root device volume")
    detach(world, server.id, volume)
    return Response(status_code=202)


ROUTES = (
    ("/servers", list_servers, "GET"),
    ("/servers", create, "POST"),
    ("/servers/detail", list_servers, "GET"),
    ("/servers/{server_id}", show, "GET"),
    ("/servers/{server_id}", delete, "DELETE"),
    ("/servers/{server_id}/action", act_on_server, "POST"),
    ("/servers/{server_id}/metadata", metadata, "GET"),
    ("/servers/{server_id}/metadata", metadata, "POST"),
    ("/servers/{server_id}/metadata", metadata, "PUT"),
    ("/servers/{server_id}/os-volume_attachments", attachments, "GET"),
    ("/servers/{server_id}/os-volume_attachments", attach_volume, "POST"),
    ("/servers/{server_id}/os-volume_attachments/{volume_id}", detach_volume, "DELETE"),
)
