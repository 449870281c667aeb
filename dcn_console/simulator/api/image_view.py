"""How Glance shows images and tasks, encoded once for each state of a record."""

from typing import Any

import msgspec

from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.records import ImageRecord, TaskRecord
from dcn_console.simulator.times import micro, zulu


def image_view(deployment: Deployment, image: ImageRecord) -> dict[str, Any]:
    """Return an image as ``GET /v2/images/ID`` does (ResponseSerializer._format_image)."""
    view: dict[str, Any] = dict(image.properties)
    if image.import_task is not None:
        view["os_glance_import_task"] = image.import_task
    if image.importing_to is not None:
        view["os_glance_importing_to_stores"] = ",".join(image.importing_to)
    if image.failed_stores is not None:
        view["os_glance_failed_import"] = ",".join(image.failed_stores)
    view |= {
        "name": image.name,
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "visibility": image.visibility,
        "size": image.size,
        "virtual_size": image.virtual_size,
        "status": image.status,
        "checksum": image.checksum,
        "protected": image.protected,
        "min_ram": image.min_ram,
        "min_disk": image.min_disk,
        "owner": image.owner,
        "os_hidden": image.hidden,
        "os_hash_algo": image.hash_algorithm,
        "os_hash_value": image.hash_value,
        "id": image.id,
        "created_at": zulu(image.created_at),
        "updated_at": zulu(image.updated_at),
    }
    if deployment.show_locations:
        locations = _locations(deployment, image)
        view["locations"] = locations
        if locations:
            view["direct_url"] = locations[0]["url"]
    view |= {
        "tags": list(image.tags),
        "self": f"/v2/images/{image.id}",
        "file": f"/v2/images/{image.id}/file",
        "schema": "/v2/schemas/image",
    }
    if image.stores:
        view["stores"] = ",".join(image.stores)
    return view


def _locations(deployment: Deployment, image: ImageRecord) -> list[dict[str, Any]]:
    locations = []
    for store in image.stores:
        site = deployment.site_of_store(store)
        if site is not None:
            url = f"rbd://{site.fsid}/{site.images_pool}/{image.id}/snap"
            locations.append({"url": url, "metadata": {"store": store}})
    return locations


def task_view(task: TaskRecord) -> dict[str, Any]:
    """Return a task as ``GET /v2/images/ID/tasks`` lists it."""
    return {
        "id": task.id,
        "type": "api_image_import",
        "status": task.status,
        "owner": task.owner,
        "expires_at": None if task.expires_at is None else micro(task.expires_at),
        "created_at": micro(task.created_at),
        "updated_at": micro(task.updated_at),
        "deleted_at": None,
        "deleted": False,
        "image_id": task.image_id,
        "request_id": task.request_id,
        "user_id": task.user_id,
        "input": {
            "image_id": task.image_id,
            "import_req": task.request,
            "backend": list(task.stores),
        },
        "result": {"image_id": task.image_id} if task.status == "success" else None,
        "message": task.message,
    }


class ImageEncodings:
    """The JSON of each image, made when it is first asked for and after every change."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._encoder = msgspec.json.Encoder()
        self._known: dict[str, tuple[ImageRecord, bytes]] = {}

    def encode(self, image: ImageRecord) -> bytes:
        """Return an image's JSON."""
        known = self._known.get(image.id)
        if known is not None and known[0] is image:
            return known[1]
        encoded = self._encoder.encode(image_view(self._deployment, image))
        self._known[image.id] = (image, encoded)
        return encoded
