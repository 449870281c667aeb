"""A plain HTTP client of one OpenStack cloud, whatever serves it: what the wire says, unadorned.

It gets its token from Keystone and its addresses from the catalogue, as any client does, and
interprets nothing: for tests in which status, headers and bodies matter.
"""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from simulated import Reply

from dcn_console.clouds.credentials import load_region

SECONDS = 180.0
_TYPES = {
    "image": ("image",),
    "volume": ("volumev3", "block-storage", "volume"),
    "compute": ("compute",),
    "identity": ("identity",),
}
"""The names a service has in catalogues."""


class PlainCloud:
    """One user of one cloud of a clouds.yaml.

    ``token`` is the whole token as Keystone showed it: roles, project, catalogue. Raises
    AssertionError when Keystone gives none.
    """

    def __init__(self, name: str, clouds_file: str) -> None:
        auth = load_region(name, clouds_file, SECONDS).config["auth"]
        self.auth_url = str(auth["auth_url"]).rstrip("/")
        self._accounts = {key: str(auth[key]) for key in ("username", "password", "project_name")}
        self._token = ""
        login = self.login()
        assert login.status == http.client.CREATED, login
        self._token = login.headers["x-subject-token"]
        self.token: dict[str, Any] = login.content["token"]

    @property
    def project_id(self) -> str:
        """The id of the user's project."""
        return str(self.token["project"]["id"])

    def login(self, password: str | None = None) -> Reply:
        """Ask Keystone for a token with the user's password, or with another one."""
        domain = {"name": "Default"}
        user = {
            "name": self._accounts["username"],
            "domain": domain,
            "password": password or self._accounts["password"],
        }
        project = {"name": self._accounts["project_name"], "domain": domain}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": project},
            }
        }
        return self._send("POST", f"{self.auth_url}/auth/tokens", body, {}, SECONDS)

    def endpoint(self, service: str) -> str:
        """The address of a service (image, volume, compute, identity) in the catalogue.

        Glance's comes without a version, Cinder's with version and, as it may be, project.
        """
        entry = next(
            entry for kind in _TYPES[service] for entry in self.token["catalog"]
            if entry["type"] == kind
        )  # fmt: skip
        public = next(item for item in entry["endpoints"] if item["interface"] == "public")
        address = str(public["url"]).rstrip("/")
        return address.removesuffix("/v2") if service == "image" else address

    def ask(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Reply:
        """Send a request below a service's address; a body that is not bytes is sent as JSON.

        Errors are asked for as JSON, as our own adapter does. A header whose value is "" is left
        out, so that even the token can be.
        """
        sent = {"X-Auth-Token": self._token, "Accept": "application/json"} | (headers or {})
        return self._send(method, self.endpoint(service) + path, body, sent, seconds)

    def get(self, service: str, path: str) -> Any:
        """Return the decoded answer of a GET that must succeed."""
        reply = self.ask("GET", service, path)
        assert reply.status == http.client.OK, (path, reply)
        return reply.content

    def _send(
        self, method: str, url: str, body: Any, headers: dict[str, str], seconds: float
    ) -> Reply:
        sent = {name: value for name, value in headers.items() if value}
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        parts = urlsplit(url)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, data, sent)
            answer = connection.getresponse()
            known = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, known, answer.read())
        finally:
            connection.close()
