"""The SQLite file behind the task store: opening it, its tables, one connection a process."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dcn_console.config.files import FILE_MODE, ensure_folder
from dcn_console.model.errors import TaskStoreError

SCHEMA_VERSION = 3
BUSY_SECONDS = 10.0

_TABLES = """
CREATE TABLE IF NOT EXISTS tasks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    operation TEXT NOT NULL,
    state TEXT NOT NULL,
    plan BLOB NOT NULL,
    submitted_at TEXT NOT NULL,
    submitted_by TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    cancel_requested_at TEXT,
    pause_requested_at TEXT,
    retry_of INTEGER,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS tasks_by_state ON tasks (state);
CREATE TABLE IF NOT EXISTS targets (
    task INTEGER NOT NULL REFERENCES tasks (number),
    position INTEGER NOT NULL,
    site TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (task, site)
);
CREATE TABLE IF NOT EXISTS steps (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    task INTEGER NOT NULL REFERENCES tasks (number),
    site TEXT,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    outcome TEXT NOT NULL DEFAULT '',
    moved INTEGER
);
CREATE INDEX IF NOT EXISTS steps_by_task ON steps (task);
CREATE TABLE IF NOT EXISTS log (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    task INTEGER NOT NULL REFERENCES tasks (number),
    site TEXT,
    at TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS log_by_task ON log (task);
CREATE TABLE IF NOT EXISTS transfers (
    site TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    seconds REAL NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS transfers_by_site ON transfers (site);
"""
_CHANGES = {
    1: ("ALTER TABLE tasks ADD COLUMN pause_requested_at TEXT",),
    2: (
        "ALTER TABLE steps ADD COLUMN outcome TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE steps ADD COLUMN moved INTEGER",
    ),
}
"""What brings a file of that version to the next one."""


def moment(text: str | None) -> datetime | None:
    """Return the time in a column, None for an empty one."""
    return None if text is None else datetime.fromisoformat(text)


def _statements(found: int) -> Iterator[str]:
    """Yield what brings a file of version ``found``, 0 for an empty one, to ours."""
    if found == 0:
        yield from _TABLES.split(";")
    else:
        for version in range(found, SCHEMA_VERSION):
            yield from _CHANGES[version]


class Database:
    """One connection, shared by this process's threads and guarded by a lock.

    Write-ahead logging lets consoles read while the runner writes; every commit is on
    disk before the call returns.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file, readable by its owner alone.

        Raises TaskStoreError when it cannot be opened, or was written by a newer version.
        """
        self._path = path
        self._lock = threading.RLock()
        try:
            ensure_folder(path.parent)
            path.touch(mode=FILE_MODE, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise TaskStoreError(
                f"The task store {path} cannot be opened: {error}.",
                way_out="Check that the file is a task store and that you may write to it.",
            ) from error

    def _prepare(self) -> None:
        with self.transaction() as connection:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found > SCHEMA_VERSION:
                raise TaskStoreError(
                    f"The task store {self._path} was written by a newer dcn-console "
                    f"(its version is {found}, this one knows {SCHEMA_VERSION}).",
                    way_out="Use the newer version, or another state folder.",
                )
            if found < SCHEMA_VERSION:
                for statement in _statements(found):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the body in one write transaction; an exception rolls it back.

        Raises TaskStoreError when the database refuses.
        """
        with self._lock, self._reported():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query; raises TaskStoreError when the database refuses."""
        with self._lock, self._reported():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise TaskStoreError(f"The task store {self._path} failed: {error}.") from error

    def close(self) -> None:
        """Close the connection; the database must not be used afterwards."""
        with self._lock:
            self._connection.close()
