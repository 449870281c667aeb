"""The API versions that a service announces."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from openstack.config.cloud_region import CloudRegion


class ApiVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version a service announces; ``maximum`` is its highest microversion, if it has any."""

    version: str
    status: str = ""
    maximum: str | None = None


def announced(region: "CloudRegion", service: str) -> tuple[ApiVersion, ...]:
    """Ask a service for its versions, newest last; raises what the libraries raise."""
    return tuple(
        ApiVersion(
            version=str(data["version"]),
            status=str(data["status"] or ""),
            maximum=data["max_microversion"],
        )
        for data in region.get_all_version_data(service) or ()
    )
