"""The actions that only look: moving about, finding, looking closer."""

from collections.abc import Iterable

from dcn_console.console.action import EVERYWHERE, FINDING, LOOKING, MOVING, Action
from dcn_console.console.availability import (
    in_tables,
    where_marks,
    with_body,
    with_marks,
    with_subject,
)
from dcn_console.console.situation import (
    BODY_PLACES,
    MARKED_PLACES,
    PANES,
    TABLE_PLACES,
    Place,
)
from dcn_console.console.table.keys import TABLE_KEYS

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


READING_ACTIONS: tuple[Action, ...] = (
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
        id="show_backups",
        keys=("b",),
        title="backups",
        description="Go to the backups and their plans; from a volume to its last good one.",
        group=MOVING,
        places=PANES | {Place.VOLUME},
        footer=8,
    ),
    Action(
        id="show_snapshots",
        keys=("v",),
        title="snapshots",
        description="Go to the snapshots of volumes; from a volume to its first one.",
        group=MOVING,
        places=PANES | {Place.VOLUME},
        footer=9,
    ),
    Action(
        id="show_servers",
        keys=("n",),
        title="servers",
        description="Go to the servers with their volumes; from a volume to the one it is at.",
        group=MOVING,
        places=PANES | {Place.VOLUME},
        footer=9,
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
        description="Show the object's raw API body, or a task as it is stored.",
        group=LOOKING,
        places=BODY_PLACES,
        available=with_body,
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
)
