"""What RBD images of the simulator hold can be read, hashed, copied and flattened."""

import base64
import hashlib

import pytest
from mirror_stage import AgentRefused, Stage, synced

from dcn_console.simulator.rbd_data import OBJECT
from dcn_console.simulator.records import MIB, RbdParent


def test_a_flattened_clone_holds_the_parents_data_and_can_be_mirrored() -> None:
    stage = Stage()
    base = stage.site("home")
    stage.add("base-disk", 12)
    stage.world.put_rbd(base, "images", "base", stage.world.rbd(base, "volumes")["base-disk"])
    parent = RbdParent(pool="images", image="base", snapshot="snap")
    stage.add("clone", 1, parent=parent)
    before = stage.content("home", "clone")
    assert len(before) == 12
    assert stage.ask("home", "rbd_detail", name="clone")["parent"]["image"] == "base"
    assert stage.ask("home", "rbd_detail", pool="images", name="base")["children"] == 1
    stage.ask("home", "flatten", name="clone")
    assert stage.ask("home", "rbd_detail", name="clone")["parent"] is None
    assert stage.content("home", "clone") == before
    assert stage.ask("home", "used_bytes", name="clone")["used"] == 12 * OBJECT
    stage.ask("home", "mirror_enable", name="clone", mode="snapshot")
    with pytest.raises(AgentRefused, match="invalid"):
        stage.ask("home", "flatten", name="clone")


def test_a_secondary_takes_no_writes() -> None:
    stage = synced("journal")
    for operation, parameters in (
        ("set_features", {"enable": 0, "disable": 8}),
        ("create_snapshot", {"snapshot": "dcn-console.x"}),
        ("metadata_set", {"key": "dcn-console.features", "value": "61"}),
    ):
        with pytest.raises(AgentRefused, match="read-only") as got:
            stage.ask("north", operation, name="disk", **parameters)
        assert got.value.kind == "busy"


def test_metadata_is_mirrored() -> None:
    stage = synced("journal")
    stage.ask("home", "metadata_set", name="disk", key="dcn-console.features", value="61")
    for site in ("home", "north"):
        asked = {"name": "disk", "key": "dcn-console.features"}
        assert stage.ask(site, "metadata_get", **asked) == {"value": "61"}
    stage.ask("home", "metadata_remove", name="disk", key="dcn-console.features")
    assert stage.ask("north", "metadata_get", **asked) == {"value": None}
    with pytest.raises(AgentRefused, match="not ours"):
        stage.ask("home", "metadata_set", name="disk", key="os", value="x")


def test_features_depend_on_each_other() -> None:
    stage = Stage()
    stage.add("disk", features=1)
    with pytest.raises(AgentRefused, match="error updating features"):
        stage.ask("home", "set_features", name="disk", enable=64)
    stage.ask("home", "set_features", name="disk", enable=4 | 8)
    detail = stage.ask("home", "rbd_detail", name="disk")
    assert (detail["features"], detail["flags"] & 1) == (1 | 4 | 8 | 16, 1)
    stage.ask("home", "rebuild_object_map", name="disk")
    assert stage.ask("home", "rbd_detail", name="disk")["flags"] == 0
    stage.ask("home", "mirror_enable", name="disk", mode="journal")
    with pytest.raises(AgentRefused, match="error updating features"):
        stage.ask("home", "set_features", name="disk", disable=64)
    with pytest.raises(AgentRefused, match="cannot all be changed"):
        stage.ask("home", "set_features", name="disk", disable=32)


def test_a_copy_of_our_own_is_marked_and_others_are_left_alone() -> None:
    stage = Stage()
    stage.add("disk", 9)
    stage.ask("home", "create_snapshot", name="disk", snapshot="dcn-console.safe")
    point = stage.ask("home", "rbd_detail", name="disk")["snapshots"][0]["id"]
    before = stage.content("home", "disk")
    stage.write("home", "disk", (0,))
    copy = {"to_pool": "volumes", "to_name": "copy", "owner": "task-1", "snapshot_id": point}
    stage.ask("home", "copy_within", name="disk", **copy)
    stage.ask("home", "copy_within", name="disk", **copy)
    assert stage.content("home", "copy") == before
    for change in ({"to_name": "disk"}, {"owner": "task-2"}):
        with pytest.raises(AgentRefused, match="exists"):
            stage.ask("home", "copy_within", name="disk", **(copy | change))
    with pytest.raises(AgentRefused, match="exists"):
        stage.ask("home", "remove_owned", name="disk", owner="task-1")
    assert stage.ask("home", "remove_owned", name="copy", owner="task-1") == {"removed": True}
    assert stage.ask("home", "remove_owned", name="copy", owner="task-1") == {"removed": False}
    stage.fault(full=("home",))
    with pytest.raises(AgentRefused, match="no-space"):
        stage.ask("home", "copy_within", name="disk", **copy)


def test_reading_gives_the_bytes_that_are_hashed() -> None:
    stage = Stage()
    stage.add("disk", 3)
    hashes = dict(stage.ask("home", "hash_objects", name="disk", objects=[0, 2, 5]))
    for number, digest in hashes.items():
        data = b""
        for part in range(4):
            asked = {"name": "disk", "offset": number * OBJECT + part * MIB, "length": MIB}
            data += base64.b64decode(stage.ask("home", "read", **asked)["data"])
        assert hashlib.sha256(data).hexdigest() == digest
    head = base64.b64decode(
        stage.ask("home", "read", name="disk", offset=0, length=2 * MIB)["data"]
    )
    assert head[510:512] == b"\x55\xaa"
    assert head[MIB + 1024 + 56 : MIB + 1024 + 58] == b"\x53\xef", "an ext4 in the partition"
    end = stage.ask("home", "read", name="disk", offset=16 * OBJECT - 10, length=100)
    assert base64.b64decode(end["data"]) == bytes(10)
    with pytest.raises(AgentRefused, match="no object 16"):
        stage.ask("home", "hash_objects", name="disk", objects=[16])
