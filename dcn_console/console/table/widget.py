"""ResourceTable: a table on Textual's line API that paints only the lines one sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dcn_console.console.filtering import Filter
from dcn_console.console.spans import Align, Line, Span, Tone, fit, shorten
from dcn_console.console.table.column import GAP, Column, Layout, Row, lay_out
from dcn_console.console.table.keys import TABLE_KEYS
from dcn_console.console.table.state import Difference, TableState

GUTTER = 2
"""Cells at the left for the cursor or the mark; one less in tables without marks."""
HEADER = 1
"""Lines at the top for the column titles."""
WARM_ROWS = 2000
"""Rows prepared for filtering in one go between two events: a few milliseconds."""

_CURSOR, _MARK = "▸", "✓"
_UP, _DOWN = "▲", "▼"


class ResourceTable(ScrollView, Generic[Row], can_focus=True):
    """Rows of one kind under declared columns; cursor and marks hold keys of objects."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--resting",
        "table--marked",
        *(f"table--{tone}" for tone in Tone),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(item.keys), item.action, item.title, show=False) for item in TABLE_KEYS
    ]
    ALLOW_SELECT = False

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
        super().__init__(id=id)
        self.state = state
        self.has_marks = marks
        self._gutter = GUTTER if marks else GUTTER - 1
        self._columns = tuple(columns)
        self._empty = empty
        self._dimmed = dimmed
        self._skip = 0
        self._layout: Layout[Row] | None = None
        self._layout_width = 0
        self._styles_by_tone: dict[tuple[Tone, tuple[str, ...]], Style] = {}
        self._painted_cursor: int | None = None

    @property
    def columns(self) -> tuple[Column[Row], ...]:
        """The declared columns."""
        return self._columns

    @property
    def empty(self) -> str:
        """What is shown when there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: str) -> None:
        if text != self._empty:
            self._empty = text
            if not self.state.view:
                self.refresh()

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return None if self.state.cursor is None else self.state.row(self.state.cursor)

    @property
    def marked_rows(self) -> tuple[Row, ...]:
        """The marked rows, in the order they were marked."""
        rows = (self.state.row(key) for key in self.state.marks)
        return tuple(row for row in rows if row is not None)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; only what differs is painted again."""
        before = (self.state.cursor, self.state.total, len(self.state.view), self.state.marks)
        self._show_difference(self.state.replace(rows))
        if before != (
            self.state.cursor,
            self.state.total,
            len(self.state.view),
            self.state.marks,
        ):
            self.post_message(self.Altered(self))
        if before[0] != self.state.cursor:
            self.post_message(self.Moved(self, self.state.cursor))

    def refresh_keys(self, keys: Sequence[str]) -> None:
        """Paint the lines of some objects again, where they can be seen."""
        wanted = set(keys)
        top = self.scroll_offset.y
        for index in range(top, min(top + self.size.height, len(self.state.view))):
            if self.state.view[index] in wanted:
                self.refresh_line(index + HEADER)

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
        found = self.state.move_to_key(key)
        if found:
            self._after_move()
        return found

    def warm(self) -> None:
        """Prepare rows for filtering between two events, until all are."""
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
        layout = self._laid_out()
        if columns < 0 or layout.hidden:
            self._skip = max(0, self._skip + columns)
            self._layout = None
            self.refresh()

    def action_choose(self) -> None:
        """Open the object under the cursor."""
        if self.state.cursor is not None:
            self.post_message(self.Chosen(self, self.state.cursor))

    def action_mark(self) -> None:
        """Mark or unmark the object under the cursor and go on to the next."""
        if self.has_marks and self.state.cursor is not None:
            self.state.toggle_mark(self.state.cursor)
            self.action_move(1)
            self.post_message(self.Altered(self))

    def action_mark_all(self) -> None:
        """Mark all rows shown, or unmark them."""
        if self.has_marks:
            self._rearrange(self.state.mark_shown)

    def action_unmark(self) -> None:
        """Unmark everything."""
        self.clear_marks()

    def render_line(self, y: int) -> Strip:
        """Paint one line of the widget."""
        if y == 0:
            return self._header()
        index = self.scroll_offset.y + y - HEADER
        if index < len(self.state.view):
            return self._row_strip(index)
        if index == 0 and self._empty:
            text = (Span(" " * self._gutter), Span(self._empty, Tone.DIM))
            return self._strip(text)
        return Strip.blank(self._width, self.rich_style)

    def notify_style_update(self) -> None:
        """Forget resolved styles when the theme changed."""
        super().notify_style_update()
        self._styles_by_tone = {}

    def on_resize(self, _event: events.Resize) -> None:
        """Choose the columns anew for another width, and keep the cursor in sight."""
        self._layout = None
        self._measure()
        self._scroll_to_cursor()

    def on_focus(self) -> None:
        """Show the cursor as active."""
        self._refresh_cursor()

    def on_blur(self) -> None:
        """Show the cursor as resting."""
        self._refresh_cursor()

    def on_click(self, event: events.Click) -> None:
        """Sort by a clicked title; move to a clicked row; open a row clicked twice."""
        event.stop()
        if event.y < HEADER:
            column = self._laid_out().at(event.x - self._gutter)
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
        before = self.state.cursor
        change()
        self._measure()
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Altered(self))
        if before != self.state.cursor:
            self.post_message(self.Moved(self, self.state.cursor))

    def _show_difference(self, difference: Difference) -> None:
        if difference.everything:
            self._measure()
            self._scroll_to_cursor()
            self.refresh()
        elif difference.keys:
            self.refresh_keys(difference.keys)

    def _measure(self) -> None:
        size = Size(self.size.width, len(self.state.view) + HEADER)
        if size != self.virtual_size:
            self.virtual_size = size

    def _after_move(self) -> None:
        self._scroll_to_cursor()
        self._refresh_cursor()
        self.post_message(self.Moved(self, self.state.cursor))

    def _refresh_cursor(self) -> None:
        """Paint the lines the cursor left and came to."""
        index = self.state.cursor_index
        lines = {line for line in (self._painted_cursor, index) if line is not None}
        for item in lines:
            self.refresh_line(item + HEADER)

    def _scroll_to_cursor(self) -> None:
        index = self.state.cursor_index
        height = self.size.height - HEADER
        if index is None or height < 1:
            return
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, force=True)

    @property
    def _width(self) -> int:
        """The cells of a line, without the scroll bar."""
        return self.scrollable_content_region.width

    def _laid_out(self) -> Layout[Row]:
        width = self._width
        if self._layout is None or self._layout_width != width:
            self._layout = lay_out(self._columns, width - self._gutter, self._skip)
            self._layout_width = width
        return self._layout

    def _header(self) -> Strip:
        spans: list[Span] = [Span(" " * self._gutter)]
        layout = self._laid_out()
        for item in layout.placed:
            column = item.column
            title = column.title
            if column is self.state.sort_column and title:
                arrow = _DOWN if self.state.descending else _UP
                title = f"{shorten((Span(title),), max(0, item.width - 1))[0].text}{arrow}"
            spans += (*fit((Span(title),), item.width, column.align), Span(" " * GAP))
        if layout.hidden:
            spans = [*fit(tuple(spans), self._width - 1), Span("›", Tone.ACCENT)]
        else:
            spans.pop()
        return self._strip(tuple(spans), ("header",))

    def _row_strip(self, index: int) -> Strip:
        key = self.state.view[index]
        row = self.state.row(key)
        if row is None:
            return Strip.blank(self._width, self.rich_style)
        cursor = key == self.state.cursor
        if cursor:
            self._painted_cursor = index
        marked = self.state.is_marked(key)
        glyph = _MARK if marked else _CURSOR if cursor and self.has_focus else " "
        spans: list[Span] = [Span(glyph.ljust(self._gutter), Tone.ACCENT)]
        for item in self._laid_out().placed:
            column = item.column
            text: Line = column.cell(row, item.width) if item.width else ()
            spans += (*fit(text, item.width, column.align), Span(" " * GAP))
        spans.pop()
        parts = ["marked"] if marked else []
        if cursor and self.has_focus:
            parts.append("cursor")
        elif cursor and self.has_marks:
            parts.append("resting")
        faded = self._dimmed is not None and self._dimmed(row)
        return self._strip(tuple(spans), tuple(parts), faded=faded)

    def _strip(self, spans: Line, parts: tuple[str, ...] = (), *, faded: bool = False) -> Strip:
        segments = []
        for text, tone in fit(spans, self._width, Align.LEFT):
            shade = Tone.DIM if faded and tone is not Tone.TRACK else tone
            segments.append(Segment(text, self._style(shade, parts)))
        return Strip(segments, self._width)

    def _style(self, tone: Tone, parts: tuple[str, ...]) -> Style:
        """Return the resolved style of a tone on a header, marked or cursor line."""
        style = self._styles_by_tone.get((tone, parts))
        if style is None:
            style = self.rich_style
            names = (*(() if tone is Tone.PLAIN else (tone.value,)), *parts)
            for name in names:
                style += self.get_component_rich_style(f"table--{name}", partial=True)
            self._styles_by_tone[tone, parts] = style
        return style
