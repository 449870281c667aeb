"""The home page: sites, images, volumes and tasks side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from heapq import nsmallest
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal

from dcn_console.console.clock import Clock
from dcn_console.console.columns.sites import FindingRow
from dcn_console.console.header import absence, freshness
from dcn_console.console.pane import Pane, describe_table
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import NOTHING, Line, Span, Tone, line
from dcn_console.console.strand import Strand
from dcn_console.console.table_screen import TableScreen
from dcn_console.console.tables import make_tables, subject_of
from dcn_console.console.words import severity_rank
from dcn_console.model.findings import BACKUP_OVERDUE
from dcn_console.model.inventory import Snapshot
from dcn_console.model.rows import Finding, Rows
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import TaskState
from dcn_console.model.text import count
from dcn_console.workspace.interface import Change

MOST_FINDINGS = 500
"""Findings listed, the gravest first; the images and volumes show all of theirs anyway."""

_PANE_OF = {
    Place.SITES: "sites-pane",
    Place.STORES: "sites-pane",
    Place.FINDINGS: "sites-pane",
    Place.IMAGES: "images-pane",
    Place.VOLUMES: "volumes-pane",
    Place.TASKS: "tasks-pane",
}
_TABS = (
    (Place.SITES, "1 Sites"),
    (Place.IMAGES, "2 Images"),
    (Place.VOLUMES, "3 Volumes"),
    (Place.TASKS, "4 Tasks"),
)
_BRIEF_WIDTH = 40
"""Panes with fewer cells than this have short titles."""
_TABS_WIDTH = 50
"""Below this many cells only the present pane is named."""


class HomeScreen(TableScreen):
    """Four panes; narrow terminals show the one with the focus, and the tasks."""

    AUTO_FOCUS = "#images"
    ORDER = (
        Place.SITES,
        Place.STORES,
        Place.FINDINGS,
        Place.IMAGES,
        Place.VOLUMES,
        Place.TASKS,
    )
    NARROWED = (Place.IMAGES, Place.VOLUMES)

    def __init__(self, topology: Topology, clock: Clock) -> None:
        """Make the page for these sites."""
        super().__init__(make_tables(topology, clock), Place.IMAGES)
        self._findings: tuple[Finding, ...] = ()
        self._late: Line = NOTHING

    def body(self) -> ComposeResult:
        """The panes."""
        yield Strand(id="tabs")
        with Horizontal(id="panes"):
            with Pane("1", "Sites", id="sites-pane"):
                yield self.tables[Place.SITES]
                yield self.tables[Place.STORES]
                yield self.tables[Place.FINDINGS]
            with Pane("2", "Images", id="images-pane"):
                yield self.tables[Place.IMAGES]
            with Pane("3", "Volumes", id="volumes-pane"):
                yield self.tables[Place.VOLUMES]
        with Pane("4", "Tasks", id="tasks-pane"):
            yield self.tables[Place.TASKS]

    def on_mount(self) -> None:
        """Show the data there is, with the cursor in the images."""
        self.show_rows()
        self.show_tasks()
        self.enter(Place.IMAGES)
        super().on_mount()

    def situation(self) -> Situation:
        """What the cursor and the marks are on."""
        table = self.table
        row = table.cursor_row
        chosen = table.chosen_rows if table.has_marks else ()
        volumes = chosen if self._place is Place.VOLUMES else ()
        return replace(
            super().situation(),
            images=chosen if self._place is Place.IMAGES else (),
            volumes=volumes,
            mirrors=tuple(mirror for volume in volumes for mirror in volume.mirrors),
            task=row if self._place is Place.TASKS else None,
            subject=subject_of(self._place, row),
            site=row.key if self._place is Place.SITES and row is not None else "",
            marks=len(table.state.marks),
            narrowed=table.state.narrowed,
        )

    def enter(self, place: Place) -> None:
        """Show that a table has the focus, where a narrow terminal shows only one."""
        self._place = place
        for name in set(_PANE_OF.values()):
            self.query_one(f"#{name}").set_class(name == _PANE_OF[place], "-current")
        self.set_class(place is Place.TASKS, "-at-tasks")
        self.show_tabs()

    def show_sites(self) -> None:
        """Go to the sites; from there to the stores and the findings in turn."""
        following = {Place.SITES: Place.STORES, Place.STORES: Place.FINDINGS}
        self.go(following.get(self._place, Place.SITES))

    def back(self) -> None:
        """Undo the last narrowing: the filter first, then the site."""
        self.widen()

    def tick(self, now: datetime) -> None:
        """Bring ages and running tasks up to date."""
        super().tick(now)
        self.describe(now)
        tasks = self.tables[Place.TASKS]
        live = [str(task.number) for task in self.console.tasks if task.state is TaskState.RUNNING]
        if live:
            tasks.refresh_keys(live)

    def data_changed(self, change: Change) -> None:
        """Take new rows or tasks; only what differs is painted."""
        if change is Change.TASKS:
            self.show_tasks()
        else:
            self.show_rows()
        super().data_changed(change)

    def show_rows(self) -> None:
        """Hand the newest rows to the tables."""
        rows = self.console.rows
        self.tables[Place.SITES].set_rows(rows.sites)
        self.tables[Place.STORES].set_rows(rows.stores)
        self.tables[Place.IMAGES].set_rows(rows.images)
        self.tables[Place.VOLUMES].set_rows(rows.volumes)
        if rows.findings is not self._findings:
            self._findings = rows.findings
            late = sum(item.kind == BACKUP_OVERDUE for item in rows.findings)
            words = f"▲ {count(late, 'backup')} overdue (b)"
            self._late = line(words, Tone.WARNING) if late else NOTHING
            gravest = nsmallest(
                MOST_FINDINGS, rows.findings, key=lambda item: severity_rank(item.severity)
            )
            names = _names(rows)
            self.tables[Place.FINDINGS].set_rows(
                [FindingRow(item, names.get(item.key, item.key)) for item in gravest]
            )

    def show_tasks(self) -> None:
        """Hand the newest tasks to their table."""
        self.tables[Place.TASKS].set_rows(self.console.tasks)

    def describe(self, now: datetime) -> None:
        """Write titles and ages into the borders."""
        inventory = self.console.workspace.inventory()
        self._describe(Place.IMAGES, inventory.images, now)
        self._describe(Place.VOLUMES, inventory.volumes, now)
        stores = inventory.stores
        note = freshness(stores, len(self.console.rows.stores), now)
        findings = len(self._findings)
        sites = self.tables[Place.SITES].state
        self.query_one("#sites-pane", Pane).describe(
            describe_table(sites),
            note or (line(count(findings, "finding"), Tone.DIM) if findings else NOTHING),
        )
        some = Place.VOLUMES if inventory.images.complete else Place.IMAGES
        unread = inventory.volumes if some is Place.VOLUMES else inventory.images
        self.tables[Place.FINDINGS].empty = absence(unread, some.value, "nothing wrong found")
        self.query_one("#tasks-pane", Pane).describe(
            describe_table(self.tables[Place.TASKS].state), self._runner_note()
        )
        self.show_tabs()

    def _describe(self, place: Place, snapshot: Snapshot[Any], now: datetime) -> None:
        table = self.tables[place]
        note = freshness(snapshot, table.state.total, now)
        if place is Place.VOLUMES and not note:
            note = self._late
        if table.state.total and table.state.narrowed:
            table.empty = "nothing passes the filter; esc widens"
        else:
            table.empty = absence(snapshot, place.value, f"no {place.value}")
        pane = self.query_one(f"#{_PANE_OF[place]}", Pane)
        brief = pane.size.width < _BRIEF_WIDTH
        pane.describe(describe_table(table.state, brief=brief), note)

    def _runner_note(self) -> Line:
        waiting = any(not task.state.is_over for task in self.console.tasks)
        if waiting and not self.console.workspace.runner_alive():
            return line("no runner is alive: tasks wait", Tone.WARNING)
        return NOTHING

    def show_tabs(self) -> None:
        """Show which pane a narrow terminal is on."""
        pane = _PANE_OF[self._place]
        spans: list[Span] = []
        short = self.size.width < _TABS_WIDTH
        for place, words in _TABS:
            here = _PANE_OF[place] == pane
            shown = words if here or not short else words[0]
            spans.append(Span(f" {shown} ", Tone.STRONG if here else Tone.DIM))
            spans.append(Span("◂ " if here else "  ", Tone.ACCENT))
        self.query_one("#tabs", Strand).set_line(tuple(spans))

    def altered(self, now: datetime) -> None:
        """Write what is shown and marked into the borders."""
        self.describe(now)

    def chosen(self, place: Place, key: str) -> None:
        """Narrow the page to a site, or open the page of an object."""
        if place is Place.SITES and self.narrowed_to != key:
            self.narrow(key)
            self.describe(self.console.clock())
        else:
            self.console.open_row(place, key)


def _names(rows: Rows) -> dict[str, str]:
    """Return what the objects with findings are called, by key."""
    names = {row.key: row.image.label for row in rows.images if row.findings}
    names |= {row.key: row.volume.label for row in rows.volumes if row.findings}
    names |= {row.key: row.label for row in rows.mirrors if row.findings}
    names |= {row.key: row.backup.label for row in rows.backups if row.findings}
    return names | {pair.key: pair.direction for pair in rows.pairs}
