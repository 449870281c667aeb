"""The page of snapshots of volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from dcn_console.console.details.snapshot import snapshot_fields
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import Line, foreign
from dcn_console.console.stored.page import StoredScreen
from dcn_console.console.tables import make_snapshot_tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dcn_console.console.host import ConsoleHost
    from dcn_console.model.inventory import Snapshot


class SnapshotsScreen(StoredScreen):
    """All snapshots of volumes."""

    AUTO_FOCUS = "#snapshots"
    ORDER = (Place.SNAPSHOTS,)
    NARROWED = (Place.SNAPSHOTS,)
    TITLES: ClassVar[dict[Place, str]] = {Place.SNAPSHOTS: "Snapshots"}

    @classmethod
    def opened(cls, app: ConsoleHost, site: str | None, key: str | None) -> SnapshotsScreen:
        """Make the page with its table."""
        return cls(make_snapshot_tables(app.clock), site, key)

    @classmethod
    def row_for(cls, app: ConsoleHost, situation: Situation) -> str | None:
        """Return the first snapshot of the volume under the cursor; say when there is none."""
        if len(situation.volumes) != 1:
            return None
        volume = situation.volumes[0]
        rows = app.rows.snapshots
        found = next((row for row in rows if row.snapshot.volume_id == volume.key), None)
        if found is None:
            name = volume.volume.label
            app.say(f"{name} has no snapshots: esc leads back to it, and V s takes one.")
        return found.key if found is not None else None

    def situation(self) -> Situation:
        """What the cursor and the marks are on."""
        return replace(super().situation(), snapshots=self.table.chosen_rows)

    def rows_of(self, place: Place) -> tuple[Any, ...]:
        """Return the newest snapshots."""
        return self.console.rows.snapshots

    def snapshot_of(self, place: Place) -> Snapshot[Any]:
        """Return when Cinder told them."""
        return self.console.workspace.inventory().snapshots

    def volume_ids(self, place: Place, rows: tuple[Any, ...]) -> Iterable[str | None]:
        """Return the ids of their volumes."""
        return (row.snapshot.volume_id for row in rows)

    def nothing(self, place: Place) -> str:
        """Return what stands where there are no rows."""
        return "no snapshots: go to a volume (3) and press V s"

    def words(self, place: Place, row: Any, now: datetime) -> tuple[Line, tuple[Line, ...]]:
        """Return more of the snapshot under the cursor."""
        return (foreign(row.snapshot.label, limit=60),), snapshot_fields(row, now)[1:]
