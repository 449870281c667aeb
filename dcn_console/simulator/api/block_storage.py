"""Cinder v3: versions and volumes.

Source: Block Storage API ref v3 and cinder/api.
"""

from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api import backends
from dcn_console.simulator.api.exchange import (
    base_url,
    caller,
    engine_of,
    json_body,
    json_reply,
    raw_json_reply,
    whole_number,
)
from dcn_console.simulator.api.volume_view import (
    Audience,
    VolumeEncodings,
    short_view,
    volume_view,
)
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volume_listing import MAXIMUM_LIMIT, chosen, page
from dcn_console.simulator.volumes import create_volume, delete_volume, visible_volume

MAXIMUM_MINOR = 70
_NOT_AT_FIRST = ("os-vol-", "volume_image_metadata")
"""What the answer to a creation lacks of a volume."""


def _minor(request: Request) -> int:
    """The microversion asked for; raise Refusal 406 for one there is not."""
    text = request.headers.get("openstack-api-version", "")
    service, _, version = text.partition(" ")
    if service not in ("volume", "block-storage") or version == "":
        return 0
    if version == "latest":
        return MAXIMUM_MINOR
    major, _, minor = version.partition(".")
    if major != "3" or not minor.isdigit() or int(minor) > MAXIMUM_MINOR:
        raise Refusal(
            406,
            f"Version {version} is not supported by the API. Minimum is 3.0 and maximum is "
            f"3.{MAXIMUM_MINOR}.",
        )
    return int(minor)


def _audience(request: Request, who: Identity) -> Audience:
    return Audience(who.is_admin, _minor(request), base_url(request), who.project_id)


def _headers(request: Request) -> dict[str, str]:
    return {
        "OpenStack-API-Version": f"volume 3.{_minor(request)}",
        "Vary": "OpenStack-API-Version",
    }


async def versions(request: Request) -> Response:
    """List the API's versions; 300 at the root."""
    known = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": f"3.{MAXIMUM_MINOR}",
        "min_version": "3.0",
        "updated": "2022-08-31T00:00:00Z",
        "links": [
            {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
            {"rel": "self", "href": f"{base_url(request)}/volume/v3/"},
        ],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.volume+json;version=3",
            }
        ],
    }
    is_root = request.url.path.rstrip("/").endswith("/volume")
    return json_reply({"versions": [known]}, 300 if is_root else 200)


async def list_volumes(request: Request) -> Response:
    """List volumes, in detail or in short, with the address of the next page."""
    who = caller(request)
    world = engine_of(request).world
    query = dict(request.query_params)
    ordered = chosen(world.deployment, who, world.volumes.values(), query)
    limit = whole_number(query.get("limit"), MAXIMUM_LIMIT, "limit param")
    offset = whole_number(query.get("offset"), 0, "offset param")
    volumes, has_more = page(ordered, query.get("marker"), limit, offset)
    audience = _audience(request, who)
    is_detail = request.url.path.endswith("/detail")
    encodings = encodings_of(request)
    if is_detail:
        encoded = [encodings.encode(volume, audience) for volume in volumes]
    else:
        encoded = [msgspec.json.encode(short_view(volume, audience)) for volume in volumes]
    parts = [b'{"volumes": [', b", ".join(encoded), b"]"]
    if has_more:
        following = {**query, "marker": volumes[-1].id}
        following.pop("offset", None)
        path = f"/volume/v3/{who.project_id}/volumes{'/detail' if is_detail else ''}"
        link = f"{base_url(request)}{path}?{urlencode(following)}"
        parts.append(b', "volumes_links": [{"rel": "next", "href": "%b"}]' % link.encode())
    if query.get("with_count", "").lower() == "true" and audience.minor >= 45:
        parts.append(b', "count": %d' % len(ordered))
    parts.append(b"}")
    return raw_json_reply(b"".join(parts), headers=_headers(request))


def encodings_of(request: Request) -> VolumeEncodings:
    """Return the application's encodings of volumes."""
    encodings = request.scope["dcn_volume_encodings"]
    if not isinstance(encodings, VolumeEncodings):
        raise TypeError("The application has no encodings of volumes.")
    return encodings


async def create(request: Request) -> Response:
    """Create a volume."""
    who = caller(request)
    world = engine_of(request).world
    volume = create_volume(world, who, await json_body(request))
    view = volume_view(world.deployment, volume, _audience(request, who))
    shown = {key: value for key, value in view.items() if not key.startswith(_NOT_AT_FIRST)}
    return json_reply({"volume": {**shown, "updated_at": None}}, 202, _headers(request))


async def show(request: Request) -> Response:
    """Show a volume."""
    who = caller(request)
    world = engine_of(request).world
    volume = visible_volume(world, who, request.path_params["volume_id"])
    view = volume_view(world.deployment, volume, _audience(request, who))
    return json_reply({"volume": view}, 200, _headers(request))


async def delete(request: Request) -> Response:
    """Delete a volume."""
    who = caller(request)
    delete_volume(engine_of(request).world, who, request.path_params["volume_id"])
    return Response(status_code=202)


_PROJECT = "/v3/{project_id}"
ROUTES = [
    Route("/", versions),
    Route("/v3", versions),
    Route("/v3/", versions),
    *(
        Route(prefix + path, endpoint, methods=[method])
        for prefix in (_PROJECT, "/v3")
        for path, endpoint, method in (
            ("/volumes", list_volumes, "GET"),
            ("/volumes/detail", list_volumes, "GET"),
            ("/volumes", create, "POST"),
            ("/volumes/{volume_id}", show, "GET"),
            ("/volumes/{volume_id}", delete, "DELETE"),
            ("/os-services", backends.services, "GET"),
            ("/scheduler-stats/get_pools", backends.pools, "GET"),
            ("/os-availability-zone", backends.availability_zones, "GET"),
            ("/types", backends.types, "GET"),
            ("/types/{type_id}", backends.types, "GET"),
            ("/limits", backends.limits, "GET"),
            ("/snapshots/detail", backends.nothing("snapshots"), "GET"),
            ("/snapshots", backends.nothing("snapshots"), "GET"),
            ("/backups/detail", backends.nothing("backups"), "GET"),
            ("/backups", backends.nothing("backups"), "GET"),
            ("/extensions", backends.nothing("extensions"), "GET"),
        )
    ),
]
