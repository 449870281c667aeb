"""The painted side of a table: a state, its columns and styles, one line at a time."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dcn_console.console.spans import Align, Line, Span, Tone, fit, shorten
from dcn_console.console.table.column import GAP, Column, Layout, Row, lay_out
from dcn_console.console.table.state import TableState

GUTTER = 2
"""Cells at the left for the cursor or the mark; one less in tables without marks."""
HEADER = 1
"""Lines at the top for the column titles."""

_CURSOR, _MARK = "▸", "✓"
_UP, _DOWN = "▲", "▼"


class TableView(ScrollView, Generic[Row]):
    """Paints a state; only the lines in sight are ever made."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--resting",
        "table--marked",
        *(f"table--{tone}" for tone in Tone),
    }
    ALLOW_SELECT = False

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
        self.gutter_width = GUTTER if marks else GUTTER - 1
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

    def refresh_keys(self, keys: Sequence[str]) -> None:
        """Paint the lines of some objects again, where they can be seen."""
        wanted = set(keys)
        top = self.scroll_offset.y
        for index in range(top, min(top + self.size.height, len(self.state.view))):
            if self.state.view[index] in wanted:
                self.refresh_line(index + HEADER)

    def shift(self, columns: int) -> None:
        """Pass over columns to the left or right, as far as any are hidden."""
        if columns < 0 or self.laid_out().hidden:
            self._skip = max(0, self._skip + columns)
            self._layout = None
            self.refresh()

    def measure(self) -> None:
        """Make the scroll bar fit the rows shown."""
        size = Size(self.size.width, len(self.state.view) + HEADER)
        if size != self.virtual_size:
            self.virtual_size = size

    def refresh_cursor(self) -> None:
        """Paint the lines the cursor left and came to."""
        index = self.state.cursor_index
        lines = {line for line in (self._painted_cursor, index) if line is not None}
        for item in lines:
            self.refresh_line(item + HEADER)

    def scroll_to_cursor(self) -> None:
        """Bring the cursor into sight."""
        index = self.state.cursor_index
        height = self.size.height - HEADER
        if index is None or height < 1:
            return
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        """Paint one line of the widget."""
        if y == 0:
            return self._header()
        index = self.scroll_offset.y + y - HEADER
        if index < len(self.state.view):
            return self._row_strip(index)
        if index == 0 and self._empty:
            text = (Span(" " * self.gutter_width), Span(self._empty, Tone.DIM))
            return self._strip(text)
        return Strip.blank(self._width, self.rich_style)

    def notify_style_update(self) -> None:
        """Forget resolved styles when the theme changed."""
        super().notify_style_update()
        self._styles_by_tone = {}

    def on_resize(self, _event: events.Resize) -> None:
        """Choose the columns anew for another width, and keep the cursor in sight."""
        self._layout = None
        self.measure()
        self.scroll_to_cursor()

    @property
    def _width(self) -> int:
        """The cells of a line, without the scroll bar."""
        return self.scrollable_content_region.width

    def laid_out(self) -> Layout[Row]:
        """Return the columns that fit the width there is."""
        width = self._width
        if self._layout is None or self._layout_width != width:
            self._layout = lay_out(self._columns, width - self.gutter_width, self._skip)
            self._layout_width = width
        return self._layout

    def _header(self) -> Strip:
        spans: list[Span] = [Span(" " * self.gutter_width)]
        layout = self.laid_out()
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
        spans: list[Span] = [Span(glyph.ljust(self.gutter_width), Tone.ACCENT)]
        for item in self.laid_out().placed:
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
            dim = tone is Tone.TRACK if "cursor" in parts else faded and tone is not Tone.TRACK
            shade = Tone.DIM if dim else tone
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
