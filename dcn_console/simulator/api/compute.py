"""A minimal Nova v2.1: servers, so that a volume's server has a name and a zone.

Source: Compute API ref (Servers, Flavors, Availability zones).
"""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api.exchange import (
    base_url,
    caller,
    engine_of,
    json_body,
    json_reply,
    whole_number,
)
from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.records import ServerRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.servers import VM_STATES, act, visible_server
from dcn_console.simulator.times import zulu
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

_MAXIMUM_LIMIT = 1000
_POWER_STATES = {"ACTIVE": 1, "SHUTOFF": 4}
"""RUNNING and SHUTDOWN (nova/compute/power_state.py)."""
_ACTIONS = {"os-start": "start", "os-stop": "stop"}
_FLAVORS = (("m1.small", 1, 2048, 20), ("m1.medium", 2, 4096, 40))


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": "2.93",
        "min_version": "2.1",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{base_url(request)}/compute/v2.1/"}],
        "media-types": [],
    }


async def versions(request: Request) -> Response:
    """List the API's versions."""
    return json_reply({"versions": [_version(request)]})


async def version(request: Request) -> Response:
    """Describe version 2.1."""
    return json_reply({"version": _version(request)})


def _visible(world: World, who: Identity, *, every_project: bool) -> list[ServerRecord]:
    servers = (
        server
        for server in world.servers.values()
        if (every_project and who.is_admin) or server.project_id == who.project_id
    )
    return sorted(servers, key=lambda server: (server.created_at, server.id), reverse=True)


def _attached(world: World) -> dict[str, list[dict[str, Any]]]:
    attached: dict[str, list[dict[str, Any]]] = {}
    for volume in world.volumes.values():
        for attachment in volume.attachments:
            entry = {"id": volume.id, "delete_on_termination": False}
            attached.setdefault(attachment.server_id, []).append(entry)
    return attached


def _view(
    deployment: Deployment, server: ServerRecord, who: Identity, volumes: list[dict[str, Any]]
) -> dict[str, Any]:
    view = {
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": {},
        "hostId": "",
        "image": {"id": server.image_id} if server.image_id else "",
        "flavor": {"id": Dice(deployment.seed).identifier(f"flavor/{server.flavor}"), "links": []},
        "created": zulu(server.created_at),
        "updated": zulu(server.updated_at or server.created_at),
        "addresses": {},
        "accessIPv4": "",
        "accessIPv6": "",
        "links": [],
        "progress": 0,
        "config_drive": "",
        "key_name": None,
        "OS-DCF:diskConfig": "AUTO",
        "OS-EXT-AZ:availability_zone": server.availability_zone,
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": VM_STATES.get(server.status, "error"),
        "OS-EXT-STS:power_state": _POWER_STATES.get(server.status, 0),
        "OS-SRV-USG:launched_at": zulu(server.created_at),
        "OS-SRV-USG:terminated_at": None,
        "os-extended-volumes:volumes_attached": volumes,
    }
    if who.is_admin:
        view |= {
            "OS-EXT-SRV-ATTR:host": server.host,
            "OS-EXT-SRV-ATTR:hypervisor_hostname": server.host,
            "OS-EXT-SRV-ATTR:instance_name": f"instance-{server.id[:8]}",
        }
    return view


async def list_servers(request: Request) -> Response:
    """List servers, in detail or in short."""
    who = caller(request)
    world = engine_of(request).world
    query = dict(request.query_params)
    is_all = query.get("all_tenants", "").lower() in ("1", "true")
    servers = _visible(world, who, every_project=is_all)
    if "name" in query:
        servers = [server for server in servers if query["name"] in server.name]
    limit = whole_number(query.get("limit"), _MAXIMUM_LIMIT, "limit")
    start = 0
    if query.get("marker"):
        ids = [server.id for server in servers]
        if query["marker"] not in ids:
            raise Refusal(400, f"marker [{query['marker']}] not found")
        start = ids.index(query["marker"]) + 1
    part = servers[start : start + min(limit, _MAXIMUM_LIMIT)]
    if request.url.path.endswith("/detail"):
        attached = _attached(world)
        views = [
            _view(world.deployment, server, who, attached.get(server.id, [])) for server in part
        ]
    else:
        views = [{"id": server.id, "name": server.name, "links": []} for server in part]
    content: dict[str, Any] = {"servers": views}
    if part and start + len(part) < len(servers):
        link = f"{base_url(request)}{request.url.path}?"
        link += urlencode({**query, "marker": part[-1].id})
        content["servers_links"] = [{"rel": "next", "href": link}]
    return json_reply(content)


async def show_server(request: Request) -> Response:
    """Show a server."""
    who = caller(request)
    world = engine_of(request).world
    server = visible_server(world, who, request.path_params["server_id"])
    volumes = _attached(world).get(server.id, [])
    return json_reply({"server": _view(world.deployment, server, who, volumes)})


async def act_on_server(request: Request) -> Response:
    """Start or stop a server (Compute API ref: os-start, os-stop)."""
    who = caller(request)
    body = await json_body(request)
    asked = list(body) if isinstance(body, dict) else []
    if len(asked) != 1 or asked[0] not in _ACTIONS:
        raise Refusal(400, f"There is no such action: {', '.join(map(str, asked))}.")
    world = engine_of(request).world
    act(world, who, request.path_params["server_id"], _ACTIONS[asked[0]])
    return Response(status_code=202)


async def flavors(request: Request) -> Response:
    """List the flavours, or show one."""
    caller(request)
    dice = Dice(engine_of(request).world.deployment.seed)
    listed = [
        {
            "id": dice.identifier(f"flavor/{name}"),
            "name": name,
            "vcpus": cores,
            "ram": memory,
            "disk": disk,
            "OS-FLV-EXT-DATA:ephemeral": 0,
            "os-flavor-access:is_public": True,
            "rxtx_factor": 1.0,
            "swap": "",
            "links": [],
        }
        for name, cores, memory, disk in _FLAVORS
    ]
    wanted = request.path_params.get("flavor_id")
    if wanted is None:
        return json_reply({"flavors": listed})
    for flavor in listed:
        if flavor["id"] == wanted:
            return json_reply({"flavor": flavor})
    raise Refusal(404, f"Flavor {wanted} could not be found.")


async def availability_zones(request: Request) -> Response:
    """List the availability zones."""
    caller(request)
    sites = engine_of(request).world.deployment.sites
    zones = dict.fromkeys(site.availability_zone for site in sites)
    return json_reply(
        {
            "availabilityZoneInfo": [
                {"zoneName": zone, "zoneState": {"available": True}, "hosts": None}
                for zone in zones
            ]
        }
    )


ROUTES = [
    Route("/", versions),
    Route("/v2.1", version),
    Route("/v2.1/", version),
    Route("/v2.1/servers", list_servers),
    Route("/v2.1/servers/detail", list_servers),
    Route("/v2.1/servers/{server_id}", show_server),
    Route("/v2.1/servers/{server_id}/action", act_on_server, methods=["POST"]),
    Route("/v2.1/flavors", flavors),
    Route("/v2.1/flavors/detail", flavors),
    Route("/v2.1/flavors/{flavor_id}", flavors),
    Route("/v2.1/os-availability-zone", availability_zones),
]
