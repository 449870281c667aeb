"""The inventory on disk: what is saved comes back as cached, everything else is no inventory."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.inventory.cache import load, save
from dcn_console.model.inventory import (
    Capacity,
    ClusterState,
    Image,
    Inventory,
    RbdImage,
    RbdLocation,
    Server,
    Snapshot,
    Source,
    Volume,
)
from dcn_console.model.sites import Site, Topology
from dcn_console.model.storage import Backup, VolumeSnapshot

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
INVENTORY = Inventory(
    topology=Topology(sites=(Site(name="paris"),)),
    images=Snapshot(
        rows=(
            Image(
                id="i1",
                name="😀",
                stores=("a",),
                locations=(RbdLocation(store="a", fsid="f", pool="p"),),
            ),
        ),
        generation=7,
        taken_at=NOW,
        complete=True,
        source=Source.LIVE,
        error="was ill",
        failing_since=NOW,
    ),
    volumes=Snapshot(rows=(Volume(id="v1", size=2**40, created_at=NOW),), source=Source.LIVE),
    clusters={
        "paris": Snapshot(
            rows=(
                ClusterState(
                    site="paris",
                    capacity=Capacity(total=3, used=2, available=1),
                    images={"i1": RbdImage(name="i1", size=1, snap=True)},
                ),
            ),
            source=Source.LIVE,
        )
    },
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "inventory"


def test_rows_and_their_age_come_back_and_nothing_claims_to_be_fresh(path: Path) -> None:
    save(INVENTORY, path, "lab")
    loaded = load(path, "lab")
    assert loaded is not None
    assert loaded.images.rows == INVENTORY.images.rows
    assert loaded.images.taken_at == NOW
    assert loaded.images.source is Source.CACHE
    assert not loaded.images.complete
    assert (loaded.images.error, loaded.images.failing_since) == (None, None)
    assert loaded.clusters["paris"].rows == INVENTORY.clusters["paris"].rows
    assert loaded.clusters["paris"].source is Source.CACHE
    assert loaded.servers.source is Source.NONE


def test_servers_snapshots_and_backups_come_back(path: Path) -> None:
    backups = tuple(
        Backup(id=f"b{number}", volume_id="v1", metadata={"k": "😀"}, data_at=NOW)
        for number in range(6000)
    )
    more = msgspec.structs.replace(
        INVENTORY,
        servers=Snapshot(rows=(Server(id="s1", volumes=("v1",)),), source=Source.LIVE),
        snapshots=Snapshot(rows=(VolumeSnapshot(id="n1"),), source=Source.LIVE, notice="only own"),
        backups=Snapshot(rows=backups, source=Source.LIVE, complete=True),
    )
    save(more, path, "lab")
    loaded = load(path, "lab")
    assert loaded is not None
    assert loaded.servers.rows == more.servers.rows
    assert loaded.snapshots.rows == more.snapshots.rows
    assert loaded.snapshots.notice == "only own"
    assert loaded.backups.rows == backups
    assert (loaded.backups.source, loaded.backups.complete) == (Source.CACHE, False)
    assert loaded.backups.rows[0].volume_id is loaded.backups.rows[1].volume_id


def test_only_the_owner_may_read_it(path: Path) -> None:
    save(INVENTORY, path, "lab")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["inventory"]


def test_another_clouds_cache_is_not_ours(path: Path) -> None:
    save(INVENTORY, path, "lab")
    assert load(path, "production") is None


def test_saving_again_replaces(path: Path) -> None:
    save(INVENTORY, path, "lab")
    save(msgspec.structs.replace(INVENTORY, images=Snapshot()), path, "lab")
    loaded = load(path, "lab")
    assert loaded is not None
    assert loaded.images.rows == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        b"not msgpack",
        msgspec.msgpack.encode({"version": 0, "cloud": "lab"}),
        msgspec.msgpack.encode({"version": 1, "cloud": "lab"}),
        msgspec.msgpack.encode({"version": 1, "cloud": "lab", "inventory": {"images": 7}}),
        msgspec.msgpack.encode([1, 2]),
    ],
)
def test_a_broken_or_old_file_is_no_inventory(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert load(path, "lab") is None


def test_no_file_is_no_inventory(path: Path) -> None:
    assert load(path, "lab") is None


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=400))
def test_a_file_cut_or_damaged_anywhere_is_no_crash(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, position: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "inventory"
    save(INVENTORY, path, "lab")
    whole = path.read_bytes()
    path.write_bytes(whole[:position] + noise)
    load(path, "lab")


def test_a_file_cut_off_anywhere_is_no_error(path: Path) -> None:
    save(INVENTORY, path, "lab")
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        loaded = load(path, "lab")
        assert loaded is None or _number_of_rows(loaded) < _number_of_rows(INVENTORY)


def _number_of_rows(inventory: Inventory) -> int:
    copies = (state.images or {} for one in inventory.clusters.values() for state in one.rows)
    return len(inventory.images.rows) + len(inventory.volumes.rows) + sum(map(len, copies))


def test_texts_that_many_rows_repeat_are_kept_once(path: Path) -> None:
    rows = tuple(
        Image(id=f"i{number}", owner="".join(["o", "wner"]), stores=("a", "b"))
        for number in range(2)
    )
    many = msgspec.structs.replace(
        INVENTORY, images=msgspec.structs.replace(INVENTORY.images, rows=rows)
    )
    save(many, path, "lab")
    loaded = load(path, "lab")
    assert loaded is not None
    one, other = loaded.images.rows
    assert (one, other) == rows
    assert one.owner is other.owner
    assert one.stores is other.stores


def test_rbd_images_share_what_they_have_in_common_with_their_images(path: Path) -> None:
    names = [f"{number:08}-0000-0000-0000-000000000000" for number in range(3)]
    rows = tuple(Image(id=name, size=2**40, virtual_size=2**40) for name in names[:2])
    copies = {name: RbdImage(name=name, size=2**40, snap=True) for name in names}
    cluster = Snapshot(rows=(ClusterState(site="paris", images=copies),), source=Source.LIVE)
    unlisted = Snapshot(rows=(ClusterState(site="lyon"),), source=Source.LIVE)
    many = msgspec.structs.replace(
        INVENTORY,
        images=msgspec.structs.replace(INVENTORY.images, rows=rows),
        clusters={"paris": cluster, "lyon": unlisted, "nice": Snapshot()},
    )
    save(many, path, "lab")
    loaded = load(path, "lab")
    assert loaded is not None
    (state,) = loaded.clusters["paris"].rows
    assert state.images == copies
    assert loaded.clusters["lyon"].rows[0].images is None
    assert loaded.clusters["nice"].rows == ()
    for image, (name, copy) in zip(loaded.images.rows, state.images.items(), strict=False):
        assert name is copy.name is image.id
        assert copy.size is image.size is image.virtual_size
