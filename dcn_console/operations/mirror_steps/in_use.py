"""Whether anybody may be writing to an RBD image at its primary side."""

from dcn_console.model.mirroring import FEATURE_EXCLUSIVE_LOCK, MirrorMode, RbdDetail
from dcn_console.model.text import count, printable


def writer_of(detail: RbdDetail) -> str:
    """Say who has the RBD image open for writing, "" when nobody is seen to.

    In snapshot mode each receiving daemon keeps the primary's RBD image open, without its lock
    (measured on 16.2), so only the lock tells a client there.
    """
    mode = detail.mirroring.mode if detail.mirroring is not None else None
    if detail.lock_owner:
        return f"{printable(detail.lock_owner, 60)} holds its lock"
    lockless = not detail.features & FEATURE_EXCLUSIVE_LOCK
    if detail.watchers and (mode is not MirrorMode.SNAPSHOT or lockless):
        return f"{count(len(detail.watchers), 'client')} ({_addresses(detail)}) has it open"
    return ""


def strangers_at(detail: RbdDetail, receivers: int) -> int:
    """Return how many more have it open than the daemons of ``receivers`` sites do."""
    return max(0, len(detail.watchers) - receivers)


def _addresses(detail: RbdDetail) -> str:
    shown = ", ".join(watcher.address for watcher in detail.watchers[:3])
    return printable(shown, 120)
