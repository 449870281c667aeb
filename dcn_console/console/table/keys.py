"""The keys every table understands."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TableKey:
    """Keys, the table's action they run, and what it is called and does."""

    keys: tuple[str, ...]
    action: str
    title: str
    description: str


TABLE_KEYS = (
    TableKey(("down", "j"), "move(1)", "down", "Move the cursor to the next row."),
    TableKey(("up", "k"), "move(-1)", "up", "Move the cursor to the previous row."),
    TableKey(("pagedown",), "page(1)", "page down", "Move the cursor one page down."),
    TableKey(("pageup",), "page(-1)", "page up", "Move the cursor one page up."),
    TableKey(("home", "g"), "top", "top", "Move the cursor to the first row."),
    TableKey(("end", "G"), "bottom", "bottom", "Move the cursor to the last row."),
    TableKey(("right",), "shift(1)", "columns right", "Show the columns that had no room."),
    TableKey(("left",), "shift(-1)", "columns left", "Go back to the first columns."),
    TableKey(
        ("enter",),
        "choose",
        "open",
        "Open the row. A site first narrows the other panes; again opens its page.",
    ),
    TableKey(("space",), "mark", "mark", "Mark or unmark the row and go on to the next."),
    TableKey(
        ("asterisk", "ctrl+a"),
        "mark_all",
        "mark all",
        "Mark all rows the filter shows; unmark them when all are marked.",
    ),
    TableKey(("backslash",), "unmark", "unmark", "Clear all marks."),
)
