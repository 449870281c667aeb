"""Whatever is asked and whatever fails, the simulator's volumes and backups fit together."""

from collections.abc import Callable

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from dcn_console.simulator.backups import create_backup, delete_backup
from dcn_console.simulator.block_clock import advance_block, note_services
from dcn_console.simulator.building import build_scenario
from dcn_console.simulator.deployment import Contents
from dcn_console.simulator.faults import Faults
from dcn_console.simulator.mirror_clock import write
from dcn_console.simulator.rbd_content import seen_data
from dcn_console.simulator.records import MIB
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.restores import request_restore
from dcn_console.simulator.snapshots import create_snapshot, delete_snapshot
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.volumes import create_volume, delete_volume, rbd_name
from dcn_console.simulator.world import World

SITES = ("home", "north", "south")
START = 1_795_000_000.0
some_number = st.integers(0, 30)


class Storage(RuleBasedStateMachine):
    """Random requests, writes, dead services and clock steps on a few volumes."""

    def __init__(self) -> None:
        super().__init__()
        contents = build_scenario("empty", now=START, sites=SITES, bandwidth=30.0 * MIB)
        self.world = World(contents)
        project = self.world.deployment.projects[0]
        self.who = Identity(user=self.world.deployment.users[0], project=project)
        self.held: dict[str, object] = {}

    def _pick(self, kind: str, number: int) -> str:
        """The id of one of the volumes, snapshots or backups."""
        block = self.world.block
        known: dict[str, list[str]] = {
            "volume": list(self.world.volumes),
            "snapshot": list(block.snapshots),
            "backup": list(block.backups),
        }
        ordered = sorted(known[kind])
        return ordered[number % len(ordered)] if ordered else "nobody"

    @initialize()
    def make_volumes(self) -> None:
        for zone in SITES[:2]:
            body = {"volume": {"size": 1, "availability_zone": zone}}
            create_volume(self.world, self.who, body)
        self.pass_time(2.0)
        self.write(0, 1)
        self.write(1, 3)

    @rule(seconds=st.floats(0.1, 40.0))
    def pass_time(self, seconds: float) -> None:
        before = self.world.now
        self.world.now += seconds
        advance_block(self.world, before)

    @rule(number=some_number, objects=st.integers(1, 9))
    def write(self, number: int, objects: int) -> None:
        volume = self.world.volumes.get(self._pick("volume", number))
        if volume is None or volume.status not in ("available", "in-use", "backing-up"):
            return
        site = self.world.deployment.site(volume.site)
        assert site is not None
        changes = {at: f"{self.world.now}/{at}" for at in range(objects)}
        write(self.world, site, "volumes", rbd_name(volume), changes, 1, self.world.now)

    @rule(number=some_number, incremental=st.booleans(), zone=st.sampled_from(SITES))
    def back_up(self, number: int, incremental: bool, zone: str) -> None:
        asked = {"volume_id": self._pick("volume", number), "incremental": incremental}
        try:
            create_backup(
                self.world, self.who, {"backup": {**asked, "availability_zone": zone}}, 60
            )
        except Refusal as refusal:
            assert refusal.status in (400, 404)

    @rule(number=some_number, to=some_number)
    def restore(self, number: int, to: int) -> None:
        body = {"restore": {"volume_id": self._pick("volume", to)}}
        try:
            request_restore(self.world, self.who, self._pick("backup", number), body)
        except Refusal as refusal:
            assert refusal.status in (400, 404)

    @rule(number=some_number, zone=st.sampled_from(SITES))
    def restore_anew(self, number: int, zone: str) -> None:
        asked = {"backup_id": self._pick("backup", number), "availability_zone": zone}
        try:
            create_volume(self.world, self.who, {"volume": asked}, 60)
        except Refusal as refusal:
            assert refusal.status in (400, 404)

    @rule(number=some_number)
    def take_snapshot(self, number: int) -> None:
        body = {"snapshot": {"volume_id": self._pick("volume", number), "force": True}}
        try:
            create_snapshot(self.world, self.who, body, 60)
        except Refusal as refusal:
            assert refusal.status in (400, 404)

    @rule(number=some_number)
    def clone(self, number: int) -> None:
        asked = {"snapshot_id": self._pick("snapshot", number)}
        try:
            create_volume(self.world, self.who, {"volume": asked}, 60)
        except Refusal as refusal:
            assert refusal.status in (400, 404)

    @rule(kind=st.sampled_from(("volume", "snapshot", "backup")), number=some_number)
    def delete(self, kind: str, number: int) -> None:
        identifier = self._pick(kind, number)
        remove: dict[str, Callable[[World, Identity, str], None]] = {
            "volume": delete_volume,
            "snapshot": delete_snapshot,
            "backup": delete_backup,
        }
        try:
            remove[kind](self.world, self.who, identifier)
        except Refusal as refusal:
            assert refusal.status in (400, 404)

    @rule(
        dead=st.booleans(),
        osd_down=st.sets(st.sampled_from(SITES), max_size=1),
        volume_down=st.sets(st.sampled_from(SITES), max_size=1),
    )
    def change_faults(self, dead: bool, osd_down: set[str], volume_down: set[str]) -> None:
        before = self.world.faults
        self.world.faults = Faults(
            osd_down=dict.fromkeys(osd_down, self.world.now),
            volume_down=dict.fromkeys(volume_down, self.world.now),
            backup_down={"home": self.world.now} if dead else {},
        )
        note_services(self.world, before)

    @invariant()
    def a_volume_is_backed_up_while_a_backup_is_made(self) -> None:
        block = self.world.block
        making = {
            item.volume_id
            for item in block.backups.values()
            if item.status == "creating" and item.snapshot_id is None
        }
        backing = {item.id for item in self.world.volumes.values() if item.status == "backing-up"}
        assert making == backing

    @invariant()
    def increments_lie_with_what_they_build_on(self) -> None:
        backups = self.world.block.backups
        for backup in backups.values():
            if backup.parent_id is None:
                continue
            parent = backups[backup.parent_id]
            if backup.status in ("available", "restoring"):
                assert backup.base == parent.base
                assert parent.dependents or parent.status == "error"

    @invariant()
    def what_a_backup_holds_stays_as_it_was(self) -> None:
        hub = self.world.deployment.hub
        for backup in self.world.block.backups.values():
            if backup.status not in ("available", "restoring"):
                continue
            base = self.world.record(hub.name, "backups", backup.base)
            assert base is not None
            (point,) = (item.data for item in base.snapshots if item.name == backup.point)
            assert self.held.setdefault(backup.id, point) == point

    @invariant()
    def every_snapshot_has_its_rbd_snapshot_and_every_clone_its_parent(self) -> None:
        for snapshot in self.world.block.snapshots.values():
            volume = self.world.volumes[snapshot.volume_id]
            record = self.world.record(volume.site, "volumes", rbd_name(volume))
            assert record is not None
            names = {item.name for item in record.snapshots}
            if snapshot.status in ("available", "backing-up"):
                assert f"snapshot-{snapshot.id}" in names
        for site in self.world.deployment.sites:
            for record in self.world.rbd(site, "volumes").values():
                if record.parent is not None:
                    parent = self.world.record(site.name, "volumes", record.parent.image)
                    assert parent is not None
                    assert record.parent.snapshot in {item.name for item in parent.snapshots}

    @invariant()
    def what_is_saved_is_what_is_there(self) -> None:
        contents = self.world.contents()
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(contents), type=Contents)
        assert World(again).contents() == contents


Storage.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestStorage = Storage.TestCase


def test_a_transfer_waits_for_a_dead_site_and_goes_on() -> None:
    world = World(build_scenario("empty", now=START, sites=SITES, bandwidth=10.0 * MIB))
    who = Identity(user=world.deployment.users[0], project=world.deployment.projects[0])
    volume = create_volume(world, who, {"volume": {"size": 1, "availability_zone": "north"}})

    def step(seconds: float) -> None:
        before = world.now
        world.now += seconds
        advance_block(world, before)

    step(2.0)
    north = world.deployment.site("north")
    assert north is not None
    changes = {number: f"data/{number}" for number in range(50)}
    write(world, north, "volumes", rbd_name(volume), changes, 1, world.now)
    asked = {"volume_id": volume.id, "availability_zone": "home"}
    backup = create_backup(world, who, {"backup": asked}, 60)
    step(1.0)
    step(6.0)
    (transfer,) = world.block.transfers
    assert transfer.total == 200 * MIB
    assert 0 < transfer.done < transfer.total
    world.faults = Faults(osd_down={"north": world.now})
    step(600.0)
    assert world.block.transfers[0].done == transfer.done
    world.faults = Faults()
    step(600.0)
    assert world.block.transfers == ()
    assert world.block.backups[backup.id].status == "available"
    record = world.record("home", "backups", world.block.backups[backup.id].base)
    source = world.record("north", "volumes", rbd_name(volume))
    assert record is not None
    assert source is not None
    assert record.data == seen_data(world, "north", rbd_name(volume), source)


def test_two_transfers_to_one_site_share_its_line() -> None:
    world = World(build_scenario("empty", now=START, sites=SITES, bandwidth=10.0 * MIB))
    who = Identity(user=world.deployment.users[0], project=world.deployment.projects[0])
    for zone in ("north", "south"):
        volume = create_volume(world, who, {"volume": {"size": 1, "availability_zone": zone}})
        before, world.now = world.now, world.now + 2.0
        advance_block(world, before)
        site = world.deployment.site(zone)
        assert site is not None
        record = world.record(zone, "volumes", rbd_name(volume))
        assert record is not None
        full = replace(record, data=None, used=400 * MIB)
        world.put_rbd(site, "volumes", rbd_name(volume), full)
        asked = {"volume_id": volume.id, "availability_zone": "home"}
        create_backup(world, who, {"backup": asked}, 60)
    for seconds in (1.0, 1.0, 10.0):
        before, world.now = world.now, world.now + seconds
        advance_block(world, before)
    done = sorted(transfer.done / MIB for transfer in world.block.transfers)
    assert len(done) == 2
    assert 80.0 < sum(done) <= 120.0
