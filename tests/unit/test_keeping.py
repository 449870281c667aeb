"""What did not change stays the same object, at no cost a row, and is nothing to collect."""

import gc
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcn_console.inventory.join import Joiner
from dcn_console.inventory.keeping import changes, same_rows, touched
from dcn_console.inventory.snapshots import grown, patched, swept
from dcn_console.model.backup_chains import BackupNode
from dcn_console.model.inventory import (
    Image,
    Inventory,
    RbdImage,
    RbdLocation,
    Server,
    Snapshot,
    Store,
    Volume,
)
from dcn_console.model.rows import (
    BackupRow,
    Cell,
    Finding,
    ImageRow,
    Placement,
    ServerRow,
    Severity,
    SnapshotRow,
    VolumeRow,
)
from dcn_console.model.sites import Role, Site, Topology
from dcn_console.model.storage import Backup, VolumeSnapshot

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOPOLOGY = Topology(
    sites=(
        Site(name="paris", role=Role.HUB, store="paris", availability_zone="paris"),
        Site(name="lyon", store="lyon", availability_zone="lyon"),
    )
)

volumes = st.lists(
    st.builds(Volume, id=st.sampled_from("abcdefgh"), size=st.integers(0, 1)),
    unique_by=lambda volume: volume.id,
)


@st.composite
def two_lists(draw: st.DrawFn) -> tuple[tuple[Volume, ...], tuple[Volume, ...]]:
    """A list and what it became: some the same objects, some equal, some other, some new."""
    old = draw(volumes)
    known = {volume.id: volume for volume in old}
    new = [
        known.get(volume.id, volume) if draw(st.booleans()) else volume for volume in draw(volumes)
    ]
    if draw(st.booleans()):
        new.sort(key=lambda volume: volume.id)
        old.sort(key=lambda volume: volume.id)
    return tuple(old), tuple(new)


@given(two_lists())
def test_what_changed_is_what_is_another_object(
    lists: tuple[tuple[Volume, ...], tuple[Volume, ...]],
) -> None:
    old, new = lists
    gone, came = changes(old, new)
    assert gone == [row for row in old if not any(row is other for other in new)]
    assert came == [row for row in new if not any(row is other for other in old)]
    assert touched(old, new) == {row.id for row in (*gone, *came)}


@given(two_lists())
def test_equal_rows_stay_the_old_objects(
    lists: tuple[tuple[Volume, ...], tuple[Volume, ...]],
) -> None:
    old, new = (tuple(VolumeRow(volume=volume) for volume in few) for few in lists)
    known = {row.key: row for row in old}
    kept = same_rows(old, new)
    assert kept == new
    assert all(row is known[row.key] for row in kept if known.get(row.key) == row)
    assert (kept is old) == (old == new)


@given(two_lists(), st.integers(0, 8))
def test_snapshots_keep_what_equals(
    lists: tuple[tuple[Volume, ...], tuple[Volume, ...]], length: int
) -> None:
    old, new = lists
    known = {row.id: row for row in old}
    snapshot = Snapshot(rows=old)

    def keeps(rows: Sequence[Volume], wanted: Sequence[Volume]) -> bool:
        return tuple(rows) == tuple(wanted) and all(
            row is known[row.id] for row in rows if known.get(row.id) == row
        )

    assert keeps(swept(snapshot, new, NOW).rows, new)
    page = new[:length]
    later = [row for row in old if row.id not in {one.id for one in page}]
    assert keeps(grown(snapshot, page, NOW).rows, [*page, *later])
    gone = frozenset(row.id for row in new[length:])
    again = {row.id: row for row in page}
    wanted = [again.get(row.id, row) for row in old if row.id not in gone]
    assert keeps(patched(snapshot, page, gone).rows, wanted)
    assert (patched(snapshot, page, gone) is snapshot) == (wanted == list(old))


def steps(work: Callable[[], object]) -> int:
    """Return how many functions are entered, or gone on with, while ``work`` runs.

    Not counting those that the collector calls back.
    """
    entered = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal entered
        entered += event == "call"

    collecting = gc.isenabled()
    gc.disable()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        if collecting:
            gc.enable()
    return entered


def an_inventory(number: int) -> Inventory:
    return Inventory(
        topology=TOPOLOGY,
        stores=Snapshot(rows=(Store(id="paris"), Store(id="lyon"))),
        images=Snapshot(
            rows=tuple(
                Image(id=f"i{index}", status="active", size=1, stores=("paris",))
                for index in range(number)
            )
        ),
        volumes=Snapshot(
            rows=tuple(
                Volume(id=f"v{index}", image_id=f"i{index}", availability_zone="lyon")
                for index in range(number)
            )
        ),
    )


def steps_again(number: int) -> int:
    """Return the steps of a join when every list was read again and nothing changed."""
    inventory = an_inventory(number)
    joiner = Joiner()
    first = joiner.rows(inventory, (), NOW)
    assert len(first.findings) == number
    again = replace(
        inventory,
        images=swept(inventory.images, [*inventory.images.rows], NOW),
        volumes=grown(inventory.volumes, inventory.volumes.rows[: number // 2], NOW),
    )
    joined: list[Any] = []
    entered = steps(lambda: joined.append(joiner.rows(again, (), NOW)))
    assert joined[0] is first
    return entered


def test_joining_again_costs_nothing_a_row() -> None:
    assert steps_again(10) == steps_again(1000)


@pytest.mark.parametrize("number", [200, 2000])
def test_one_change_makes_only_few_rows_anew(number: int) -> None:
    inventory = an_inventory(number)
    joiner = Joiner()
    first = joiner.rows(inventory, (), NOW)
    images = [*inventory.images.rows]
    images[5] = replace(images[5], stores=("paris", "lyon"))
    changed = replace(inventory, images=Snapshot(rows=tuple(images)))
    new = joiner.rows(changed, (), NOW)
    differing = [
        row.key for row, old in zip(new.images, first.images, strict=True) if row is not old
    ]
    assert differing == ["i5"]
    assert new.volumes is first.volumes
    kept = {id(finding) for finding in first.findings}
    assert len(new.findings) == number - 1
    assert all(id(finding) in kept for finding in new.findings)


IMAGE = Image(id="i", stores=("a",), locations=(RbdLocation(store="a", fsid="f", pool="p"),))
BACKUP = Backup(id="b", data_at=NOW)
FINDING = Finding(kind="k", severity=Severity.NOTICE, key="i", text="t")


@pytest.mark.parametrize(
    "row",
    [
        IMAGE,
        Volume(id="v"),
        Server(id="s", volumes=("v",)),
        BACKUP,
        VolumeSnapshot(id="t"),
        RbdImage(name="i"),
        FINDING,
        Cell(site="paris", state=Placement.PRESENT),
        ImageRow(image=IMAGE, findings=(FINDING,)),
        VolumeRow(volume=Volume(id="v"), last_backup=BACKUP),
        ServerRow(server=Server(id="s"), root=Volume(id="v")),
        SnapshotRow(snapshot=VolumeSnapshot(id="t")),
        BackupRow(node=BackupNode(backup=BACKUP)),
    ],
    ids=lambda row: type(row).__name__,
)
def test_what_there_is_most_of_is_no_work_for_the_collector(row: object) -> None:
    assert not gc.is_tracked(row)
