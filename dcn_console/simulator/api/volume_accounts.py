"""Cinder v3: limits, quotas and messages."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.block_exchange import links, listing, minor_of, reply
from dcn_console.simulator.api.exchange import caller, engine_of
from dcn_console.simulator.block_records import UNLIMITED, MessageRecord
from dcn_console.simulator.quotas import usage
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.times import micro

_MESSAGE_SECONDS = 30 * 86400.0
"""Cinder's message_ttl."""
_MESSAGES_MINOR = 3


async def limits(request: Request) -> Response:
    """Show a project's limits and what it uses (cinder/api/v3/limits.py)."""
    who, world = caller(request), engine_of(request).world
    project_id = who.project_id
    if who.is_admin and minor_of(request) >= 39:
        project_id = request.query_params.get("project_id", project_id)
    quota, used = world.block.quota(project_id), usage(world, project_id)
    absolute = {
        "maxTotalVolumes": quota.volumes,
        "maxTotalVolumeGigabytes": quota.gigabytes,
        "maxTotalSnapshots": quota.snapshots,
        "maxTotalBackups": quota.backups,
        "maxTotalBackupGigabytes": quota.backup_gigabytes,
        "totalVolumesUsed": used.volumes,
        "totalGigabytesUsed": used.gigabytes,
        "totalSnapshotsUsed": used.snapshots,
        "totalBackupsUsed": used.backups,
        "totalBackupGigabytesUsed": used.backup_gigabytes,
    }
    return reply(request, {"limits": {"rate": [], "absolute": absolute}})


async def quotas(request: Request) -> Response:
    """Show a project's quotas, and what it uses (cinder/api/contrib/quotas.py)."""
    who, world = caller(request), engine_of(request).world
    project_id = request.path_params["wanted_id"]
    if project_id != who.project_id and not who.is_admin:
        raise Refusal(403, "Policy doesn't allow volume_extension:quotas:show to be performed.")
    quota, used = world.block.quota(project_id), usage(world, project_id)
    rows = {
        "volumes": (quota.volumes, used.volumes),
        "per_volume_gigabytes": (quota.per_volume_gigabytes, 0),
        "snapshots": (quota.snapshots, used.snapshots),
        "gigabytes": (quota.gigabytes, used.gigabytes),
        "backups": (quota.backups, used.backups),
        "backup_gigabytes": (quota.backup_gigabytes, used.backup_gigabytes),
        "groups": (UNLIMITED, 0),
        "volumes___DEFAULT__": (UNLIMITED, used.volumes),
        "gigabytes___DEFAULT__": (UNLIMITED, used.gigabytes),
        "snapshots___DEFAULT__": (UNLIMITED, used.snapshots),
    }
    shown: dict[str, Any] = {name: allowed for name, (allowed, _) in rows.items()}
    if request.query_params.get("usage", "").lower() in ("true", "1"):
        shown = {
            name: {"reserved": 0, "allocated": 0, "limit": allowed, "in_use": count}
            for name, (allowed, count) in rows.items()
        }
    return reply(request, {"quota_set": {"id": project_id, **shown}})


async def messages(request: Request) -> Response:
    """List what Cinder told the project's users, or show one message (3.3)."""
    who, world = caller(request), engine_of(request).world
    if minor_of(request) < _MESSAGES_MINOR:
        raise Refusal(404, "The resource could not be found.")

    def view(message: MessageRecord) -> dict[str, Any]:
        return {
            "id": message.id,
            "event_id": message.event_id,
            "user_message": message.text,
            "message_level": message.level,
            "created_at": micro(message.created_at),
            "guaranteed_until": micro(message.created_at + _MESSAGE_SECONDS),
            "request_id": message.request_id,
            "links": links(request, who, "messages", message.id),
            "resource_type": message.resource_type,
            "resource_uuid": message.resource_id,
        }

    own = [item for item in world.block.messages if item.project_id == who.project_id]
    identifier = request.path_params.get("message_id")
    if identifier is None:
        asked = request.query_params.get("resource_uuid") if minor_of(request) >= 5 else None
        own = [item for item in own if asked in (None, item.resource_id)]
        return listing(request, who, "messages", own, view)
    found = next((item for item in own if item.id == identifier), None)
    if found is None:
        raise Refusal(404, f"Message {identifier} could not be found.")
    if request.method == "DELETE":
        world.block.drop_message(identifier)
        return Response(status_code=204)
    return reply(request, {"message": view(found)})


ROUTES = (
    ("/limits", limits, "GET"),
    ("/os-quota-sets/{wanted_id}", quotas, "GET"),
    ("/messages", messages, "GET"),
    ("/messages/{message_id}", messages, "GET"),
    ("/messages/{message_id}", messages, "DELETE"),
)
