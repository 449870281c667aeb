"""Which volumes a listing holds: projects, filters, order and pages (cinder/api/v3/volumes.py)."""

from collections.abc import Iterable, Mapping

from dcn_console.simulator.deployment import Deployment
from dcn_console.simulator.image_listing import compare_times
from dcn_console.simulator.metadata_filters import metadata_test
from dcn_console.simulator.records import VolumeRecord
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity

MAXIMUM_LIMIT = 1000
"""Cinder's osapi_max_limit."""
SORT_KEYS = ("created_at", "updated_at", "id", "name", "size", "status")


def chosen(
    deployment: Deployment,
    who: Identity,
    volumes: Iterable[VolumeRecord],
    query: Mapping[str, str],
) -> list[VolumeRecord]:
    """Return the volumes a query asks for, in its order; raise Refusal 400."""
    is_all = who.is_admin and query.get("all_tenants", "").lower() in ("1", "true", "yes")
    wanted = {key: query[key] for key in ("id", "name", "status") if key in query}
    zone = query.get("availability_zone")
    site = deployment.site_of_zone(zone) if zone else None
    project = query.get("project_id") if is_all else None
    result = [
        volume
        for volume in volumes
        if (is_all or volume.project_id == who.project_id)
        and (project is None or volume.project_id == project)
        and all(getattr(volume, key) == value for key, value in wanted.items())
        and (zone is None or (site is not None and volume.site == site.name))
    ]
    if "metadata" in query:
        passes = metadata_test(query["metadata"])
        result = [volume for volume in result if passes(volume.metadata)]
    for key in ("created_at", "updated_at"):
        if key in query:
            try:
                test = compare_times(query[key])
            except ValueError as error:
                raise Refusal(400, f"Invalid {key} value") from error
            result = [volume for volume in result if test(getattr(volume, key))]
    key, _, direction = (query.get("sort") or "created_at:desc").partition(":")
    if key not in SORT_KEYS or direction not in ("", "asc", "desc"):
        raise Refusal(400, "Invalid input received: Invalid sort key")
    result.sort(key=lambda volume: (str(getattr(volume, key) or ""), volume.id)
                if key in ("id", "name", "status") else (getattr(volume, key), volume.id),
                reverse=direction != "asc")  # fmt: skip
    return result


def page(
    volumes: list[VolumeRecord], marker: str | None, limit: int, offset: int
) -> tuple[list[VolumeRecord], bool]:
    """Return a page and whether another may follow; raise Refusal 404 for an unknown marker."""
    start = offset
    if marker:
        position = next((at for at, volume in enumerate(volumes) if volume.id == marker), None)
        if position is None:
            raise Refusal(404, f"Volume {marker} could not be found.")
        start = position + 1
    size = min(limit, MAXIMUM_LIMIT)
    part = volumes[start : start + size]
    return part, bool(part) and len(part) == size
