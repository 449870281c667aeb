"""The actions of the console: one table that makes the keys, footer, help, palette and docs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dcn_console.console.availability import (
    always,
    in_panes,
    where_marks,
    with_edges_lacking,
    with_images,
    with_live_task,
    with_marks,
    with_subject,
    with_unfinished_task,
)
from dcn_console.console.key_names import key_name
from dcn_console.console.situation import IMAGE_PLACES, PANES, TASK_PLACES, Place, Situation
from dcn_console.console.table.keys import TABLE_KEYS

EVERYWHERE: frozenset[Place] = frozenset(Place)
MOVING, FINDING, LOOKING, CHANGING, CONSOLE = (
    "Moving about",
    "Finding",
    "Looking closer",
    "Changing something",
    "The console",
)


RIGHT = 90
"""From this place in the footer on, actions stand at its right end and never leave."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something a key does.

    ``places`` are where it is offered in the footer, ``changes`` whether it changes anything
    outside the console, ``available`` returns why it cannot be run, or "". ``footer`` orders
    the footer: the smallest first, 0 not at all. Actions ``by_table`` are run by the table
    that has the focus.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    description: str
    group: str
    places: frozenset[Place] = EVERYWHERE
    changes: bool = False
    available: Callable[[Situation], str] = always
    footer: int = 0
    by_table: bool = False

    def reason(self, situation: Situation) -> str:
        """Return why it cannot be run in this situation, "" when it can."""
        return self.available(situation)


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
            places=frozenset({Place.IMAGES}) if name in _MARKING else PANES,
            available=_MARKING.get(name, in_panes),
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
        id="next_pane",
        keys=("tab",),
        title="next pane",
        description="Go to the next pane.",
        group=MOVING,
        places=PANES,
        available=in_panes,
    ),
    Action(
        id="previous_pane",
        keys=("shift+tab",),
        title="previous pane",
        description="Go to the previous pane.",
        group=MOVING,
        places=PANES,
        available=in_panes,
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
        places=PANES,
        available=in_panes,
        footer=6,
    ),
    Action(
        id="sort",
        keys=("s",),
        title="sort",
        description="Sort by the next column. A click on a title sorts by it.",
        group=FINDING,
        places=PANES,
        available=in_panes,
        footer=9,
    ),
    Action(
        id="reverse",
        keys=("S",),
        title="reverse",
        description="Turn the order around.",
        group=FINDING,
        places=PANES,
        available=in_panes,
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
        footer=3,
    ),
    Action(
        id="command",
        keys=("colon",),
        title="command",
        description="Type a command, such as :images @dcn0 /rhel",
        group=CONSOLE,
        footer=7,
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
GROUPS = (MOVING, FINDING, LOOKING, CHANGING, CONSOLE)


def keys_text(action: Action) -> str:
    """Return all keys of an action for people: "1", "↓ j"."""
    return " ".join(key_name(key) for key in action.keys)


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
