"""Nova v2.1: versions, flavors, key pairs and availability zones, beside the servers.

Source: Compute API ref (Flavors, Keypairs, Availability zones).
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator import offers
from dcn_console.simulator.api import servers
from dcn_console.simulator.api.exchange import base_url, caller, engine_of, json_reply
from dcn_console.simulator.api.servers import minor_of, reply
from dcn_console.simulator.refusals import Refusal


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": f"2.{engine_of(request).world.deployment.compute_minor}",
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


async def flavors(request: Request) -> Response:
    """List the flavors, or show one."""
    caller(request)
    deployment = engine_of(request).world.deployment
    wanted = request.path_params.get("flavor_id")
    if wanted is None:
        listed = [_flavor(item) for item in offers.flavors(deployment)]
        if not request.url.path.endswith("/detail"):
            listed = [{"id": item["id"], "name": item["name"], "links": []} for item in listed]
        return reply(request, {"flavors": listed})
    found = offers.flavor(deployment, wanted)
    if found is None or found.id != wanted:
        raise Refusal(404, f"Flavor {wanted} could not be found.")
    return reply(request, {"flavor": _flavor(found)})


def _flavor(item: offers.OfferedFlavor) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "vcpus": item.cores,
        "ram": item.memory,
        "disk": item.disk,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": True,
        "rxtx_factor": 1.0,
        "swap": "",
        "links": [],
    }


async def key_pairs(request: Request) -> Response:
    """List the user's key pairs."""
    who = caller(request)
    listed = []
    for item in offers.key_pairs(engine_of(request).world.deployment, who.user):
        key = {
            "name": item.name,
            "public_key": item.public_key,
            "fingerprint": item.fingerprint,
        }
        listed.append({"keypair": {**key, "type": "ssh"} if minor_of(request) >= 2 else key})
    return reply(request, {"keypairs": listed})


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


async def services(request: Request) -> Response:
    """List the compute hosts, for administrators."""
    who = caller(request)
    if not who.is_admin:
        raise Refusal(403, "Policy doesn't allow os_compute_api:os-services:list to be performed.")
    listed = [
        {
            "id": identifier,
            "binary": "nova-compute",
            "host": f"compute-{site.name}-0",
            "zone": site.availability_zone,
            "status": "enabled",
            "state": "up",
        }
        for identifier, site in enumerate(engine_of(request).world.deployment.sites, 1)
    ]
    return json_reply({"services": listed})


async def limits(request: Request) -> Response:
    """Show what a project of a large cloud may have, and what it has."""
    who = caller(request)
    world = engine_of(request).world
    mine = [item for item in world.servers.values() if item.project_id == who.project_id]
    flavors = {item.name: item for item in offers.flavors(world.deployment)}
    used = [flavors[item.flavor] for item in mine if item.flavor in flavors]
    absolute = {
        "maxTotalInstances": 1000,
        "maxTotalCores": 4000,
        "maxTotalRAMSize": 16384000,
        "totalInstancesUsed": len(mine),
        "totalCoresUsed": sum(item.cores for item in used),
        "totalRAMUsed": sum(item.memory for item in used),
    }
    return json_reply({"limits": {"rate": [], "absolute": absolute}})


ROUTES = [
    Route("/", versions),
    Route("/v2.1", version),
    Route("/v2.1/", version),
    *(Route(f"/v2.1{path}", endpoint, methods=[method])
      for path, endpoint, method in servers.ROUTES),
    Route("/v2.1/flavors", flavors),
    Route("/v2.1/flavors/detail", flavors),
    Route("/v2.1/flavors/{flavor_id}", flavors),
    Route("/v2.1/os-keypairs", key_pairs),
    Route("/v2.1/os-availability-zone", availability_zones),
    Route("/v2.1/os-services", services),
    Route("/v2.1/limits", limits),
]  # fmt: skip
