"""What a running task writes down besides its state: steps, log, and how fast data went."""

from collections.abc import Callable
from datetime import datetime

from dcn_console.model.secrets import redact
from dcn_console.model.tasks import LogLine, StepRecord, StepState
from dcn_console.tasks.database import Database, moment

_RATE_SAMPLES = 5


class Journal:
    """The steps, logs and transfers of all tasks. ``clock`` is where times written come from."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin_step(self, number: int, site: str | None, name: str) -> tuple[int, bool]:
        """Record that a step begins; return the record's id, and whether it had begun before.

        A record that a dead runner left running is taken up again, not repeated.
        """
        with self._database.transaction() as connection:
            left = connection.execute(
                "SELECT row FROM steps WHERE task = ? AND site IS ? AND name = ? AND state = ?",
                (number, site, name, StepState.RUNNING.value),
            ).fetchone()
            if left is not None:
                return int(left["row"]), True
            cursor = connection.execute(
                "INSERT INTO steps (task, site, name, state, text, started_at)"
                " VALUES (?, ?, ?, ?, '', ?)",
                (number, site, name, StepState.RUNNING.value, self._clock().isoformat()),
            )
            return int(cursor.lastrowid or 0), False

    def end_step(
        self,
        row: int,
        state: StepState,
        text: str,
        *,
        outcome: str = "",
        moved: int | None = None,
    ) -> None:
        """Record how a step ended; ``moved`` in bytes."""
        now = self._clock().isoformat()
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE steps SET state = ?, text = ?, finished_at = ?, outcome = ?, moved = ?"
                " WHERE row = ?",
                (state.value, redact(text), now, outcome, moved, row),
            )

    def steps(self, number: int) -> tuple[StepRecord, ...]:
        """Return the steps of a task in the order they began."""
        rows = self._database.read("SELECT * FROM steps WHERE task = ? ORDER BY row", number)
        return tuple(
            StepRecord(
                name=row["name"],
                site=row["site"],
                state=StepState(row["state"]),
                text=row["text"],
                outcome=row["outcome"],
                moved=row["moved"],
                started_at=datetime.fromisoformat(row["started_at"]),
                finished_at=moment(row["finished_at"]),
            )
            for row in rows
        )

    def add_log(self, number: int, text: str, site: str | None = None) -> None:
        """Add a line to a task's log, secrets redacted."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO log (task, site, at, text) VALUES (?, ?, ?, ?)",
                (number, site, self._clock().isoformat(), redact(text)),
            )

    def log(self, number: int, limit: int = 1000) -> tuple[LogLine, ...]:
        """Return the last ``limit`` lines of a task's log, the oldest first."""
        rows = self._database.read(
            "SELECT * FROM log WHERE task = ? ORDER BY row DESC LIMIT ?", number, limit
        )
        return tuple(
            LogLine(at=datetime.fromisoformat(row["at"]), site=row["site"], text=row["text"])
            for row in reversed(rows)
        )

    def add_transfer(self, site: str, count: int, seconds: float) -> None:
        """Remember that ``count`` bytes went to ``site`` in ``seconds``, for later estimates."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO transfers (site, bytes, seconds, at) VALUES (?, ?, ?, ?)",
                (site, count, seconds, self._clock().isoformat()),
            )

    def rate_to(self, site: str) -> float | None:
        """Return the bytes per second of the last transfers to ``site``, or None without any."""
        row = self._database.read(
            "SELECT SUM(bytes) AS bytes, SUM(seconds) AS seconds FROM"
            " (SELECT bytes, seconds FROM transfers WHERE site = ? ORDER BY rowid DESC LIMIT ?)",
            site,
            _RATE_SAMPLES,
        )[0]
        return row["bytes"] / row["seconds"] if row["seconds"] else None
