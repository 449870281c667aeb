"""Whatever is asked and whatever fails, the simulator's mirroring never mixes data up."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from mirror_stage import POOL, AgentRefused, Stage

from dcn_console.simulator.faults import Faults
from dcn_console.simulator.mirror_clock import settle_image
from dcn_console.simulator.mirror_records import ReplayPhase
from dcn_console.simulator.mirror_reports import report_of
from dcn_console.simulator.rbd_content import data_of
from dcn_console.simulator.rbd_data import objects_of
from dcn_console.simulator.world import World

SITES = ("home", "north", "south")
NAME = "disk"

some_sites = st.sampled_from(SITES)
down = st.sets(some_sites, max_size=1).map(tuple)


class Mirroring(RuleBasedStateMachine):
    """Random orders, writes, faults, restarts and clock steps on one RBD image at three sites."""

    @initialize(mode=st.sampled_from(("journal", "snapshot")))
    def start(self, mode: str) -> None:
        self.stage = Stage()
        self.mode = mode
        self.stage.add(NAME, 10)
        self.stage.ask("home", "mirror_enable", name=NAME, mode=mode)
        self.stage.ask("home", "mirror_schedule_add", name=None, interval="1m")

    @rule(
        site=some_sites,
        operation=st.sampled_from(
            ("mirror_promote", "mirror_demote", "mirror_resync", "mirror_snapshot")
        ),
        force=st.booleans(),
    )
    def order(self, site: str, operation: str, force: bool) -> None:
        held = self.held(site)
        others = {other: self.held(other) for other in SITES if other != site}
        try:
            if operation == "mirror_resync":
                self.stage.resync(site, NAME)
            else:
                self.stage.ask(site, operation, name=NAME, force=force)
        except AgentRefused as refused:
            assert refused.kind in ("invalid", "busy", "not-found", "unreachable")
            return
        if operation != "mirror_promote" or self.mode == "journal":
            assert self.held(site) == held, "no order changes data, but for a rollback"
        assert {other: self.held(other) for other in others} == others

    @rule(site=some_sites, objects=st.sets(st.integers(0, 15), min_size=1, max_size=4))
    def write(self, site: str, objects: set[int]) -> None:
        mirroring = self.stage.world.mirroring(site, POOL, NAME)
        if mirroring is not None and mirroring.primary:
            self.stage.write(site, NAME, tuple(objects), entries=40)

    @rule(seconds=st.floats(0.1, 90.0))
    def wait(self, seconds: float) -> None:
        self.stage.wait(seconds)

    @rule(mirror=down, mon=down, osd=down, full=down)
    def break_things(
        self,
        mirror: tuple[str, ...],
        mon: tuple[str, ...],
        osd: tuple[str, ...],
        full: tuple[str, ...],
    ) -> None:
        self.stage.fault(mirror_down=mirror, mon_down=mon, osd_down=osd, full=full)

    @rule()
    def repair(self) -> None:
        self.stage.fault()

    @rule()
    def restart(self) -> None:
        now = self.stage.world.now
        self.stage.world = World(self.stage.world.contents())
        assert self.stage.world.now == now

    def held(self, site: str) -> list[str] | None:
        """The seeds of all objects at a site, None without the RBD image."""
        world = self.stage.world
        settle_image(world, POOL, NAME, world.now)
        record = world.record(site, POOL, NAME)
        if record is None:
            return None
        data = data_of(NAME, record)
        return [data.seed(number) for number in range(objects_of(record.size))]

    @invariant()
    def reports_are_of_the_past_and_in_order(self) -> None:
        world = self.stage.world
        for replay in world.mirrors.replays():
            report = report_of(world, replay, world.now)
            if report is not None:
                assert report.at <= world.now
                assert replay.shown is None or replay.shown.at <= report.at

    @invariant()
    def whoever_is_done_has_the_same(self) -> None:
        """A side that replays and has nothing left holds a point of its primary."""
        world = self.stage.world
        if world.faults != Faults():
            return
        for replay in world.mirrors.replays():
            origin = world.mirroring(replay.origin, POOL, NAME)
            if replay.phase is not ReplayPhase.REPLAYING or replay.sync or replay.pending:
                continue
            if replay.next_at is not None or origin is None or not origin.primary:
                continue
            if origin.mode.value == "journal":
                assert self.held(replay.site) == self.held(replay.origin)
            else:
                newest = origin.snapshots[-1].data
                record = world.record(replay.site, POOL, NAME)
                assert record is not None
                wanted = [newest.seed(number) for number in range(objects_of(record.size))]
                assert self.held(replay.site) == wanted

    def teardown(self) -> None:
        """Once all is repaired, resyncs make every other side what the one primary is."""
        self.stage.fault()
        self.stage.wait(300.0)
        if not self.stage.world.mirroring("home", POOL, NAME):
            return
        if not self.stage.images("home")[NAME]["primary"]:
            self.stage.ask("home", "mirror_promote", name=NAME, force=True)
        for site in ("north", "south"):
            if self.stage.exists(site, NAME):
                if self.stage.images(site)[NAME]["primary"]:
                    self.stage.ask(site, "mirror_demote", name=NAME)
                self.stage.resync(site, NAME)
        if self.mode == "snapshot":
            self.stage.ask("home", "mirror_snapshot", name=NAME)
        self.stage.wait(300.0)
        for site in ("north", "south"):
            assert self.held(site) == self.held("home")
            assert self.stage.status(site, NAME)["state"] == "replaying"


TestMirroring = Mirroring.TestCase
TestMirroring.settings = settings(max_examples=200, stateful_step_count=30)
