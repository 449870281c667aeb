"""Lines of text as a widget that wraps them to its own width."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from dcn_console.console.content import to_paragraphs
from dcn_console.console.spans import Line, shorten
from dcn_console.console.wrapping import wrap


class Prose(Widget):
    """Wrapped lines, or cut ones; as high as they need."""

    DEFAULT_CSS = "Prose { height: auto; width: 1fr; }"

    def __init__(
        self,
        *,
        cut: bool = False,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        """Make an empty text; ``cut`` lines end where there is no room instead of wrapping."""
        super().__init__(id=id, classes=classes)
        self._cut = cut
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
        return to_paragraphs(self._laid_out(self._lines, self.size.width))

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        """Return how many lines there are after wrapping."""
        return len(self._laid_out(self._lines, width))

    def _height(self, lines: Sequence[Line]) -> int:
        return len(self._laid_out(lines, self.size.width))

    def _laid_out(self, lines: Sequence[Line], size: int) -> tuple[Line, ...]:
        if self._cut:
            return tuple(shorten(item, size) for item in lines)
        return wrap(lines, size)
