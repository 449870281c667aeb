"""Chains of backups: which increment builds on which, what can be deleted, what may be dropped.

Cinder's API names no parent of an increment. Cinder takes the project's backup of that volume with
the newest data that is older than what is backed up (cinder/backup/api.py, ``create``), and refuses
when that one is not available, so the parent can be told from the times.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from dcn_console.model.storage import Backup
from dcn_console.model.text import count, printable

GOOD = "available"
"""The status of a backup that can be restored."""
DELETABLE = frozenset({"available", "error"})
"""Statuses in which Cinder deletes a backup (cinder/backup/api.py, ``delete``)."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class BackupNode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A backup in its chain.

    ``chain`` is the id of the full backup that everything in the chain builds on, or of the oldest
    increment known where that is missing; ``parent`` the id of the backup that this one builds on,
    None for a full one or one whose parent is missing. ``dependents`` are the ids of all that build
    on it, nearest first. ``obstacle`` is why it cannot be deleted by itself, "" when it can.
    ``order`` is its place among the backups of its volume as they are drawn.
    """

    backup: Backup
    depth: int = 0
    chain: str = ""
    parent: str | None = None
    dependents: tuple[str, ...] = ()
    obstacle: str = ""
    order: int = 0

    @property
    def is_broken(self) -> bool:
        """Whether it is an increment and what it builds on is missing or failed."""
        return self.backup.incremental and self.parent is None


def nodes(
    backups: Iterable[Backup], served: Collection[str] | None = None
) -> tuple[BackupNode, ...]:
    """Return backups as trees, in the order to draw them.

    ``served`` are the availability zones where a cinder-backup works, None while nobody knows: a
    backup of another zone cannot be deleted.

    Of each volume the newest chain comes first, within a chain each backup before those that build
    on it, older ones first.
    """
    of_volume: dict[str, list[Backup]] = {}
    for backup in backups:
        of_volume.setdefault(backup.volume_id or "", []).append(backup)
    return tuple(
        node for volume in sorted(of_volume) for node in _of_one_volume(of_volume[volume], served)
    )


def data_time(backup: Backup) -> datetime:
    """Return the moment whose data a backup holds, as far as it is known."""
    return backup.data_at or backup.created_at or _EARLIEST


def newest(backups: Iterable[Backup]) -> Backup | None:
    """Return the backup with the newest data, on which Cinder would build an increment."""
    return max(backups, key=lambda one: (data_time(one), one.id), default=None)


def last_good(backups: Iterable[Backup]) -> Backup | None:
    """Return the newest backup that can be restored."""
    return newest(backup for backup in backups if backup.status == GOOD)


def chain_of(backup: Backup, backups: Iterable[Backup]) -> tuple[BackupNode, ...]:
    """Return the nodes of the chain that ``backup`` is in, itself included, oldest first."""
    known = {one.id: one for one in (*backups, backup) if one.volume_id == backup.volume_id}
    tree = nodes(known.values())
    chain = next(node.chain for node in tree if node.backup.id == backup.id)
    return tuple(node for node in tree if node.chain == chain)


def deletion_order(chosen: Sequence[BackupNode]) -> tuple[BackupNode, ...]:
    """Return nodes in the order in which Cinder deletes them: what builds on others first."""
    return tuple(
        sorted(chosen, key=lambda node: (node.depth, data_time(node.backup)), reverse=True)
    )


def to_drop(backups: Iterable[Backup], keep: int) -> tuple[BackupNode, ...]:
    """Return what goes when ``keep`` good backups of one volume are to stay, in deletion order.

    Only whole chains go, and only those older than all that stays: a chain with one of the
    ``keep`` newest good backups stays whole, and at least the last good one always does. A chain
    with a backup that is neither good nor failed stays: something is at work on it. So does one
    whose end would take the data of another that stays.
    """
    tree = nodes(backups)
    good = sorted(
        (node for node in tree if node.backup.status == GOOD),
        key=lambda node: (data_time(node.backup), node.backup.id),
        reverse=True,
    )
    if not good:
        return ()
    kept = {node.chain for node in good[: max(1, keep)]}
    border = min(data_time(node.backup) for node in tree if node.chain in kept)
    chains = {node.chain for node in tree} - kept
    dropped = [
        node
        for chain in chains
        for node in _droppable([node for node in tree if node.chain == chain], border)
    ]
    gone = {node.backup.id for node in dropped}
    left = [node.backup for node in tree if node.backup.id not in gone]
    parents = {node.backup.id: node.backup for node in tree}
    harmful = {
        node.chain
        for node in dropped
        if endangered(node.backup, parents.get(node.parent or ""), left) is not None
    }
    return deletion_order([node for node in dropped if node.chain not in harmful])


def _droppable(chain: list[BackupNode], border: datetime) -> list[BackupNode]:
    settled = all(node.backup.status in DELETABLE for node in chain)
    older = all(data_time(node.backup) < border for node in chain)
    return chain if settled and older else []


def _of_one_volume(backups: list[Backup], served: Collection[str] | None) -> list[BackupNode]:
    parents = {backup.id: _parent(backup, backups) for backup in backups}
    children: dict[str, list[Backup]] = {}
    for backup in sorted(backups, key=lambda one: (data_time(one), one.id)):
        parent = parents[backup.id]
        if parent is not None:
            children.setdefault(parent.id, []).append(backup)
    roots = [backup for backup in backups if parents[backup.id] is None]
    drawn: list[BackupNode] = []
    for root in sorted(roots, key=lambda one: (data_time(one), one.id), reverse=True):
        pending = [(root, 0)]
        while pending:
            backup, depth = pending.pop()
            parent = parents[backup.id]
            dependents = _dependents(backup, children)
            drawn.append(
                BackupNode(
                    backup=backup,
                    depth=depth,
                    chain=root.id,
                    parent=parent.id if parent is not None else None,
                    dependents=tuple(one.id for one in dependents),
                    obstacle=_obstacle(backup, dependents)
                    or _shared(backup, parent, backups)
                    or _unserved(backup, served),
                    order=len(drawn),
                )
            )
            below = children.get(backup.id, [])
            pending.extend((child, depth + 1) for child in reversed(below))
    return drawn


def _parent(backup: Backup, backups: list[Backup]) -> Backup | None:
    """Return what an increment builds on; a failed backup is never built on."""
    if not backup.incremental:
        return None
    return newest(
        other
        for other in backups
        if other.id != backup.id
        and other.project_id == backup.project_id
        and not (other.status or "").startswith("error")
        and (data_time(other), other.id) < (data_time(backup), backup.id)
    )


def _dependents(backup: Backup, children: dict[str, list[Backup]]) -> list[Backup]:
    found: list[Backup] = []
    pending = list(children.get(backup.id, []))
    while pending:
        child = pending.pop(0)
        found.append(child)
        pending.extend(children.get(child.id, []))
    return found


def _obstacle(backup: Backup, dependents: list[Backup]) -> str:
    """Say why Cinder would not delete a backup by itself, "" when it would."""
    needing = [one for one in dependents if one.status != "error"]
    if needing or backup.has_dependents:
        if not needing:
            return "an increment builds on it"
        first = printable(needing[0].label, 40)
        more = len(needing) - 1
        rest = f" and {count(more, 'other')}" if more else ""
        return f"{first}{rest} build on it" if more else f"{first} builds on it"
    if backup.status not in DELETABLE:
        return f"it is {printable(backup.status or 'in an unknown state', 40)}"
    return ""


def endangered(backup: Backup, parent: Backup | None, backups: Iterable[Backup]) -> Backup | None:
    """Return the good backup whose data Cinder may remove together with ``backup``, if any.

    The Ceph driver keeps the backup of a volume's snapshot in ``volume-ID.backup.base``, and when
    the RBD image of a failed backup is not there it removes that one instead
    (cinder/backup/drivers/ceph.py, ``_try_delete_base_image``; seen on Cinder 21.3).
    """
    by_itself = not backup.incremental or parent is None or parent.snapshot_id is not None
    failed = backup.status == "error" and by_itself
    if backup.snapshot_id is None and not failed:
        return None
    return next(
        (
            other
            for other in backups
            if other.id != backup.id
            and other.volume_id == backup.volume_id
            and other.snapshot_id is not None
            and other.status == GOOD
        ),
        None,
    )


def _shared(backup: Backup, parent: Backup | None, backups: list[Backup]) -> str:
    other = endangered(backup, parent, backups)
    if other is None:
        return ""
    name = printable(other.label, 40)
    return f"Cinder's Ceph driver may remove the data of {name} with it"


def _unserved(backup: Backup, served: Collection[str] | None) -> str:
    """Say that nobody works where a backup is: Cinder answers 404 to its DELETE, for ever.

    It looks for a cinder-backup in the backup's own zone, or in any for one without a zone
    (cinder/backup/api.py, ``_get_available_backup_service_host``; seen on Cinder 21.3).
    """
    zone = backup.availability_zone
    if served is None or (zone in served if zone else bool(served)):
        return ""
    if not zone:
        return "no cinder-backup works"
    return f"no cinder-backup works in its zone, {printable(zone, 40)}"
