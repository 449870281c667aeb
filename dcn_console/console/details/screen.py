"""A page about one object: sections in two columns, brought up to date while it is open."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll

from dcn_console.console.content import to_content
from dcn_console.console.details.document import Section
from dcn_console.console.prose import Prose
from dcn_console.console.scroll_screen import ScrollScreen
from dcn_console.console.spans import NOTHING, Line, Span, Tone, foreign
from dcn_console.console.strand import Strand

GONE = "The object is not there any more; this is what was known of it last."


class DetailScreen(ScrollScreen):
    """Shows what ``sections`` makes.

    ``LEFT`` and ``RIGHT`` name the sections of the two columns in their order, ``TOP`` and
    ``BOTTOM`` those above and below them.
    """

    TOP: ClassVar[tuple[str, ...]] = ()
    LEFT: ClassVar[tuple[str, ...]] = ()
    RIGHT: ClassVar[tuple[str, ...]] = ()
    BOTTOM: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        """Make an empty page."""
        super().__init__()
        self._shown: dict[str, Section] = {}
        self._gone = False

    @abstractmethod
    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections from what is known now."""

    @abstractmethod
    def heading(self) -> Line:
        """Say what the page is about."""

    def body(self) -> ComposeResult:
        """The heading and two columns of sections."""
        yield Strand(id="heading")
        with VerticalScroll(id="page"):
            yield from _proses(self.TOP)
            with Horizontal(id="columns"):
                for side, names in (("left", self.LEFT), ("right", self.RIGHT)):
                    with Vertical(id=side):
                        yield from _proses(names)
            yield from _proses(self.BOTTOM)

    def tick(self, now: datetime) -> None:
        """Look for the object again and bring the page up to date."""
        self.look_up()
        super().tick(now)
        notes: Line = (Span(GONE, Tone.WARNING),) if self._gone else NOTHING
        self.query_one("#heading", Strand).set_line((Span(" "), *self.heading()), notes)
        self.show(now)

    def show(self, now: datetime) -> None:
        """Show the sections that differ from those shown."""
        for name, section in self.sections(now).items():
            if self._shown.get(name) == section:
                continue
            self._shown[name] = section
            widget = self.query_one(f"#section-{name}", Prose)
            widget.display = bool(section.lines)
            widget.border_title = to_content((Span(section.title, Tone.STRONG),))
            widget.show(section.lines)

    def look_up(self) -> None:
        """Take the newest state of the object."""

    def mark_gone(self, gone: bool) -> None:
        """Remember whether the object is still there."""
        self._gone = gone


def _proses(names: tuple[str, ...]) -> ComposeResult:
    for name in names:
        yield Prose(id=f"section-{name}", classes="section")


def heading(kind: str, name: str) -> Line:
    """Return the usual heading: what it is and what it is called."""
    return (Span(f"{kind}  ", Tone.DIM), foreign(name, Tone.STRONG))
