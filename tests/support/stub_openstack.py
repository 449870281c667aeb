"""A small scripted OpenStack on 127.0.0.1: Keystone by itself, every other answer by the test."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SERVICE_PATHS = {
    "image": "/image/v2",
    "volumev3": "/volume/v3",
    "block-storage": "/volume/v3",
    "compute": "/compute/v2.1",
    "network": "/network/v2.0",
    "baremetal": "/baremetal/v1",
}
_ROOTS = (
    ("/image", "v2.17", ""),
    ("/volume", "v3.0", "3.70"),
    ("/compute", "v2.1", "2.93"),
    ("/network", "v2.0", ""),
    ("/baremetal", "v1", "1.80"),
)
"""Each service's root, its version, and its highest microversion."""
_BYTES = "application/octet-stream"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Said:
    """One answer; a ``body`` that is no bytes is sent as JSON."""

    status: int = 200
    body: Any = None
    content_type: str = "application/json"

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Handler = Callable[[Asked], Said]


@dataclass
class StubOpenstack:
    """The scripted cloud: ``routes`` maps "GET /image/v2/images" to what answers it."""

    services: tuple[str, ...] = ("image", "volumev3")
    roles: tuple[str, ...] = ("admin",)
    routes: dict[str, Handler] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    refuse_credentials: bool = False
    maxima: dict[str, str] = field(default_factory=dict)
    """The highest microversions by root, such as "/volume", where they are not the usual ones."""
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The root of all services."""
        return f"http://127.0.0.1:{self.port}"

    def on(self, route: str, answer: Said | Handler) -> None:
        """Answer "METHOD /path" with ``answer`` from now on."""
        self.routes[route] = answer if callable(answer) else lambda _asked: answer

    def paths_asked(self) -> list[str]:
        """The "METHOD /path" of everything asked so far, Keystone and discovery included."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def write_clouds_yaml(self, folder: Path) -> Path:
        """Write a clouds.yaml with the one cloud "stub"."""
        path = folder / "clouds.yaml"
        path.write_text(
            "clouds:\n  stub:\n    region_name: RegionOne\n    auth:\n"
            f"      auth_url: {self.url}/identity/v3\n"
            "      username: operator\n      password: hunter2hunter2\n"
            "      project_name: operations\n"
            "      user_domain_name: Default\n      project_domain_name: Default\n"
        )
        return path

    def answer(self, asked: Asked) -> Said:
        """Return the answer to one request."""
        self.asked.append(asked)
        handler = self.routes.get(f"{asked.method} {asked.path}")
        if handler is not None:
            return handler(asked)
        if asked.path.startswith("/identity"):
            return self._identity(asked)
        for root, version, maximum in _ROOTS:
            if asked.method == "GET" and asked.path.rstrip("/") in (
                root,
                f"{root}/{version.split('.')[0]}",
                SERVICE_PATHS.get(root[1:], root),
            ):
                return self._versions(root, version, self.maxima.get(root, maximum))
        return Said(404, {"itemNotFound": {"code": 404, "message": "no such resource"}})

    def _identity(self, asked: Asked) -> Said:
        if asked.method == "GET":
            href = f"{self.url}/identity/v3/"
            links = [{"rel": "self", "href": href}]
            return Said(200, {"version": {"id": "v3.14", "status": "stable", "links": links}})
        if self.refuse_credentials:
            message = "The request you have made requires authentication."
            return Said(401, {"error": {"code": 401, "message": message, "title": "Unauthorized"}})
        return Said(201, {"token": self._token()})

    def _token(self) -> dict[str, Any]:
        return {
            "methods": ["password"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": "u1", "name": "operator", "domain": {"id": "default", "name": "D"}},
            "project": {"id": "p1", "name": "operations", "domain": {"id": "default", "name": "D"}},
            "roles": [{"id": name, "name": name} for name in self.roles],
            "catalog": [
                {
                    "id": name,
                    "type": name,
                    "name": name,
                    "endpoints": [
                        {
                            "id": name,
                            "interface": "public",
                            "region": "RegionOne",
                            "region_id": "RegionOne",
                            "url": self.url + SERVICE_PATHS[name],
                        }
                    ],
                }
                for name in self.services
            ],
        }

    def _versions(self, root: str, version: str, maximum: str) -> Said:
        service = next((path for path in SERVICE_PATHS.values() if path.startswith(root)), root)
        entry = {
            "id": version,
            "status": "CURRENT",
            "version": maximum,
            "min_version": version.removeprefix("v") if maximum else "",
            "links": [{"rel": "self", "href": f"{self.url}{service}/"}],
        }
        return Said(200, {"versions": [entry]})


@contextmanager
def stub_openstack(**options: Any) -> Iterator[StubOpenstack]:
    """Serve a scripted cloud while the block runs."""
    stub = StubOpenstack(**options)
    server = _server(stub)
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _server(stub: StubOpenstack) -> ThreadingHTTPServer:
    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            parts = urlsplit(self.path)
            said = stub.answer(
                Asked(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query)),
                    headers={key.lower(): value for key, value in self.headers.items()},
                    body=_decoded(raw, self.headers.get("Content-Type", "")),
                )
            )
            self.send_response(said.status)
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(said.content)))
            if self.command == "POST" and self.path.endswith("/auth/tokens"):
                self.send_header("X-Subject-Token", "gAAAAAstubtoken" + "x" * 40)
            self.end_headers()
            self.wfile.write(said.content)

        do_GET = _serve  # noqa: N815 - the name the standard library calls
        do_POST = _serve  # noqa: N815
        do_PUT = _serve  # noqa: N815
        do_PATCH = _serve  # noqa: N815
        do_DELETE = _serve  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    server.daemon_threads = True
    return server


def _decoded(raw: bytes, content_type: str) -> Any:
    if content_type == _BYTES:
        return raw
    return json.loads(raw) if raw else None
