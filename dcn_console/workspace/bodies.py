"""The bodies of objects as their APIs give them, made to be read."""

import json
from typing import Any

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.secrets import REDACTED, redact
from dcn_console.operations.servers.where import nova_of

_USER_DATA = "OS-EXT-SRV-ATTR:user_data"
"""What cloud-init is given, in base64 (Compute API ref: Show Server Details): often passwords."""


async def api_body(services: Services, kind: str, object_id: str) -> str:
    """Return the body of an "image", "volume", "snapshot", "backup" or "server", indented.

    Raises ObjectNotFound, and UsageError for other kinds and for a server without Nova.
    """
    cinder = services.cinder
    readers = {
        "image": services.glance.image_body,
        "volume": cinder.volume_body,
        "snapshot": cinder.snapshots.body,
        "backup": cinder.backups.body,
    }
    if kind == "server":
        readers[kind] = nova_of(services).server_body
    if kind not in readers:
        raise UsageError(f"There is no raw body of a {kind}.")
    return readable(await readers[kind](object_id))


def readable(raw: bytes) -> str:
    """Return a JSON body indented and without its secrets."""
    body = json.loads(raw, object_hook=_without_user_data)
    return redact(json.dumps(body, indent=2, ensure_ascii=False))


def _without_user_data(item: dict[str, Any]) -> dict[str, Any]:
    return item | {_USER_DATA: REDACTED} if item.get(_USER_DATA) else item
