"""The pages of a backup, a snapshot and a server."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from dcn_console.console.details.backup import backup_sections
from dcn_console.console.details.screen import DetailScreen, heading
from dcn_console.console.details.server import server_sections
from dcn_console.console.details.snapshot import snapshot_sections
from dcn_console.console.navigation import home_of
from dcn_console.console.situation import Place, Situation
from dcn_console.console.tables import subject_of
from dcn_console.model.rows import BackupRow, ServerRow, SnapshotRow

if TYPE_CHECKING:
    from datetime import datetime

    from dcn_console.console.details.document import Section
    from dcn_console.console.spans import Line
    from dcn_console.model.rows import VolumeRow


class Keyed(Protocol):
    """A row with a key."""

    @property
    def key(self) -> str:
        """What tells the row from others."""


Row = TypeVar("Row", bound=Keyed)


class StoredDetail(DetailScreen, Generic[Row]):
    """A page about one row; ``PLACE`` is where it is."""

    PLACE: ClassVar[Place]
    TABLE: ClassVar[Place]

    def __init__(self, row: Row) -> None:
        """Make the page of a row."""
        super().__init__()
        self._row = row
        self._seen: tuple[Row, ...] = ()
        self._by_key: dict[str, Row] = {}

    @property
    def place(self) -> Place:
        """What the page is about."""
        return self.PLACE

    @abstractmethod
    def newest(self) -> tuple[Row, ...]:
        """Return the newest rows."""

    def find(self, key: str) -> Row | None:
        """Return the newest row with that key."""
        rows = self.newest()
        if rows is not self._seen:
            self._seen = rows
            self._by_key = {row.key: row for row in rows}
        return self._by_key.get(key)

    def look_up(self) -> None:
        """Take the newest row."""
        row = self.find(self._row.key)
        self.mark_gone(row is None)
        self._row = row or self._row

    def volumes(self, *ids: str | None) -> tuple[VolumeRow, ...]:
        """Return the rows of the volumes that are there."""
        known = home_of(self.console).tables[Place.VOLUMES].state
        rows = (known.row(key) for key in ids if key is not None)
        return tuple(row for row in rows if row is not None)

    def situation(self) -> Situation:
        """The page is about one object."""
        return replace(super().situation(), subject=subject_of(self.TABLE, self._row))


class BackupScreen(StoredDetail[BackupRow]):
    """Fields, chain, findings and commands of a backup."""

    PLACE = Place.BACKUP
    TABLE = Place.BACKUPS
    TOP: ClassVar[tuple[str, ...]] = ("findings", "failure", "chain")
    LEFT: ClassVar[tuple[str, ...]] = ("fields",)
    RIGHT: ClassVar[tuple[str, ...]] = ("commands",)

    def newest(self) -> tuple[BackupRow, ...]:
        """Return the newest rows."""
        return self.console.rows.backups

    def situation(self) -> Situation:
        """The page is about one backup and its volume."""
        return replace(
            super().situation(),
            backups=(self._row,),
            volumes=self.volumes(self._row.backup.volume_id),
        )

    def heading(self) -> Line:
        """The backup's name."""
        return heading("Backup", self._row.backup.label)

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return backup_sections(self._row, self.find, now)


class SnapshotScreen(StoredDetail[SnapshotRow]):
    """Fields and commands of a snapshot."""

    PLACE = Place.SNAPSHOT
    TABLE = Place.SNAPSHOTS
    LEFT: ClassVar[tuple[str, ...]] = ("fields",)
    RIGHT: ClassVar[tuple[str, ...]] = ("commands",)

    def newest(self) -> tuple[SnapshotRow, ...]:
        """Return the newest rows."""
        return self.console.rows.snapshots

    def situation(self) -> Situation:
        """The page is about one snapshot and its volume."""
        return replace(
            super().situation(),
            snapshots=(self._row,),
            volumes=self.volumes(self._row.snapshot.volume_id),
        )

    def heading(self) -> Line:
        """The snapshot's name."""
        return heading("Snapshot", self._row.snapshot.label)

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return snapshot_sections(self._row, now)


class ServerScreen(StoredDetail[ServerRow]):
    """Fields, volumes and commands of a server."""

    PLACE = Place.SERVER
    TABLE = Place.SERVERS
    TOP: ClassVar[tuple[str, ...]] = ("failure", "volumes")
    LEFT: ClassVar[tuple[str, ...]] = ("fields",)
    RIGHT: ClassVar[tuple[str, ...]] = ("commands",)

    def newest(self) -> tuple[ServerRow, ...]:
        """Return the newest rows."""
        return self.console.rows.servers

    def situation(self) -> Situation:
        """The page is about one server and its volumes."""
        return replace(
            super().situation(),
            servers=(self._row,),
            volumes=self.volumes(*(volume.id for volume in self._row.volumes)),
        )

    def heading(self) -> Line:
        """The server's name."""
        return heading("Server", self._row.server.label)

    def sections(self, now: datetime) -> dict[str, Section]:
        """Make all sections."""
        return server_sections(self._row, now)
