"""Backups and restores go as Cinder's Ceph driver does them, bytes and failures included."""

from collections.abc import Iterator
from typing import Any

import pytest
from simulated import Api, running_simulator, small_options
from simulated_storage import Storage

from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import GIB, MIB

HOME, NORTH, SOUTH = "ceph-home", "ceph-north", "ceph-south"
ZONE: dict[str, Any] = {"availability_zone": "zone-home"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests, which leave each other's things alone."""
    with running_simulator(small_options(bandwidth=64.0 * MIB)) as running:
        yield running


@pytest.fixture
def storage(simulator: Simulator) -> Iterator[Storage]:
    """Cinder for the administrator, without faults before and after."""
    simulator.control.clear_faults()
    yield Storage(simulator, Api(simulator))
    simulator.control.clear_faults()


def base_of(backup: dict[str, str], first: str = "") -> str:
    return f"volume-{backup['volume_id']}.backup.{first or backup['id']}"


def test_a_backup_grows_in_the_hubs_pool_to_what_the_volume_holds(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("data", "north", 4, used=640 * MIB)
    simulator.control.set_time_scale(0.0)
    backup_id = storage.begin("backup", volume_id=volume_id, metadata={"a": "b"}, **ZONE)
    assert storage.show("volume", volume_id)["status"] == "backing-up"
    backup = storage.show("backup", backup_id)
    assert (backup["status"], backup["metadata"], backup["container"]) == (
        "creating",
        {"a": "b"},
        None,
    )
    sizes = []
    for _ in range(3):
        simulator.control.advance(2.5)
        assert storage.show("backup", backup_id)["status"] == "creating"
        found = storage.cluster(HOME, "used_bytes", pool="backups", name=base_of(backup))
        sizes.append(found["result"]["used"])
    assert 0 <= sizes[0] < sizes[1] < sizes[2] < 640 * MIB
    simulator.control.advance(60.0)
    simulator.control.set_time_scale(1.0)
    backup = storage.show("backup", backup_id)
    assert (backup["status"], backup["container"], backup["size"]) == ("available", "backups", 4)
    assert backup["availability_zone"] == "zone-home"
    assert backup["object_count"] == 0
    assert storage.show("volume", volume_id)["status"] == "available"
    assert storage.used(HOME, "backups", base_of(backup)) == 640 * MIB
    points = storage.detail(NORTH, "volumes", f"volume-{volume_id}")["snapshots"]
    kept = storage.detail(HOME, "backups", base_of(backup))["snapshots"]
    assert [item["name"] for item in points] == [item["name"] for item in kept]
    assert points[0]["name"].startswith(f"backup.{backup_id}.snap.")


def test_increments_form_a_chain_that_goes_newest_first(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("data", "north", used=32 * MIB)
    refused = storage.ask(
        "POST", "/backups", {"backup": {"volume_id": volume_id, "incremental": True}}
    )
    assert refused.status == 400
    assert "No backups available" in refused.content["badRequest"]["message"]
    first = storage.create("backup", volume_id=volume_id, **ZONE)
    simulator.control.write("north", f"volume-{volume_id}", (1, 20), "later")
    second = storage.create("backup", volume_id=volume_id, incremental=True, **ZONE)
    assert (first["is_incremental"], second["is_incremental"]) == (False, True)
    assert storage.show("backup", first["id"])["has_dependent_backups"]
    detail = storage.detail(HOME, "backups", base_of(first))
    assert len(detail["snapshots"]) == 2
    assert storage.ask("DELETE", f"/backups/{first['id']}").status == 400
    assert storage.ask("DELETE", f"/backups/{second['id']}").status == 202
    storage.gone("backup", second["id"])
    assert not storage.show("backup", first["id"])["has_dependent_backups"]
    assert storage.ask("DELETE", f"/backups/{first['id']}").status == 202
    storage.gone("backup", first["id"])
    gone = storage.cluster(HOME, "rbd_image", pool="backups", name=base_of(first))
    assert gone["error"]["kind"] == "not-found"
    left = storage.detail(NORTH, "volumes", f"volume-{volume_id}")["snapshots"]
    assert len(left) == 2, "the source keeps its points until it is deleted"


def test_each_point_of_a_chain_can_be_restored_elsewhere(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("data", "north", used=32 * MIB, metadata={"o": "1"})
    source = f"volume-{volume_id}"
    then = storage.hashes(NORTH, "volumes", source)
    first = storage.create("backup", volume_id=volume_id, **ZONE)
    simulator.control.write("north", source, (1, 20), "later")
    now = storage.hashes(NORTH, "volumes", source)
    second = storage.create("backup", volume_id=volume_id, incremental=True, **ZONE)
    for backup, hashes in ((first, then), (second, now)):
        restored = storage.create(
            "volume", backup_id=backup["id"], name="restored", availability_zone="zone-south",
            metadata={"mine": "yes"},
        )  # fmt: skip
        assert (restored["size"], restored["availability_zone"]) == (1, "zone-south")
        assert restored["metadata"] == {"o": "1", "src_backup_id": backup["id"]}
        name = f"volume-{restored['id']}"
        assert storage.hashes(SOUTH, "volumes", name) == hashes
        assert storage.used(SOUTH, "volumes", name) < GIB
        assert storage.show("backup", backup["id"])["status"] == "available"


def test_a_restore_over_a_volume_writes_every_byte(simulator: Simulator, storage: Storage) -> None:
    volume_id = simulator.control.add_volume("data", "north", used=32 * MIB)
    backup = storage.create("backup", volume_id=volume_id, **ZONE)
    small = simulator.control.add_volume("small", "south")
    large = simulator.control.add_volume("large", "south", 2, used=64 * MIB)
    body = {"restore": {"volume_id": large}}
    reply = storage.ask("POST", f"/backups/{backup['id']}/restore", body)
    assert reply.status == 202
    assert reply.content["restore"]["volume_id"] == large
    assert storage.show("volume", large)["status"] == "restoring-backup"
    assert storage.show("backup", backup["id"])["status"] == "restoring"
    again = storage.ask(
        "POST", f"/backups/{backup['id']}/restore", {"restore": {"volume_id": small}}
    )
    assert again.status == 400
    assert storage.settled("volume", large)["status"] == "available"
    assert storage.used(SOUTH, "volumes", f"volume-{large}") == GIB
    assert storage.hashes(SOUTH, "volumes", f"volume-{large}") == storage.hashes(
        NORTH, "volumes", f"volume-{volume_id}"
    )
    wide = simulator.control.add_volume("wide", "north", 3)
    other = storage.create("backup", volume_id=wide, **ZONE)
    refused = storage.ask(
        "POST", f"/backups/{other['id']}/restore", {"restore": {"volume_id": small}}
    )
    assert refused.status == 400
    assert "too small" in refused.content["badRequest"]["message"]


def test_a_snapshots_backup_is_whole_and_there_is_one(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("data", "north", used=32 * MIB)
    snapshot = storage.create("snapshot", volume_id=volume_id)
    asked = {"volume_id": volume_id, "snapshot_id": snapshot["id"], **ZONE}
    backup = storage.create("backup", **asked)
    assert backup["snapshot_id"] == snapshot["id"]
    assert storage.used(HOME, "backups", f"volume-{volume_id}.backup.base") == GIB
    second = storage.create("backup", **asked)
    assert second["fail_reason"] == "[errno 17] RBD image already exists (error creating image)"


def test_a_volume_in_use_needs_force(simulator: Simulator, storage: Storage) -> None:
    volume_id = simulator.control.add_volume("busy", "north", used=8 * MIB)
    simulator.control.add_server("user", "north", (volume_id,))
    refused = storage.ask("POST", "/backups", {"backup": {"volume_id": volume_id, **ZONE}})
    assert refused.status == 400
    assert "force flag" in refused.content["badRequest"]["message"]
    backup = storage.create("backup", volume_id=volume_id, force=True, **ZONE)
    assert backup["status"] == "available"
    assert storage.show("volume", volume_id)["status"] == "in-use"


def test_what_goes_wrong_is_told_as_cinder_tells_it(simulator: Simulator, storage: Storage) -> None:
    volume_id = simulator.control.add_volume("data", "north", used=8 * MIB)
    nowhere = storage.create("backup", 43, volume_id=volume_id)
    assert nowhere["fail_reason"] == "Service not found for creating backup."
    assert storage.show("volume", volume_id)["status"] == "available"
    told = storage.ask("GET", f"/messages?resource_uuid={nowhere['id']}").content["messages"]
    assert "Backup failed to schedule" in told[0]["user_message"]
    lost = storage.create("backup", volume_id=volume_id, availability_zone="zone-south")
    kept = storage.ask("DELETE", f"/backups/{lost['id']}")
    assert kept.status == 404, "nobody is there to delete it"
    assert "cinder-backup could not be found" in kept.content["itemNotFound"]["message"]
    increment = {"volume_id": volume_id, "incremental": True, **ZONE}
    refused = storage.ask("POST", "/backups", {"backup": increment})
    assert "parent backup must be available" in refused.content["badRequest"]["message"]
    assert storage.ask("POST", "/backups", {"backup": increment}, 50).status == 400
    simulator.control.set_faults(keyrings_missing=("north",))
    denied = storage.create("backup", volume_id=volume_id, **ZONE)
    assert denied["fail_reason"].startswith("[errno 13] RADOS permission denied")
    simulator.control.set_faults(backup_failures=("a reason of one's own",))
    own = storage.create("backup", volume_id=volume_id, **ZONE)
    assert own["fail_reason"] == "a reason of one's own"
    assert storage.create("backup", volume_id=volume_id, **ZONE)["status"] == "available"


def test_a_dead_backup_service_leaves_a_backup_in_creating(
    simulator: Simulator, storage: Storage
) -> None:
    volume_id = simulator.control.add_volume("data", "north", 4, used=3 * GIB)
    simulator.control.set_time_scale(0.0)
    backup_id = storage.begin("backup", volume_id=volume_id, **ZONE)
    simulator.control.advance(1.0)
    simulator.control.advance(10.0)
    simulator.control.set_faults(backup_down=("home",))
    simulator.control.advance(600.0)
    simulator.control.set_time_scale(1.0)
    assert storage.show("backup", backup_id)["status"] == "creating"
    services = storage.ask("GET", "/os-services?binary=cinder-backup").content["services"]
    assert [service["state"] for service in services] == ["down"]
    simulator.control.clear_faults()
    backup = storage.show("backup", backup_id)
    assert backup["fail_reason"] == "incomplete backup reset on manager restart"
    assert storage.show("volume", volume_id)["status"] == "available"


def test_at_the_limit_of_snapshots_an_increment_silently_becomes_whole() -> None:
    with running_simulator(small_options(backup_max_snapshots=2)) as running:
        storage = Storage(running, Api(running))
        volume_id = running.control.add_volume("data", "north", used=8 * MIB)
        storage.create("backup", volume_id=volume_id, **ZONE)
        kinds = [
            storage.create("backup", volume_id=volume_id, incremental=True, **ZONE)
            for _ in range(2)
        ]
        assert [backup["is_incremental"] for backup in kinds] == [True, False]
        told = storage.ask("GET", f"/messages?resource_uuid={kinds[1]['id']}").content["messages"]
        assert "forcing full backup" in told[0]["user_message"]


def test_a_backup_survives_a_restart_of_the_simulator(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    state = str(tmp_path_factory.mktemp("state"))
    with running_simulator(small_options(state=state)) as running:
        storage = Storage(running, Api(running))
        volume_id = running.control.add_volume("data", "north", used=64 * MIB)
        backup = storage.create("backup", volume_id=volume_id, **ZONE)
    with running_simulator(small_options(state=state)) as running:
        storage = Storage(running, Api(running))
        assert storage.show("backup", backup["id"])["status"] == "available"
        increment = storage.create("backup", volume_id=volume_id, incremental=True, **ZONE)
        assert increment["is_incremental"]


def test_a_made_up_backup_is_as_a_real_one(simulator: Simulator, storage: Storage) -> None:
    volume_id = simulator.control.add_volume("data", "north", used=16 * MIB)
    first = simulator.control.add_backup(volume_id, "nightly", age=86400.0)
    second = simulator.control.add_backup(volume_id, "nightly", parent=first, age=60.0)
    failed = simulator.control.add_backup(volume_id, "nightly", fail_reason="no luck", age=3600.0)
    listed = storage.ask("GET", f"/backups/detail?volume_id={volume_id}").content["backups"]
    assert [item["id"] for item in listed] == [second, failed, first]
    assert [item["status"] for item in listed] == ["available", "error", "available"]
    assert storage.show("backup", first)["has_dependent_backups"]
    third = storage.create("backup", volume_id=volume_id, incremental=True, **ZONE)
    assert third["is_incremental"]
    restored = storage.create("volume", backup_id=second, availability_zone="zone-south")
    assert storage.hashes(SOUTH, "volumes", f"volume-{restored['id']}") == storage.hashes(
        NORTH, "volumes", f"volume-{volume_id}"
    )
