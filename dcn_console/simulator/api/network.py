"""A minimal Neutron v2.0: networks, subnets, ports and security groups, to be read.

Source: Network API ref v2.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator import offers
from dcn_console.simulator.api.exchange import base_url, caller, engine_of, json_reply
from dcn_console.simulator.refusals import Refusal


async def versions(request: Request) -> Response:
    """List the API's versions."""
    known = {
        "id": "v2.0",
        "status": "CURRENT",
        "links": [{"rel": "self", "href": f"{base_url(request)}/network/v2.0/"}],
    }
    return json_reply({"versions": [known]})


async def resources(request: Request) -> Response:
    """List what version 2.0 has."""
    href = f"{base_url(request)}/network/v2.0"
    return json_reply(
        {
            "resources": [
                {
                    "name": name,
                    "collection": name,
                    "links": [{"rel": "self", "href": f"{href}/{name}"}],
                }
                for name in ("networks", "subnets", "ports")
            ]
        }
    )


async def networks(request: Request) -> Response:
    """List the networks, or show one."""
    caller(request)
    deployment = engine_of(request).world.deployment
    owner = deployment.projects[0].id
    listed: list[dict[str, Any]] = [
        {
            "id": item.id,
            "name": item.name,
            "tenant_id": owner,
            "project_id": owner,
            "admin_state_up": True,
            "mtu": 1450,
            "status": "ACTIVE",
            "subnets": [],
            "shared": not item.is_external,
            "router:external": item.is_external,
            "availability_zone_hints": list(item.zones),
            "availability_zones": [],
            "description": "",
            "tags": [],
        }
        for item in offers.networks(deployment)
    ]
    wanted = request.path_params.get("network_id")
    if wanted is None:
        for key in ("name", "id"):
            if key in request.query_params:
                listed = [item for item in listed if item[key] == request.query_params[key]]
        return json_reply({"networks": listed})
    for item in listed:
        if item["id"] == wanted:
            return json_reply({"network": item})
    raise Refusal(404, f"Network {wanted} could not be found.")


async def security_groups(request: Request) -> Response:
    """List the security groups: the project's, or every one to administrators."""
    who = caller(request)
    groups = offers.groups(engine_of(request).world.deployment)
    asked = request.query_params.get("project_id") or request.query_params.get("tenant_id")
    name = request.query_params.get("name")
    listed = [
        {
            "id": item.id,
            "name": item.name,
            "stateful": True,
            "tenant_id": item.project_id,
            "project_id": item.project_id,
            "description": "",
            "security_group_rules": [],
            "tags": [],
        }
        for item in groups
        if (who.is_admin or item.project_id == who.project_id)
        and asked in (None, item.project_id)
        and name in (None, item.name)
    ]
    return json_reply({"security_groups": listed})


async def subnets(request: Request) -> Response:
    """List the subnets, each with its segment where networks can have any."""
    caller(request)
    deployment = engine_of(request).world.deployment
    owner = deployment.projects[0].id
    wanted = request.query_params.get("network_id")
    listed = [
        {
            "id": item.id,
            "name": item.name,
            "network_id": item.network,
            "tenant_id": owner,
            "project_id": owner,
            "ip_version": 4,
            **({"segment_id": item.segment} if deployment.routed_networks else {}),
        }
        for item in offers.subnets(deployment)
        if wanted in (None, item.network)
    ]
    return json_reply({"subnets": listed})


async def extensions(request: Request) -> Response:
    """List the extensions, or show one."""
    caller(request)
    known = [{"alias": "segment", "name": "Segment", "description": "", "links": []}]
    if not engine_of(request).world.deployment.routed_networks:
        known = []
    wanted = request.path_params.get("alias")
    if wanted is None:
        return json_reply({"extensions": known})
    for extension in known:
        if extension["alias"] == wanted:
            return json_reply({"extension": extension})
    raise Refusal(404, f"Extension with alias {wanted} does not exist")


async def nothing(request: Request) -> Response:
    """List nothing of a kind that the simulator has none of."""
    caller(request)
    kind = request.url.path.rsplit("/", 1)[-1]
    return json_reply({kind.replace("-", "_"): []})


ROUTES = [
    Route("/", versions),
    Route("/v2.0", resources),
    Route("/v2.0/", resources),
    Route("/v2.0/networks", networks),
    Route("/v2.0/networks/{network_id}", networks),
    Route("/v2.0/security-groups", security_groups),
    Route("/v2.0/subnets", subnets),
    Route("/v2.0/ports", nothing),
    Route("/v2.0/extensions", extensions),
    Route("/v2.0/extensions/{alias}", extensions),
]
