"""One line of the screen with a left and a right part, painted again only when it changed."""

from textual.content import Content
from textual.widget import Widget

from dcn_console.console.content import to_content
from dcn_console.console.spans import NOTHING, Line, Span, fit, shorten, width


class Strand(Widget):
    """A line of text: the right part keeps its place, the left one is cut when need be."""

    DEFAULT_CSS = "Strand { height: 1; width: 1fr; }"
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Make an empty line."""
        super().__init__(id=id)
        self._left: Line = NOTHING
        self._right: Line = NOTHING

    @property
    def parts(self) -> tuple[Line, Line]:
        """The left and the right part."""
        return self._left, self._right

    def set_line(self, left: Line, right: Line = NOTHING) -> None:
        """Show these parts."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> Content:
        """Lay out both parts in the width there is."""
        size = self.size.width
        right = shorten(self._right, size)
        room = size - width(right)
        left = fit(self._left, room) if room > 1 else (Span(" " * room),)
        return to_content((*left, *right))
