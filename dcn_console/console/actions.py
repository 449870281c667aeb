"""The actions of the console: one table that makes keys, menu, footer, help, palette and docs."""

from collections.abc import Iterable

from dcn_console.console.action import (
    CHANGING,
    CONSOLE,
    EVERYWHERE,
    FINDING,
    LOOKING,
    MENU_KEY,
    MIRRORING,
    MOVING,
    PEERS,
    Action,
    keys_text,
)
from dcn_console.console.availability import (
    in_tables,
    where_marks,
    with_edges_lacking,
    with_images,
    with_live_task,
    with_marks,
    with_pausable_task,
    with_subject,
    with_unfinished_task,
)
from dcn_console.console.mirror_actions import MIRROR_ACTIONS
from dcn_console.console.mirror_availability import with_mirroring
from dcn_console.console.situation import (
    IMAGE_PLACES,
    MARKED_PLACES,
    MIRROR_PLACES,
    PANES,
    TABLE_PLACES,
    TASK_PLACES,
    Place,
)
from dcn_console.console.table.keys import TABLE_KEYS

RIGHT = 90
"""From this place in the footer on, actions stand at its right end and never leave."""


_MARKING = {"mark": where_marks, "mark_all": where_marks, "unmark": with_marks}


def _table_actions() -> Iterable[Action]:
    footers = {"choose": 1, "mark": 5}
    groups = {"choose": LOOKING, "mark": FINDING, "mark_all": FINDING, "unmark": FINDING}
    for item in TABLE_KEYS:
        name = item.action.partition("(")[0]
        yield Action(
            id=item.title.replace(" ", "_"),
            keys=item.keys,
            title=item.title,
            description=item.description,
            group=groups.get(name, MOVING),
            places=MARKED_PLACES if name in _MARKING else TABLE_PLACES,
            available=_MARKING.get(name, in_tables),
            footer=footers.get(name, 0),
            by_table=True,
        )


ACTIONS: tuple[Action, ...] = (
    *_table_actions(),
    Action(
        id="show_sites",
        keys=("1",),
        title="sites",
        description="Go to the sites; again for their stores and the findings.",
        group=MOVING,
    ),
    Action(
        id="show_images", keys=("2",), title="images", description="Go to the images.", group=MOVING
    ),
    Action(
        id="show_volumes",
        keys=("3",),
        title="volumes",
        description="Go to the volumes.",
        group=MOVING,
    ),
    Action(
        id="show_tasks",
        keys=("4", "t"),
        title="tasks",
        description="Go to the tasks.",
        group=MOVING,
    ),
    Action(
        id="show_mirrors",
        keys=("m",),
        title="mirroring",
        description="Go to the mirroring page; from a volume to its line there.",
        group=MOVING,
        places=PANES | {Place.VOLUME},
        footer=7,
    ),
    Action(
        id="next_pane",
        keys=("tab",),
        title="next pane",
        description="Go to the next pane.",
        group=MOVING,
        places=TABLE_PLACES,
        available=in_tables,
    ),
    Action(
        id="previous_pane",
        keys=("shift+tab",),
        title="previous pane",
        description="Go to the previous pane.",
        group=MOVING,
        places=TABLE_PLACES,
        available=in_tables,
    ),
    Action(
        id="back",
        keys=("escape",),
        title="back",
        description="Close the page, clear the filter, or widen to all sites again. Never quits.",
        group=MOVING,
        places=EVERYWHERE - PANES,
        footer=1,
    ),
    Action(
        id="filter",
        keys=("slash",),
        title="filter",
        description="Filter the table at once: words that occur, !word that does not, @site.",
        group=FINDING,
        places=TABLE_PLACES,
        available=in_tables,
        footer=6,
    ),
    Action(
        id="sort",
        keys=("s",),
        title="sort",
        description="Sort by the next column. A click on a title sorts by it.",
        group=FINDING,
        places=TABLE_PLACES,
        available=in_tables,
        footer=9,
    ),
    Action(
        id="reverse",
        keys=("S",),
        title="reverse",
        description="Turn the order around.",
        group=FINDING,
        places=TABLE_PLACES,
        available=in_tables,
    ),
    Action(
        id="raw",
        keys=("y",),
        title="raw",
        description="Show the raw API body of an image or volume, or a task as it is stored.",
        group=LOOKING,
        places=frozenset(
            {Place.IMAGES, Place.VOLUMES, Place.TASKS, Place.IMAGE, Place.VOLUME, Place.TASK}
        ),
        available=with_subject,
        footer=10,
    ),
    Action(
        id="copy_id",
        keys=("Y",),
        title="clip id",
        description="Put the object's id on the clipboard of the terminal.",
        group=LOOKING,
        available=with_subject,
    ),
    Action(
        id="copy",
        keys=("c",),
        title="copy",
        description="Copy the images, marked or under the cursor, to sites you choose.",
        group=CHANGING,
        places=IMAGE_PLACES,
        changes=True,
        available=with_images,
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
        description="Submit the unfinished sites of the task again, planned anew.",
        group=CHANGING,
        places=TASK_PLACES,
        changes=True,
        available=with_unfinished_task,
        footer=4,
    ),
    Action(
        id="mirror_menu",
        keys=(MENU_KEY,),
        title="mirror actions",
        description="Choose what to do to the mirroring of what is marked or under the cursor.",
        group=CHANGING,
        places=MIRROR_PLACES,
        available=with_mirroring,
        footer=4,
    ),
    *MIRROR_ACTIONS,
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
GROUPS = (MOVING, FINDING, LOOKING, CHANGING, MIRRORING, PEERS, CONSOLE)


def footer_actions(place: Place) -> tuple[Action, ...]:
    """Return the actions that the footer offers at a place, the foremost first."""
    offered = [action for action in ACTIONS if action.footer and place in action.places]
    return tuple(sorted(offered, key=lambda action: action.footer))


def keys_table() -> tuple[tuple[str, str, str, str], ...]:
    """Return (group, keys, title, description) of every action, for documents."""
    return tuple(
        (action.group, keys_text(action), action.title, action.description)
        for group in GROUPS
        for action in ACTIONS
        if action.group == group
    )


def menu_actions() -> tuple[Action, ...]:
    """Return the actions of the menu, in its order."""
    return tuple(action for action in ACTIONS if action.letter)
