"""Listing images fast: ordered lists and positions are kept until an image changes."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.exchange import (
    caller,
    raw_json_reply,
    whole_number,
)
from dcn_console.simulator.api.image_view import ImageEncodings
from dcn_console.simulator.image_listing import (
    DEFAULT_LIMIT,
    MAXIMUM_LIMIT,
    Page,
    filters,
    ordered,
    page_of,
    sort_order,
    visible,
)
from dcn_console.simulator.records import ImageRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

Order = tuple[tuple[str, bool], ...]


class _List(NamedTuple):
    images: list[ImageRecord]
    positions: dict[str, int]
    has_hidden: bool


class ImageLists:
    """Ordered lists of the images a caller may see, and the encodings of images."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._revision = -1
        self._lists: dict[tuple[bool, str, str | None, Order], _List] = {}
        self.encodings = ImageEncodings(world.deployment)

    def page(
        self, who: Identity, query: Mapping[str, list[str]], marker: str | None, limit: int
    ) -> Page:
        """Return a page of what the caller may see; raise Refusal 400."""
        order = sort_order(query)
        tests = filters(query)
        base = self._list(who, first_value(query, "visibility"), order)
        is_plain = len(tests) == 1 and "os_hidden" not in query and not base.has_hidden
        if not is_plain:
            chosen = [image for image in base.images if all(test(image) for test in tests)]
            return page_of(chosen, marker, limit)
        start = 0
        if marker is not None:
            if marker not in base.positions:
                raise Refusal(400, f"No image found with ID {marker}")
            start = base.positions[marker] + 1
        images = tuple(base.images[start : start + limit])
        return Page(images, images[-1].id if images and len(images) == limit else None)

    def _list(self, who: Identity, wanted: str | None, order: Order) -> _List:
        if self._revision != self._world.images_revision:
            self._lists.clear()
            self._revision = self._world.images_revision
        key = (who.is_admin, who.project_id, wanted, order)
        if key not in self._lists:
            test = visible(who, wanted)
            images = ordered(filter(test, self._world.images.values()), order)
            positions = {image.id: at for at, image in enumerate(images)}
            has_hidden = any(image.hidden for image in images)
            self._lists[key] = _List(images, positions, has_hidden)
        return self._lists[key]


async def list_images(request: Request) -> Response:
    """Answer ``GET /v2/images``: a page, and the address of the next one."""
    who = caller(request)
    query: dict[str, list[str]] = {}
    for key, value in request.query_params.multi_items():
        query.setdefault(key, []).append(value)
    limit = whole_number(first_value(query, "limit"), DEFAULT_LIMIT, "limit param")
    marker = first_value(query, "marker") or None
    lists = lists_of(request)
    page = lists.page(who, query, marker, min(limit, MAXIMUM_LIMIT))
    encode = lists.encodings.encode
    parts = [b'{"images": [', b", ".join([encode(image) for image in page.images])]
    parameters = [(key, value) for key, value in request.query_params.multi_items()
                  if key != "marker"]  # fmt: skip
    first = "/v2/images" + (f"?{urlencode(parameters)}" if parameters else "")
    parts.append(b'], "first": "%b", "schema": "/v2/schemas/images"' % first.encode())
    if page.next_marker is not None:
        following = urlencode([*parameters, ("marker", page.next_marker)])
        parts.append(b', "next": "/v2/images?%b"' % following.encode())
    parts.append(b"}")
    return raw_json_reply(b"".join(parts))


def first_value(query: Mapping[str, list[str]], key: str) -> str | None:
    """Return the first value of a query's parameter, None without it."""
    values = query.get(key)
    return values[0] if values else None


def lists_of(request: Request) -> ImageLists:
    """Return the application's lists."""
    lists = request.scope["dcn_image_lists"]
    if not isinstance(lists, ImageLists):
        raise TypeError("The application has no lists of images.")
    return lists
