"""Glance: stores, images, import tasks, and asking it to copy an image (Glance API ref, v2)."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cloud import IMAGE, Cloud
from dcn_console.clouds.glance_images import GlanceImages
from dcn_console.clouds.glance_wire import (
    WireImage,
    WireStore,
    WireTask,
    image_from,
    store_from,
    task_from,
)
from dcn_console.clouds.paging import pages
from dcn_console.clouds.versions import ApiVersion
from dcn_console.clouds.wire import decode_one, decode_page
from dcn_console.model.errors import MalformedAnswer, ObjectNotFound, ServiceError
from dcn_console.model.inventory import Image, ImageTask, Store
from dcn_console.model.text import printable

STORES_DETAIL_TIMEOUT = 5.0
"""Seconds for ``stores/detail``: Glance opens a connection to every cluster for it, so it hangs
while one of them does."""

COPY_IMAGE = "copy-image"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_STORES = (
    "Set enabled_backends in glance-api.conf, one store a site (Glance admin guide: Multi Store)."
)
_COPY_WAYS_OUT = {
    400: "Leave out the stores that have the image.",
    403: "Glance's policy “copy_image” lets only administrators copy by default: use an "
    "administrator's credentials or change the policy.",
    404: "The image is gone, or these credentials may not see it.",
    413: "A quota of the image's project is used up: see “openstack limits show”.",
}


class Glance:
    """The image service of one cloud; ``images`` is what makes, fills and deletes images."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.images = GlanceImages(cloud)

    async def versions(self) -> tuple[ApiVersion, ...]:
        """The announced API versions; features are probed, never derived from these."""
        return await self._cloud.versions(IMAGE)

    async def import_methods(self) -> tuple[str, ...]:
        """The enabled import methods, such as "copy-image" (``GET /v2/info/import``)."""
        doing = "Glance: list import methods"
        answer = await self._get("/info/import", doing)
        try:
            body = msgspec.json.decode(answer.content, type=_ImportInformation)
        except msgspec.DecodeError as error:
            raise MalformedAnswer(f"{doing}: {printable(str(error))}") from error
        return tuple(body.import_methods.value)

    async def stores(self) -> tuple[Store, ...]:
        """The stores as anybody may list them (``GET /v2/info/stores``).

        Raises ServiceError where Glance is not set up for several stores.
        """
        doing = "Glance: list stores"
        try:
            answer = await self._get("/info/stores", doing)
        except ObjectNotFound as error:
            raise ServiceError(
                f"{doing}: this Glance has a single store without a name.", way_out=_NO_STORES
            ) from error
        return tuple(map(store_from, decode_page(doing, answer.content, "stores", WireStore).items))

    async def stores_detail(
        self,
        timeout: float = STORES_DETAIL_TIMEOUT,  # noqa: ASYNC109
    ) -> tuple[Store, ...]:
        """The stores with type, pool and fsid (``GET /v2/info/stores/detail``).

        For administrators (HttpError 403 otherwise). Ask once and never on a timer: with one
        cluster's monitors dead it hangs, and some hung calls stop the whole Glance API.
        """
        doing = "Glance: list stores in detail"
        answer = await self._get("/info/stores/detail", doing, timeout=timeout)
        return tuple(map(store_from, decode_page(doing, answer.content, "stores", WireStore).items))

    async def image_pages(
        self,
        page_size: int = 1000,
        updated_since: datetime | None = None,
        *,
        hidden: bool = False,
    ) -> AsyncIterator[tuple[Image, ...]]:
        """All images the credentials may see, page by page as they arrive.

        ``updated_since`` leaves out images not changed since then; ``hidden`` lists the hidden
        ones (os_hidden) instead of the others.
        """
        query = {"limit": str(page_size), "visibility": "all"}
        if hidden:
            query["os_hidden"] = "true"
        if updated_since is not None:
            since = updated_since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            query["updated_at"] = f"gte:{since}"
        doing = "Glance: list images"

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._get("/images", doing, params=page_query)

        async for items in pages(doing, ask, query, "images", WireImage):
            yield tuple(map(image_from, items))

    async def image(self, image_id: str) -> Image:
        """One image; raises ObjectNotFound."""
        doing = f"Glance: show image {printable(image_id)}"
        content = await self.image_body(image_id)
        return image_from(decode_one(doing, content, None, WireImage))

    async def image_body(self, image_id: str) -> bytes:
        """The raw body of one image; raises ObjectNotFound."""
        doing = f"Glance: show image {printable(image_id)}"
        return (await self._get(f"/images/{_segment(image_id)}", doing)).content

    async def tasks(self, image_id: str) -> tuple[ImageTask, ...]:
        """The tasks of an image, newest first (``GET /v2/images/{id}/tasks``)."""
        doing = f"Glance: list tasks of image {printable(image_id)}"
        answer = await self._get(f"/images/{_segment(image_id)}/tasks", doing)
        tasks = map(task_from, decode_page(doing, answer.content, "tasks", WireTask).items)
        return tuple(sorted(tasks, key=lambda task: task.created_at or _EPOCH, reverse=True))

    async def copy_image(
        self,
        image_id: str,
        stores: Sequence[str],
        timeout: float | None = None,  # noqa: ASYNC109
        *,
        label: str = "",
    ) -> None:
        """Ask Glance to copy an image into ``stores``; returns when it has accepted.

        ``label`` names the image in errors. One failing store does not undo the others
        (all_stores_must_succeed is false). Raises HttpError: 409 while another import holds
        the image's lock, 400 when a store already has it, 403 by policy, 413 by quota. After
        ServiceUnreachable the request may still be carried out later: look at ``tasks`` before
        asking again.
        """
        name = printable(label or image_id)
        body = {
            "method": {"name": COPY_IMAGE},
            "stores": list(stores),
            "all_stores_must_succeed": False,
        }
        await self._cloud.request(
            IMAGE,
            "POST",
            f"/images/{_segment(image_id)}/import",
            body=body,
            timeout=timeout,
            doing=f"Glance: copy image “{name}” to {', '.join(map(printable, stores))}",
            ways_out=_COPY_WAYS_OUT,
        )

    async def _get(
        self,
        path: str,
        doing: str,
        params: dict[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Answer:
        return await self._cloud.request(
            IMAGE, "GET", path, params=params, timeout=timeout, doing=doing
        )


class _ImportMethods(msgspec.Struct):
    value: list[str] = []


class _ImportInformation(msgspec.Struct):
    import_methods: _ImportMethods = msgspec.field(
        default_factory=_ImportMethods, name="import-methods"
    )


def _segment(object_id: str) -> str:
    """Return an id as one path segment, whatever it holds."""
    return quote(object_id, safe="") or "-"
