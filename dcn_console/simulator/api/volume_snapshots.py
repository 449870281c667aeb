"""Cinder v3: snapshots of volumes (cinder/api/v3/snapshots.py)."""

from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.block_exchange import (
    listing,
    minor_of,
    reply,
    sees_all,
)
from dcn_console.simulator.api.exchange import caller, engine_of, json_body
from dcn_console.simulator.block_records import VolumeSnapshotRecord
from dcn_console.simulator.metadata_filters import metadata_test
from dcn_console.simulator.snapshots import (
    change_snapshot,
    create_snapshot,
    delete_snapshot,
    visible_snapshot,
)
from dcn_console.simulator.times import micro
from dcn_console.simulator.volume_actions import checked_metadata

_FILTERS = ("name", "status", "volume_id")
_ATTRIBUTES = "os-extended-snapshot-attributes"


def _view(snapshot: VolumeSnapshotRecord, minor: int, *, is_new: bool = False) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": snapshot.id,
        "created_at": micro(snapshot.created_at),
        "updated_at": None if is_new else micro(snapshot.updated_at),
        "name": snapshot.name,
        "description": snapshot.description,
        "volume_id": snapshot.volume_id,
        "status": snapshot.status,
        "size": snapshot.size,
        "metadata": snapshot.metadata,
    }
    if not is_new:
        view[f"{_ATTRIBUTES}:progress"] = "0%" if snapshot.status == "creating" else "100%"
        view[f"{_ATTRIBUTES}:project_id"] = snapshot.project_id
    if minor >= 14:
        view["group_snapshot_id"] = None
    if minor >= 41:
        view["user_id"] = snapshot.user_id
    if minor >= 65:
        view["consumes_quota"] = True
    return view


async def list_snapshots(request: Request) -> Response:
    """List snapshots, in detail or not."""
    who = caller(request)
    query, minor = request.query_params, minor_of(request)
    wanted = {key: query[key] for key in _FILTERS if key in query}
    passes = metadata_test(query.get("metadata") if minor >= 22 else None)
    every = sees_all(request, who)
    items = [
        item
        for item in engine_of(request).world.block.snapshots.values()
        if (every or item.project_id == who.project_id)
        and all(getattr(item, key) == value for key, value in wanted.items())
        and passes(item.metadata)
    ]
    is_new = not request.url.path.endswith("/detail")
    return listing(request, who, "snapshots", items, lambda item: _view(item, minor, is_new=is_new))


async def create(request: Request) -> Response:
    """Take a snapshot."""
    world, minor = engine_of(request).world, minor_of(request)
    snapshot = create_snapshot(world, caller(request), await json_body(request), minor)
    return reply(request, {"snapshot": _view(snapshot, minor, is_new=True)}, 202)


async def show(request: Request) -> Response:
    """Show a snapshot."""
    world = engine_of(request).world
    snapshot = visible_snapshot(world, caller(request), request.path_params["snapshot_id"])
    return reply(request, {"snapshot": _view(snapshot, minor_of(request))})


async def update(request: Request) -> Response:
    """Change a snapshot's name or description."""
    world, body = engine_of(request).world, await json_body(request)
    snapshot = change_snapshot(world, caller(request), request.path_params["snapshot_id"], body)
    return reply(request, {"snapshot": _view(snapshot, minor_of(request))})


async def delete(request: Request) -> Response:
    """Delete a snapshot."""
    world = engine_of(request).world
    delete_snapshot(world, caller(request), request.path_params["snapshot_id"])
    return Response(status_code=202)


async def metadata(request: Request) -> Response:
    """Show, add to or replace a snapshot's metadata."""
    world = engine_of(request).world
    snapshot = visible_snapshot(world, caller(request), request.path_params["snapshot_id"])
    if request.method != "GET":
        changed = checked_metadata(await json_body(request))
        if request.method == "POST":
            changed = {**snapshot.metadata, **changed}
        snapshot = replace(snapshot, metadata=changed, updated_at=world.now)
        world.block.put_snapshot(snapshot)
    return reply(request, {"metadata": snapshot.metadata})


ROUTES = (
    ("/snapshots", list_snapshots, "GET"),
    ("/snapshots/detail", list_snapshots, "GET"),
    ("/snapshots", create, "POST"),
    ("/snapshots/{snapshot_id}", show, "GET"),
    ("/snapshots/{snapshot_id}", update, "PUT"),
    ("/snapshots/{snapshot_id}", delete, "DELETE"),
    ("/snapshots/{snapshot_id}/metadata", metadata, "GET"),
    ("/snapshots/{snapshot_id}/metadata", metadata, "POST"),
    ("/snapshots/{snapshot_id}/metadata", metadata, "PUT"),
)
