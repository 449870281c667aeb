"""A running simulator for tests of any folder, and a plain client of its HTTP APIs."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB
from dcn_console.simulator.scenario import ADMIN, PASSWORD
from dcn_console.simulator.server import Options

T = TypeVar("T")

PATIENCE_SECONDS = 300.0
"""Nothing here should take as long; it only ends a test that would hang."""

SITES = (
    "home:store-home:zone-home:ceph-home",
    "north:store-north:zone-north:ceph-north",
    "south:store-south:zone-south:ceph-south",
)
"""Three sites whose names, stores, zones and clusters all differ; the first is the hub."""


def small_options(**changes: Any) -> Options:
    """Return options for an empty cloud of three sites at 64 MiB a second."""
    chosen: dict[str, Any] = {"scenario": "empty", "sites": SITES, "bandwidth": 64.0 * MIB}
    return Options(**{**chosen, **changes})


@contextmanager
def running_simulator(options: Options | None = None) -> Iterator[Simulator]:
    """Run a simulator in a process of its own while the block lasts."""
    with Simulator(options or small_options()) as simulator:
        yield simulator


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The decoded JSON body."""
        return json.loads(self.body)


class Api:
    """A plain client of a simulator as one of its users; header names come in lower case."""

    def __init__(self, simulator: Simulator, user: str = ADMIN, password: str = PASSWORD) -> None:
        self._simulator = simulator
        self.token = ""
        self.project_id = ""
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {
                            "name": user,
                            "domain": {"id": "default"},
                            "password": password,
                        }
                    },
                },
                "scope": {"project": {"name": user, "domain": {"id": "default"}}},
            }
        }
        self.login = self.ask("POST", "/identity/v3/auth/tokens", body)
        if self.login.status == http.client.CREATED:
            self.token = self.login.headers["x-subject-token"]
            self.project_id = self.login.content["token"]["project"]["id"]

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float = PATIENCE_SECONDS,
    ) -> Reply:
        """Send a request; a body that is not bytes is sent as JSON."""
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("X-Auth-Token", self.token)
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self._simulator.port, timeout=timeout)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            known = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, known, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **keywords: Any) -> Any:
        """Return the decoded answer of a GET that must succeed."""
        reply = self.ask("GET", path, **keywords)
        if reply.status >= http.client.MULTIPLE_CHOICES:
            raise AssertionError(f"GET {path}: {reply.status} {reply.body.decode()}")
        return reply.content

    def image(self, image_id: str) -> dict[str, Any]:
        """Return an image."""
        found: dict[str, Any] = self.get(f"/image/v2/images/{image_id}")
        return found

    def tasks(self, image_id: str) -> list[dict[str, Any]]:
        """Return an image's tasks."""
        found: list[dict[str, Any]] = self.get(f"/image/v2/images/{image_id}/tasks")["tasks"]
        return found

    def copy_image(
        self,
        image_id: str,
        *stores: str,
        must_succeed: bool = False,
        timeout: float = PATIENCE_SECONDS,
    ) -> Reply:
        """Ask for a copy to the named stores."""
        body = {
            "method": {"name": "copy-image"},
            "stores": list(stores),
            "all_stores_must_succeed": must_succeed,
        }
        return self.ask("POST", f"/image/v2/images/{image_id}/import", body, timeout=timeout)


def eventually(
    look: Callable[[], T], is_right: Callable[[T], bool] = bool, seconds: float = PATIENCE_SECONDS
) -> T:
    """Look until it is right and return what was seen; fail with it at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if is_right(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"still not right after {seconds} s: {seen!r}")
        time.sleep(0.02)
