"""What Cinder's endpoints share: microversions, pages of a list, and their links."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from dcn_console.simulator.api.exchange import base_url, engine_of, json_reply, whole_number
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity

MAXIMUM_LIMIT = 1000
"""Cinder's osapi_max_limit."""


def minor_of(request: Request) -> int:
    """Return the microversion asked for; raise Refusal 406 for one there is not."""
    maximum = engine_of(request).world.deployment.volume_minor
    text = request.headers.get("openstack-api-version", "")
    service, _, version = text.partition(" ")
    if service not in ("volume", "block-storage") or version == "":
        return 0
    if version == "latest":
        return maximum
    major, _, minor = version.partition(".")
    if major != "3" or not minor.isdigit() or int(minor) > maximum:
        raise Refusal(
            406,
            f"Version {version} is not supported by the API. Minimum is 3.0 and maximum is "
            f"3.{maximum}.",
        )
    return int(minor)


def version_headers(request: Request) -> dict[str, str]:
    """Return the headers that tell which microversion was served."""
    return {
        "OpenStack-API-Version": f"volume 3.{minor_of(request)}",
        "Vary": "OpenStack-API-Version",
    }


def reply(request: Request, content: object, status: int = 200) -> Response:
    """Answer with JSON in the microversion asked for."""
    return json_reply(content, status, version_headers(request))


def links(request: Request, who: Identity, collection: str, identifier: str) -> list[Any]:
    """Return the links of an object."""
    base, path = base_url(request), f"{who.project_id}/{collection}/{identifier}"
    return [
        {"rel": "self", "href": f"{base}/volume/v3/{path}"},
        {"rel": "bookmark", "href": f"{base}/volume/{path}"},
    ]


def sees_all(request: Request, who: Identity) -> bool:
    """Whether a list is of all projects."""
    asked = request.query_params.get("all_tenants", "").lower()
    return who.is_admin and asked in ("1", "true", "yes")


class Stored(Protocol):
    """Anything that a list holds."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def created_at(self) -> float:
        """When it was created."""
        ...


T = TypeVar("T", bound=Stored)


def listing(
    request: Request,
    who: Identity,
    collection: str,
    items: Iterable[T],
    view: Callable[[T], dict[str, Any]],
) -> Response:
    """Answer with a page of ``items``, newest first or as asked; raise Refusal 400 or 404."""
    query = dict(request.query_params)
    key, _, direction = (query.get("sort") or "created_at:desc").partition(":")
    if key not in ("created_at", "updated_at", "id", "name", "status"):
        raise Refusal(400, "Invalid input received: Invalid sort key")
    ordered = sorted(
        items, key=lambda item: (str(getattr(item, key) or ""), item.id),
        reverse=direction != "asc",
    )  # fmt: skip
    start = whole_number(query.get("offset"), 0, "offset param")
    limit = min(whole_number(query.get("limit"), MAXIMUM_LIMIT, "limit param"), MAXIMUM_LIMIT)
    marker = query.get("marker")
    if marker:
        at = next((index for index, item in enumerate(ordered) if item.id == marker), None)
        if at is None:
            kind = collection.removesuffix("s").capitalize()
            raise Refusal(404, f"{kind} {marker} could not be found.")
        start = at + 1
    page = ordered[start : start + limit]
    content: dict[str, Any] = {collection: [view(item) for item in page]}
    if page and len(page) == limit:
        following = {**query, "marker": page[-1].id}
        following.pop("offset", None)
        detail = "/detail" if request.url.path.endswith("/detail") else ""
        path = f"/volume/v3/{who.project_id}/{collection}{detail}?{urlencode(following)}"
        content[f"{collection}_links"] = [{"rel": "next", "href": base_url(request) + path}]
    if query.get("with_count", "").lower() == "true" and minor_of(request) >= 45:
        content["count"] = len(ordered)
    return reply(request, content)
