"""The page of backups: what the plans want, and the chains of increments as trees."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import NOTHING, Line, Tone, foreign, line
from dcn_console.console.stored.page import StoredScreen
from dcn_console.console.stored.preview import backup_lines, due_lines
from dcn_console.console.tables import make_backup_tables
from dcn_console.model.backup_plans import DueState
from dcn_console.model.inventory import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dcn_console.console.host import ConsoleHost
    from dcn_console.console.tables import Tables
    from dcn_console.model.rows import DueRow

MOST_DUES = 8
"""Lines of the plans seen at once; more of them scroll."""


class BackupsScreen(StoredScreen):
    """Volumes of backup plans, the overdue first, and all backups."""

    AUTO_FOCUS = "#backups"
    ORDER = (Place.DUES, Place.BACKUPS)
    NARROWED = (Place.BACKUPS,)
    TITLES: ClassVar[dict[Place, str]] = {Place.DUES: "Backup plans", Place.BACKUPS: "Backups"}

    def __init__(self, tables: Tables, site: str | None = None, key: str | None = None) -> None:
        """Make the page, narrowed to a site and with the cursor on a row, if wanted."""
        super().__init__(tables, site, key)
        self._dues: tuple[DueRow, ...] = ()
        self._late: Line = NOTHING

    @classmethod
    def opened(cls, app: ConsoleHost, site: str | None, key: str | None) -> BackupsScreen:
        """Make the page with its tables."""
        return cls(make_backup_tables(app.clock), site, key)

    @classmethod
    def row_for(cls, app: ConsoleHost, situation: Situation) -> str | None:
        """Return the last good backup of the first volume; say when there is none."""
        for volume in situation.volumes:
            if volume.last_backup is not None:
                return volume.last_backup.id
        if len(situation.volumes) == 1:
            name = situation.volumes[0].volume.label
            app.say(f"{name} has no good backup: esc leads back to it, and B b makes one.")
        return None

    def situation(self) -> Situation:
        """What the cursor and the marks are on."""
        here = self._place is Place.BACKUPS
        return replace(super().situation(), backups=self.table.chosen_rows if here else ())

    def rows_of(self, place: Place) -> tuple[Any, ...]:
        """Return the newest rows of a table."""
        return self.console.rows.dues if place is Place.DUES else self.console.rows.backups

    def snapshot_of(self, place: Place) -> Snapshot[Any]:
        """Both are as old as the list of backups."""
        return self.console.workspace.inventory().backups

    def volume_ids(self, place: Place, rows: tuple[Any, ...]) -> Iterable[str | None]:
        """Return the ids of the volumes that rows are about."""
        if place is Place.DUES:
            return (row.volume_id for row in rows)
        return (row.backup.volume_id for row in rows)

    def nothing(self, place: Place) -> str:
        """Return what stands where there are no rows."""
        if place is Place.DUES:
            return "no backup plans: [[backup_plans]] in the config file makes them"
        return "no backups: go to a volume (3) and press B b"

    def note(self, place: Place) -> Line:
        """Return how many volumes of plans are overdue."""
        return self._late if place is Place.DUES else NOTHING

    def narrowed_words(self) -> str:
        """Return the volume's name instead of its id."""
        row = self.tables[Place.BACKUPS].cursor_row
        narrowed = self.narrowed_to
        if row is None or narrowed is None or row.backup.volume_id != narrowed:
            return ""
        return row.volume or ""

    def narrow(self, site: str | None) -> None:
        """Show only what is at a site, or all again."""
        super().narrow(site)
        self.tables[Place.DUES].set_site(site)

    def show_rows(self) -> None:
        """Hand the newest rows to the tables; the plans take the lines they need."""
        super().show_rows()
        dues = self.console.rows.dues
        if dues is not self._dues:
            self._dues = dues
            late = sum(row.state is DueState.OVERDUE for row in dues)
            self._late = line(f"▲ {late:,} overdue", Tone.WARNING) if late else NOTHING
        lines = max(1, min(len(dues), MOST_DUES))
        table = self.tables[Place.DUES]
        if table.styles.height is None or table.styles.height.value != lines + 1:
            table.styles.height = lines + 1

    def words(self, place: Place, row: Any, now: datetime) -> tuple[Line, tuple[Line, ...]]:
        """Return title and lines about the row under the cursor."""
        if place is Place.DUES:
            name = row.volume if row.volume_id is not None else row.plan.name
            return (foreign(name, limit=60),), due_lines(row, now)
        find = self.tables[Place.BACKUPS].state.row
        return (foreign(row.backup.label, limit=60),), backup_lines(row, find, now)

    def chosen(self, place: Place, key: str) -> None:
        """Narrow the backups to a plan's volume, or open the page of a row."""
        if place is not Place.DUES:
            self.console.open_row(place, key)
            return
        row = self.tables[place].state.row(key)
        if row is None or row.volume_id is None:
            return
        if self.narrowed_to != row.volume_id:
            self.tables[Place.BACKUPS].set_site(row.volume_id)
            self.describe(self.console.clock())
        else:
            self.console.open_row(Place.VOLUMES, row.volume_id)
