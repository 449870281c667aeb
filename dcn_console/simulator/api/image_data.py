"""The bytes of images over HTTP: upload, staging and download (glance/api/v2/image_data.py)."""

import hashlib
from collections.abc import Iterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from dcn_console.simulator.api.exchange import caller, engine_of
from dcn_console.simulator.api.image_arrival import KEPT_LIMIT, Arrival
from dcn_console.simulator.data import Digests, blocks
from dcn_console.simulator.engine import Engine
from dcn_console.simulator.image_changes import visible_image
from dcn_console.simulator.records import Content, ImageRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.uploads import (
    begin_upload,
    break_off,
    finish_staging,
    finish_upload,
)

_STORE_HEADER = "x-image-meta-store"
_MEDIA_TYPE = "application/octet-stream"


async def upload(request: Request) -> Response:
    """Take an image's data into a store: the default one, or the one a header names."""
    who = caller(request)
    _check_media_type(request)
    engine = engine_of(request)
    image_id = request.path_params["image_id"]
    asked = request.headers.get(_STORE_HEADER)
    store = begin_upload(engine.world, who, image_id, asked, staging=False)
    length = request.headers.get("content-length", "")
    arrival = Arrival(engine, image_id, store, int(length) if length.isdigit() else 0)
    known, content = await _receive(request, engine, image_id, arrival)
    engine.tick()
    finish_upload(engine.world, image_id, store, known, content)
    return Response(status_code=204)


async def stage(request: Request) -> Response:
    """Take an image's data into the staging folder, for glance-direct."""
    who = caller(request)
    _check_media_type(request)
    engine = engine_of(request)
    image_id = request.path_params["image_id"]
    begin_upload(engine.world, who, image_id, None, staging=True)
    known, content = await _receive(request, engine, image_id)
    engine.tick()
    finish_staging(engine.world, image_id, known, content)
    return Response(status_code=204)


def _check_media_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    if given.split(";")[0] != _MEDIA_TYPE:
        raise Refusal(415, f"The request media type {given} is not supported by this server.")


async def _receive(
    request: Request, engine: Engine, image_id: str, arrival: Arrival | None = None
) -> tuple[Digests, Content]:
    """Read the body to its end; on a broken one put the image back and raise."""
    md5 = hashlib.md5(usedforsecurity=False)
    sha512 = hashlib.sha512()
    size = 0
    path = engine.storage.data_file(image_id)
    try:
        with path.open("wb") as file:
            path.chmod(0o600)
            async for chunk in request.stream():
                md5.update(chunk)
                sha512.update(chunk)
                size += len(chunk)
                if size <= KEPT_LIMIT:
                    file.write(chunk)
                if arrival is not None:
                    await arrival.take(len(chunk))
    except ClientDisconnect as error:
        path.unlink(missing_ok=True)
        if arrival is not None:
            arrival.give_up()
        break_off(engine.world, image_id)
        raise Refusal(400, "The client went away during the upload.") from error
    if size > KEPT_LIMIT:
        path.unlink(missing_ok=True)
    content = Content.KEPT if size <= KEPT_LIMIT else Content.MADE_UP
    return Digests(md5.hexdigest(), sha512.hexdigest(), size), content


async def download(request: Request) -> Response:
    """Send an image's data; what has none answers 503 with the reason."""
    engine = engine_of(request)
    image = visible_image(engine.world, caller(request), request.path_params["image_id"])
    if image.status != "active":
        return Response(status_code=204)
    if image.content is Content.MADE_UP:
        raise Refusal(503, "The simulator keeps no data of this image; it has only a size.")
    if not _has_data(engine, image):
        raise Refusal(410, "The image data could not be found in any store.")
    headers = {"Content-Length": str(image.size), "Accept-Ranges": "bytes"}
    if image.checksum:
        headers["Content-MD5"] = image.checksum
    return StreamingResponse(
        _bytes(engine, image), headers=headers, media_type="application/octet-stream"
    )


def _bytes(engine: Engine, image: ImageRecord) -> Iterator[bytes]:
    if image.content is Content.KEPT:
        return engine.storage.read_data(image.id)
    return blocks(image.id, image.size or 0)


def _has_data(engine: Engine, image: ImageRecord) -> bool:
    world = engine.world
    sites = (world.deployment.site_of_store(store) for store in image.stores)
    return any(site is not None and image.id in world.rbd(site, site.images_pool) for site in sites)
