"""Fills a fresh Keystone through its API: service accounts, endpoints, a plain member.

Identity API v3 reference: api-ref/source/v3 of the project keystone. Safe to run again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcn_lab.rest import DOMAIN, admin_token, request

MEMBER = "demo"
"""Name of the plain user and of its project."""


@dataclass(frozen=True)
class Endpoint:
    """A service to be listed in the catalogue."""

    user: str
    kind: str
    url: str


def seed(url: str, password: str, region: str, endpoints: tuple[Endpoint, ...]) -> None:
    """Create what is missing; raise LabError with Keystone's answer when it refuses."""
    identity = _Identity(url, admin_token(url, password))
    roles = {
        name: identity.ensure("roles", {"name": name})
        for name in ("admin", "member", "reader", "service")
    }
    service_project = identity.ensure("projects", {"name": "service", "domain_id": DOMAIN})
    for endpoint in endpoints:
        account = {"name": endpoint.user, "domain_id": DOMAIN}
        user = identity.ensure("users", account, {"password": password})
        for role in ("admin", "service"):
            identity.grant(service_project, user, roles[role])
        service = identity.ensure("services", {"type": endpoint.kind}, {"name": endpoint.user})
        for interface in ("public", "internal", "admin"):
            place = {"service_id": service, "interface": interface}
            identity.ensure("endpoints", place, {"region_id": region, "url": endpoint.url})
    project = identity.ensure("projects", {"name": MEMBER, "domain_id": DOMAIN})
    account = {"name": MEMBER, "domain_id": DOMAIN}
    member = identity.ensure("users", account, {"password": password})
    identity.grant(project, member, roles["member"])
    admin = identity.ensure("users", {"name": "admin", "domain_id": DOMAIN})
    identity.grant(project, admin, roles["admin"])


class _Identity:
    """The few calls of the Identity API that are needed."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._known: dict[str, list[Any]] = {}

    def ensure(
        self, collection: str, key: Mapping[str, str], extra: Mapping[str, str] | None = None
    ) -> str:
        """Return the id of the resource that `key` describes, creating it when missing."""
        if collection not in self._known:
            self._known[collection] = self._call("GET", collection)[collection]
        known = self._known[collection]
        for each in known:
            if all(each.get(name) == value for name, value in key.items()):
                return str(each["id"])
        kind = collection.removesuffix("s")
        made = self._call("POST", collection, {kind: {**key, **(extra or {})}})[kind]
        known.append(made)
        return str(made["id"])

    def grant(self, project: str, user: str, role: str) -> None:
        """Give a user a role in a project."""
        self._call("PUT", f"projects/{project}/users/{user}/roles/{role}")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer, _ = request(method, f"{self._url}/{path}", self._token, body)
        return answer
