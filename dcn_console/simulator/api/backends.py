"""Cinder v3: services, pools, availability zones, types and limits.

Source: Block Storage API ref v3 and cinder/api/contrib.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.exchange import administrator, caller, engine_of, json_reply
from dcn_console.simulator.capacity import fill
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.records import GIB, SimulatedSite
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.times import micro
from dcn_console.simulator.world import World

SERVICE_DOWN_SECONDS = 60.0
"""Cinder's service_down_time."""
_REPORT_SECONDS = 10.0
_DENIED = "Policy doesn't allow {} to be performed."
_VOLUME_TYPES = ("__DEFAULT__",)


async def services(request: Request) -> Response:
    """List the services, for administrators; a dead site's is down after a minute."""
    administrator(request, "volume_extension:services:index", _DENIED)
    world = engine_of(request).world
    hub = world.deployment.hub
    listed = [
        _service(world, hub, "cinder-scheduler", hub.name),
        _service(world, hub, "cinder-backup", hub.name),
    ]
    for site in world.deployment.sites:
        listed.append(_service(world, site, "cinder-volume", site.volume_host))
        listed[-1] |= {
            "backend_state": "up",
            "replication_status": "disabled",
            "active_backend_id": None,
            "frozen": False,
        }
    wanted = request.query_params.get("binary")
    return json_reply({"services": [item for item in listed if wanted in (None, item["binary"])]})


def _service(world: World, site: SimulatedSite, binary: str, host: str) -> dict[str, Any]:
    stopped = _stopped(world, site, binary)
    heard = min(world.now - world.now % _REPORT_SECONDS, stopped)
    return {
        "binary": binary,
        "host": host,
        "zone": site.availability_zone,
        "status": "enabled",
        "state": "up" if world.now - stopped < SERVICE_DOWN_SECONDS else "down",
        "updated_at": micro(heard),
        "cluster": None,
        "disabled_reason": None,
    }


def _stopped(world: World, site: SimulatedSite, binary: str) -> float:
    """When a service died, or now; cinder-volume dies with its cluster's mon."""
    faults = world.faults
    if binary == "cinder-volume":
        found = (faults.mon_down.get(site.name), faults.volume_down.get(site.name))
    elif binary == "cinder-backup":
        found = (faults.backup_down.get(site.name), None)
    else:
        found = (None, None)
    return min((at for at in found if at is not None), default=world.now)


async def pools(request: Request) -> Response:
    """List the backends' pools, for administrators."""
    administrator(request, "scheduler_extension:scheduler_stats:get_pools", _DENIED)
    world = engine_of(request).world
    is_detail = request.query_params.get("detail", "").lower() in ("true", "1")
    listed = []
    for site in world.deployment.sites:
        pool: dict[str, Any] = {"name": site.volume_pool}
        if is_detail:
            pool["capabilities"] = _capabilities(world, site)
        listed.append(pool)
    return json_reply({"pools": listed})


def _capabilities(world: World, site: SimulatedSite) -> dict[str, Any]:
    filled = fill(world, site)
    location = (
        f"{site.cluster}:/etc/ceph/{site.cluster}.conf:{site.fsid}:openstack:{site.volumes_pool}"
    )
    return {
        "vendor_name": "Open Source",
        "driver_version": "1.3.0",
        "storage_protocol": "ceph",
        "total_capacity_gb": round(filled.total / GIB, 2),
        "free_capacity_gb": round(filled.available / GIB, 2),
        "reserved_percentage": 0,
        "multiattach": True,
        "thin_provisioning_support": True,
        "max_over_subscription_ratio": "20.0",
        "location_info": location,
        "backend_state": "up",
        "qos_support": True,
        "volume_backend_name": site.backend or site.cluster,
        "replication_enabled": False,
        "allocated_capacity_gb": 0,
        "filter_function": None,
        "goodness_function": None,
        "timestamp": micro(world.now),
    }


async def availability_zones(request: Request) -> Response:
    """List the availability zones."""
    caller(request)
    sites = engine_of(request).world.deployment.sites
    zones = dict.fromkeys(site.availability_zone for site in sites)
    return json_reply(
        {
            "availabilityZoneInfo": [
                {"zoneName": zone, "zoneState": {"available": True}} for zone in zones
            ]
        }
    )


async def types(request: Request) -> Response:
    """List the volume types, or show one."""
    who = caller(request)
    dice = Dice(engine_of(request).world.deployment.seed)
    listed: list[dict[str, Any]] = [
        {
            "id": dice.identifier(f"volume type/{name}"),
            "name": name,
            "is_public": True,
            "description": "Default Volume Type",
            "extra_specs": {},
            "os-volume-type-access:is_public": True,
            **({"qos_specs_id": None} if who.is_admin else {}),
        }
        for name in _VOLUME_TYPES
    ]
    wanted = request.path_params.get("type_id")
    if wanted is None:
        return json_reply({"volume_types": listed})
    for item in listed:
        if wanted in ("default", item["id"], item["name"]):
            return json_reply({"volume_type": item})
    raise Refusal(404, f"Volume type {wanted} could not be found.")


def nothing(key: str) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that lists nothing under ``key``."""

    async def listing(request: Request) -> Response:
        caller(request)
        return json_reply({key: []})

    return listing
