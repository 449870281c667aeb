"""A screen of tables: which one has the focus, and how it is filtered, sorted and narrowed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import DescendantFocus

from dcn_console.console.actions import BY_ID
from dcn_console.console.filtering import parse_filter
from dcn_console.console.screen import ConsoleScreen
from dcn_console.console.table.widget import ResourceTable

if TYPE_CHECKING:
    from datetime import datetime

    from dcn_console.console.situation import Place
    from dcn_console.console.tables import Tables


class TableScreen(ConsoleScreen):
    """Tables by place. ``ORDER`` is that of the tab key, ``NARROWED`` what a site narrows."""

    ORDER: ClassVar[tuple[Place, ...]] = ()
    NARROWED: ClassVar[tuple[Place, ...]] = ()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"app.run('{action}')", show=False)
        for action in ("next_pane", "previous_pane")
        for key in BY_ID[action].keys
    ]

    def __init__(self, tables: Tables, place: Place) -> None:
        """Make the screen of these tables, the focus at ``place``."""
        super().__init__()
        self.tables = tables
        self._place = place

    @property
    def place(self) -> Place:
        """The table that has, or had last, the focus."""
        return self._place

    @property
    def table(self) -> ResourceTable[Any]:
        """The table of the place."""
        return self.tables[self._place]

    @abstractmethod
    def enter(self, place: Place) -> None:
        """Show that a table has the focus."""

    def go(self, place: Place) -> None:
        """Give a table the focus, at once: the next key may be in the queue already."""
        self.enter(place)
        self.set_focus(self.tables[place])

    def step(self, places: int) -> None:
        """Go to the next or the previous table."""
        index = self.ORDER.index(self._place) + places
        self.go(self.ORDER[index % len(self.ORDER)])

    def altered(self, now: datetime) -> None:
        """Show that the cursor moved, or that marks, order, filter or rows changed."""

    def chosen(self, place: Place, key: str) -> None:
        """Open a row; Enter was pressed on it, or it was clicked twice."""
        self.console.open_row(place, key)

    @on(DescendantFocus)
    def _focused(self, event: DescendantFocus) -> None:
        for place, table in self.tables.items():
            if event.widget is table and place is not self._place:
                self.enter(place)
        if self.is_ready:
            self.update_footer()

    @on(ResourceTable.Moved)
    @on(ResourceTable.Altered)
    def _altered(self) -> None:
        if self.is_ready:
            self.update_footer()
            self.altered(self.console.clock())

    @on(ResourceTable.Chosen)
    def _chosen(self, event: ResourceTable.Chosen) -> None:
        if self.app.screen is not self:
            return
        for place, table in self.tables.items():
            if table is event.table:
                self.chosen(place, event.key)

    def restore_focus(self) -> None:
        """Put the focus back into the table."""
        self.set_focus(self.table)

    def narrow(self, site: str | None) -> None:
        """Show only what is at a site, or all again."""
        for place in self.NARROWED:
            self.tables[place].set_site(site)

    @property
    def narrowed_to(self) -> str | None:
        """What the tables are narrowed to."""
        return self.tables[self.NARROWED[0]].state.site

    def widen(self) -> bool:
        """Undo the last narrowing: the filter first, then the site; False without any."""
        if self.table.state.filter:
            self.table.set_filter(parse_filter(""))
        elif self.narrowed_to is not None:
            self.narrow(None)
        else:
            return False
        return True

    def filter_edited(self, text: str) -> None:
        """Filter the table at once."""
        self.table.set_filter(parse_filter(text))
