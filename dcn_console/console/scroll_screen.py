"""A screen whose body is one page that scrolls."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from dcn_console.console.screen import ConsoleScreen


class ScrollScreen(ConsoleScreen):
    """Scrolls its ``#page`` by keys. Subclasses put the page into their body."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll(1)", "down", show=False),
        Binding("k", "scroll(-1)", "up", show=False),
        Binding("g", "edge(0)", "top", show=False),
        Binding("G", "edge(1)", "bottom", show=False),
    ]

    def action_scroll(self, lines: int) -> None:
        """Scroll by some lines."""
        self.query_one("#page", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_edge(self, end: int) -> None:
        """Scroll to the top or the bottom."""
        page = self.query_one("#page", VerticalScroll)
        if end:
            page.scroll_end(animate=False)
        else:
            page.scroll_home(animate=False)

    def restore_focus(self) -> None:
        """Put the focus back on the page."""
        self.set_focus(self.query_one("#page", VerticalScroll))
