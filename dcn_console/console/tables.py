"""The tables of each page, with their columns and the place each is."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from dcn_console.console.clock import Clock
from dcn_console.console.columns import (
    backups,
    dues,
    images,
    mirrors,
    pairs,
    servers,
    snapshots,
    tasks,
    volumes,
)
from dcn_console.console.columns.pairs import PAIR_COLUMNS
from dcn_console.console.columns.sites import (
    FINDING_COLUMNS,
    STORE_COLUMNS,
    FindingRow,
    site_columns,
)
from dcn_console.console.situation import Place, Subject
from dcn_console.console.table.column import Column
from dcn_console.console.table.state import TableState
from dcn_console.console.table.widget import ResourceTable
from dcn_console.console.words import finding_words
from dcn_console.model.rows import SiteRow, StoreRow
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import Task, TaskState

Tables = dict[Place, ResourceTable[Any]]


def _column(columns: tuple[Column[Any], ...], name: str) -> Column[Any]:
    return next(column for column in columns if column.id == name)


def _site_haystack(row: SiteRow) -> str:
    return f"{row.site.name}\n{row.site.role}\n{row.health}\n{' '.join(row.warnings)}".lower()


def _store_haystack(row: StoreRow) -> str:
    return f"{row.store.id}\n{row.store.type}\n{row.site}".lower()


def _finding_haystack(row: FindingRow) -> str:
    finding = row.finding
    return f"{row.name}\n{finding_words(finding)}\n{finding.site}\n{finding.text}".lower()


def _finding_at(row: FindingRow, site: str) -> bool:
    return row.finding.site == site


def make_tables(topology: Topology, clock: Clock) -> Tables:
    """Make one table a place, sorted as one expects to find it."""
    image_columns = images.image_columns(topology, clock)
    volume_columns = volumes.volume_columns(clock)
    task_columns = tasks.task_columns(clock)
    tables: Tables = {
        Place.SITES: ResourceTable(
            site_columns(clock),
            TableState(
                key=lambda row: row.key,
                haystack=_site_haystack,
                at_site=lambda row, site: row.site.name == site,
            ),
            marks=False,
            empty="no sites",
            id="sites",
        ),
        Place.STORES: ResourceTable(
            STORE_COLUMNS,
            TableState(
                key=lambda row: row.key,
                haystack=_store_haystack,
                at_site=lambda row, site: row.site == site,
            ),
            marks=False,
            empty="no stores",
            id="stores",
        ),
        Place.FINDINGS: ResourceTable(
            FINDING_COLUMNS,
            TableState(key=lambda row: row.key, haystack=_finding_haystack, at_site=_finding_at),
            marks=False,
            empty="nothing wrong found",
            id="findings",
        ),
        Place.IMAGES: ResourceTable(
            image_columns,
            TableState(key=attrgetter("image.id"), haystack=images.haystack, at_site=images.is_at),
            empty="no images",
            id="images",
        ),
        Place.VOLUMES: ResourceTable(
            volume_columns,
            TableState(
                key=attrgetter("volume.id"), haystack=volumes.haystack, at_site=volumes.is_at
            ),
            empty="no volumes",
            id="volumes",
        ),
        Place.TASKS: ResourceTable(
            task_columns,
            TableState(key=tasks.key, haystack=tasks.haystack, at_site=tasks.is_at),
            marks=False,
            empty="no tasks yet: put the cursor on an image and press c or e",
            dimmed=_is_settled,
            id="tasks",
        ),
    }
    tables[Place.IMAGES].state.sort_by(_column(image_columns, "name"))
    tables[Place.VOLUMES].state.sort_by(_column(volume_columns, "name"))
    tables[Place.TASKS].state.sort_by(_column(task_columns, "order"))
    tables[Place.FINDINGS].state.sort_by(_column(FINDING_COLUMNS, "object"))
    return tables


def make_mirror_tables(clock: Clock) -> Tables:
    """Make the tables of the mirroring page, what is wrong first."""
    mirror_columns = mirrors.mirror_columns(clock)
    tables: Tables = {
        Place.PAIRS: ResourceTable(
            PAIR_COLUMNS,
            TableState(key=lambda pair: pair.key, haystack=pairs.haystack, at_site=pairs.is_at),
            marks=False,
            empty="no pool is mirrored between two sites: M c connects them",
            id="pairs",
        ),
        Place.MIRRORS: ResourceTable(
            mirror_columns,
            TableState(key=lambda row: row.key, haystack=mirrors.haystack, at_site=mirrors.is_at),
            empty="nothing is mirrored",
            id="mirrors",
        ),
    }
    tables[Place.PAIRS].state.sort_by(_column(PAIR_COLUMNS, "health"))
    tables[Place.MIRRORS].state.sort_by(_column(mirror_columns, "condition"))
    return tables


def make_backup_tables(clock: Clock) -> Tables:
    """Make the tables of the page of backups: what is overdue first, and the trees."""
    due_columns = dues.due_columns(clock)
    backup_columns = backups.backup_columns(clock)
    tables: Tables = {
        Place.DUES: ResourceTable(
            due_columns,
            TableState(key=attrgetter("key"), haystack=dues.haystack, at_site=dues.is_at),
            empty="no backup plans",
            id="dues",
        ),
        Place.BACKUPS: ResourceTable(
            backup_columns,
            TableState(key=attrgetter("key"), haystack=backups.haystack, at_site=backups.is_at),
            empty="no backups",
            id="backups",
        ),
    }
    tables[Place.DUES].state.sort_by(_column(due_columns, "state"))
    tables[Place.BACKUPS].state.sort_by(_column(backup_columns, "backup"))
    return tables


def make_server_tables(clock: Clock) -> Tables:
    """Make the table of the page of servers, by site."""
    columns = servers.server_columns(clock)
    table = ResourceTable(
        columns,
        TableState(key=attrgetter("key"), haystack=servers.haystack, at_site=servers.is_at),
        empty="no servers",
        id="servers",
    )
    table.state.sort_by(_column(columns, "site"))
    return {Place.SERVERS: table}


def make_snapshot_tables(clock: Clock) -> Tables:
    """Make the table of the page of snapshots, by volume."""
    columns = snapshots.snapshot_columns(clock)
    table = ResourceTable(
        columns,
        TableState(key=attrgetter("key"), haystack=snapshots.haystack, at_site=snapshots.is_at),
        empty="no snapshots",
        id="snapshots",
    )
    table.state.sort_by(_column(columns, "volume"))
    return {Place.SNAPSHOTS: table}


def _is_settled(task: Task) -> bool:
    return task.state in (TaskState.DONE, TaskState.CANCELLED)


def subject_of(place: Place, row: Any) -> Subject | None:
    """Return the object of a row, None when it has none."""
    make = _SUBJECTS.get(place)
    if row is None or make is None:
        return None
    kind, identifier, name = make(row)
    return Subject(kind, identifier, name) if identifier is not None else None


_SUBJECTS: dict[Place, Callable[[Any], tuple[str, str | None, str]]] = {
    Place.IMAGES: lambda row: ("image", row.key, row.image.label),
    Place.MIRRORS: lambda row: ("volume", row.volume_id, row.label),
    Place.VOLUMES: lambda row: ("volume", row.key, row.volume.label),
    Place.DUES: lambda row: ("volume", row.volume_id, row.volume or ""),
    Place.BACKUPS: lambda row: ("backup", row.key, row.backup.label),
    Place.SNAPSHOTS: lambda row: ("snapshot", row.key, row.snapshot.label),
    Place.SERVERS: lambda row: ("server", row.key, row.server.label),
    Place.TASKS: lambda row: ("task", str(row.number), row.title),
}
