"""A page of tables of what storage keeps, with words on what the cursor is on."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from dcn_console.console.header import absence, freshness
from dcn_console.console.navigation import console_screens, front_of, home_of
from dcn_console.console.pane import Pane, describe_table
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import NOTHING, Line
from dcn_console.console.table_screen import TableScreen
from dcn_console.console.tables import subject_of
from dcn_console.workspace.interface import Change

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dcn_console.console.host import ConsoleHost
    from dcn_console.console.tables import Tables
    from dcn_console.model.inventory import Snapshot
    from dcn_console.model.rows import VolumeRow


class StoredScreen(TableScreen):
    """``TITLES`` are what the panes are called; the last of ``ORDER`` has the focus first."""

    TITLES: ClassVar[dict[Place, str]] = {}

    def __init__(self, tables: Tables, site: str | None = None, key: str | None = None) -> None:
        """Make the page, narrowed to a site and with the cursor on a row, if wanted."""
        super().__init__(tables, self.ORDER[-1])
        self._wanted = key
        self._minute = -1
        for table in tables.values():
            table.state.set_site(site)

    @abstractmethod
    def rows_of(self, place: Place) -> tuple[Any, ...]:
        """Return the newest rows of a table."""

    @abstractmethod
    def snapshot_of(self, place: Place) -> Snapshot[Any]:
        """Return the snapshot that tells how old the rows of a table are."""

    @abstractmethod
    def words(self, place: Place, row: Any, now: datetime) -> tuple[Line, tuple[Line, ...]]:
        """Return title and lines about the row under the cursor."""

    @abstractmethod
    def volume_ids(self, place: Place, rows: tuple[Any, ...]) -> Iterable[str | None]:
        """Return the ids of the volumes that rows are about."""

    @classmethod
    @abstractmethod
    def row_for(cls, app: ConsoleHost, situation: Situation) -> str | None:
        """Return the row to begin on when the page is opened from there."""

    @classmethod
    @abstractmethod
    def opened(cls, app: ConsoleHost, site: str | None, key: str | None) -> StoredScreen:
        """Make the page with its tables."""

    def nothing(self, place: Place) -> str:
        """Return what stands where there are no rows."""
        return f"no {place.value}"

    def note(self, place: Place) -> Line:
        """Return what stands in the lower border while the rows can be trusted."""
        return NOTHING

    def narrowed_words(self) -> str:
        """Return what the tables are narrowed to, "" when that is said anyway."""
        return ""

    def body(self) -> ComposeResult:
        """The tables and the lines below them."""
        with Vertical(id="stored"):
            for place in self.ORDER:
                with Pane("", self.TITLES[place], id=f"{place.name.lower()}-pane"):
                    yield self.tables[place]
            with Pane("", "Under the cursor", id="preview-pane"):
                yield Prose(id="preview")

    def on_mount(self) -> None:
        """Show the data there is."""
        self.show_rows()
        if self._wanted is not None:
            self.table.move_to_key(self._wanted)
        super().on_mount()

    def situation(self) -> Situation:
        """What the cursor and the marks are on."""
        table = self.table
        chosen = table.chosen_rows
        return replace(
            super().situation(),
            volumes=self._volumes(chosen),
            subject=subject_of(self._place, table.cursor_row),
            marks=len(table.state.marks),
            narrowed=table.state.narrowed,
        )

    def _volumes(self, chosen: tuple[Any, ...]) -> tuple[VolumeRow, ...]:
        known = home_of(self.console).tables[Place.VOLUMES].state
        ids = dict.fromkeys(self.volume_ids(self._place, chosen))
        rows = (known.row(key) for key in ids if key is not None)
        return tuple(row for row in rows if row is not None)

    def enter(self, place: Place) -> None:
        """Show that a table has the focus."""
        self._place = place
        if self.is_ready:
            self.show_preview(self.console.clock())

    def back(self) -> None:
        """Undo the last narrowing, or leave the page."""
        if not self.widen():
            self.console.pop_screen()
        else:
            self.describe(self.console.clock())

    def tick(self, now: datetime) -> None:
        """Bring the ages up to date."""
        super().tick(now)
        self.describe(now)
        self.show_preview(now)
        if now.minute != self._minute:
            self._minute = now.minute
            for table in self.tables.values():
                table.refresh()

    def data_changed(self, change: Change) -> None:
        """Take new rows; only what differs is painted."""
        if change is not Change.TASKS:
            self.show_rows()
        super().data_changed(change)

    def show_rows(self) -> None:
        """Hand the newest rows to the tables."""
        for place in self.ORDER:
            self.tables[place].set_rows(self.rows_of(place))

    def describe(self, now: datetime) -> None:
        """Write counts and what is wrong into the borders."""
        for place in self.ORDER:
            table = self.tables[place]
            snapshot = self.snapshot_of(place)
            if table.state.total and table.state.narrowed:
                table.empty = "nothing passes the filter; esc widens"
            else:
                table.empty = absence(snapshot, place.value, self.nothing(place))
            note = freshness(snapshot, table.state.total, now) or self.note(place)
            words = describe_table(table.state, where=self.narrowed_words())
            self.query_one(f"#{place.name.lower()}-pane", Pane).describe(words, note)

    def show_preview(self, now: datetime) -> None:
        """Say more of what the cursor is on."""
        row = self.table.cursor_row
        title, lines = (NOTHING, ()) if row is None else self.words(self._place, row, now)
        self.query_one("#preview", Prose).show(lines)
        self.query_one("#preview-pane", Pane).describe(title)

    def altered(self, now: datetime) -> None:
        """Write what is shown into the borders, and more of the row under the cursor below."""
        self.describe(now)
        self.show_preview(now)


def show_page(app: ConsoleHost, page: type[StoredScreen]) -> None:
    """Go to a page of what storage keeps, to the row that belongs to what the cursor is on."""
    front = front_of(app)
    if isinstance(front, page):
        return
    open_page = next((one for one in console_screens(app) if isinstance(one, page)), None)
    if open_page is not None:
        while app.screen is not open_page:
            app.pop_screen()
        return
    key = page.row_for(app, front.situation())
    site = front.narrowed_to if isinstance(front, TableScreen) else None
    if site is not None and site not in app.workspace.topology.names:
        site = None
    app.push_screen(page.opened(app, None if key else site, key))
