"""Which volumes a plan is about, which are due, and which overdue."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from fake_dcn import a_topology
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.model.backup_plans import (
    BackupPlan,
    DueState,
    all_due,
    due,
    overdue,
    selected,
    to_run,
)
from dcn_console.model.inventory import Volume
from dcn_console.model.storage import Backup

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAILY = BackupPlan(name="daily", volumes="db-*", every=24, keep=7, incremental_of=2)
TOPOLOGY = a_topology("dcn0", "dcn1")


def a_volume(name: str = "db-1", zone: str = "dcn0-zone", hours: float = 1000) -> Volume:
    created = NOW - timedelta(hours=hours)
    return Volume(id=f"id-{name}", name=name, availability_zone=zone, created_at=created)


def a_backup(
    hours: float, *, status: str = "available", incremental: bool = False, name: str = "db-1"
) -> Backup:
    at = NOW - timedelta(hours=hours)
    return Backup(
        id=f"b{hours}",
        volume_id=f"id-{name}",
        status=status,
        incremental=incremental,
        data_at=at,
        created_at=at,
        fail_reason="no keyring" if status == "error" else None,
    )


def test_all_selectors_must_fit() -> None:
    volumes = [a_volume("db-1"), a_volume("db-2", "dcn1-zone"), a_volume("web")]
    assert [one.name for one in selected(DAILY, volumes, TOPOLOGY)] == ["db-1", "db-2"]
    there = msgspec.structs.replace(DAILY, site="dcn1")
    assert [one.name for one in selected(there, volumes, TOPOLOGY)] == ["db-2"]
    marked = BackupPlan(name="marked", metadata={"backup": "yes"}, every=1)
    assert selected(marked, volumes, TOPOLOGY) == ()
    assert [one.name for one in selected(marked, volumes, TOPOLOGY, {"id-web"})] == ["web"]
    assert selected(BackupPlan(name="nothing", every=1), volumes, TOPOLOGY) == ()


@pytest.mark.parametrize(
    ("hours", "state"),
    [
        (1, DueState.OK),
        (23.5, DueState.OK),
        (23.9, DueState.DUE),
        (26, DueState.DUE),
        (31, DueState.OVERDUE),
    ],
)
def test_age_makes_due_and_then_overdue(hours: float, state: DueState) -> None:
    assert due(DAILY, a_volume(), [a_backup(hours)], NOW).state is state


def test_a_failed_backup_does_not_count_and_is_told() -> None:
    judged = due(DAILY, a_volume(), [a_backup(40), a_backup(1, status="error")], NOW)
    assert judged.state is DueState.OVERDUE
    assert judged.failed == "no keyring"
    assert not judged.incremental
    assert judged.last_good is not None
    assert judged.age_seconds == 40 * 3600


def test_a_volume_without_a_backup_is_due_at_once_and_overdue_once_old() -> None:
    assert due(DAILY, a_volume(hours=1), [], NOW).state is DueState.DUE
    assert due(DAILY, a_volume(hours=100), [], NOW).state is DueState.OVERDUE


def test_one_under_way_is_waited_for() -> None:
    backups = [a_backup(40), a_backup(0.1, status="creating")]
    assert due(DAILY, a_volume(), backups, NOW).state is DueState.RUNNING


def test_after_so_many_increments_comes_a_full_one() -> None:
    full = a_backup(72)
    increments = [a_backup(48, incremental=True), a_backup(24, incremental=True)]
    assert due(DAILY, a_volume(), [full], NOW).incremental
    assert due(DAILY, a_volume(), [full, increments[0]], NOW).incremental
    assert not due(DAILY, a_volume(), [full, *increments], NOW).incremental


def test_the_most_urgent_comes_first_and_each_volume_runs_once() -> None:
    hourly = BackupPlan(name="hourly", volumes="db-1", every=1)
    volumes = [a_volume("db-1"), a_volume("db-2"), a_volume("db-3")]
    backups = [a_backup(30.5), a_backup(2, name="db-2")]
    judged = all_due([DAILY, hourly], volumes, backups, TOPOLOGY, NOW)
    assert [(one.volume.name, one.plan.name, one.state) for one in judged] == [
        ("db-3", "daily", DueState.OVERDUE),
        ("db-1", "hourly", DueState.OVERDUE),
        ("db-1", "daily", DueState.OVERDUE),
        ("db-2", "daily", DueState.OK),
    ]
    assert [(one.volume.name, one.plan.name) for one in to_run(judged)] == [
        ("db-3", "daily"),
        ("db-1", "hourly"),
    ]
    assert len(overdue(judged)) == 3


ages = st.integers(min_value=0, max_value=30000).map(lambda minutes: minutes / 60)
"""In hours; no two of a history are the same moment."""
plans = st.builds(
    BackupPlan,
    name=st.just("plan"),
    volumes=st.just("*"),
    every=st.floats(min_value=0.1, max_value=300.0),
    incremental_of=st.integers(min_value=0, max_value=4),
)
histories = st.lists(
    st.tuples(ages, st.sampled_from(["available", "error", "creating"]), st.booleans()),
    max_size=8,
    unique_by=lambda drawn: drawn[0],
).map(
    lambda drawn: [
        a_backup(hours, status=status, incremental=incremental)
        for hours, status, incremental in drawn
    ]
)


@given(plans, histories)
def test_a_fresh_good_backup_is_never_due_and_an_old_one_always(
    plan: BackupPlan, history: list[Backup]
) -> None:
    judged = due(plan, a_volume(), history, NOW)
    good = [NOW - one.data_at for one in history if one.status == "available" and one.data_at]
    busy = any(one.status == "creating" for one in history)
    if busy:
        assert judged.state is DueState.RUNNING
    elif not good:
        assert judged.state is DueState.OVERDUE
    elif min(good) < 0.9 * plan.interval:
        assert judged.state is DueState.OK
    elif min(good) > plan.interval:
        assert judged.state in (DueState.DUE, DueState.OVERDUE)


@given(plans, ages, ages, histories)
def test_time_only_makes_it_more_urgent(
    plan: BackupPlan, first: float, second: float, history: list[Backup]
) -> None:
    order = [DueState.OK, DueState.DUE, DueState.OVERDUE]
    settled = [one for one in history if one.status != "creating"]
    early, late = sorted((first, second))
    before = due(plan, a_volume(), settled, NOW + timedelta(hours=early)).state
    after = due(plan, a_volume(), settled, NOW + timedelta(hours=late)).state
    assert order.index(before) <= order.index(after)


@given(plans, histories)
def test_an_increment_only_builds_on_the_newest_good_backup(
    plan: BackupPlan, history: list[Backup]
) -> None:
    judged = due(plan, a_volume(), history, NOW)
    if judged.incremental:
        newest = max(history, key=lambda one: one.data_at or NOW)
        assert newest.status == "available"
        assert plan.incremental_of > 0
