"""Whatever SQLite there is tells the milliseconds that the durable engine asks for."""

import time

from sqlalchemy import create_engine, text

from dcn_console.runner.sqlite_clock import teach_sqlite_milliseconds


def test_a_database_made_afterwards_tells_milliseconds() -> None:
    teach_sqlite_milliseconds()
    teach_sqlite_milliseconds()
    made = "CREATE TABLE t (id TEXT, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"
    before = int(time.time() * 1000) - 1
    with create_engine("sqlite://").begin() as connection:
        connection.execute(text(made))
        connection.execute(text("INSERT INTO t (id) VALUES ('x')"))
        (told,) = connection.execute(text("SELECT at FROM t")).one()
    assert before <= told <= time.time() * 1000 + 1
