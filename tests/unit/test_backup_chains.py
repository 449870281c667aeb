"""Which backup builds on which, what can be deleted, and what retention lets go."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.model.backup_chains import (
    GOOD,
    chain_of,
    data_time,
    deletion_order,
    last_good,
    nodes,
    to_drop,
)
from dcn_console.model.storage import Backup

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def a_backup(hour: int, *, incremental: bool = False, status: str = GOOD, **more: str) -> Backup:
    at = BEGAN + timedelta(hours=hour)
    return Backup(
        id=f"b{hour:03}",
        name=f"backup {hour}",
        volume_id=more.get("volume", "v1"),
        status=status,
        incremental=incremental,
        data_at=at,
        created_at=at,
    )


FULL, FIRST, SECOND = a_backup(1), a_backup(2, incremental=True), a_backup(3, incremental=True)
NEXT, LATER = a_backup(4), a_backup(5, incremental=True)


def test_an_increment_builds_on_the_backup_before_it() -> None:
    tree = nodes([LATER, FIRST, NEXT, SECOND, FULL])
    drawn = [(node.backup.id, node.depth, node.parent, node.chain) for node in tree]
    assert [node.order for node in tree] == [0, 1, 2, 3, 4]
    assert drawn == [
        ("b004", 0, None, "b004"),
        ("b005", 1, "b004", "b004"),
        ("b001", 0, None, "b001"),
        ("b002", 1, "b001", "b001"),
        ("b003", 2, "b002", "b001"),
    ]


def test_what_others_build_on_cannot_be_deleted_by_itself() -> None:
    tree = {node.backup.id: node for node in nodes([FULL, FIRST, SECOND])}
    assert tree["b001"].obstacle == "backup 2 and 1 other build on it"
    assert tree["b001"].dependents == ("b002", "b003")
    assert tree["b002"].obstacle == "backup 3 builds on it"
    assert tree["b003"].obstacle == ""
    busy = nodes([a_backup(1, status="restoring")])
    assert busy[0].obstacle == "it is restoring"


def test_a_failed_backup_is_built_on_by_nothing_and_chains_of_volumes_stay_apart() -> None:
    failed = a_backup(2, status="error")
    other = a_backup(2, volume="v2")
    tree = {node.backup.id: node for node in nodes([FULL, failed, SECOND])}
    assert tree["b003"].parent == "b001"
    assert [node.chain for node in nodes([FULL, other])] == ["b001", "b002"]


def test_an_increment_without_its_parent_is_broken() -> None:
    (node,) = nodes([FIRST])
    assert node.is_broken
    assert node.chain == "b002"


def test_a_failed_backup_of_a_snapshot_would_take_the_good_one_with_it() -> None:
    good = msgspec.structs.replace(a_backup(1), snapshot_id="s1")
    failed = msgspec.structs.replace(a_backup(2, status="error"), snapshot_id="s1")
    tree = {node.backup.id: node for node in nodes([good, failed])}
    assert "data of backup 1" in tree["b002"].obstacle
    assert tree["b001"].obstacle == ""
    without_image = a_backup(3, status="error")
    assert "data of backup 1" in nodes([good, without_image])[0].obstacle
    kept = [node.backup.id for node in to_drop([without_image, a_backup(4), good], 2)]
    assert kept == []
    assert [node.backup.id for node in to_drop([without_image, a_backup(4), good], 1)] == [
        "b003",
        "b001",
    ]


def test_a_backup_where_no_service_works_cannot_be_deleted() -> None:
    failed = msgspec.structs.replace(a_backup(1, status="error"), availability_zone="edge")
    without_zone = a_backup(2, volume="v2")
    known = nodes([failed, without_zone], frozenset({"hub"}))
    assert [node.obstacle for node in known] == ["no cinder-backup works in its zone, edge", ""]
    assert [node.obstacle for node in nodes([failed, without_zone])] == ["", ""]
    nowhere = nodes([without_zone], frozenset())
    assert nowhere[0].obstacle == "no cinder-backup works"
    assert nodes([failed], frozenset({"edge"}))[0].obstacle == ""


def test_a_chain_is_deleted_newest_first() -> None:
    chain = chain_of(FIRST, [FULL, FIRST, SECOND, NEXT])
    assert [node.backup.id for node in chain] == ["b001", "b002", "b003"]
    assert [node.backup.id for node in deletion_order(chain)] == ["b003", "b002", "b001"]


def test_retention_lets_only_whole_older_chains_go() -> None:
    everything = [FULL, FIRST, SECOND, NEXT, LATER]
    assert [node.backup.id for node in to_drop(everything, 2)] == ["b003", "b002", "b001"]
    assert to_drop(everything, 3) == ()
    assert [node.backup.id for node in to_drop([*everything, a_backup(6)], 1)] == [
        "b003",
        "b005",
        "b002",
        "b004",
        "b001",
    ]


def test_the_last_good_backup_never_goes() -> None:
    failed = [a_backup(hour, status="error") for hour in (7, 8, 9)]
    assert "b005" not in {node.backup.id for node in to_drop([FULL, NEXT, LATER, *failed], 0)}
    assert to_drop([a_backup(1, status="error")], 1) == ()


statuses = st.sampled_from([GOOD, GOOD, GOOD, "error", "creating", "restoring", "deleting"])
histories = st.lists(
    st.builds(lambda incremental, status: (incremental, status), st.booleans(), statuses),
    max_size=14,
).map(
    lambda drawn: [
        a_backup(hour, incremental=incremental, status=status)
        for hour, (incremental, status) in enumerate(drawn)
    ]
)


@given(histories, st.integers(min_value=0, max_value=8))
def test_retention_keeps_what_it_must(history: list[Backup], keep: int) -> None:
    dropped = to_drop(history, keep)
    gone = {node.backup.id for node in dropped}
    tree = {node.backup.id: node for node in nodes(history)}
    good = sorted((one for one in history if one.status == GOOD), key=data_time)
    stays = [one.id for one in good if one.id not in gone]
    assert len(stays) >= min(max(1, keep), len(good))
    last = last_good(history)
    assert last is None or last.id not in gone
    for node in dropped:
        assert set(tree[node.backup.id].dependents) <= gone
        assert {other.backup.id for other in tree.values() if other.chain == node.chain} <= gone
    for position, node in enumerate(dropped):
        earlier = {one.backup.id for one in dropped[:position]}
        assert set(node.dependents) <= earlier


@given(histories)
def test_every_backup_is_drawn_once_below_its_parent(history: list[Backup]) -> None:
    tree = nodes(history)
    assert sorted(node.backup.id for node in tree) == sorted(one.id for one in history)
    seen: dict[str, int] = {}
    for node in tree:
        if node.parent is not None:
            assert node.depth == seen[node.parent] + 1
        seen[node.backup.id] = node.depth
