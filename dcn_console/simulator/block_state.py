"""Cinder's snapshots, backups, messages and running transfers, by id and by volume."""

from collections.abc import Callable

from dcn_console.simulator.block_records import (
    BackupRecord,
    BlockContents,
    MessageRecord,
    QuotaRecord,
    TransferRecord,
    VolumeSnapshotRecord,
)

_KEPT_MESSAGES = 1000


class BlockState:
    """What changes here is told to ``note_change``, so that it gets saved."""

    def __init__(self, contents: BlockContents, note_change: Callable[[], None]) -> None:
        self._note_change = note_change
        self._snapshots = {item.id: item for item in contents.snapshots}
        self._backups = {item.id: item for item in contents.backups}
        self._messages = list(contents.messages)
        self._transfers = {item.id: item for item in contents.transfers}
        self._quotas = dict(contents.quotas)
        self._trash = dict(contents.trash)
        self._snapshots_of: dict[str, set[str]] = {}
        self._backups_of: dict[str, set[str]] = {}
        for snapshot in contents.snapshots:
            self._snapshots_of.setdefault(snapshot.volume_id, set()).add(snapshot.id)
        for backup in contents.backups:
            self._backups_of.setdefault(backup.volume_id, set()).add(backup.id)
        self._changing = {item.id for item in contents.snapshots if item.due_at is not None}
        self._changing |= {item.id for item in contents.backups if item.due_at is not None}

    def contents(self) -> BlockContents:
        """Return everything as one frozen record."""
        return BlockContents(
            snapshots=tuple(self._snapshots.values()),
            backups=tuple(self._backups.values()),
            messages=tuple(self._messages),
            transfers=tuple(self._transfers.values()),
            quotas=dict(self._quotas),
            trash=dict(self._trash),
        )

    def _changed(self, identifier: str, due_at: float | None) -> None:
        if due_at is None:
            self._changing.discard(identifier)
        else:
            self._changing.add(identifier)
        self._note_change()

    # Snapshots

    @property
    def snapshots(self) -> dict[str, VolumeSnapshotRecord]:
        """All snapshots by id; to be read only."""
        return self._snapshots

    def snapshots_of(self, volume_id: str) -> tuple[VolumeSnapshotRecord, ...]:
        """Return a volume's snapshots, oldest first."""
        found = (self._snapshots[item] for item in self._snapshots_of.get(volume_id, ()))
        return tuple(sorted(found, key=lambda item: (item.created_at, item.id)))

    def put_snapshot(self, snapshot: VolumeSnapshotRecord) -> None:
        """Add a snapshot or replace the one with its id."""
        self._snapshots[snapshot.id] = snapshot
        self._snapshots_of.setdefault(snapshot.volume_id, set()).add(snapshot.id)
        self._changed(snapshot.id, snapshot.due_at)

    def drop_snapshot(self, snapshot: VolumeSnapshotRecord) -> None:
        """Remove a snapshot's record."""
        del self._snapshots[snapshot.id]
        self._snapshots_of[snapshot.volume_id].discard(snapshot.id)
        self._changed(snapshot.id, None)

    def changing_snapshots(self) -> tuple[VolumeSnapshotRecord, ...]:
        """Return the snapshots that are being created or deleted."""
        known = sorted(self._changing & self._snapshots.keys())
        return tuple(self._snapshots[identifier] for identifier in known)

    # Backups

    @property
    def backups(self) -> dict[str, BackupRecord]:
        """All backups by id; to be read only."""
        return self._backups

    def backups_of(self, volume_id: str) -> tuple[BackupRecord, ...]:
        """Return a volume's backups, oldest first."""
        found = (self._backups[item] for item in self._backups_of.get(volume_id, ()))
        return tuple(sorted(found, key=lambda item: (item.created_at, item.id)))

    def put_backup(self, backup: BackupRecord) -> None:
        """Add a backup or replace the one with its id."""
        self._backups[backup.id] = backup
        self._backups_of.setdefault(backup.volume_id, set()).add(backup.id)
        self._changed(backup.id, backup.due_at)

    def drop_backup(self, backup: BackupRecord) -> None:
        """Remove a backup's record."""
        del self._backups[backup.id]
        self._backups_of[backup.volume_id].discard(backup.id)
        self._changed(backup.id, None)

    def changing_backups(self) -> tuple[BackupRecord, ...]:
        """Return the backups that something happens to at a known time."""
        known = sorted(self._changing & self._backups.keys())
        return tuple(self._backups[identifier] for identifier in known)

    # Messages, quotas and transfers

    @property
    def messages(self) -> list[MessageRecord]:
        """All messages, oldest first; to be read only."""
        return self._messages

    def add_message(self, message: MessageRecord) -> None:
        """Tell a user something."""
        self._messages = [*self._messages[-_KEPT_MESSAGES:], message]
        self._note_change()

    def drop_message(self, identifier: str) -> None:
        """Forget a message."""
        self._messages = [item for item in self._messages if item.id != identifier]
        self._note_change()

    def quota(self, project_id: str) -> QuotaRecord:
        """Return a project's quotas."""
        return self._quotas.get(project_id, QuotaRecord())

    def put_quota(self, project_id: str, quota: QuotaRecord) -> None:
        """Set a project's quotas."""
        self._quotas[project_id] = quota
        self._note_change()

    def trash(self, site: str, pool: str) -> tuple[str, ...]:
        """Return the names that RBD images in a pool's trash had."""
        return self._trash.get(f"{site}/{pool}", ())

    def move_to_trash(self, site: str, pool: str, name: str) -> None:
        """Note that an RBD image is in its pool's trash."""
        self._trash[f"{site}/{pool}"] = (*self.trash(site, pool), name)
        self._note_change()

    @property
    def transfers(self) -> tuple[TransferRecord, ...]:
        """What is on its way, in the order of its beginning."""
        return tuple(self._transfers.values())

    def transfer(self, identifier: str) -> TransferRecord | None:
        """Return the transfer of a backup, image or volume, None without any."""
        return self._transfers.get(identifier)

    def put_transfer(self, transfer: TransferRecord) -> None:
        """Add a transfer or replace the one with its id."""
        self._transfers[transfer.id] = transfer
        self._note_change()

    def drop_transfer(self, identifier: str) -> None:
        """Forget a transfer, if there is one."""
        if self._transfers.pop(identifier, None) is not None:
            self._note_change()
