"""The dialog that asks which sites to copy to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from dcn_console.console.availability import SETTLED
from dcn_console.console.columns.images import placement_words
from dcn_console.console.columns.sites import free
from dcn_console.console.content import to_content
from dcn_console.console.spans import Align, Line, Span, Tone, foreign, line
from dcn_console.console.table.column import Column
from dcn_console.console.table.state import TableState
from dcn_console.console.table.widget import ResourceTable
from dcn_console.model.rows import ImageRow, SiteRow
from dcn_console.model.text import count


@dataclass(frozen=True)
class Choice:
    """A site with how many of the images it lacks and what to say about it."""

    row: SiteRow
    lacking: int
    state: Line

    @property
    def key(self) -> str:
        """The site's name."""
        return self.row.key


def choices(images: Sequence[ImageRow], sites: Sequence[SiteRow]) -> tuple[Choice, ...]:
    """Return every site that has a store, with what is there of the images."""
    result = []
    for row in sites:
        if row.site.store is None:
            continue
        cells = [image.cell(row.key) for image in images]
        lacking = sum(cell is None or cell.state not in SETTLED for cell in cells)
        if row.site.read_only:
            state: Line = line("read-only", Tone.WARNING)
        elif len(images) == 1 and cells[0] is not None:
            state = placement_words(cells[0].state, cells[0].percent)
        elif lacking:
            state = line(f"lacks {lacking} of {count(len(images), 'image')}")
        else:
            state = line("has all of them", Tone.DIM)
        result.append(Choice(row, lacking, state))
    return tuple(result)


_COLUMNS: tuple[Column[Choice], ...] = (
    Column(
        id="site",
        title="SITE",
        cell=lambda choice, _: (foreign(choice.key, Tone.STRONG),),
        minimum=10,
        maximum=24,
        flex=1,
    ),
    Column(
        id="state",
        title="NOW",
        cell=lambda choice, _: choice.state,
        minimum=14,
        flex=3,
    ),
    Column(
        id="free",
        title="FREE",
        cell=lambda choice, _: free(choice.row.capacity),
        minimum=6,
        align=Align.RIGHT,
        priority=1,
    ),
)


class SitesDialog(ModalScreen[tuple[str, ...] | None]):
    """Marks sites like rows of any table; ends with their names, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", show=False),
    ]
    AUTO_FOCUS = "#choices"

    def __init__(self, what: str, images: Sequence[ImageRow], sites: Sequence[SiteRow]) -> None:
        """Make the dialog; sites lacking an image are marked already."""
        super().__init__()
        self._what = what
        self._choices = choices(images, sites)

    def compose(self) -> ComposeResult:
        """The sites and the keys."""
        state: TableState[Choice] = TableState(
            key=lambda choice: choice.key, haystack=lambda choice: choice.key.lower()
        )
        state.replace(self._choices)
        for choice in self._choices:
            if choice.lacking and not choice.row.site.read_only:
                state.toggle_mark(choice.key)
        with Vertical(classes="dialog"):
            yield ResourceTable(_COLUMNS, state, empty="no site has a store", id="choices")
            yield Static(id="sites-note")

    def on_mount(self) -> None:
        """Write title and keys."""
        title = (Span("Copy ", Tone.STRONG), foreign(self._what, Tone.STRONG), Span(" to …"))
        self.query_one(".dialog").border_title = to_content(title)
        self.query_one("#choices").styles.height = min(len(self._choices), 12) + 1
        self._describe()

    @property
    def _table(self) -> ResourceTable[Choice]:
        return self.query_one("#choices", ResourceTable)

    def _describe(self, complaint: str = "") -> None:
        marked = len(self._table.state.marks)
        keys: Line = (
            Span("space", Tone.ACCENT),
            Span(" marks  ", Tone.DIM),
            Span("enter", Tone.ACCENT),
            Span(f" plans for {count(marked, 'site')}  ", Tone.DIM),
            Span("esc", Tone.ACCENT),
            Span(" leaves", Tone.DIM),
        )
        note = (Span(complaint, Tone.WARNING),) if complaint else keys
        self.query_one("#sites-note", Static).update(to_content(note))

    @on(ResourceTable.Altered)
    def _altered(self) -> None:
        self._describe()

    @on(ResourceTable.Chosen)
    def _chosen(self) -> None:
        marks = self._table.state.marks
        if not marks:
            self._describe("No site is marked. Space marks the one under the cursor.")
        elif self.app.screen is self:
            order = [choice.key for choice in self._choices]
            self.dismiss(tuple(sorted(marks, key=order.index)))

    def action_leave(self) -> None:
        """Leave without an answer."""
        if self.app.screen is self:
            self.dismiss(None)
