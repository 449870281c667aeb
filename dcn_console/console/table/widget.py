"""ResourceTable: a table on Textual's line API that paints only the lines one sees."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from dcn_console.console.filtering import Filter
from dcn_console.console.table.column import Column, Row
from dcn_console.console.table.keys import TABLE_KEYS
from dcn_console.console.table.slices import SLICE_SECONDS, Slices, Turn
from dcn_console.console.table.state import NO_DIFFERENCE, Difference, TableState
from dcn_console.console.table.view import HEADER, TableView

WARM_ROWS = 2000
"""Rows prepared for filtering in one go between two events: a few milliseconds."""
LATER_ROWS = 20_000
"""From this many rows on they are taken and ordered in slices, the first ones painted before."""


class ResourceTable(TableView[Row], can_focus=True):
    """Rows of one kind under declared columns; cursor and marks hold keys of objects."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(item.keys), item.action, item.title, show=False) for item in TABLE_KEYS
    ]

    @dataclass
    class Moved(Message):
        """The cursor came to another object, or to none."""

        table: "ResourceTable[Any]"
        key: str | None

        @property
        def control(self) -> "ResourceTable[Any]":
            """The table."""
            return self.table

    @dataclass
    class Chosen(Message):
        """Enter was pressed on an object, or it was clicked twice."""

        table: "ResourceTable[Any]"
        key: str

        @property
        def control(self) -> "ResourceTable[Any]":
            """The table."""
            return self.table

    @dataclass
    class Altered(Message):
        """Marks, order, filter or the number of rows changed."""

        table: "ResourceTable[Any]"

        @property
        def control(self) -> "ResourceTable[Any]":
            """The table."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        state: TableState[Row],
        *,
        marks: bool = True,
        empty: str = "",
        dimmed: Callable[[Row], bool] | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """Make a table. ``empty`` is shown when there are no rows, ``dimmed`` picks faded ones."""
        super().__init__(columns, state, marks=marks, empty=empty, dimmed=dimmed, id=id)
        self._marked: tuple[Row, ...] | None = None
        self._work: Slices[Difference] | None = None
        self._next_rows: Sequence[Row] | None = None
        self._from_top = False

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return None if self.state.cursor is None else self.state.row(self.state.cursor)

    @property
    def marked_rows(self) -> tuple[Row, ...]:
        """The marked rows, in the order they were marked."""
        if self._marked is None:
            rows = (self.state.row(key) for key in self.state.marks)
            self._marked = tuple(row for row in rows if row is not None)
        return self._marked

    @property
    def chosen_rows(self) -> tuple[Row, ...]:
        """What an action is for: the marked rows, else the one under the cursor."""
        if self.marked_rows:
            return self.marked_rows
        row = self.cursor_row
        return () if row is None else (row,)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; only what differs is painted again. Very many are shown in a moment."""
        if self._work is not None:
            self._next_rows = rows
        elif max(len(rows), self.state.total) < LATER_ROWS:
            self._take(self.state.replacing(rows), math.inf)
        elif self.state.total:
            self._take(self.state.replacing(rows))
        else:
            column, descending = self.state.sort_column, self.state.descending
            self.state.sort_by(None)
            self._take(self.state.replacing(rows), math.inf)
            self._from_top = True
            self._take(self.state.sorting_by(column, descending=descending))

    def _take(self, work: Slices[Difference], seconds: float = SLICE_SECONDS) -> None:
        """Do a part of the work and show what came of it; the rest follows between events."""
        self._marked = None
        self._work = work
        state = self.state
        at_top = self._from_top and state.cursor_index == 0
        before = (state.cursor, state.total, len(state.view), state.marks)
        turn = Turn(work, seconds)
        if not turn.done:
            self.call_later(self._take_more, work)
            return
        self._work, self._from_top = None, False
        if at_top:
            state.move_to(0)
        self._show_difference(turn.answer or NO_DIFFERENCE)
        if before != (state.cursor, state.total, len(state.view), state.marks):
            self.post_message(self.Altered(self))
        if before[0] != state.cursor:
            self.post_message(self.Moved(self, state.cursor))
        rows, self._next_rows = self._next_rows, None
        if rows is not None:
            self.set_rows(rows)

    def _take_more(self, work: Slices[Difference]) -> None:
        if work is self._work:
            self._take(work)

    def settle(self) -> None:
        """Finish at once what goes on in slices: what follows needs the table as it will be."""
        while self._work is not None:
            self._take(self._work, math.inf)

    def set_filter(self, wanted: Filter) -> None:
        """Show only the rows that pass."""
        self._rearrange(lambda: self.state.set_filter(wanted))

    def set_site(self, site: str | None) -> None:
        """Show only what is at a site."""
        self._rearrange(lambda: self.state.set_site(site))

    def sort_by(self, column: Column[Row] | None, *, descending: bool = False) -> None:
        """Order the rows by a column."""
        self._rearrange(lambda: self.state.sort_by(column, descending=descending))

    def sort_next(self) -> Column[Row] | None:
        """Order by the next column that can be sorted and return it."""
        sortable = [column for column in self._columns if column.sort_key]
        if not sortable:
            return None
        current = self.state.sort_column
        index = sortable.index(current) + 1 if current in sortable else 0
        column = sortable[index % len(sortable)]
        self.sort_by(column, descending=column.descends_first)
        return column

    def sort_reverse(self) -> None:
        """Turn the order around."""
        self.sort_by(self.state.sort_column, descending=not self.state.descending)

    def move_to_key(self, key: str) -> bool:
        """Put the cursor on an object; False when it is not shown."""
        self.settle()
        found = self.state.move_to_key(key)
        if found:
            self._after_move()
        return found

    def warm(self) -> None:
        """Prepare rows for filtering between two events, until all are."""
        self.settle()
        if self.state.warm(WARM_ROWS):
            self.call_later(self.warm)

    def clear_marks(self) -> None:
        """Unmark everything."""
        self._rearrange(self.state.clear_marks)

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.state.move_by(rows)
        self._after_move()

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.action_move(pages * max(1, self.size.height - HEADER))

    def action_top(self) -> None:
        """Move the cursor to the first row."""
        self.state.move_to(0)
        self._after_move()

    def action_bottom(self) -> None:
        """Move the cursor to the last row."""
        self.state.move_to(len(self.state.view))
        self._after_move()

    def action_shift(self, columns: int) -> None:
        """Pass over columns to the left or right, as far as any are hidden."""
        self.shift(columns)

    def action_choose(self) -> None:
        """Open the object under the cursor."""
        if self.state.cursor is not None:
            self.post_message(self.Chosen(self, self.state.cursor))

    def action_mark(self) -> None:
        """Mark or unmark the object under the cursor and go on to the next."""
        if self.has_marks and self.state.cursor is not None:
            self.state.toggle_mark(self.state.cursor)
            self._marked = None
            self.action_move(1)
            self.post_message(self.Altered(self))

    def action_mark_all(self) -> None:
        """Mark all rows shown, or unmark them."""
        if self.has_marks:
            self._rearrange(self.state.mark_shown)

    def action_unmark(self) -> None:
        """Unmark everything."""
        self.clear_marks()

    def on_focus(self) -> None:
        """Show the cursor as active."""
        self.refresh_cursor()

    def on_blur(self) -> None:
        """Show the cursor as resting."""
        self.refresh_cursor()

    def on_click(self, event: events.Click) -> None:
        """Sort by a clicked title; move to a clicked row; open a row clicked twice."""
        event.stop()
        if event.y < HEADER:
            column = self.laid_out().at(event.x - self.gutter_width)
            if column is not None and column.sort_key:
                same = column is self.state.sort_column
                down = not self.state.descending if same else column.descends_first
                self.sort_by(column, descending=down)
            return
        index = self.scroll_offset.y + event.y - HEADER
        if index < len(self.state.view):
            self.state.move_to(index)
            self._after_move()
            if event.chain > 1:
                self.action_choose()

    def _rearrange(self, change: Callable[[], None]) -> None:
        self.settle()
        before = self.state.cursor
        self._marked = None
        change()
        self.measure()
        self.scroll_to_cursor()
        self.refresh()
        self.post_message(self.Altered(self))
        if before != self.state.cursor:
            self.post_message(self.Moved(self, self.state.cursor))

    def _show_difference(self, difference: Difference) -> None:
        if difference.everything:
            self.measure()
            self.scroll_to_cursor()
            self.refresh()
        elif difference.keys:
            self.refresh_keys(difference.keys)

    def _after_move(self) -> None:
        self.scroll_to_cursor()
        self.refresh_cursor()
        self.post_message(self.Moved(self, self.state.cursor))
