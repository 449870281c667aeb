"""Cinder v3: versions and volumes.

Source: Block Storage API ref v3 and cinder/api.
"""

from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api import (
    backends,
    volume_accounts,
    volume_attachments,
    volume_backups,
    volume_snapshots,
)
from dcn_console.simulator.api.block_exchange import MAXIMUM_LIMIT, minor_of, version_headers
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
from dcn_console.simulator.volume_actions import act_on_volume, change_volume, checked_metadata
from dcn_console.simulator.volume_listing import chosen, page
from dcn_console.simulator.volumes import create_volume, delete_volume, visible_volume

_NOT_AT_FIRST = ("os-vol-", "volume_image_metadata")
"""What the answer to a creation lacks of a volume."""


def _audience(request: Request, who: Identity) -> Audience:
    return Audience(who.is_admin, minor_of(request), base_url(request), who.project_id)


async def versions(request: Request) -> Response:
    """List the API's versions; 300 at the root."""
    known = {
        "id": "v3.0",
        "status": "CURRENT",
        "version": f"3.{engine_of(request).world.deployment.volume_minor}",
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
    return raw_json_reply(b"".join(parts), headers=version_headers(request))


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
    volume = create_volume(world, who, await json_body(request), minor_of(request))
    view = volume_view(world.deployment, volume, _audience(request, who))
    shown = {key: value for key, value in view.items() if not key.startswith(_NOT_AT_FIRST)}
    return json_reply({"volume": {**shown, "updated_at": None}}, 202, version_headers(request))


async def show(request: Request) -> Response:
    """Show a volume."""
    who = caller(request)
    world = engine_of(request).world
    volume = visible_volume(world, who, request.path_params["volume_id"])
    view = volume_view(world.deployment, volume, _audience(request, who))
    return json_reply({"volume": view}, 200, version_headers(request))


async def delete(request: Request) -> Response:
    """Delete a volume."""
    who = caller(request)
    asked = {key: request.query_params.get(key, "").lower() for key in ("cascade", "force")}
    chosen_ways = {key: text in ("true", "1", "yes") for key, text in asked.items()}
    delete_volume(
        engine_of(request).world,
        who,
        request.path_params["volume_id"],
        cascade=chosen_ways["cascade"],
        force=chosen_ways["force"] and who.is_admin,
    )
    return Response(status_code=202)


async def update(request: Request) -> Response:
    """Change a volume's name, description or metadata."""
    who, world = caller(request), engine_of(request).world
    volume_id = request.path_params["volume_id"]
    volume = change_volume(world, who, volume_id, await json_body(request))
    view = volume_view(world.deployment, volume, _audience(request, who))
    return json_reply({"volume": view}, 200, version_headers(request))


async def act(request: Request) -> Response:
    """Do something with a volume: extend it, make an image of it, and so on."""
    who, world = caller(request), engine_of(request).world
    volume_id, body = request.path_params["volume_id"], await json_body(request)
    content = act_on_volume(world, who, volume_id, body, minor_of(request))
    status = 202 if content is None or "metadata" not in content else 200
    if isinstance(body, dict) and "os-set_bootable" in body:
        status = 200
    if content is None:
        return Response(status_code=status)
    return json_reply(content, status, version_headers(request))


async def metadata(request: Request) -> Response:
    """Show, add to or replace a volume's metadata."""
    world = engine_of(request).world
    volume = visible_volume(world, caller(request), request.path_params["volume_id"])
    if request.method != "GET":
        changed = checked_metadata(await json_body(request))
        if request.method == "POST":
            changed = {**volume.metadata, **changed}
        volume = replace(volume, metadata=changed, updated_at=world.now)
        world.put_volume(volume)
    return json_reply({"metadata": volume.metadata}, 200, version_headers(request))


async def metadata_item(request: Request) -> Response:
    """Show, set or remove one item of a volume's metadata."""
    world, key = engine_of(request).world, request.path_params["key"]
    volume = visible_volume(world, caller(request), request.path_params["volume_id"])
    if request.method == "PUT":
        body = await json_body(request)
        changed = checked_metadata({"metadata": body.get("meta") if body else None})
        if list(changed) != [key]:
            raise Refusal(400, "Request body and URI mismatch")
        volume = replace(volume, metadata={**volume.metadata, **changed}, updated_at=world.now)
        world.put_volume(volume)
    elif key not in volume.metadata:
        raise Refusal(404, f"Volume {volume.id} has no metadata with key {key}.")
    if request.method == "DELETE":
        left = {name: text for name, text in volume.metadata.items() if name != key}
        world.put_volume(replace(volume, metadata=left, updated_at=world.now))
        return Response(status_code=200)
    return json_reply({"meta": {key: volume.metadata[key]}}, 200, version_headers(request))


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
            ("/volumes/{volume_id}", update, "PUT"),
            ("/volumes/{volume_id}", delete, "DELETE"),
            ("/volumes/{volume_id}/action", act, "POST"),
            ("/volumes/{volume_id}/metadata", metadata, "GET"),
            ("/volumes/{volume_id}/metadata", metadata, "POST"),
            ("/volumes/{volume_id}/metadata", metadata, "PUT"),
            ("/volumes/{volume_id}/metadata/{key}", metadata_item, "GET"),
            ("/volumes/{volume_id}/metadata/{key}", metadata_item, "PUT"),
            ("/volumes/{volume_id}/metadata/{key}", metadata_item, "DELETE"),
            *volume_snapshots.ROUTES,
            *volume_backups.ROUTES,
            *volume_accounts.ROUTES,
            *volume_attachments.ROUTES,
            ("/os-services", backends.services, "GET"),
            ("/scheduler-stats/get_pools", backends.pools, "GET"),
            ("/os-availability-zone", backends.availability_zones, "GET"),
            ("/types", backends.types, "GET"),
            ("/types/{type_id}", backends.types, "GET"),
            ("/extensions", backends.nothing("extensions"), "GET"),
        )
    ),
]
