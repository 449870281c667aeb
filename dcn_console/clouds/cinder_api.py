"""Requests to one Cinder, with the microversions that it understands."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dcn_console.clouds.answers import Answer
from dcn_console.clouds.cloud import BLOCK_STORAGE, Cloud
from dcn_console.model.errors import ServiceError

TOO_OLD = "This Cinder is too old for it: see the microversions of its API."
OVER_QUOTA = "A quota of the project is used up: see “openstack quota show --volume”."
NOT_ALLOWED = "The credentials may not do this to that project's objects."

_CHANGE_WAYS_OUT = {403: NOT_ALLOWED, 406: TOO_OLD, 413: OVER_QUOTA}


class CinderApi:
    """The block storage service of one cloud, request by request.

    Everything raises as ``Cloud.request``.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._maximum: str | None = None
        self._asked = False

    async def microversion(self) -> str | None:
        """The highest microversion, such as "3.70"; None where Cinder announces none.

        Asked for once; a failure is not remembered.
        """
        if not self._asked:
            versions = await self._cloud.versions(BLOCK_STORAGE)
            known = [version.maximum for version in versions if version.maximum]
            self._maximum = max(known, key=as_numbers, default=None)
            self._asked = True
        return self._maximum

    async def at_most(self, wanted: str) -> dict[str, str]:
        """The header for ``wanted`` or for the highest microversion below it."""
        try:
            maximum = await self.microversion()
        except ServiceError:
            return {}
        return microversion_header(min(wanted, maximum, key=as_numbers)) if maximum else {}

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
            BLOCK_STORAGE,
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
            BLOCK_STORAGE,
            method,
            path,
            body=body,
            params=params,
            headers=microversion_header(microversion) if microversion else None,
            doing=doing,
            ways_out={**_CHANGE_WAYS_OUT, **(ways_out or {})},
        )


def microversion_header(microversion: str) -> dict[str, str]:
    """Return the header that asks Cinder for a microversion."""
    return {"OpenStack-API-Version": f"volume {microversion}"}


def as_numbers(version: str) -> tuple[int, ...]:
    """Return a version for comparing: "3.9" is below "3.10"; what is no number counts as 0."""
    return tuple(
        int(part) if part.isascii() and part.isdigit() else 0 for part in version.split(".")
    )


def path_of(collection: str, object_id: str) -> str:
    """Return the path of an object, its id one segment whatever it holds."""
    return f"/{collection}/{quote(object_id, safe='') or '-'}"
