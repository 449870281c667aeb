"""The raw body of an object, as its API gave it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Log

from dcn_console.console.journal import describe
from dcn_console.console.screen import ConsoleScreen
from dcn_console.console.situation import Situation, Subject
from dcn_console.console.spans import Span, Tone, foreign
from dcn_console.console.strand import Strand
from dcn_console.model.secrets import redact
from dcn_console.model.text import printable

LONGEST_LINE = 2000
"""Characters of a line that are shown; a body with longer lines is not made for reading."""


class RawScreen(ConsoleScreen):
    """Asks for the body and shows it line by line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll(1)", "down", show=False),
        Binding("k", "scroll(-1)", "up", show=False),
        Binding("g", "edge(0)", "top", show=False),
        Binding("G", "edge(1)", "bottom", show=False),
    ]

    def __init__(self, subject: Subject) -> None:
        """Make the page of an object's body."""
        super().__init__()
        self._subject = subject

    def situation(self) -> Situation:
        """The page is about the object."""
        return replace(super().situation(), subject=self._subject)

    def body(self) -> ComposeResult:
        """The heading and the body."""
        yield Strand(id="heading")
        yield Log(highlight=False, auto_scroll=False)

    def on_mount(self) -> None:
        """Ask for the body."""
        super().on_mount()
        self.query_one("#heading", Strand).set_line(
            (
                Span(f" Raw body of {self._subject.kind}  ", Tone.DIM),
                foreign(self._subject.name, Tone.STRONG),
            )
        )
        log = self.query_one(Log)
        log.write_line("reading…")
        self.console.call_workspace(
            self.console.workspace.body(self._subject.kind, self._subject.id),
            self._show,
            failure=self._fail,
            node=self,
        )

    def _show(self, text: str) -> None:
        log = self.query_one(Log)
        log.clear()
        log.write_lines([printable(line, LONGEST_LINE) for line in redact(text).splitlines()])

    def _fail(self, error: Exception) -> None:
        log = self.query_one(Log)
        log.clear()
        log.write_lines([printable(part) for part in describe(error) if part])

    def action_scroll(self, lines: int) -> None:
        """Scroll by some lines."""
        self.query_one(Log).scroll_relative(y=lines, animate=False)

    def action_edge(self, end: int) -> None:
        """Scroll to the top or the bottom."""
        log = self.query_one(Log)
        if end:
            log.scroll_end(animate=False)
        else:
            log.scroll_home(animate=False)

    def restore_focus(self) -> None:
        """Put the focus back on the body."""
        self.set_focus(self.query_one(Log))
