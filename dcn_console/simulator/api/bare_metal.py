"""A minimal Ironic v1: versions and ports, in a cloud that has bare metal nodes.

Source: Bare Metal API ref v1 (API versions, Ports). Errors are a JSON text within JSON, as
ironic/api/middleware/parsable_error.py makes them.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api.exchange import (
    base_url,
    caller,
    engine_of,
    identity_refusal,
    json_reply,
    whole_number,
)
from dcn_console.simulator.dice import Dice
from dcn_console.simulator.refusals import Refusal

MAXIMUM_MINOR = 80
"""Ironic's highest microversion in Zed."""
_PHYSICAL_NETWORK_MINOR = 34
_MAXIMUM_LIMIT = 1000


def bare_metal_refusal(request: Request, error: Exception) -> Response:
    """Render a refusal as Ironic does."""
    if not isinstance(error, Refusal) or error.status == 401:
        return identity_refusal(request, error)
    fault = {"faultcode": "Client", "faultstring": error.message, "debuginfo": None}
    return json_reply({"error_message": msgspec.json.encode(fault).decode()}, error.status)


def _version(request: Request) -> dict[str, Any]:
    href = f"{base_url(request)}/baremetal/v1/"
    return {
        "id": "v1",
        "status": "CURRENT",
        "min_version": "1.1",
        "version": f"1.{MAXIMUM_MINOR}",
        "links": [{"rel": "self", "href": href}],
    }


async def versions(request: Request) -> Response:
    """List the API's versions."""
    known = _version(request)
    return json_reply(
        {
            "name": "OpenStack Ironic API",
            "description": "",
            "default_version": known,
            "versions": [known],
        }
    )


async def version(request: Request) -> Response:
    """Describe version 1."""
    known = _version(request)
    return json_reply({"id": "v1", "links": known["links"], "version": known})


async def ports(request: Request) -> Response:
    """List the ports in detail, page by page: none to others than administrators.

    No node belongs to anybody, and another's ports are left out rather than refused (Ironic 21.4).
    """
    who = caller(request)
    minor = _minor(request)
    deployment = engine_of(request).world.deployment
    dice = Dice(deployment.seed)
    listed: list[dict[str, Any]] = []
    for index, network in enumerate(deployment.bare_metal if who.is_admin else ()):
        port: dict[str, Any] = {
            "uuid": dice.identifier(f"port/{index}"),
            "address": f"52:54:00:00:00:{index % 256:02x}",
            "node_uuid": dice.identifier(f"node/{index // 2}"),
            "extra": {},
            "pxe_enabled": True,
            "created_at": "2026-01-01T00:00:00+00:00",
            "updated_at": None,
            "links": [],
        }
        if minor >= _PHYSICAL_NETWORK_MINOR:
            port["physical_network"] = network or None
        listed.append(port)
    marker = request.query_params.get("marker")
    ids = [port["uuid"] for port in listed]
    start = ids.index(marker) + 1 if marker in ids else 0
    asked = whole_number(request.query_params.get("limit"), _MAXIMUM_LIMIT, "limit")
    limit = min(asked or _MAXIMUM_LIMIT, _MAXIMUM_LIMIT)
    page = listed[start : start + limit]
    answer: dict[str, Any] = {"ports": page}
    if start + limit < len(listed):
        href = f"{base_url(request)}/baremetal/v1/ports/detail"
        answer["next"] = f"{href}?limit={limit}&marker={page[-1]['uuid']}"
    return json_reply(answer)


def _minor(request: Request) -> int:
    text = request.headers.get("x-openstack-ironic-api-version", "1.1")
    major, _, minor = text.partition(".")
    if major != "1" or not minor.isdigit() or not 1 <= int(minor) <= MAXIMUM_MINOR:
        raise Refusal(
            406,
            f"Version {text} was requested but the requested API version is not supported by "
            f"this service. The supported version range is: ['1.1', '1.{MAXIMUM_MINOR}'].",
        )
    return int(minor)


ROUTES = [
    Route("/", versions),
    Route("/v1", version),
    Route("/v1/", version),
    Route("/v1/ports/detail", ports),
]
