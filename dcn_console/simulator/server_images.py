"""Making images of servers (nova/compute/api.py, snapshot_volume_backed)."""

import json
from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.block_records import UNLIMITED
from dcn_console.simulator.image_changes import create_image
from dcn_console.simulator.import_outcome import with_data
from dcn_console.simulator.quotas import usage
from dcn_console.simulator.records import MIB, ImageRecord, RbdRecord, ServerRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.servers import check_state, visible_server
from dcn_console.simulator.snapshots import create_snapshot
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

_EPHEMERAL_BYTES = 8 * MIB
"""What a server's own disk holds."""


def create_server_image(world: World, who: Identity, server_id: str, asked: Any) -> ImageRecord:
    """Make an image of a server; raise Refusal 400, 403, 404 or 409.

    One that boots from a volume gives an image without data that names a new snapshot of each
    of its volumes.
    """
    server = visible_server(world, who, server_id)
    if not isinstance(asked, dict) or not asked.get("name"):
        raise Refusal(400, "Invalid input for field/attribute createImage. 'name' is required")
    check_state(server, "createImage", ("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"))
    name = str(asked["name"])
    metadata = {str(key): str(text) for key, text in (asked.get("metadata") or {}).items()}
    body = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "private"}
    if server.image_id is not None:
        return _filled(world, create_image(world, who, {**body, **metadata}), _EPHEMERAL_BYTES)
    _check_quota(world, who, len(world.attached(server_id)))
    described = {
        "root_device_name": server.root_device,
        "bdm_v2": "True",
        "block_device_mapping": json.dumps(_mapping(world, who, server, name)),
        "base_image_ref": "",
        "boot_roles": ",".join(who.roles),
        "owner_project_name": who.project.name if who.project else "",
        "owner_user_name": who.user.name,
    }
    root = next((item.size for item in world.attached(server_id)), 0)
    asked_of = {**body, "min_disk": root, **described, **metadata}
    return _filled(world, create_image(world, who, asked_of), 0)


def _check_quota(world: World, who: Identity, more: int) -> None:
    allowed = world.block.quota(who.project_id).snapshots
    if allowed != UNLIMITED and usage(world, who.project_id).snapshots + more > allowed:
        raise Refusal(403, "Quota exceeded for resources: snapshots")


def _mapping(world: World, who: Identity, server: ServerRecord, name: str) -> list[dict[str, Any]]:
    mapping = []
    for volume in world.attached(server.id):
        body = {"volume_id": volume.id, "name": f"snapshot for {name}", "force": True}
        snapshot = create_snapshot(world, who, {"snapshot": body}, 0)
        device = volume.device_on(server.id)
        mapping.append(
            {
                "source_type": "snapshot",
                "destination_type": "volume",
                "device_type": "disk",
                "disk_bus": "virtio",
                "boot_index": 0 if device == server.root_device else None,
                "device_name": device,
                "snapshot_id": snapshot.id,
                "volume_id": None,
                "volume_size": volume.size,
                "delete_on_termination": False,
                "image_id": None,
                "no_device": None,
                "guest_format": None,
                "tag": None,
                "volume_type": None,
            }
        )
    return mapping


def _filled(world: World, image: ImageRecord, size: int) -> ImageRecord:
    """Return the image, active with ``size`` bytes in the default store."""
    store = world.deployment.default_store
    site = world.deployment.site_of_store(store) or world.deployment.hub
    done = replace(with_data(image, size), status="active", stores=(store,))
    world.put_rbd(site, site.images_pool, image.id, RbdRecord(size=size, used=size))
    world.put_image(done)
    return done
