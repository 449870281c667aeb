"""The backups' menu and its actions: part of the one table of actions."""

from dcn_console.console.action import BACKUPS, Action, Menu
from dcn_console.console.backup_availability import (
    BACKED_UP_PLACES,
    with_backups,
    with_good_backups,
    with_something_to_back_up,
)
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)

BACKUP_MENU = Menu(key="B", title="Backups", group=BACKUPS, places=BACKED_UP_PLACES)

BACKUP_ACTIONS: tuple[Action, ...] = (
    BACKUP_MENU.action(
        "back_up",
        "b",
        "back up",
        "Back up to the hub: all of it, or what changed since the last time.",
        with_something_to_back_up,
        BackUpVolumes,
    ),
    BACKUP_MENU.action(
        "restore_backups",
        "r",
        "restore",
        "Restore the backup, a volume's last good one, at a site you choose.",
        with_good_backups,
        RestoreBackup,
    ),
    BACKUP_MENU.action(
        "check_backups",
        "c",
        "check",
        "Prove the backup: restored to a scratch volume, compared, removed.",
        with_good_backups,
        CheckBackups,
    ),
    BACKUP_MENU.action(
        "delete_backups",
        "d",
        "delete",
        "Delete the backups, and the increments that need them if you want.",
        with_backups,
        DeleteBackups,
    ),
)
