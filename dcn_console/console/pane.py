"""A bordered pane of the home page: its number and name in the border, its age below."""

from typing import Any

from textual.containers import Vertical

from dcn_console.console.content import to_content
from dcn_console.console.spans import NOTHING, Line, Span, Tone, foreign, joined, line
from dcn_console.console.table.state import TableState


class Pane(Vertical):
    """Tables in a border that brightens with the focus."""

    def __init__(self, key: str, name: str, *, id: str) -> None:  # noqa: A002
        """Make a pane; ``key`` goes to it, "" where none does."""
        super().__init__(id=id)
        self._key = f"{key} " if key else ""
        self._word = name
        self._title: Line = NOTHING
        self._note: Line = NOTHING

    def on_mount(self) -> None:
        """Show the plain title."""
        self.describe(NOTHING)

    def describe(self, details: Line, note: Line = NOTHING) -> None:
        """Show ``details`` behind the title, and ``note`` in the lower border."""
        title = (
            Span(self._key, Tone.ACCENT),
            Span(self._word, Tone.STRONG),
            *((Span(" "), *details) if details else NOTHING),
        )
        if title != self._title:
            self._title = title
            self.border_title = to_content(title)
        if note != self._note:
            self._note = note
            self.border_subtitle = to_content(note) if note else None


def describe_table(state: TableState[Any], *, brief: bool = False, where: str = "") -> Line:
    """Return site, filter, counts and marks of a table, for its pane's title.

    ``where`` stands for the site when the table is narrowed to something else.
    """
    total, shown = state.total, len(state.view)
    between = "/" if brief else " of "
    counts = f"{shown:,}{between}{total:,}" if state.narrowed else f"{total:,}"
    marks = len(state.marks)
    hidden = 0
    if marks and state.narrowed:
        view = set(state.view)
        hidden = sum(key not in view for key in state.marks)
    marked = f"{marks} marked" + (f", {hidden} of them hidden" if hidden else "")
    return joined(
        (
            (foreign(f"@{where or state.site}", Tone.ACCENT, 24),) if state.site else NOTHING,
            (foreign(f"/{state.filter.text}", Tone.ACCENT, 24),) if state.filter else NOTHING,
            line(counts, Tone.DIM),
            line(marked, Tone.ACCENT) if marks else NOTHING,
        ),
        " " if brief else "  ",
    )
