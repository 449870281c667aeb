"""Volumes of a server that is gone: what Nova lets go of, and what it leaves reserved."""

from types import SimpleNamespace
from typing import Any, cast

from dcn_console.model.inventory import Volume
from dcn_console.model.storage import VolumeAttachment
from dcn_console.operations.base import TargetContext
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.servers.releasing import (
    LOOKS_BEFORE_REMOVING,
    MOST_LOOKS,
    released,
)


class FakeCinder:
    """One volume with attachments that go after so many looks, if at all."""

    def __init__(self, *held: VolumeAttachment, looks: int = 10**6) -> None:
        self.attachments = self
        self.held = list(held)
        self.looks = looks
        self.deleted: list[str] = []

    async def volume(self, volume_id: str) -> Volume:
        self.looks -= 1
        if self.looks <= 0:
            self.held.clear()
        return Volume(id=volume_id, status="reserved" if self.held else "available")

    async def of_volume(self, volume_id: str) -> tuple[VolumeAttachment, ...]:
        return tuple(self.held)

    async def delete(self, attachment_id: str) -> None:
        self.deleted.append(attachment_id)
        self.held = [one for one in self.held if one.id != attachment_id]


class FakeContext:
    """As much of a context as the waiting needs; it does not wait."""

    def __init__(self, cinder: FakeCinder) -> None:
        self.services = SimpleNamespace(cinder=cinder)
        self.waits = 0
        self.lines: list[str] = []

    def cancelled(self) -> bool:
        return False

    async def wait(self, seconds: float) -> None:
        self.waits += 1

    def show(self, *what: Any) -> None:
        pass

    def log(self, text: str) -> None:
        self.lines.append(text)


def attachment(status: str, server_id: str = "s1") -> VolumeAttachment:
    return VolumeAttachment(id=f"{status} of {server_id}", status=status, server_id=server_id)


async def outcome(cinder: FakeCinder) -> tuple[str, FakeContext]:
    context = FakeContext(cinder)
    result = await released(cast(TargetContext, context), "s1", ("v1",), cancelled="")
    return result.outcome, context


async def test_nova_is_given_time_to_let_go() -> None:
    cinder = FakeCinder(attachment("attached"), looks=5)
    said, context = await outcome(cinder)
    assert (said, context.waits, cinder.deleted) == (DONE, 4, [])


async def test_what_is_reserved_for_a_server_that_is_gone_is_freed() -> None:
    cinder = FakeCinder(attachment("reserved"))
    said, context = await outcome(cinder)
    assert (said, cinder.deleted) == (DONE, ["reserved of s1"])
    assert context.waits > LOOKS_BEFORE_REMOVING
    assert "still reserved for the server that is gone" in context.lines[0]


async def test_what_is_really_attached_is_left_and_told() -> None:
    cinder = FakeCinder(attachment("attached"))
    said, context = await outcome(cinder)
    assert (said, cinder.deleted, context.waits) == (REFUSED, [], MOST_LOOKS)


async def test_other_servers_attachments_are_nobodys_business_here() -> None:
    cinder = FakeCinder(attachment("reserved", "s2"))
    said, context = await outcome(cinder)
    assert (said, cinder.deleted, context.waits) == (DONE, [], 0)
