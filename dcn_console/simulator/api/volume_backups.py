"""Cinder v3: backups and restoring them (cinder/api/v3/backups.py)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.block_exchange import (
    links,
    listing,
    minor_of,
    reply,
    sees_all,
)
from dcn_console.simulator.api.exchange import caller, engine_of, json_body
from dcn_console.simulator.backup_recovery import reset_backup
from dcn_console.simulator.backups import change_backup, create_backup, delete_backup
from dcn_console.simulator.block_records import BackupRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.restores import request_restore, visible_backup
from dcn_console.simulator.times import micro
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volume_actions import administrators_only

_FILTERS = ("name", "status", "volume_id")
_CHANGE_MINOR = 9


def _short(request: Request, who: Identity, backup: BackupRecord) -> dict[str, Any]:
    return {
        "id": backup.id,
        "name": backup.name,
        "links": links(request, who, "backups", backup.id),
    }


def _view(request: Request, who: Identity, backup: BackupRecord) -> dict[str, Any]:
    minor = minor_of(request)
    view: dict[str, Any] = {
        "id": backup.id,
        "status": backup.status,
        "size": backup.size,
        "object_count": 0,
        "availability_zone": backup.availability_zone,
        "container": backup.container,
        "created_at": micro(backup.created_at),
        "updated_at": micro(backup.updated_at),
        "name": backup.name,
        "description": backup.description,
        "fail_reason": backup.fail_reason,
        "volume_id": backup.volume_id,
        "links": links(request, who, "backups", backup.id),
        "is_incremental": backup.parent_id is not None,
        "has_dependent_backups": backup.dependents > 0,
        "snapshot_id": backup.snapshot_id,
        "data_timestamp": micro(backup.data_at),
    }
    if minor >= 43:
        view["metadata"] = backup.metadata
    if minor >= 18 and who.is_admin:
        view["os-backup-project-attr:project_id"] = backup.project_id
    if minor >= 56 and who.is_admin:
        view["user_id"] = backup.user_id
    return view


async def list_backups(request: Request) -> Response:
    """List backups, in detail or not."""
    who = caller(request)
    wanted = {key: request.query_params[key] for key in _FILTERS if key in request.query_params}
    every = sees_all(request, who)
    items = [
        item
        for item in engine_of(request).world.block.backups.values()
        if (every or item.project_id == who.project_id)
        and all(getattr(item, key) == value for key, value in wanted.items())
    ]
    view = _view if request.url.path.endswith("/detail") else _short
    return listing(request, who, "backups", items, lambda item: view(request, who, item))


async def create(request: Request) -> Response:
    """Begin a backup."""
    who, world = caller(request), engine_of(request).world
    backup = create_backup(world, who, await json_body(request), minor_of(request))
    return reply(request, {"backup": _short(request, who, backup)}, 202)


async def show(request: Request) -> Response:
    """Show a backup."""
    who, world = caller(request), engine_of(request).world
    backup = visible_backup(world, who, request.path_params["backup_id"])
    return reply(request, {"backup": _view(request, who, backup)})


async def update(request: Request) -> Response:
    """Change a backup's name, description or metadata."""
    who, minor = caller(request), minor_of(request)
    if minor < _CHANGE_MINOR:
        raise Refusal(404, "The resource could not be found.")
    world, body = engine_of(request).world, await json_body(request)
    backup = change_backup(world, who, request.path_params["backup_id"], body, minor)
    return reply(request, {"backup": _short(request, who, backup)})


async def delete(request: Request) -> Response:
    """Delete a backup."""
    delete_backup(engine_of(request).world, caller(request), request.path_params["backup_id"])
    return Response(status_code=202)


async def restore(request: Request) -> Response:
    """Restore a backup to a volume that is there."""
    who, world = caller(request), engine_of(request).world
    backup_id = request.path_params["backup_id"]
    volume = request_restore(world, who, backup_id, await json_body(request))
    answer = {"backup_id": backup_id, "volume_id": volume.id, "volume_name": volume.name}
    return reply(request, {"restore": answer}, 202)


async def act(request: Request) -> Response:
    """Reset a backup's status; for administrators."""
    who, world = caller(request), engine_of(request).world
    body = await json_body(request)
    backup = visible_backup(world, who, request.path_params["backup_id"])
    asked = body.get("os-reset_status") if isinstance(body, dict) else None
    if not isinstance(asked, dict) or asked.get("status") not in ("available", "error"):
        raise Refusal(400, "There is no such action, or no such status.")
    administrators_only(who, "volume_extension:backup_admin_actions:reset_status")
    reset_backup(world, backup, str(asked["status"]))
    return Response(status_code=202)


ROUTES = (
    ("/backups", list_backups, "GET"),
    ("/backups/detail", list_backups, "GET"),
    ("/backups", create, "POST"),
    ("/backups/{backup_id}", show, "GET"),
    ("/backups/{backup_id}", update, "PUT"),
    ("/backups/{backup_id}", delete, "DELETE"),
    ("/backups/{backup_id}/restore", restore, "POST"),
    ("/backups/{backup_id}/action", act, "POST"),
)
