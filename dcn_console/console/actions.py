"""The actions of the console: one table that makes keys, menus, footer, help, palette and docs."""

from dcn_console.console.action import (
    BACKUPS,
    CHANGING,
    CONSOLE,
    FINDING,
    IMAGES,
    LOOKING,
    MIRRORING,
    MOVING,
    PEERS,
    SERVERS,
    VOLUMES,
    Action,
    Menu,
    keys_text,
)
from dcn_console.console.availability import (
    with_edges_lacking,
    with_images,
    with_live_task,
    with_pausable_task,
    with_unfinished_task,
)
from dcn_console.console.backup_actions import BACKUP_ACTIONS, BACKUP_MENU
from dcn_console.console.backup_availability import BACKED_UP_PLACES, with_backup_actions
from dcn_console.console.image_actions import IMAGE_ACTIONS, IMAGE_MENU
from dcn_console.console.image_availability import with_image_actions
from dcn_console.console.mirror_actions import MIRROR_ACTIONS, MIRROR_MENU
from dcn_console.console.mirror_availability import with_mirroring
from dcn_console.console.reading_actions import READING_ACTIONS
from dcn_console.console.server_actions import SERVER_ACTIONS, SERVER_MENU
from dcn_console.console.server_availability import SERVED_PLACES, with_server_actions
from dcn_console.console.site_actions import SITE_ACTIONS
from dcn_console.console.situation import (
    IMAGE_PLACES,
    MIRROR_PLACES,
    SNAPSHOT_PLACES,
    TASK_PLACES,
    VOLUME_PLACES,
    Place,
)
from dcn_console.console.volume_actions import VOLUME_ACTIONS, VOLUME_MENU
from dcn_console.console.volume_availability import with_volume_actions
from dcn_console.model.requests import CopyImages, Request

RIGHT = 90
"""From this place in the footer on, actions stand at its right end and never leave."""


ACTIONS: tuple[Action, ...] = (
    *READING_ACTIONS,
    Action(
        id="copy",
        keys=("c",),
        title="copy",
        description="Copy the images, marked or under the cursor, to sites you choose.",
        group=CHANGING,
        places=IMAGE_PLACES,
        changes=True,
        available=with_images,
        requests=(CopyImages,),
        footer=2,
    ),
    Action(
        id="copy_to_edges",
        keys=("e",),
        title="copy to every edge",
        description="Copy the images, marked or under the cursor, to every edge lacking them.",
        group=CHANGING,
        places=IMAGE_PLACES,
        changes=True,
        available=with_edges_lacking,
        requests=(CopyImages,),
        footer=3,
    ),
    Action(
        id="pause",
        keys=("p",),
        title="pause/resume",
        description="Have the task wait before its next step; again lets it go on.",
        group=CHANGING,
        places=TASK_PLACES,
        changes=True,
        available=with_pausable_task,
        footer=3,
    ),
    Action(
        id="cancel",
        keys=("x",),
        title="cancel",
        description="Cancel the task; says what that stops and what it cannot.",
        group=CHANGING,
        places=TASK_PLACES,
        changes=True,
        available=with_live_task,
        footer=2,
    ),
    Action(
        id="retry",
        keys=("R",),
        title="retry",
        description="Plan what the task left undone anew, and submit it once confirmed.",
        group=CHANGING,
        places=TASK_PLACES,
        changes=True,
        available=with_unfinished_task,
        footer=4,
    ),
    Action(
        id="mirror_menu",
        keys=(MIRROR_MENU.key,),
        title="mirror actions",
        description="Choose what to do to the mirroring of what is marked or under the cursor.",
        group=CHANGING,
        places=MIRROR_PLACES,
        available=with_mirroring,
        footer=4,
    ),
    *MIRROR_ACTIONS,
    Action(
        id="image_menu",
        keys=(IMAGE_MENU.key,),
        title="image actions",
        description="Import an image, or delete copies or whole images.",
        group=CHANGING,
        places=IMAGE_PLACES,
        available=with_image_actions,
        footer=5,
    ),
    *IMAGE_ACTIONS,
    Action(
        id="server_menu",
        keys=(SERVER_MENU.key,),
        title="server actions",
        description="Steer servers or those that have the volume attached, or create one of it.",
        group=CHANGING,
        places=SERVED_PLACES,
        available=with_server_actions,
        footer=6,
    ),
    *SERVER_ACTIONS,
    Action(
        id="volume_menu",
        keys=(VOLUME_MENU.key,),
        title="volume actions",
        description="Create a volume, or choose what to do with those marked or under the cursor.",
        group=CHANGING,
        places=VOLUME_PLACES | SNAPSHOT_PLACES,
        available=with_volume_actions,
        footer=5,
    ),
    *VOLUME_ACTIONS,
    Action(
        id="backup_menu",
        keys=(BACKUP_MENU.key,),
        title="backup actions",
        description="Back volumes up, or restore, check or delete backups.",
        group=CHANGING,
        places=BACKED_UP_PLACES,
        available=with_backup_actions,
        footer=5,
    ),
    *BACKUP_ACTIONS,
    *SITE_ACTIONS,
    Action(
        id="command",
        keys=("colon",),
        title="command",
        description="Type a command, such as :images @dcn0 /rhel",
        group=CONSOLE,
        footer=8,
    ),
    Action(
        id="palette",
        keys=("ctrl+p",),
        title="palette",
        description="Search all actions and objects by name.",
        group=CONSOLE,
    ),
    Action(
        id="refresh",
        keys=("r",),
        title="refresh",
        description="Read everything again from every service.",
        group=CONSOLE,
        footer=11,
    ),
    Action(
        id="messages",
        keys=("L",),
        title="messages",
        description="Show all messages and errors of this session.",
        group=CONSOLE,
    ),
    Action(
        id="help",
        keys=("question_mark",),
        title="help",
        description="Show all keys, and why some are dimmed.",
        group=CONSOLE,
        footer=RIGHT,
    ),
    Action(
        id="quit",
        keys=("q", "ctrl+q"),
        title="quit",
        description="Leave at once. Tasks go on without the console.",
        group=CONSOLE,
        footer=RIGHT + 1,
    ),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
GROUPS = (
    *(MOVING, FINDING, LOOKING, CHANGING),
    *(IMAGES, VOLUMES, BACKUPS, SERVERS, MIRRORING, PEERS, CONSOLE),
)


def footer_actions(place: Place) -> tuple[Action, ...]:
    """Return the actions that the footer offers at a place, the foremost first."""
    offered = [action for action in ACTIONS if action.footer and place in action.places]
    return tuple(sorted(offered, key=lambda action: action.footer))


def keys_table(
    plannable: frozenset[type[Request]],
) -> tuple[tuple[str, str, str, str], ...]:
    """Return (group, keys, title, description) of every action, for documents.

    Actions that ask for what is not ``plannable`` are left out.
    """
    return tuple(
        (action.group, keys_text(action), action.title, action.description)
        for group in GROUPS
        for action in ACTIONS
        if action.group == group and action.can_be_planned(plannable)
    )


def menu_actions(menu: Menu) -> tuple[Action, ...]:
    """Return the actions of a menu, in its order."""
    return tuple(action for action in ACTIONS if action.menu is menu)
