"""The page of servers: at which site each is, and the volumes it has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from dcn_console.console.details.server import volume_lines
from dcn_console.console.situation import Place, Situation
from dcn_console.console.spans import Line, foreign
from dcn_console.console.stored.page import StoredScreen
from dcn_console.console.tables import make_server_tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dcn_console.console.host import ConsoleHost
    from dcn_console.model.inventory import Snapshot


class ServersScreen(StoredScreen):
    """All servers by site."""

    AUTO_FOCUS = "#servers"
    ORDER = (Place.SERVERS,)
    NARROWED = (Place.SERVERS,)
    TITLES: ClassVar[dict[Place, str]] = {Place.SERVERS: "Servers"}

    @classmethod
    def opened(cls, app: ConsoleHost, site: str | None, key: str | None) -> ServersScreen:
        """Make the page with its table."""
        return cls(make_server_tables(app.clock), site, key)

    @classmethod
    def row_for(cls, app: ConsoleHost, situation: Situation) -> str | None:
        """Return the server that has the first volume attached."""
        attached = (one for row in situation.volumes for one in row.volume.attachments)
        first = next(attached, None)
        return first.server_id if first is not None else None

    def situation(self) -> Situation:
        """What the cursor and the marks are on."""
        return replace(super().situation(), servers=self.table.chosen_rows)

    def rows_of(self, place: Place) -> tuple[Any, ...]:
        """Return the newest servers."""
        return self.console.rows.servers

    def snapshot_of(self, place: Place) -> Snapshot[Any]:
        """Return when Nova told them."""
        return self.console.workspace.inventory().servers

    def volume_ids(self, place: Place, rows: tuple[Any, ...]) -> Iterable[str | None]:
        """Return the ids of the volumes they have."""
        return (volume.id for row in rows for volume in row.volumes)

    def nothing(self, place: Place) -> str:
        """Return what stands where there are no rows."""
        return "no servers: go to a volume (3) and press N c"

    def words(self, place: Place, row: Any, now: datetime) -> tuple[Line, tuple[Line, ...]]:
        """Return the volumes of the server under the cursor."""
        return (foreign(row.server.label, limit=60),), volume_lines(row)
