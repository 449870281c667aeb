"""Requests to a service with microversions, asking for one that it understands."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cloud import BARE_METAL, BLOCK_STORAGE, COMPUTE, SERVICE_NAMES, Cloud

_KINDS = {BLOCK_STORAGE: "volume", COMPUTE: "compute", BARE_METAL: "baremetal"}
"""What the services call themselves in the header that asks for a microversion."""
_OWN_HEADERS = {BARE_METAL: "X-OpenStack-Ironic-API-Version"}
"""The header of a service that reads one of its own (Bare Metal API ref: API versions)."""
_NOT_ALLOWED = "The credentials may not do this to that project's objects."
_OVER_QUOTA = "A quota of the project is used up: see “openstack quota show”."


class ServiceApi:
    """One service of one cloud, request by request; raises as ``Cloud.request``."""

    def __init__(self, cloud: Cloud, service: str) -> None:
        self._cloud = cloud
        self._service = service
        self._maximum: str | None = None
        self._asked = False
        self._ways_out = {
            403: _NOT_ALLOWED,
            406: f"This {SERVICE_NAMES[service]} is too old for it.",
            413: _OVER_QUOTA,
        }

    async def microversion(self) -> str | None:
        """The highest microversion, such as "3.70"; None where the service has none.

        Asked for once; a failure is not remembered.
        """
        if not self._asked:
            versions = await self._cloud.versions(self._service)
            known = [version.maximum for version in versions if version.maximum]
            self._maximum = max(known, key=as_numbers, default=None)
            self._asked = True
        return self._maximum

    async def at_most(self, wanted: str) -> dict[str, str]:
        """The header for ``wanted``, or for the highest microversion where that is below."""
        maximum = await self.microversion()
        return self.header(min(wanted, maximum, key=as_numbers)) if maximum else {}

    def header(self, microversion: str) -> dict[str, str]:
        """The header that asks for a microversion (api-guide: Microversions)."""
        found = {"OpenStack-API-Version": f"{_KINDS[self._service]} {microversion}"}
        own = _OWN_HEADERS.get(self._service)
        return found | {own: microversion} if own else found

    async def get(
        self,
        path: str,
        doing: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        ways_out: Mapping[int, str] | None = None,
    ) -> Answer:
        """Read something."""
        return await self._cloud.request(
            self._service,
            "GET",
            path,
            params=params,
            headers=headers,
            doing=doing,
            ways_out=ways_out,
        )

    async def change(
        self,
        method: str,
        path: str,
        doing: str,
        body: Mapping[str, Any] | None = None,
        *,
        microversion: str = "",
        params: Mapping[str, str] | None = None,
        ways_out: Mapping[int, str] | None = None,
    ) -> Answer:
        """Change something; never asked twice."""
        return await self._cloud.request(
            self._service,
            method,
            path,
            body=body,
            params=params,
            headers=self.header(microversion) if microversion else None,
            doing=doing,
            ways_out={**self._ways_out, **(ways_out or {})},
        )


def as_numbers(version: str) -> tuple[int, ...]:
    """Return a version for comparing: "3.9" is below "3.10"; what is no number counts as 0."""
    return tuple(
        int(part) if part.isascii() and part.isdigit() else 0 for part in version.split(".")
    )


def path_of(collection: str, object_id: str) -> str:
    """Return the path of an object, its id one segment whatever it holds."""
    return f"/{collection}/{quote(object_id, safe='') or '-'}"
