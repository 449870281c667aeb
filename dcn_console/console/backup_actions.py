"""The backups' menu and its actions: part of the one table of actions."""

from collections.abc import Callable

from dcn_console.console.action import BACKUPS, Action, Menu
from dcn_console.console.backup_availability import (
    BACKED_UP_PLACES,
    with_backups,
    with_good_backups,
    with_something_to_back_up,
)
from dcn_console.console.situation import Situation
from dcn_console.model.requests import Request
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CheckBackups,
    DeleteBackups,
    RestoreBackup,
)

BACKUP_MENU = Menu(key="B", title="Backups")


def _action(
    name: str,
    letter: str,
    title: str,
    description: str,
    available: Callable[[Situation], str],
    request: type[Request],
) -> Action:
    return Action(
        id=name,
        menu=BACKUP_MENU,
        letter=letter,
        title=title,
        description=description,
        group=BACKUPS,
        places=BACKED_UP_PLACES,
        changes=True,
        available=available,
        requests=(request,),
    )


BACKUP_ACTIONS: tuple[Action, ...] = (
    _action(
        "back_up",
        "b",
        "back up",
        "Back up to the hub: all of it, or what changed since the last time.",
        with_something_to_back_up,
        BackUpVolumes,
    ),
    _action(
        "restore_backups",
        "r",
        "restore",
        "Restore the backup, a volume's last good one, at a site you choose.",
        with_good_backups,
        RestoreBackup,
    ),
    _action(
        "check_backups",
        "c",
        "check",
        "Prove the backup: restored to a scratch volume, compared, removed.",
        with_good_backups,
        CheckBackups,
    ),
    _action(
        "delete_backups",
        "d",
        "delete",
        "Delete the backups, and the increments that need them if you want.",
        with_backups,
        DeleteBackups,
    ),
)
