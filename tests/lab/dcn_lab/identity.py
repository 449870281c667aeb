"""Fills a fresh Keystone through its API: service accounts, endpoints, a plain member.

Identity API v3 reference: api-ref/source/v3 of the project keystone. Safe to run again.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcn_lab.errors import LabError

REQUEST_SECONDS = 60
DOMAIN = "default"
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
    identity = _Identity(url, _token(url, password))
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

    def ensure(
        self, collection: str, key: Mapping[str, str], extra: Mapping[str, str] | None = None
    ) -> str:
        """Return the id of the resource that `key` describes, creating it when missing."""
        query = urllib.parse.urlencode(key)
        found = self._call("GET", f"{collection}?{query}")[collection]
        if found:
            return str(found[0]["id"])
        kind = collection.removesuffix("s")
        return str(self._call("POST", collection, {kind: {**key, **(extra or {})}})[kind]["id"])

    def grant(self, project: str, user: str, role: str) -> None:
        """Give a user a role in a project."""
        self._call("PUT", f"projects/{project}/users/{user}/roles/{role}")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer, _ = _request(method, f"{self._url}/{path}", self._token, body)
        return answer


def _token(url: str, password: str) -> str:
    """Return a token of the admin in the project admin."""
    domain = {"id": DOMAIN}
    user = {"name": "admin", "domain": domain, "password": password}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "admin", "domain": domain}},
        }
    }
    _, headers = _request("POST", f"{url}/auth/tokens", None, body)
    return headers["X-Subject-Token"]


def _request(
    method: str, url: str, token: str | None, body: object
) -> tuple[Any, Mapping[str, str]]:
    """Send one request and return decoded body and headers; raise LabError on any failure."""
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if token is not None:
        headers["X-Auth-Token"] = token
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310
            text = answer.read()
            return json.loads(text) if text else None, answer.headers
    except urllib.error.HTTPError as error:
        raise LabError(f"keystone: {method} {url}: {error.code} {error.reason}") from error
    except OSError as error:
        raise LabError(f"keystone: {method} {url}: {error}") from error
