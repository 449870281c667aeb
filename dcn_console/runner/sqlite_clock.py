"""Milliseconds for a SQLite that cannot tell them.

From Python 3.12 on DBOS has SQLite say the time as ``unixepoch('subsec')`` (DBOS:
dbos/_migration.py), which SQLite knows since 3.42 (SQLite: Date And Time Functions, release
3.42.0). A Python built on Debian 12 has SQLite 3.40, where that is NULL and no runner starts.
"""

import sqlite3
import time

from sqlalchemy import Engine, event

_KNOWS_SUBSEC = (3, 42)


def seconds_since_epoch(*_modifiers: object) -> float:
    """Return the seconds since 1970, to the millisecond, as ``unixepoch('subsec')`` does."""
    return round(time.time(), 3)


def _teach(connection: sqlite3.Connection, _record: object) -> None:
    connection.create_function("unixepoch", 1, seconds_since_epoch)


def teach_sqlite_milliseconds() -> None:
    """See that the databases that this process opens from now on can tell milliseconds."""
    if sqlite3.sqlite_version_info < _KNOWS_SUBSEC and not event.contains(
        Engine, "connect", _teach
    ):
        event.listen(Engine, "connect", _teach)
