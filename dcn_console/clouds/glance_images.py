"""Making, filling and deleting images (Glance API ref, v2: Images, Image data, Import)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import msgspec

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cloud import IMAGE, Cloud
from dcn_console.clouds.glance_wire import WireImage, image_from
from dcn_console.clouds.paging import pages
from dcn_console.clouds.wire import decode_one
from dcn_console.model.inventory import Image
from dcn_console.model.text import printable

Progress = Callable[[int, int], None]

WEB_DOWNLOAD = "web-download"
_PATCH = "application/openstack-images-v2.1-json-patch"

_OVER_QUOTA = "The image is larger than a quota or Glance's image_size_cap allows."
_DATA_WAYS_OUT = {
    409: "An image takes its data once only: start again with a new image.",
    413: _OVER_QUOTA,
    503: "Glance could not write to its store: see its log, and the store's free space.",
}
_IMPORT_WAYS_OUT = {
    400: "See the import methods with “glance import-info”; Glance may filter addresses "
    "(allowed_hosts, allowed_ports in glance-image-import.conf).",
    413: _OVER_QUOTA,
}
_DELETE_WAYS_OUT = {
    403: "The image is protected, its last copy is not deleted alone, or the policy forbids it.",
    409: "Something uses it: volumes are clones of it, or a task works on it.",
}


class GlanceImages:
    """What changes images. Everything raises as ``Cloud.request``; no change is asked twice."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def create(
        self,
        name: str,
        *,
        disk_format: str,
        container_format: str = "bare",
        visibility: str = "private",
        properties: Mapping[str, str] | None = None,
    ) -> Image:
        """Make an image without data; its status is "queued"."""
        doing = f"Glance: create image “{printable(name)}”"
        body = {
            "name": name,
            "disk_format": disk_format,
            "container_format": container_format,
            "visibility": visibility,
            **(properties or {}),
        }
        ways_out = {413: _OVER_QUOTA, 403: "The policy forbids it, perhaps only this visibility."}
        answer = await self._cloud.request(
            IMAGE, "POST", "/images", body=body, doing=doing, ways_out=ways_out
        )
        return image_from(decode_one(doing, answer.content, None, WireImage))

    async def made_with(self, properties: Mapping[str, str]) -> tuple[Image, ...]:
        """The images that carry all of ``properties``.

        Glance filters them; where it does not, the rest is left out here.
        """
        doing = "Glance: look for images by their properties"
        query = {"limit": "1000", "visibility": "all", **properties}
        marked = _marked(tuple(properties))

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._cloud.request(
                IMAGE, "GET", "/images", params=page_query, doing=doing
            )

        wanted = tuple(properties.values())
        return tuple(
            [
                image_from(item)
                async for items in pages(doing, ask, query, "images", marked)
                for item in items
                if tuple(getattr(item, f"mark_{index}") for index in range(len(wanted))) == wanted
            ]
        )

    async def named(self, name: str) -> tuple[Image, ...]:
        """The images of that very name, whatever their status and whoever's they are.

        Glance takes what a filter holds before its first colon for an operator, unless it is a
        time (glance/common/utils.py, split_filter_op), so the operator is always said.
        """
        doing = f"Glance: look for image “{printable(name)}”"
        query = {"limit": "1000", "visibility": "all", "name": f"eq:{name}"}

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._cloud.request(
                IMAGE, "GET", "/images", params=page_query, doing=doing
            )

        return tuple(
            [
                image_from(item)
                async for items in pages(doing, ask, query, "images", WireImage)
                for item in items
                if item.name == name
            ]
        )

    async def booting_from(self, snapshot_ids: Collection[str]) -> tuple[Image, ...]:
        """The images of servers that hold no data but name one of these snapshots of volumes.

        Nova makes such of servers that boot from a volume (Compute API ref: createImage): of size
        0, with the snapshots in the property block_device_mapping.
        """
        doing = "Glance: look for images of servers"
        query = {"limit": "1000", "visibility": "all", "size_max": "0"}

        async def ask(page_query: dict[str, str]) -> Answer:
            return await self._cloud.request(
                IMAGE, "GET", "/images", params=page_query, doing=doing
            )

        mapped = _marked(("block_device_mapping",))
        return tuple(
            [
                image_from(item)
                async for items in pages(doing, ask, query, "images", mapped)
                for item in items
                if any(one in (getattr(item, "mark_0", None) or "") for one in snapshot_ids)
            ]
        )

    async def upload(self, image_id: str, path: Path, on_progress: Progress | None = None) -> None:
        """Send a file's bytes as an image's data, to the default store; then it is active.

        ``on_progress`` gets bytes sent and bytes in all. Cancelling breaks off: the image is
        then queued again or gone with the next look. HttpError 409 for an image with data, 413
        over quota.
        """
        await self._cloud.send_file(
            IMAGE,
            f"{_path(image_id)}/file",
            path,
            on_progress=on_progress,
            doing=f"Glance: upload “{printable(path.name)}” as image {printable(image_id, 60)}",
            ways_out=_DATA_WAYS_OUT,
        )

    async def import_url(self, image_id: str, url: str, stores: Sequence[str]) -> None:
        """Ask Glance to download ``url`` and write it to ``stores``, converting as its plugins say.

        HttpError 400 for an address that Glance filters out. What fails later shows in the
        image's task, and the image is queued again.
        """
        body = {
            "method": {"name": WEB_DOWNLOAD, "uri": url},
            "stores": list(stores),
            "all_stores_must_succeed": False,
        }
        where = ", ".join(map(printable, stores))
        await self._cloud.request(
            IMAGE,
            "POST",
            f"{_path(image_id)}/import",
            body=body,
            doing=f"Glance: download image {printable(image_id, 60)} into {where}",
            ways_out=_IMPORT_WAYS_OUT,
        )

    async def delete(self, image_id: str) -> None:
        """Delete an image and all its copies.

        DANGER: where a store's copy has clones, Glance deletes the other stores' copies and
        then answers 409 (seen with 25.1 and 33): first look for children at every site.
        """
        await self._cloud.request(
            IMAGE,
            "DELETE",
            _path(image_id),
            doing=f"Glance: delete image {printable(image_id, 60)}",
            ways_out=_DELETE_WAYS_OUT,
        )

    async def delete_copy(self, store: str, image_id: str) -> None:
        """Delete an image's copy in one store; the image stays elsewhere.

        HttpError 409 while the copy has clones, 403 for the last copy; ObjectNotFound without one.
        """
        await self._cloud.request(
            IMAGE,
            "DELETE",
            f"/stores/{quote(store, safe='') or '-'}/{quote(image_id, safe='') or '-'}",
            doing=f"Glance: delete image {printable(image_id, 60)} from store {printable(store)}",
            ways_out=_DELETE_WAYS_OUT,
        )

    async def set_properties(self, image_id: str, properties: Mapping[str, str]) -> None:
        """Set some of an image's properties; the rest stays."""
        await self._cloud.request(
            IMAGE,
            "PATCH",
            _path(image_id),
            body=[
                {"op": "add", "path": f"/{_pointer(key)}", "value": value}
                for key, value in properties.items()
            ],
            headers={"Content-Type": _PATCH},
            doing=f"Glance: set properties of image {printable(image_id, 60)}",
        )


@lru_cache(maxsize=16)
def _marked(keys: tuple[str, ...]) -> type[WireImage]:
    """Return a wire image that also has the properties ``keys``, as mark_0, mark_1 and so on."""
    fields: list[tuple[str, Any, Any]] = [
        (f"mark_{index}", str | None, msgspec.field(default=None, name=key))
        for index, key in enumerate(keys)
    ]
    marked: Any = msgspec.defstruct("WireMarkedImage", fields, bases=(WireImage,))
    return cast("type[WireImage]", marked)


def _path(image_id: str) -> str:
    return f"/images/{quote(image_id, safe='') or '-'}"


def _pointer(key: str) -> str:
    """Return a property's name as part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
