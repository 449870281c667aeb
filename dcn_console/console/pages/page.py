"""A page of plain text that scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from dcn_console.console.prose import Prose
from dcn_console.console.screen import ConsoleScreen
from dcn_console.console.spans import Line, Span, Tone
from dcn_console.console.strand import Strand


class TextPage(ConsoleScreen):
    """A heading and lines of text."""

    HEADING: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll(1)", "down", show=False),
        Binding("k", "scroll(-1)", "up", show=False),
        Binding("g", "edge(0)", "top", show=False),
        Binding("G", "edge(1)", "bottom", show=False),
    ]

    def lines(self) -> Sequence[Line]:
        """Make the lines of the page."""
        return ()

    def heading(self) -> Line:
        """Say what the page shows."""
        return (Span(self.HEADING, Tone.STRONG),)

    def body(self) -> ComposeResult:
        """The heading and the text."""
        yield Strand(id="heading")
        with VerticalScroll(id="page"):
            yield Prose(id="text")

    def on_mount(self) -> None:
        """Show the text."""
        super().on_mount()
        self.query_one("#heading", Strand).set_line((Span(" "), *self.heading()))
        self.show()

    def show(self) -> None:
        """Show the lines anew."""
        self.query_one("#text", Prose).show(self.lines())

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
