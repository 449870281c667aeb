"""The task store: durable, shared by several connections, true about what is over."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dcn_console.model.errors import TaskStoreError, UsageError
from dcn_console.model.plans import ObjectReference, Plan
from dcn_console.model.tasks import (
    Progress,
    ProgressSource,
    StepState,
    Target,
    TargetState,
    TaskState,
)
from dcn_console.tasks.location import task_folder
from dcn_console.tasks.store import TaskStore, final_state


def a_plan(*sites: str, name: str = "cirros") -> Plan:
    return Plan(
        operation="copy-image",
        title=f"copy {name} → {', '.join(sites)}",
        objects=(ObjectReference(kind="image", id="i1", name=name),),
        targets=sites,
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TaskStore]:
    store = TaskStore(tmp_path / "tasks.sqlite")
    yield store
    store.close()


def test_a_submitted_task_is_queued_with_its_targets(store: TaskStore) -> None:
    task = store.submit(a_plan("dcn0", "dcn1"), "ann")
    assert task.state is TaskState.QUEUED
    assert [target.site for target in task.targets] == ["dcn0", "dcn1"]
    assert store.task(task.number) == task
    assert store.open_tasks() == (task,)


def test_numbers_grow_and_the_newest_comes_first(store: TaskStore) -> None:
    first = store.submit(a_plan("dcn0"), "ann")
    second = store.submit(a_plan("dcn0"), "ann")
    assert [task.number for task in store.tasks()] == [second.number, first.number]


def test_open_tasks_are_listed_beyond_the_limit(store: TaskStore) -> None:
    old_and_open = store.submit(a_plan("dcn0"), "ann")
    for _ in range(3):
        task = store.submit(a_plan("dcn0"), "ann")
        store.update_target(task.number, Target(site="dcn0", state=TargetState.DONE))
    assert old_and_open.number in [task.number for task in store.tasks(limit=1)]
    assert len(store.tasks(limit=1)) == 2


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((TargetState.DONE, TargetState.DONE), TaskState.DONE),
        ((TargetState.DONE, TargetState.FAILED), TaskState.PARTLY_DONE),
        ((TargetState.FAILED, TargetState.FAILED), TaskState.FAILED),
        ((TargetState.DONE, TargetState.CANCELLED), TaskState.CANCELLED),
        ((TargetState.FAILED, TargetState.CANCELLED), TaskState.CANCELLED),
        ((TargetState.DONE, TargetState.COPYING), None),
        ((TargetState.QUEUED,), None),
    ],
)
def test_the_state_of_a_task_follows_from_its_targets(
    states: tuple[TargetState, ...], expected: TaskState | None
) -> None:
    assert final_state([Target(site=str(i), state=s) for i, s in enumerate(states)]) is expected


def test_the_last_target_to_end_ends_the_task(store: TaskStore) -> None:
    number = store.submit(a_plan("dcn0", "dcn1"), "ann").number
    store.mark_started(number)
    store.update_target(number, Target(site="dcn0", state=TargetState.DONE))
    assert store.task(number).state is TaskState.RUNNING
    store.update_target(number, Target(site="dcn1", state=TargetState.FAILED, text="no room"))
    task = store.task(number)
    assert task.state is TaskState.PARTLY_DONE
    assert task.error == "dcn1: no room"
    assert task.finished_at is not None


def test_a_task_is_paused_while_all_that_is_left_of_it_is(store: TaskStore) -> None:
    number = store.submit(a_plan("dcn0", "dcn1"), "ann").number
    store.mark_started(number)
    for site, state, whole in (
        ("dcn0", TargetState.PAUSED, TaskState.RUNNING),
        ("dcn1", TargetState.PAUSED, TaskState.PAUSED),
        ("dcn0", TargetState.DONE, TaskState.PAUSED),
        ("dcn1", TargetState.COPYING, TaskState.RUNNING),
    ):
        store.update_target(number, Target(site=site, state=state))
        assert store.task(number).state is whole


def test_a_pause_is_asked_for_and_taken_back(store: TaskStore) -> None:
    number = store.submit(a_plan(), "ann").number
    assert store.request_pause(number).pause_requested_at is not None
    assert store.request_resume(number).pause_requested_at is None


def test_a_store_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "tasks.sqlite"
    store = TaskStore(path)
    number = store.submit(a_plan(), "ann").number
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE tasks DROP COLUMN pause_requested_at")
        connection.execute("ALTER TABLE steps DROP COLUMN outcome")
        connection.execute("ALTER TABLE steps DROP COLUMN moved")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    store = TaskStore(path)
    assert store.request_pause(number).pause_requested_at is not None
    row, _ = store.begin_step(number, "dcn0", "watch")
    store.end_step(row, StepState.DONE, "there", outcome="there", moved=7)
    (step,) = store.steps(number)
    assert (step.outcome, step.moved) == ("there", 7)
    store.close()


def test_a_finished_task_is_not_cancelled_afterwards(store: TaskStore) -> None:
    number = store.submit(a_plan("dcn0"), "ann").number
    store.update_target(number, Target(site="dcn0", state=TargetState.DONE))
    assert store.request_cancel(number).state is TaskState.DONE


def test_a_second_connection_sees_changes_and_its_version_moves(tmp_path: Path) -> None:
    one, other = TaskStore(tmp_path / "t.sqlite"), TaskStore(tmp_path / "t.sqlite")
    before = other.version()
    task = one.submit(a_plan("dcn0"), "ann")
    assert other.version() != before
    assert other.tasks() == (task,)
    before = one.version()
    progress = Progress(source=ProgressSource.RBD_IMAGE, done=5, total=10)
    other.update_target(
        task.number, Target(site="dcn0", state=TargetState.COPYING, progress=progress)
    )
    assert one.version() != before
    assert one.task(task.number).targets[0].progress == progress
    one.close()
    other.close()


def test_a_step_left_running_is_taken_up_again(store: TaskStore) -> None:
    number = store.submit(a_plan("dcn0"), "ann").number
    row, again = store.begin_step(number, "dcn0", "probe")
    assert not again
    assert store.begin_step(number, "dcn0", "probe") == (row, True)
    store.end_step(row, StepState.DONE, "answers")
    another, again = store.begin_step(number, "dcn0", "probe")
    assert (another != row, again) == (True, False)
    assert [step.state for step in store.steps(number)] == [StepState.DONE, StepState.RUNNING]


def test_the_log_keeps_order_and_no_secret(store: TaskStore) -> None:
    number = store.submit(a_plan("dcn0"), "ann").number
    store.add_log(number, "one", "dcn0")
    store.add_log(number, "key = AQBmRUpl8M8wGhAAvcq9J0W8Xj3YzKX7hZbm0w==")
    lines = store.log(number)
    assert [line.site for line in lines] == ["dcn0", None]
    assert "AQBm" not in lines[1].text
    assert store.log(number, limit=1) == lines[1:]


def test_rates_are_bytes_over_seconds_of_the_last_transfers(store: TaskStore) -> None:
    assert store.rate_to("dcn0") is None
    store.add_transfer("dcn0", 100, 10.0)
    store.add_transfer("dcn0", 300, 10.0)
    assert store.rate_to("dcn0") == 20.0
    assert store.rate_to("dcn1") is None


def test_an_unknown_number_names_the_way_out(store: TaskStore) -> None:
    with pytest.raises(UsageError, match="no task 7"):
        store.task(7)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tasks.sqlite"
    path.write_text("this is not a database, and long enough to be looked at" * 20)
    with pytest.raises(TaskStoreError, match=r"tasks\.sqlite"):
        TaskStore(path)


def test_the_store_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    folder = task_folder(tmp_path, "lab")
    TaskStore(folder.store).close()
    assert folder.store.stat().st_mode & 0o077 == 0
    assert folder.path.stat().st_mode & 0o077 == 0
    assert folder.path.parent.stat().st_mode & 0o077 == 0


def test_naming_a_folder_creates_nothing(tmp_path: Path) -> None:
    task_folder(tmp_path / "state", "lab")
    assert list(tmp_path.iterdir()) == []


def test_clouds_that_look_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    names = ["a/b", "a-b", "../../etc", "", "a b"]
    folders = {task_folder(tmp_path, name).path for name in names}
    assert len(folders) == len(names)
    assert all(folder.parent == tmp_path / "clouds" for folder in folders)
