"""The task store: submitted plans and all that became of them.

Faces insert tasks and ask for cancellation; everything else is written by the one runner.
"""

import sqlite3
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.secrets import redact
from dcn_console.model.tasks import (
    Target,
    TargetState,
    Task,
    TaskState,
)
from dcn_console.tasks.database import Database, moment
from dcn_console.tasks.journal import Journal

DEFAULT_LIMIT = 500


def _now() -> datetime:
    return datetime.now(UTC)


def final_state(targets: Sequence[Target]) -> TaskState | None:
    """Return the state of a task whose targets are as given, or None while one is not over.

    A task with a cancelled target is cancelled, whatever the others came to.
    """
    states = {target.state for target in targets}
    if any(not state.is_over for state in states):
        return None
    if TargetState.CANCELLED in states:
        return TaskState.CANCELLED
    if states == {TargetState.FAILED}:
        return TaskState.FAILED
    if TargetState.FAILED in states:
        return TaskState.PARTLY_DONE
    return TaskState.DONE


class _Stated(msgspec.Struct, frozen=True):
    state: TargetState


def _state(body: bytes) -> TargetState:
    return msgspec.json.decode(body, type=_Stated).state


class TaskStore(Journal):
    """Tasks on disk. Every method is safe to call from any thread and raises TaskStoreError.

    ``clock`` is where times written come from.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = _now) -> None:
        """Open or create the store at ``path``."""
        super().__init__(Database(path), clock)
        self._plans: dict[int, Plan] = {}

    def close(self) -> None:
        """Close the store."""
        self._database.close()

    def version(self) -> int:
        """Return a number that changes when another connection has written to the store."""
        return int(self._database.read("PRAGMA data_version")[0][0])

    def submit(self, plan: Plan, submitted_by: str, retry_of: int | None = None) -> Task:
        """Add a queued task for ``plan`` and return it; it is on disk when this returns."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO tasks"
                " (id, operation, state, plan, submitted_at, submitted_by, retry_of)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    uuid.uuid4().hex,
                    plan.operation,
                    TaskState.QUEUED.value,
                    msgspec.json.encode(plan),
                    self._clock().isoformat(),
                    submitted_by,
                    retry_of,
                ),
            )
            number = int(cursor.lastrowid or 0)
            for position, site in enumerate(plan.targets):
                body = msgspec.json.encode(Target(site=site))
                connection.execute(
                    "INSERT INTO targets (task, position, site, body) VALUES (?, ?, ?, ?)",
                    (number, position, site, body),
                )
        return self.task(number)

    def tasks(self, limit: int = DEFAULT_LIMIT) -> tuple[Task, ...]:
        """Return the newest ``limit`` tasks and every open one, the newest first."""
        rows = self._database.read(
            "SELECT * FROM tasks WHERE finished_at IS NULL OR number IN"
            " (SELECT number FROM tasks ORDER BY number DESC LIMIT ?) ORDER BY number DESC",
            limit,
        )
        return self._tasks(rows)

    def open_tasks(self) -> tuple[Task, ...]:
        """Return the tasks that are not over, the oldest first."""
        rows = self._database.read("SELECT * FROM tasks WHERE finished_at IS NULL ORDER BY number")
        return self._tasks(rows)

    def task(self, number: int) -> Task:
        """Return one task; raises UsageError when there is none of that number."""
        rows = self._database.read("SELECT * FROM tasks WHERE number = ?", number)
        if not rows:
            raise UsageError(
                f"There is no task {number}.", way_out="List them with: dcn-console task list"
            )
        return self._tasks(rows)[0]

    def _tasks(self, rows: list[sqlite3.Row]) -> tuple[Task, ...]:
        if not rows:
            return ()
        targets: dict[int, list[Target]] = {}
        numbers = [int(row["number"]) for row in rows]
        for row in self._database.read(
            "SELECT task, body FROM targets WHERE task BETWEEN ? AND ? ORDER BY task, position",
            min(numbers),
            max(numbers),
        ):
            target = msgspec.json.decode(row["body"], type=Target)
            targets.setdefault(int(row["task"]), []).append(target)
        return tuple(self._task(row, tuple(targets.get(int(row["number"]), ()))) for row in rows)

    def _task(self, row: sqlite3.Row, targets: tuple[Target, ...]) -> Task:
        number = int(row["number"])
        plan = self._plans.get(number)
        if plan is None:
            plan = self._plans[number] = msgspec.json.decode(row["plan"], type=Plan)
        return Task(
            number=number,
            id=row["id"],
            plan=plan,
            state=TaskState(row["state"]),
            targets=targets,
            submitted_at=datetime.fromisoformat(row["submitted_at"]),
            started_at=moment(row["started_at"]),
            finished_at=moment(row["finished_at"]),
            submitted_by=row["submitted_by"],
            cancel_requested_at=moment(row["cancel_requested_at"]),
            pause_requested_at=moment(row["pause_requested_at"]),
            retry_of=row["retry_of"],
            error=row["error"],
        )

    def request_cancel(self, number: int) -> Task:
        """Note that a task is to be cancelled; the runner acts on it.

        A task that is over stays as it is.
        """
        self.task(number)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tasks SET cancel_requested_at = COALESCE(cancel_requested_at, ?),"
                " state = ? WHERE number = ? AND finished_at IS NULL",
                (self._clock().isoformat(), TaskState.CANCELLING.value, number),
            )
        return self.task(number)

    def request_pause(self, number: int) -> Task:
        """Note that a task is to wait before its next step; one that is over stays as it is."""
        return self._set_pause(number, self._clock().isoformat())

    def request_resume(self, number: int) -> Task:
        """Note that a paused task is to go on."""
        return self._set_pause(number, None)

    def _set_pause(self, number: int, at: str | None) -> Task:
        self.task(number)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tasks SET pause_requested_at = ? WHERE number = ? AND finished_at IS NULL",
                (at, number),
            )
        return self.task(number)

    def mark_started(self, number: int) -> None:
        """Turn a queued task into a running one."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tasks SET state = ?, started_at = COALESCE(started_at, ?)"
                " WHERE number = ? AND state = ?",
                (
                    TaskState.RUNNING.value,
                    self._clock().isoformat(),
                    number,
                    TaskState.QUEUED.value,
                ),
            )

    def update_target(self, number: int, target: Target) -> None:
        """Write a target; the task's state follows: over when this was the last, or paused."""
        target = msgspec.structs.replace(target, text=redact(target.text), updated_at=self._clock())
        with self._database.transaction() as connection:
            before = connection.execute(
                "SELECT body FROM targets WHERE task = ? AND site = ?", (number, target.site)
            ).fetchone()
            connection.execute(
                "UPDATE targets SET body = ? WHERE task = ? AND site = ?",
                (msgspec.json.encode(target), number, target.site),
            )
            if before is not None and target.state is not _state(before["body"]):
                self._follow(connection, number)

    def _follow(self, connection: sqlite3.Connection, number: int) -> None:
        """Let the task's state follow its targets': paused, running again, or over."""
        rows = connection.execute(
            "SELECT body FROM targets WHERE task = ? ORDER BY position", (number,)
        ).fetchall()
        targets = [msgspec.json.decode(row["body"], type=Target) for row in rows]
        state = final_state(targets)
        if state is None:
            left = {target.state for target in targets if not target.state.is_over}
            paused = left == {TargetState.PAUSED}
            before, after = TaskState.PAUSED, TaskState.RUNNING
            if paused:
                before, after = after, before
            connection.execute(
                "UPDATE tasks SET state = ? WHERE number = ? AND state = ?",
                (after.value, number, before.value),
            )
            return
        failures = [
            f"{target.site}: {target.text}"
            for target in targets
            if target.state is TargetState.FAILED
        ]
        connection.execute(
            "UPDATE tasks SET state = ?, finished_at = ?, error = ?"
            " WHERE number = ? AND finished_at IS NULL",
            (state.value, self._clock().isoformat(), "; ".join(failures), number),
        )
