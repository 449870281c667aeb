"""Asking for an import: what Glance checks before it answers 202, and in which order.

Source: glance/api/v2/images.py, import_image and _enforce_import_lock.
"""

from typing import Any

from msgspec.structs import replace

from dcn_console.simulator.import_outcome import LOCK_PREEMPTED
from dcn_console.simulator.records import (
    COPY_IMAGE,
    GLANCE_DIRECT,
    IMPORT_METHODS,
    WEB_DOWNLOAD,
    ImageRecord,
    Phase,
    SimulatedSite,
    TaskRecord,
)
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

LOCK_SECONDS = 3600.0
"""How long a task that is not updated keeps its lock; twice that while it is pending."""


def sites_to_connect(world: World, body: Any) -> tuple[SimulatedSite, ...]:
    """Return the sites whose clusters Glance connects to before it answers the request."""
    stores = body.get("stores") if isinstance(body, dict) else None
    if not isinstance(stores, list):
        stores = world.deployment.store_ids
    sites = (world.deployment.site_of_store(store) for store in stores if isinstance(store, str))
    return tuple(site for site in sites if site is not None)


def request_import(world: World, who: Identity, image_id: str, body: Any) -> TaskRecord | None:
    """Take an import request and return its task; None when every store has the image already.

    Raises Refusal as Glance does: 400, 403, 404 or 409.
    """
    method = _method(body)
    image = world.images.get(image_id)
    if image is None or not who.may_see_image(image):
        raise Refusal(404, f"No image found with ID {image_id}")
    _check_status(image, method)
    for name in ("container_format", "disk_format"):
        if not getattr(image, name):
            raise Refusal(409, f"'{name}' needs to be set before import")
    if method == COPY_IMAGE and not who.is_admin:
        raise Refusal(403, "You are not authorized to complete copy_image action.")
    if method != COPY_IMAGE and not who.may_change_image(image):
        raise Refusal(403, "You are not authorized to complete modify_image action.")
    stale = _check_lock(world, image) if image.import_task else None
    stores = _stores(world, body)
    if method == COPY_IMAGE:
        if body.get("all_stores", False):
            stores = tuple(store for store in stores if store not in image.stores)
            if not stores:
                return None
        for store in image.stores:
            if store in stores:
                raise Refusal(400, f"Image is already present at store '{store}'")
    uri = body["method"].get("uri")
    if method == WEB_DOWNLOAD and not str(uri or "").startswith(("http://", "https://")):
        raise Refusal(400, f"URI for web-download does not pass filtering: {uri}")
    return _accept(world, who, _take_lock(world, image, stale), method, stores, body)


def _method(body: Any) -> str:
    if not isinstance(body, dict) or not isinstance(body.get("method"), dict):
        raise Refusal(400, "Import request requires a 'method' field.")
    name = body["method"].get("name")
    if name is None:
        raise Refusal(400, "Import request requires a 'name' field.")
    if name not in IMPORT_METHODS:
        raise Refusal(400, f"Unknown import method name '{name}'.")
    for key in ("all_stores_must_succeed", "all_stores"):
        if not isinstance(body.get(key, False), bool):
            raise Refusal(400, f"'{key}' must be boolean value only")
    return str(name)


def _check_status(image: ImageRecord, method: str) -> None:
    if image.status == "active" and method != COPY_IMAGE:
        raise Refusal(409, "Image with status active cannot be target for import")
    if image.status != "active" and method == COPY_IMAGE:
        raise Refusal(409, "Only images with status active can be targeted for copying")
    if image.status != "queued" and method == WEB_DOWNLOAD:
        raise Refusal(409, f"Image needs to be in 'queued' state to use '{method}' method")
    if image.status != "uploading" and method == GLANCE_DIRECT:
        raise Refusal(409, "Image needs to be staged before 'glance-direct' method can be used")


def _check_lock(world: World, image: ImageRecord) -> TaskRecord | None:
    """Return the stale task whose lock may be taken over; raise Refusal while it is valid."""
    task = world.task(image.import_task or "")
    if task is None:
        return None
    expiry = LOCK_SECONDS * (2 if task.status == "pending" else 1)
    if world.now - task.updated_at < expiry:
        raise Refusal(409, "Image has active task")
    return task


def _take_lock(world: World, image: ImageRecord, stale: TaskRecord | None) -> ImageRecord:
    """Return the image without what a task that lost its lock left on it."""
    if stale is None:
        return image
    if stale.status in ("pending", "processing"):
        world.put_task(
            replace(
                stale,
                status="failure",
                phase=Phase.OVER,
                message=LOCK_PREEMPTED,
                updated_at=world.now,
            )
        )
    left = set(stale.stores)
    return replace(
        image,
        importing_to=tuple(store for store in image.importing_to or () if store not in left),
        failed_stores=tuple(store for store in image.failed_stores or () if store not in left),
    )


def _stores(world: World, body: dict[str, Any]) -> tuple[str, ...]:
    """The stores a request means; all are those that take data (glance/common/utils.py)."""
    if body.get("all_stores", False):
        if "stores" in body:
            raise Refusal(
                400,
                "All_stores parameter can't be used with x-image-meta-store header or stores "
                "parameter",
            )
        return tuple(site.store for site in world.deployment.sites)
    asked = body.get("stores") or [world.deployment.default_store]
    if isinstance(asked, str):
        asked = list(asked)
    if not isinstance(asked, list) or not all(isinstance(store, str) for store in asked):
        raise Refusal(400, "'stores' must be a list of store identifiers")
    for store in asked:
        if store not in world.deployment.store_ids:
            raise Refusal(409, f"Store for identifier {store} not found")
    return tuple(dict.fromkeys(asked))


def _accept(
    world: World,
    who: Identity,
    image: ImageRecord,
    method: str,
    stores: tuple[str, ...],
    body: dict[str, Any],
) -> TaskRecord:
    task = TaskRecord(
        id=world.new_identifier("task"),
        image_id=image.id,
        owner=who.project.id if who.project else "",
        user_id=who.user.id,
        request_id=f"req-{world.new_identifier('request')}",
        method=method,
        request=body,
        stores=stores,
        remaining=stores,
        created_at=world.now,
        updated_at=world.now,
    )
    world.put_task(task)
    world.put_image(replace(image, import_task=task.id))
    return task
