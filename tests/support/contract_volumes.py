"""Volumes of the contract tests, and their end."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from contract_dcn import Dcn, User
from simulated import eventually

SECONDS = 600.0
"""Nothing here takes as long, on the busiest machine."""


@dataclass
class Volumes:
    """The volumes a test made, and their end."""

    dcn: Dcn
    made: list[tuple[User, str]] = field(default_factory=list)

    def create(self, user: User | None = None, **attributes: Any) -> dict[str, Any]:
        """Create a volume of 1 GiB at the hub, or as ``attributes`` say; wait until it is there."""
        owner = user or self.dcn.admin
        body = {"size": 1, "name": f"contract-{uuid.uuid4().hex[:8]}"} | attributes
        reply = owner.plain.ask("POST", "volume", "/volumes", {"volume": body})
        assert reply.status == 202, reply
        created = reply.content["volume"]
        assert created["status"] == "creating"
        assert created["bootable"] == "false", "it turns true with the data"
        self.made.append((owner, created["id"]))
        return self.wait(owner, created["id"])

    def wait(self, user: User, volume_id: str) -> dict[str, Any]:
        """Wait until a volume is there."""

        def look() -> dict[str, Any]:
            shown: dict[str, Any] = user.plain.get("volume", f"/volumes/{volume_id}")["volume"]
            return shown

        return eventually(look, lambda volume: volume["status"] == "available", seconds=SECONDS)

    def clear(self, user: User, volume_id: str) -> None:
        """See that a volume goes, however often one has to ask: another may be held by it."""

        def is_gone() -> bool:
            path = f"/volumes/{volume_id}"
            user.plain.ask("DELETE", "volume", path)
            return user.plain.ask("GET", "volume", path).status == 404

        eventually(is_gone, seconds=SECONDS)
        self.made.remove((user, volume_id))

    def delete(self, user: User, volume_id: str) -> None:
        """Delete a volume and wait until it is gone."""
        reply = user.plain.ask("DELETE", "volume", f"/volumes/{volume_id}")
        assert (reply.status, reply.body) == (202, b"")

        def is_gone() -> bool:
            return user.plain.ask("GET", "volume", f"/volumes/{volume_id}").status == 404

        eventually(is_gone, seconds=SECONDS)
        self.made.remove((user, volume_id))
