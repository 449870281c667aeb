"""Which images a listing holds: visibility, filters, order and pages (glance/api/v2/images.py)."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from dcn_console.simulator.records import ImageRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.times import parse
from dcn_console.simulator.tokens import Identity

DEFAULT_LIMIT = 25
"""Glance's limit_param_default."""
MAXIMUM_LIMIT = 1000
"""Glance's api_limit_max."""
SORT_KEYS = (
    "name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at",
)  # fmt: skip

_NOT_FILTERS = frozenset({"limit", "marker", "sort", "sort_key", "sort_dir", "member_status"})
_EXACT = ("owner", "visibility")
_LISTABLE = frozenset({"name", "status", "id", "disk_format", "container_format"})
"""Filters that may begin with an operator (glance/db/sqlalchemy/api.py)."""
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "eq": lambda left, right: left == right,
    "neq": lambda left, right: left != right,
}

Test = Callable[[ImageRecord], bool]


class Page(NamedTuple):
    """A page of images; ``next_marker`` is the id to go on from, None on the last page."""

    images: tuple[ImageRecord, ...]
    next_marker: str | None


def page_of(ordered: list[ImageRecord], marker: str | None, limit: int) -> Page:
    """Cut a page after ``marker`` out of an ordered list; raise Refusal 400."""
    start = 0
    if marker is not None:
        position = next((at for at, image in enumerate(ordered) if image.id == marker), None)
        if position is None:
            raise Refusal(400, f"No image found with ID {marker}")
        start = position + 1
    images = tuple(ordered[start : start + limit])
    is_full = bool(images) and len(images) == limit
    return Page(images, images[-1].id if is_full else None)


def sort_order(query: Mapping[str, list[str]]) -> tuple[tuple[str, bool], ...]:
    """Return (key, descending) pairs of a query, in either of Glance's syntaxes."""
    if "sort" in query:
        if "sort_key" in query or "sort_dir" in query:
            raise Refusal(400, "Old and new sorting syntax cannot be combined")
        parts = [part.partition(":") for part in query["sort"][0].split(",")]
        pairs = [(key.strip(), direction.strip() or "desc") for key, _, direction in parts]
    else:
        keys = query.get("sort_key") or ["created_at"]
        directions = query.get("sort_dir") or ["desc"]
        if len(directions) == 1:
            directions *= len(keys)
        if len(directions) != len(keys):
            raise Refusal(400, "Number of sort dirs does not match the number of sort keys")
        pairs = list(zip(keys, directions, strict=True))
    for key, direction in pairs:
        if key not in SORT_KEYS:
            raise Refusal(
                400,
                f"Invalid sort key: {key}. It must be one of the following: "
                f"{', '.join(SORT_KEYS)}.",
            )
        if direction not in ("asc", "desc"):
            raise Refusal(400, f"Invalid sort direction: {direction}")
    return tuple((key, direction == "desc") for key, direction in pairs)


def ordered(
    images: Iterable[ImageRecord], order: tuple[tuple[str, bool], ...]
) -> list[ImageRecord]:
    """Return images in order; what is equal comes by creation and id, as in Glance."""
    keys = [*order, *(pair for pair in (("created_at", True), ("id", True)) if pair not in order)]
    result = list(images)
    for key, descending in reversed(keys):
        result.sort(key=_sort_value(key), reverse=descending)
    return result


def _sort_value(key: str) -> Callable[[ImageRecord], tuple[bool, float, str]]:
    def value(image: ImageRecord) -> tuple[bool, float, str]:
        found = getattr(image, key)
        if isinstance(found, (int, float)):
            return (True, float(found), "")
        return (found is not None, 0.0, str(found))

    return value


def visible(who: Identity, wanted: str | None) -> Test:
    """Return the test for what a listing shows: community images only when asked for."""

    def test(image: ImageRecord) -> bool:
        if who.is_admin:
            return True
        if image.owner == who.project_id or image.visibility == "public":
            return True
        return image.visibility == "community" and wanted in ("community", "all")

    return test


def filters(query: Mapping[str, list[str]]) -> list[Test]:
    """Return the tests of a query's filters; raise Refusal 400."""
    tests: list[Test] = []
    if "os_hidden" not in query:
        tests.append(lambda image: not image.hidden)
    for key, values in query.items():
        if key not in _NOT_FILTERS:
            tests += [test for value in values if (test := _filter(key, value)) is not None]
    return tests


def _filter(key: str, value: str) -> Test | None:
    if key == "visibility" and value == "all":
        return None
    if key == "visibility" and value not in ("community", "public", "private", "shared"):
        raise Refusal(400, f"Invalid visibility value: {value}")
    if key in ("created_at", "updated_at"):
        return _time_filter(key, value)
    if key in ("size_min", "size_max"):
        return _size_filter(key, value)
    if key == "tag":
        return lambda image: value in image.tags
    if key in ("protected", "os_hidden"):
        field = "hidden" if key == "os_hidden" else key
        wanted = value.lower() == "true"
        return lambda image: getattr(image, field) == wanted
    if key in _LISTABLE:
        return _listable_filter(key, value)
    if key in _EXACT:
        return lambda image: getattr(image, key) == value
    return lambda image: str(image.properties.get(key)) == value


def _listable_filter(key: str, value: str) -> Test:
    """Return the test of a filter with an operator; without a colon it is "eq"."""
    operator, found, rest = value.partition(":")
    if not found:
        operator, rest = "eq", value
    if operator == "in":
        wanted = [item.strip('"') for item in rest.split(",")]
    elif operator == "eq":
        wanted = [rest]
    else:
        raise Refusal(400, f"Unable to filter by unknown operator '{operator}'.")
    return lambda image: getattr(image, key) in wanted


def compare_times(value: str) -> Callable[[float], bool]:
    """Return the test of a time filter such as "gt:2026-11-21T05:12:49Z"; raise ValueError."""
    operator, found, rest = value.partition(":")
    if not found or operator not in _COMPARE:
        operator, rest = "eq", value
    limit = parse(rest)
    compare = _COMPARE[operator]
    return lambda moment: compare(float(int(moment)), limit)


def _time_filter(key: str, value: str) -> Test:
    try:
        test = compare_times(value)
    except ValueError as error:
        raise Refusal(
            400, f'Bad "{key}" query filter format. Use ISO 8601 DateTime notation.'
        ) from error
    return lambda image: test(getattr(image, key))


def _size_filter(key: str, value: str) -> Test:
    if not value.isdigit():
        raise Refusal(400, "Unable to filter on a range with a non-numeric value.")
    limit = int(value)
    if key == "size_min":
        return lambda image: (image.size or 0) >= limit
    return lambda image: (image.size or 0) <= limit
