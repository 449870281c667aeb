"""Why an action on backups cannot be run here and now: each returns the reason, or ""."""

from dcn_console.console.availability import sentence
from dcn_console.console.situation import (
    BACKUP_PLACES,
    SNAPSHOT_PLACES,
    VOLUME_PLACES,
    Situation,
)
from dcn_console.model.backup_chains import GOOD
from dcn_console.model.storage import Backup
from dcn_console.model.text import count, printable

BACKED_UP_PLACES = VOLUME_PLACES | BACKUP_PLACES | SNAPSHOT_PLACES
"""Where the menu of backups works."""

_NAME = 60


def with_backup_actions(situation: Situation) -> str:
    """Only on what is backed up, and on backups."""
    if situation.place in BACKED_UP_PLACES:
        return ""
    return "This works on volumes (press 3) and on backups (press b)."


def with_something_to_back_up(situation: Situation) -> str:
    """Only on volumes that are there, and on snapshots."""
    reason = _reason(situation)
    if reason or situation.volumes or situation.snapshots:
        return reason
    if situation.backups:
        return "The volume is gone: nothing is left to back up."
    return "Put the cursor on a volume first, or mark some with space."


def with_good_backups(situation: Situation) -> str:
    """Only on backups that can be restored, or on volumes that have one."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.place in SNAPSHOT_PLACES:
        return "Choose the backups themselves: press b to go to them."
    if not situation.backups and not situation.volumes:
        return "Put the cursor on a volume or a backup first, or mark some with space."
    missing = [
        *(row.backup.label for row in situation.backups if row.backup.status != GOOD),
        *(
            row.volume.label
            for row in situation.volumes
            if row.last_backup is None and not situation.backups
        ),
    ]
    if not missing:
        return ""
    if len(missing) > 1:
        return f"{count(len(missing), 'of them has', 'of them have')} no good backup."
    name = printable(missing[0], _NAME)
    if situation.backups:
        return f"{name} is not a good backup: it cannot be restored."
    return f"{name} has no good backup yet. B b makes one."


def with_backups(situation: Situation) -> str:
    """Only on backups themselves."""
    reason = _reason(situation)
    if reason:
        return reason
    if situation.place not in BACKUP_PLACES:
        return "Choose the backups themselves: press b to go to them."
    if not situation.backups:
        return "Put the cursor on a backup first, or mark some with space."
    return ""


def good_backups(situation: Situation) -> tuple[Backup, ...]:
    """Return the backups to restore or check: those chosen, else the last good ones."""
    if situation.backups:
        return tuple(row.backup for row in situation.backups)
    return tuple(row.last_backup for row in situation.volumes if row.last_backup is not None)


def _reason(situation: Situation) -> str:
    if situation.read_only_reason:
        return sentence(situation.read_only_reason)
    return with_backup_actions(situation)
