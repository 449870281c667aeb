"""Lines of text as a widget that wraps them to its own width."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from dcn_console.console.content import to_paragraphs
from dcn_console.console.spans import Line
from dcn_console.console.wrapping import wrap


class Prose(Widget):
    """Wrapped lines; as high as they need."""

    DEFAULT_CSS = "Prose { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """Make an empty text."""
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines before wrapping."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        wanted = tuple(lines)
        if wanted != self._lines:
            taller = len(wanted) != len(self._lines) or self._height(wanted) != self.size.height
            self._lines = wanted
            self.refresh(layout=taller)

    def render(self) -> Content:
        """Wrap the lines to the width there is."""
        return to_paragraphs(wrap(self._lines, self.size.width))

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        """Return how many lines there are after wrapping."""
        return len(wrap(self._lines, width))

    def _height(self, lines: Sequence[Line]) -> int:
        return len(wrap(lines, self.size.width))
