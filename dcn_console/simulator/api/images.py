"""Glance v2: versions, images, imports, tasks and stores.

Source: Glance API ref v2 and glance/api/v2 (images.py, discovery.py, tasks.py).
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dcn_console.simulator.api.exchange import (
    administrator,
    base_url,
    caller,
    engine_of,
    json_body,
    json_reply,
    raw_json_reply,
)
from dcn_console.simulator.api.image_data import download, stage, upload
from dcn_console.simulator.api.image_lists import list_images, lists_of
from dcn_console.simulator.api.image_preparing import begin_preparing
from dcn_console.simulator.api.image_schemas import SCHEMAS
from dcn_console.simulator.api.image_view import task_view
from dcn_console.simulator.image_changes import (
    changeable_image,
    create_image,
    delete_from_store,
    delete_image,
    patch_image,
    visible_image,
)
from dcn_console.simulator.import_requests import request_import, sites_to_connect
from dcn_console.simulator.records import IMPORT_METHODS, ImageRecord
from dcn_console.simulator.refusals import Refusal

_VERSIONS = (
    *("2.17", "2.15", "2.13", "2.12", "2.11", "2.10"),
    *(f"2.{minor}" for minor in range(9, -1, -1)),
)
_PATCH_TYPE = "application/openstack-images-v2.1-json-patch"
_LISTED_OF_TASKS = frozenset(
    ("id", "type", "status", "owner", "expires_at", "created_at", "updated_at")
)
_RBD_CHUNK = 8 * 1024 * 1024


async def versions(request: Request) -> Response:
    """List the API's versions; 300 at the root (glance/api/versions.py)."""
    href = f"{base_url(request)}/image/v2/"
    known = [
        {
            "id": f"v{number}",
            "status": "SUPPORTED" if index else "CURRENT",
            "links": [{"rel": "self", "href": href}],
        }
        for index, number in enumerate(_VERSIONS)
    ]
    is_root = request.url.path.rstrip("/").endswith("/image")
    return json_reply({"versions": known}, 300 if is_root else 200)


async def schema(request: Request) -> Response:
    """Describe images and lists of them, as clients that validate want it."""
    name = request.path_params["name"]
    if name not in SCHEMAS:
        raise Refusal(404)
    return json_reply(SCHEMAS[name])


def _shown(request: Request, image: ImageRecord, status: int = 200) -> Response:
    return raw_json_reply(lists_of(request).encodings.encode(image), status)


async def create(request: Request) -> Response:
    """Create a queued image."""
    engine = engine_of(request)
    image = create_image(engine.world, caller(request), await json_body(request))
    response = _shown(request, image, 201)
    response.headers["Location"] = f"{base_url(request)}/image/v2/images/{image.id}"
    response.headers["OpenStack-image-import-methods"] = ",".join(IMPORT_METHODS)
    response.headers["OpenStack-image-store-ids"] = ",".join(engine.world.deployment.store_ids)
    return response


async def show(request: Request) -> Response:
    """Show an image."""
    world = engine_of(request).world
    return _shown(request, visible_image(world, caller(request), request.path_params["image_id"]))


async def update(request: Request) -> Response:
    """Change an image by a JSON patch."""
    who = caller(request)
    if request.headers.get("content-type", "").split(";")[0] != _PATCH_TYPE:
        raise Refusal(415, "The request media type is not supported by this server.")
    changes = await json_body(request)
    image_id = request.path_params["image_id"]
    return _shown(request, patch_image(engine_of(request).world, who, image_id, changes))


async def delete(request: Request) -> Response:
    """Delete an image."""
    engine = engine_of(request)
    image_id = request.path_params["image_id"]
    delete_image(engine.world, caller(request), image_id)
    engine.storage.drop_data(image_id)
    return Response(status_code=204)


async def delete_copy(request: Request) -> Response:
    """Delete an image's copy in one store."""
    parameters = request.path_params
    world = engine_of(request).world
    delete_from_store(world, caller(request), parameters["store"], parameters["image_id"])
    return Response(status_code=204)


async def tag(request: Request) -> Response:
    """Add or remove a tag."""
    world = engine_of(request).world
    image = changeable_image(world, caller(request), request.path_params["image_id"])
    wanted = request.path_params["tag"]
    tags = [item for item in image.tags if item != wanted]
    if request.method == "DELETE" and wanted not in image.tags:
        raise Refusal(404, f"Tag {wanted} could not be found.")
    if request.method == "PUT":
        tags.append(wanted)
    change = {"op": "replace", "path": "/tags", "value": tags}
    patch_image(world, caller(request), image.id, [change])
    return Response(status_code=204)


async def members(request: Request) -> Response:
    """List an image's members: there are none."""
    image = visible_image(
        engine_of(request).world, caller(request), request.path_params["image_id"]
    )
    if image.visibility != "shared":
        raise Refusal(
            403,
            f"Not allowed to list members for image {image.id}: Only shared images have members.",
        )
    return json_reply({"members": [], "schema": "/v2/schemas/members"})


async def import_image(request: Request) -> Response:
    """Ask for an import. With a dead mon it hangs, and is executed when that is over."""
    who = caller(request)
    engine = engine_of(request)
    body = await json_body(request)
    await engine.connect(sites_to_connect(engine.world, body))
    image_id = request.path_params["image_id"]
    if request_import(engine.world, who, image_id, body) is not None:
        begin_preparing(engine, image_id, body)
    return Response(status_code=202)


async def image_tasks(request: Request) -> Response:
    """List an image's tasks, in no promised order."""
    world = engine_of(request).world
    image = visible_image(world, caller(request), request.path_params["image_id"])
    return json_reply({"tasks": [task_view(task) for task in world.tasks_of(image.id)]})


async def tasks(request: Request) -> Response:
    """List all tasks, or show one; for administrators."""
    administrator(request, "tasks_api_access")
    world = engine_of(request).world
    identifier = request.path_params.get("task_id")
    if identifier is None:
        listed = [task_view(task) for task in reversed(world.tasks())]
        short = [
            {key: value for key, value in view.items() if key in _LISTED_OF_TASKS}
            | {"self": f"/v2/tasks/{view['id']}", "schema": "/v2/schemas/task"}
            for view in listed
        ]
        return json_reply({"tasks": short, "first": "/v2/tasks", "schema": "/v2/schemas/tasks"})
    task = world.task(identifier)
    if task is None:
        raise Refusal(404, f"Failed to find task {identifier}")
    return json_reply(task_view(task))


async def import_methods(request: Request) -> Response:
    """Name the import methods."""
    caller(request)
    methods = {
        "description": "Import methods available.",
        "type": "array",
        "value": list(IMPORT_METHODS),
    }
    return json_reply({"import-methods": methods})


def _stores(request: Request) -> list[dict[str, Any]]:
    deployment = engine_of(request).world.deployment
    stores: list[dict[str, Any]] = []
    for site in deployment.sites:
        stores.append({"id": site.store, "description": site.store_description})
        if site.store == deployment.default_store:
            stores[-1]["default"] = "true"
    for store in deployment.read_only_stores:
        stores.append({"id": store.id, "description": store.description, "read-only": "true"})
    return stores


async def stores(request: Request) -> Response:
    """List the stores."""
    caller(request)
    return json_reply({"stores": _stores(request)})


async def stores_detail(request: Request) -> Response:
    """List the stores in detail, for administrators; hangs while one site's mon is dead."""
    administrator(request, "stores_info_detail")
    engine = engine_of(request)
    deployment = engine.world.deployment
    dead = await engine.connect(deployment.sites)
    listed = _stores(request)
    for store in listed:
        site = deployment.site_of_store(store["id"])
        if site is None:
            store |= {"type": "http", "properties": {}}
            continue
        properties = {
            "chunk_size": _RBD_CHUNK,
            "pool": site.images_pool,
            "thin_provisioning": False,
        }
        if deployment.store_fsids:
            store["weight"] = 0
            properties["fsid"] = None if site in dead else site.fsid
        store |= {"type": "rbd", "properties": properties}
    return json_reply({"stores": listed})


async def usage(request: Request) -> Response:
    """Show the quotas' use: without limits there is nothing to show."""
    caller(request)
    return json_reply({"usage": {}})


async def locations(request: Request) -> Response:
    """Show an image's locations, for administrators (API 2.17)."""
    administrator(request, "fetch_image_location")
    world = engine_of(request).world
    image = world.image(request.path_params["image_id"])
    sites = (world.deployment.site_of_store(store) for store in image.stores)
    return json_reply(
        [
            {
                "url": f"rbd://{site.fsid}/{site.images_pool}/{image.id}/snap",
                "metadata": {"store": site.store},
            }
            for site in sites
            if site is not None
        ]
    )


ROUTES = [
    Route("/", versions),
    Route("/versions", versions),
    Route("/v2/schemas/{name:path}", schema),
    Route("/v2/images", list_images, methods=["GET"]),
    Route("/v2/images", create, methods=["POST"]),
    Route("/v2/images/{image_id}", show, methods=["GET"]),
    Route("/v2/images/{image_id}", update, methods=["PATCH"]),
    Route("/v2/images/{image_id}", delete, methods=["DELETE"]),
    Route("/v2/images/{image_id}/file", upload, methods=["PUT"]),
    Route("/v2/images/{image_id}/file", download, methods=["GET"]),
    Route("/v2/images/{image_id}/stage", stage, methods=["PUT"]),
    Route("/v2/images/{image_id}/import", import_image, methods=["POST"]),
    Route("/v2/images/{image_id}/tasks", image_tasks),
    Route("/v2/images/{image_id}/locations", locations),
    Route("/v2/images/{image_id}/members", members),
    Route("/v2/images/{image_id}/tags/{tag}", tag, methods=["PUT", "DELETE"]),
    Route("/v2/tasks", tasks),
    Route("/v2/tasks/{task_id}", tasks),
    Route("/v2/info/import", import_methods),
    Route("/v2/info/stores", stores),
    Route("/v2/info/stores/detail", stores_detail),
    Route("/v2/info/usage", usage),
    Route("/v2/stores/{store}/{image_id}", delete_copy, methods=["DELETE"]),
]
