"""A page of plain text that scrolls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from dcn_console.console.prose import Prose
from dcn_console.console.scroll_screen import ScrollScreen
from dcn_console.console.spans import Line, Span, Tone
from dcn_console.console.strand import Strand


class TextPage(ScrollScreen):
    """A heading and lines of text."""

    HEADING: ClassVar[str] = ""

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
