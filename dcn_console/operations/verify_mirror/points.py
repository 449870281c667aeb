"""The point in time at which two sides of a mirrored RBD image must hold the same.

On Ceph 16.2 a secondary's own mirror snapshot may hold the data from before the sync, while its
head is what the primary's snapshot ``primary_snapshot_id`` holds (measured with memstore and
bluestore). So in snapshot mode that snapshot of the primary is compared with the head.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from dcn_console.inventory.services import Services
from dcn_console.model.mirroring import MirrorMode, MirrorSnapshot, RbdDetail, ReplayState
from dcn_console.model.text import count
from dcn_console.operations.mirror_sides import Pair, Side, look_at


@dataclass(frozen=True)
class Point:
    """What to read at each side: the head (None) or a snapshot's id.

    ``exact`` says that both must be equal as long as the point stands. Where it is false, writes
    may be on their way, and only what differs at two points, unchanged at the source, is wrong.
    ``source_in_use`` is whether a client has the primary open and may hold data back.
    """

    source: int | None
    destination: int | None
    mark: tuple[object, ...]
    words: str
    exact: bool = True
    source_in_use: bool = False


@dataclass(frozen=True)
class Hindrance:
    """Why there is no point now; ``lasting`` when waiting will not bring one."""

    text: str
    lasting: bool = False


async def look_again(services: Services, pair: Pair) -> Pair:
    """Look at both sides anew; raises the ClusterError of one that cannot be asked."""
    source, destination = await asyncio.gather(
        look_at(services, pair.subject, pair.source.site),
        look_at(services, pair.subject, pair.destination.site),
    )
    for side in (source, destination):
        if side.error is not None:
            raise side.error
    return Pair(pair.subject, source, destination)


def point_of(pair: Pair, snapshot: str = "") -> Point | Hindrance:
    """Return where both sides can be compared as they are, or why they cannot.

    ``snapshot`` is the name of a snapshot that is at both sides, "" to do without.
    """
    here, there = pair.source.detail, pair.destination.detail
    if here is None or there is None:
        gone = pair.source if here is None else pair.destination
        return Hindrance(f"{gone.name} does not have the RBD image")
    mirroring = here.mirroring, there.mirroring
    if mirroring[0] is None or mirroring[1] is None:
        off = pair.source if mirroring[0] is None else pair.destination
        return Hindrance(f"it is not mirrored at {off.name}", lasting=True)
    if mirroring[0].global_id != mirroring[1].global_id:
        return Hindrance("the sites hold different RBD images of one name", lasting=True)
    if pair.destination.is_primary:
        both = "both sites are" if pair.source.is_primary else f"{pair.destination.name} is"
        return Hindrance(f"{both} primary", lasting=pair.source.is_primary)
    ids = (here.id, there.id)
    if snapshot:
        return _at_snapshot(pair, here, there, snapshot)
    if mirroring[0].mode is MirrorMode.SNAPSHOT:
        return _at_mirror_snapshot(pair, here, there, ids)
    return _at_heads(pair, here, ids)


def _at_snapshot(pair: Pair, here: RbdDetail, there: RbdDetail, name: str) -> Point | Hindrance:
    first = next((one for one in here.snapshots if one.name == name), None)
    second = next((one for one in there.snapshots if one.name == name), None)
    if first is None or second is None:
        missing = pair.source if first is None else pair.destination
        return Hindrance(f"{missing.name} does not have the snapshot {name}")
    mark = (here.id, there.id, first.id, second.id)
    return Point(first.id, second.id, mark, f"snapshot {name}", exact=False)


def _at_mirror_snapshot(
    pair: Pair, here: RbdDetail, there: RbdDetail, ids: tuple[str, str]
) -> Point | Hindrance:
    newest = _newest(there)
    if newest is None or newest.primary_snapshot_id is None:
        return Hindrance(f"no mirror snapshot has arrived at {pair.destination.name}")
    if not newest.complete:
        return Hindrance(f"a mirror snapshot is on its way to {pair.destination.name}")
    wanted = newest.primary_snapshot_id
    if all(one.id != wanted for one in here.mirror_snapshots):
        return Hindrance(f"{pair.source.name} does not have mirror snapshot {wanted} any more")
    last = _newest(here)
    if not pair.source.is_primary and (last is None or last.id != wanted):
        return Hindrance(f"the last mirror snapshot is on its way to {pair.destination.name}")
    taken = f" of {newest.taken_at:%Y-%m-%d %H:%M:%S} UTC" if newest.taken_at else ""
    mark = (*ids, newest.id, wanted)
    return Point(wanted, None, mark, f"mirror snapshot {wanted}{taken}")


def _at_heads(pair: Pair, here: RbdDetail, ids: tuple[str, str]) -> Point | Hindrance:
    status = pair.destination.mirroring.status if pair.destination.mirroring else None
    if not pair.source.is_primary:
        return Point(None, None, ids, "the present, with no primary", exact=False)
    if status is None or not status.up:
        return Hindrance(f"no rbd-mirror daemon replays at {pair.destination.name}")
    if status.state is not ReplayState.REPLAYING:
        said = status.description or status.state.value
        return Hindrance(f"the daemon at {pair.destination.name} says “{said}”")
    if status.entries_behind:
        behind = count(status.entries_behind, "journal entry", "journal entries")
        return Hindrance(f"{pair.destination.name} is {behind} behind")
    return Point(None, None, ids, "the present", exact=False, source_in_use=bool(here.lock_owner))


def reported_after(side: Side, moment: datetime) -> bool:
    """Whether the daemon at ``side`` has reported since ``moment``."""
    status = side.mirroring.status if side.mirroring is not None else None
    reported = status.reported_at if status is not None else None
    return reported is not None and reported > moment


def _newest(detail: RbdDetail) -> MirrorSnapshot | None:
    return max(detail.mirror_snapshots, key=lambda one: one.id, default=None)
