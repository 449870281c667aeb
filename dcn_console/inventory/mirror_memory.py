"""What looking at a mirrored pool again and again tells: since when things are as they are.

Pure. One report cannot tell a daemon that is dead from one that has not begun, nor when a
secondary that is behind was last whole.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from dcn_console.inventory.mirror_evidence import caught_up_at, is_behind
from dcn_console.model.inventory import MirrorState, Noticed, Snapshot, Source
from dcn_console.model.mirroring import MirrorImage

LONGEST_GAP = timedelta(seconds=60)
"""After a longer time without a look it is not known when something changed."""
FORGET_GONE = timedelta(minutes=10)


def is_continued(snapshot: Snapshot[MirrorState], now: datetime) -> bool:
    """Whether what differs from this snapshot has changed just now."""
    return (
        snapshot.source is Source.LIVE
        and snapshot.taken_at is not None
        and now - snapshot.taken_at <= LONGEST_GAP
    )


def changed_at(one: Noticed | None) -> datetime | None:
    """Return when an RBD image was seen to come, go, be promoted or demoted; None if never."""
    return None if one is None else one.gone_since or one.since


def changed_since(one: Noticed, moment: datetime) -> bool:
    """Whether such a change was seen at that moment or later."""
    at = changed_at(one)
    return at is not None and at >= moment


def noticed(
    before: Mapping[str, Noticed], images: Iterable[MirrorImage], now: datetime, *, continued: bool
) -> dict[str, Noticed]:
    """Return what is now known by global id; what did not change is the same object.

    ``before`` is what was known at the look before this one, ``continued`` whether that was a
    short time ago.
    """
    found: dict[str, Noticed] = {}
    for image in images:
        old = before.get(image.global_id)
        new = _seen(old, image, now, continued=continued)
        found[image.global_id] = old if old is not None and old == new else new
    for global_id, old in before.items():
        if global_id not in found:
            gone = _gone(old, now, continued=continued)
            if gone is not None:
                found[global_id] = gone
    return found


def _seen(old: Noticed | None, image: MirrorImage, now: datetime, *, continued: bool) -> Noticed:
    there = old if old is not None and old.gone_since is None and old.id == image.id else None
    since = now if continued else None
    if there is not None and there.primary == image.primary:
        since = there.since
    return Noticed(
        id=image.id,
        primary=image.primary,
        since=since,
        consistent_at=_consistent_at(there, image),
        behind_since=_behind_since(there, image, now),
    )


def _consistent_at(there: Noticed | None, image: MirrorImage) -> datetime | None:
    """Carry the newest point; a side that was primary before has none until its daemon says so.

    The other side may have been written to meanwhile.
    """
    if image.primary:
        return None
    known = [caught_up_at(image.status, image.mode)]
    if there is not None and not there.primary:
        known.append(there.consistent_at)
    return max((moment for moment in known if moment is not None), default=None)


def _behind_since(there: Noticed | None, image: MirrorImage, now: datetime) -> datetime | None:
    if image.primary:
        return None
    last = there.behind_since if there is not None else None
    if is_behind(image.status, image.mode):
        return last or now
    return None if caught_up_at(image.status, image.mode) is not None else last


def _gone(old: Noticed, now: datetime, *, continued: bool) -> Noticed | None:
    if old.gone_since is not None:
        return old if now - old.gone_since < FORGET_GONE else None
    if not continued:
        return None
    return Noticed(id=old.id, primary=old.primary, gone_since=now)
