"""Volumes, snapshots and backups of a simulator, for tests that go through Cinder's API."""

from typing import Any

from simulated import Api, Reply, eventually

from dcn_console.simulator.instance import Simulator

NEWEST = 70


class Storage:
    """Cinder of a simulator as one user sees it, in the newest microversion unless told."""

    def __init__(self, simulator: Simulator, api: Api) -> None:
        self.simulator = simulator
        self.api = api

    def ask(self, method: str, path: str, body: Any = None, minor: int = NEWEST) -> Reply:
        """Send a request below the project's address."""
        headers = {"OpenStack-API-Version": f"volume 3.{minor}"}
        return self.api.ask(method, f"/volume/v3/{self.api.project_id}{path}", body, headers)

    def show(self, kind: str, identifier: str) -> dict[str, Any]:
        """Return a volume, snapshot or backup."""
        reply = self.ask("GET", f"/{kind}s/{identifier}")
        assert reply.status == 200, reply
        found: dict[str, Any] = reply.content[kind]
        return found

    def begin(self, kind: str, minor: int = NEWEST, **asked: Any) -> str:
        """Begin to create a volume, snapshot or backup; return its id."""
        reply = self.ask("POST", f"/{kind}s", {kind: asked}, minor)
        assert reply.status == 202, reply
        return str(reply.content[kind]["id"])

    def settled(self, kind: str, identifier: str) -> dict[str, Any]:
        """Let the clock run until it is available, in use or in error, and return it."""

        def look() -> dict[str, Any]:
            self.simulator.control.advance(5.0)
            return self.show(kind, identifier)

        ends = ("available", "in-use", "error", "error_restoring")
        return eventually(look, lambda item: item["status"] in ends)

    def create(self, kind: str, minor: int = NEWEST, **asked: Any) -> dict[str, Any]:
        """Create one and wait until it is there."""
        return self.settled(kind, self.begin(kind, minor, **asked))

    def gone(self, kind: str, identifier: str) -> None:
        """Let the clock run until it is gone."""

        def look() -> int:
            self.simulator.control.advance(5.0)
            return self.ask("GET", f"/{kind}s/{identifier}").status

        eventually(look, lambda status: status == 404)

    def cluster(self, cluster: str, operation: str, **parameters: Any) -> Any:
        """Return what a cluster answers to its agent."""
        body = {"operation": operation, "parameters": parameters}
        return self.simulator.control.call("POST", f"/agents/{cluster}", body)

    def detail(self, cluster: str, pool: str, name: str) -> dict[str, Any]:
        """Return everything about an RBD image."""
        found: dict[str, Any] = self.cluster(cluster, "rbd_detail", pool=pool, name=name)["result"]
        return found

    def used(self, cluster: str, pool: str, name: str) -> int:
        """Return the bytes that an RBD image takes."""
        return int(self.cluster(cluster, "used_bytes", pool=pool, name=name)["result"]["used"])

    def hashes(self, cluster: str, pool: str, name: str, count: int = 32) -> list[Any]:
        """Return the hashes of an RBD image's first objects."""
        found: list[Any] = self.cluster(
            cluster, "hash_objects", pool=pool, name=name, snapshot_id=None,
            objects=list(range(count)),
        )["result"]  # fmt: skip
        return found
