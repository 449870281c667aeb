"""One mirrored RBD image on its way between two sites, and both sides of it as they are now."""

import asyncio
from datetime import datetime

import msgspec

from dcn_console.model.mirroring import MirrorMode, ReplayState, ReplayStatus
from dcn_console.model.requests import RbdSubject
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair, Side, label_of, look_at

FRESH_SECONDS = 150.0
"""A daemon reports every 30 s at the latest (measured); one that is older says nothing of now."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """``source`` gives up being primary, ``destination`` becomes it; both are sites."""

    subject: RbdSubject
    source: str
    destination: str
    global_id: str
    mode: MirrorMode

    @property
    def label(self) -> str:
        """What people call the RBD image, fit to print."""
        return label_of(self.subject)

    @property
    def is_snapshot_mode(self) -> bool:
        """Whether data travels as mirror snapshots."""
        return self.mode is MirrorMode.SNAPSHOT

    def back(self) -> "Passage":
        """Return the passage the other way."""
        return msgspec.structs.replace(self, source=self.destination, destination=self.source)


async def look(context: TargetContext, passage: Passage) -> Pair:
    """Look at both sides at once; an error is that of its side."""
    services, topology = context.services, context.services.topology
    source, destination = await asyncio.gather(
        look_at(services, passage.subject, topology.site(passage.source)),
        look_at(services, passage.subject, topology.site(passage.destination)),
    )
    return Pair(passage.subject, source, destination)


async def look_or_raise(context: TargetContext, passage: Passage) -> Pair:
    """Look at both sides; raises the error of one that cannot be asked."""
    pair = await look(context, passage)
    for side in (pair.source, pair.destination):
        if side.error is not None:
            raise side.error
    return pair


def status_of(side: Side) -> ReplayStatus | None:
    """Return what the daemon of ``side`` reports of the RBD image."""
    return side.mirroring.status if side.mirroring is not None else None


def is_fresh(status: ReplayStatus | None, now: datetime) -> bool:
    """Whether a daemon is there to report."""
    if status is None or not status.up or status.reported_at is None:
        return False
    return abs((now - status.reported_at).total_seconds()) <= FRESH_SECONDS


def is_split(status: ReplayStatus | None) -> bool:
    """Whether a daemon says split-brain. The words count as well as the state (ceph-csi 2572)."""
    return status is not None and "split-brain" in status.description.lower()


def seen_at(side: Side, now: datetime) -> str:
    """Say what is seen at one side, in a sentence's part."""
    if side.error is not None:
        return f"{side.name} does not answer"
    if side.detail is None:
        return f"{side.name} has no such RBD image"
    if side.mirroring is None:
        return f"{side.name} has it without mirroring"
    part = "primary" if side.is_primary else "secondary"
    status = status_of(side)
    if status is None or (status.state is ReplayState.UNKNOWN and not status.up):
        return f"{side.name} is {part}, no daemon reports there"
    said = printable(status.description, 80) or status.state.value
    old = "" if is_fresh(status, now) else ", an old report"
    return f"{side.name} is {part} (“{said}”{old})"


def seen(pair: Pair, now: datetime) -> str:
    """Say what is seen at both sides."""
    return f"{seen_at(pair.source, now)}; {seen_at(pair.destination, now)}"
