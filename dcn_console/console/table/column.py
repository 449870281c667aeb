"""Declared columns, and which of them fit into a width. Nothing is ever measured by its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dcn_console.console.spans import Align, Line

Row = TypeVar("Row")

GAP = 1
"""Cells between two columns."""
EXTRA = 4
"""Columns of this priority and above are extra: nice to have where there is plenty of room."""


@dataclass(frozen=True, kw_only=True)
class Column(Generic[Row]):
    """One column of a table.

    ``cell`` makes the text of a row for a width in cells; ``sort_key`` a value to sort by, or
    None, which sorts last. ``minimum`` and ``maximum`` are cells (``maximum`` 0: no limit),
    ``flex`` its share of the room that is left, ``priority`` the order in which columns leave
    when there is no room: the highest first, 0 never. Extra columns leave even before a column
    has less than its ``wanted`` cells. Columns that ``scroll`` are passed over with the left
    and right arrows.
    """

    id: str
    title: str
    cell: Callable[[Row, int], Line]
    sort_key: Callable[[Row], Any] | None = None
    minimum: int
    maximum: int = 0
    wanted: int = 0
    flex: int = 0
    priority: int = 0
    align: Align = Align.LEFT
    scrolls: bool = False
    descends_first: bool = False
    """Whether sorting starts with the greatest value, as one expects of sizes and ages."""


@dataclass(frozen=True)
class Placed(Generic[Row]):
    """A column with the cell it begins at and its width."""

    column: Column[Row]
    start: int
    width: int


@dataclass(frozen=True)
class Layout(Generic[Row]):
    """The columns shown, from left to right, and how many had no room at the right."""

    placed: tuple[Placed[Row], ...]
    hidden: int

    def at(self, x: int) -> Column[Row] | None:
        """Return the column at the cell ``x``."""
        for item in self.placed:
            if item.start <= x < item.start + item.width:
                return item.column
        return None


def folded(text: str) -> str:
    """Return what to sort a text by, whatever its case: mostly the text itself.

    A table keeps it for every row, and one object less for each is felt.
    """
    key = text.casefold()
    return text if key == text else key


def lay_out(columns: Sequence[Column[Row]], width: int, skip: int = 0) -> Layout[Row]:
    """Choose and size the columns for ``width`` cells.

    ``skip`` is how many of the scrolling ones are passed over.
    """
    scrolling = [column for column in columns if column.scrolls]
    skipped = scrolling[: max(0, min(skip, len(scrolling) - 1))]
    shown = [column for column in columns if column not in skipped]

    _drop(shown, width, extra=True)
    _drop(shown, width, extra=False)
    spare = width - sum(column.minimum for column in shown) - GAP * (len(shown) - 1)
    widths = _share(shown, max(0, spare))
    placed = []
    start = 0
    for column, size in zip(shown, widths, strict=True):
        room = max(0, min(size, width - start))
        placed.append(Placed(column, start, room))
        start += room + GAP
    hidden = len(scrolling) - len(skipped) - sum(column.scrolls for column in shown)
    return Layout(tuple(placed), hidden)


def _drop(shown: list[Column[Row]], width: int, *, extra: bool) -> None:
    """Take columns away until the rest fits; only the extra ones, or any that may leave."""
    while True:
        sizes = (max(item.minimum, item.wanted if extra else 0) for item in shown)
        if sum(sizes) + GAP * (len(shown) - 1) <= width:
            return
        leaving = max(
            (
                (column.priority, index)
                for index, column in enumerate(shown)
                if column.priority >= (EXTRA if extra else 1)
            ),
            default=None,
        )
        if leaving is None:
            return
        del shown[leaving[1]]


def _share(columns: Sequence[Column[Row]], room: int) -> list[int]:
    """Give each column its minimum, what it wants, and its share of the rest of ``room``."""
    widths = [column.minimum for column in columns]
    for index, column in enumerate(columns):
        given = min(room, max(0, column.wanted - column.minimum))
        widths[index] += given
        room -= given

    def growth(index: int) -> int:
        column = columns[index]
        if not column.flex:
            return 0
        return column.maximum - widths[index] if column.maximum else room

    while room > 0:
        growing = [index for index in range(len(columns)) if growth(index) > 0]
        if not growing:
            break
        total = sum(columns[index].flex for index in growing)
        shares = {index: room * columns[index].flex // total for index in growing}
        if not any(shares.values()):
            shares = {max(growing, key=lambda index: columns[index].flex): 1}
        for index, share in shares.items():
            given = min(share, growth(index))
            widths[index] += given
            room -= given
    return widths
