"""A simulated cluster tells names, clones, the trash and what an increment wrote."""

from typing import Any

from simulated import Api
from simulated_storage import Storage

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB

ZONE: dict[str, Any] = {"availability_zone": "zone-home"}


def test_clones_are_told_with_their_snapshot(simulator: Simulator, admin: Api) -> None:
    storage = Storage(simulator, admin)
    image = simulator.control.add_image("os", ("store-home", "store-north"))
    volume = storage.create("volume", size=1, imageRef=image, availability_zone="zone-north")
    name = f"volume-{volume['id']}"
    clone = {"pool": "volumes", "image": name, "snapshot": "snap", "trashed": False}
    told = storage.cluster("ceph-north", "children", pool="images", name=image)
    assert (told["parts"], told["result"]) == ([clone], {"count": 1})
    assert storage.cluster("ceph-home", "children", pool="images", name=image)["result"] == {
        "count": 0
    }
    unknown = storage.cluster("ceph-north", "children", pool="images", name="nobody")
    assert unknown["error"]["kind"] == "not-found"
    snapshot = storage.create("snapshot", volume_id=volume["id"])
    copy = storage.create("volume", snapshot_id=snapshot["id"])
    told = storage.cluster("ceph-north", "children", pool="volumes", name=name)
    assert [(item["image"], item["snapshot"]) for item in told["parts"]] == [
        (f"volume-{copy['id']}", f"snapshot-{snapshot['id']}")
    ]


def test_names_are_told_by_their_beginning(simulator: Simulator, admin: Api) -> None:
    storage = Storage(simulator, admin)
    for name in ("volume-b", "volume-a", "other"):
        simulator.control.add_rbd("north", name, 8 * MIB, 1)

    def names(operation: str, **parameters: str) -> list[str]:
        told = storage.cluster("ceph-north", operation, pool="volumes", **parameters)
        found: list[str] = told.get("parts", [])
        return found

    assert names("names", prefix="volume-") == ["volume-a", "volume-b"]
    assert names("names") == ["other", "volume-a", "volume-b"]
    assert names("trash") == []
    simulator.control.change_rbd("north", "other", "trash", "volumes")
    assert names("trash") == ["other"]
    assert names("names") == ["volume-a", "volume-b"]


def test_what_an_increment_wrote_is_told_since_the_backup_before(
    simulator: Simulator, admin: Api
) -> None:
    storage = Storage(simulator, admin)
    volume_id = simulator.control.add_volume("data", "north", used=40 * MIB)
    first = storage.create("backup", volume_id=volume_id, **ZONE)
    base = f"volume-{volume_id}.backup.{first['id']}"
    (point,) = storage.detail("ceph-home", "backups", base)["snapshots"]
    simulator.control.write("north", f"volume-{volume_id}", (0, 1, 30), "later")

    def since() -> int:
        told = storage.cluster(
            "ceph-home", "used_bytes", pool="backups", name=base, since=point["name"]
        )
        return int(told["result"]["used"])

    assert since() == 0
    storage.create("backup", volume_id=volume_id, incremental=True, **ZONE)
    assert since() == 12 * MIB
    assert storage.used("ceph-home", "backups", base) == 44 * MIB
    unknown = storage.cluster(
        "ceph-home", "used_bytes", pool="backups", name=base, since="no-such-point"
    )
    assert unknown["error"]["kind"] == "not-found"
