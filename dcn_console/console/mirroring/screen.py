"""The mirroring page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical

from dcn_console.console.clock import Clock
from dcn_console.console.columns.mirrors import lag, pair_keys, report_age
from dcn_console.console.host import ConsoleHost
from dcn_console.console.mirroring.preview import pair_lines, row_lines
from dcn_console.console.navigation import console_screens, front_of
from dcn_console.console.pane import Pane, describe_table
from dcn_console.console.prose import Prose
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import NOTHING, Line, Span, Tone, foreign, line, plain
from dcn_console.console.table.widget import ResourceTable
from dcn_console.console.table_screen import TableScreen
from dcn_console.console.tables import make_mirror_tables, subject_of
from dcn_console.model.mirror_rows import MirrorPair
from dcn_console.model.rows import VolumeRow
from dcn_console.workspace.interface import Change

MOST_PAIRS = 7
"""Pairs of sites seen at once; more of them scroll."""


class MirroringScreen(TableScreen):
    """Pairs of sites, mirrored RBD images, and both sides of what the cursor is on."""

    AUTO_FOCUS = "#mirrors"
    ORDER = (Place.PAIRS, Place.MIRRORS)
    NARROWED = (Place.MIRRORS,)

    def __init__(self, clock: Clock, site: str | None = None, key: str | None = None) -> None:
        """Make the page, narrowed to a site and with the cursor on a row, if wanted."""
        super().__init__(make_mirror_tables(clock), Place.MIRRORS)
        self._clock = clock
        self._wanted = key
        self._ticking: dict[str, str] = {}
        self._pairs_height = 0
        self.tables[Place.MIRRORS].state.set_site(site)

    def body(self) -> ComposeResult:
        """The tables and the lines below them."""
        with Vertical(id="mirroring"):
            with Pane("", "Pairs of sites", id="pairs-pane"):
                yield self.tables[Place.PAIRS]
            with Pane("", "Mirrored RBD images", id="mirrors-pane"):
                yield self.tables[Place.MIRRORS]
            with Pane("", "Under the cursor", id="preview-pane"):
                yield Prose(id="preview")

    def on_mount(self) -> None:
        """Show the data there is."""
        self.show_rows()
        if self._wanted is not None:
            self.tables[Place.MIRRORS].move_to_key(self._wanted)
        super().on_mount()

    def situation(self) -> Situation:
        """What the cursor and the marks are on."""
        table = self.tables[Place.MIRRORS]
        return replace(
            super().situation(),
            mirrors=table.chosen_rows if self._place is Place.MIRRORS else (),
            pair=self.pair,
            subject=subject_of(self._place, table.cursor_row)
            if self._place is Place.MIRRORS
            else None,
            marks=len(table.state.marks) if self._place is Place.MIRRORS else 0,
            narrowed=table.state.narrowed,
        )

    @property
    def pair(self) -> MirrorPair | None:
        """The pair under the cursor, or that of the RBD image under it."""
        table = self.tables[Place.PAIRS]
        if self._place is Place.PAIRS:
            pair: MirrorPair | None = table.cursor_row
            return pair
        row = self.tables[Place.MIRRORS].cursor_row
        keys = pair_keys(row) if row is not None else ()
        return next((found for key in keys if (found := table.state.row(key)) is not None), None)

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
            self.describe()

    def tick(self, now: datetime) -> None:
        """Bring the times since the last consistent points up to date."""
        super().tick(now)
        self.describe()
        self.show_preview(now)
        table = self.tables[Place.MIRRORS]
        top = table.scroll_offset.y
        changed = []
        for key in table.state.view[top : top + table.size.height]:
            row = table.state.row(key)
            text = plain((*lag(row, now), *report_age(row, now))) if row is not None else ""
            if self._ticking.get(key) != text:
                self._ticking[key] = text
                changed.append(key)
        if changed:
            table.refresh_keys(changed)

    def data_changed(self, change: Change) -> None:
        """Take new rows; only what differs is painted."""
        if change is not Change.TASKS:
            self.show_rows()
        super().data_changed(change)

    def show_rows(self) -> None:
        """Hand the newest rows to the tables."""
        rows = self.console.rows
        self.tables[Place.PAIRS].set_rows(rows.pairs)
        self.tables[Place.MIRRORS].set_rows(rows.mirrors)
        height = max(1, min(len(rows.pairs), MOST_PAIRS)) + 1
        if height != self._pairs_height:
            self._pairs_height = height
            self.tables[Place.PAIRS].styles.height = height

    def describe(self) -> None:
        """Write counts and what is wrong into the borders."""
        rows = self.console.rows
        for place, name in ((Place.PAIRS, "pairs-pane"), (Place.MIRRORS, "mirrors-pane")):
            table = self.tables[place]
            wrong = sum(bool(row.findings) for row in _rows(rows, place))
            note = line(f"{wrong:,} with findings", Tone.WARNING) if wrong else NOTHING
            table.empty = _empty(place, table, self.console.workspace.inventory().mirrors)
            self.query_one(f"#{name}", Pane).describe(describe_table(table.state), note)

    def show_preview(self, now: datetime) -> None:
        """Show both sides of what the cursor is on."""
        lines: tuple[Line, ...] = ()
        title: Line = NOTHING
        if self._place is Place.PAIRS:
            pair = self.tables[Place.PAIRS].cursor_row
            if pair is not None:
                lines = pair_lines(pair)
                title = (foreign(pair.direction, limit=40), Span(" "), foreign(pair.pool, limit=24))
        else:
            row = self.tables[Place.MIRRORS].cursor_row
            if row is not None:
                lines = row_lines(row, now)
                title = (foreign(row.label, limit=60),)
        self.query_one("#preview", Prose).show(lines)
        self.query_one("#preview-pane", Pane).describe(title)

    def altered(self, now: datetime) -> None:
        """Write what is shown into the borders, and what both sides say below."""
        self.describe()
        self.show_preview(now)

    def chosen(self, place: Place, key: str) -> None:
        """Narrow the page to a pair, or open the page of a row."""
        if place is Place.PAIRS and self.narrowed_to != key:
            self.narrow(key)
            self.describe()
        else:
            self.console.open_row(place, key)


def _rows(rows: Any, place: Place) -> tuple[Any, ...]:
    found: tuple[Any, ...] = rows.pairs if place is Place.PAIRS else rows.mirrors
    return found


def _empty(place: Place, table: ResourceTable[Any], snapshots: dict[str, Any]) -> str:
    if table.state.total and table.state.narrowed:
        return "nothing passes the filter; esc widens"
    if not snapshots:
        return "reading… or no site has Ceph access"
    if place is Place.PAIRS:
        return "no pool is mirrored between two sites: M c connects them"
    return "nothing is mirrored: go to a volume (3) and press M e"


def show_mirrors(app: ConsoleHost) -> None:
    """Go to the mirroring page, from a volume to its line there."""
    front = front_of(app)
    if isinstance(front, MirroringScreen):
        return
    open_page = next(
        (screen for screen in console_screens(app) if isinstance(screen, MirroringScreen)), None
    )
    if open_page is not None:
        while app.screen is not open_page:
            app.pop_screen()
        return
    site = front.narrowed_to if isinstance(front, TableScreen) else None
    key = _mirror_of(front.situation().volumes, app)
    app.push_screen(MirroringScreen(app.clock, None if key else site, key))


def _mirror_of(volumes: tuple[VolumeRow, ...], app: ConsoleHost) -> str | None:
    """Return the row of the first volume; say when none of them is mirrored."""
    for volume in volumes:
        if volume.mirrors:
            return volume.mirrors[0].key
    if len(volumes) == 1:
        app.say(
            f"{volumes[0].volume.label} is not mirrored: esc leads back to it, and M e mirrors it."
        )
    return None
