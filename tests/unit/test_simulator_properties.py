"""Whatever is asked and whatever fails, the simulator's imports keep their promises."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from dcn_console.simulator.building import build_scenario
from dcn_console.simulator.capacity import fill
from dcn_console.simulator.cluster_answers import answer
from dcn_console.simulator.faults import Faults
from dcn_console.simulator.image_changes import delete_from_store
from dcn_console.simulator.import_outcome import abandon_all, with_data
from dcn_console.simulator.import_requests import request_import
from dcn_console.simulator.imports import advance_imports
from dcn_console.simulator.records import MIB, ImageRecord, Phase, RbdRecord, ReadOnlyStore
from dcn_console.simulator.refusals import Refusal
from dcn_console.simulator.tokens import Identity
from dcn_console.simulator.world import World

SITES = ("home", "north", "south")
STORES = (*SITES, "web")
IMAGES = ("one", "two")
SIZE = 20 * MIB

some_stores = st.one_of(
    st.permutations(("north", "south", "web")).map(lambda stores: list(stores[:2])),
    st.lists(st.sampled_from(STORES), min_size=1, max_size=4, unique=True),
)
some_sites = st.sets(st.sampled_from(SITES), max_size=2)


class Imports(RuleBasedStateMachine):
    """Random requests, faults, deaths and clock steps on two images and three sites."""

    def __init__(self) -> None:
        super().__init__()
        contents = build_scenario(
            "empty",
            now=1_795_000_000.0,
            sites=SITES,
            bandwidth=5.0 * MIB,
            read_only_stores=(ReadOnlyStore(id="web"),),
        )
        self.world = World(contents)
        self.asked: dict[str, set[str]] = {}
        self.last_heard: dict[str, float] = {}

    @initialize()
    def fill_home(self) -> None:
        home = self.world.deployment.hub
        project = self.world.deployment.projects[0]
        self.who = Identity(user=self.world.deployment.users[0], project=project)
        for name in IMAGES:
            image = ImageRecord(
                id=name,
                status="active",
                owner=project.id,
                disk_format="raw",
                container_format="bare",
                stores=("home",),
            )
            self.world.put_image(with_data(image, SIZE))
            self.world.put_rbd(home, "images", name, RbdRecord(size=SIZE, used=SIZE))
            self.asked[name] = {"home"}

    @rule(image=st.sampled_from(IMAGES), stores=some_stores, must=st.booleans())
    def ask(self, image: str, stores: list[str], must: bool) -> None:
        body = {
            "method": {"name": "copy-image"},
            "stores": stores,
            "all_stores_must_succeed": must,
        }
        held = self.world.image(image).import_task
        holder = self.world.task(held) if held else None
        if holder is not None:
            self.last_heard[image] = holder.updated_at
        before = self.world.image(image)
        try:
            task = request_import(self.world, self.who, image, body)
        except Refusal as refusal:
            assert refusal.status in (400, 409)
            assert self.world.image(image) is before
            return
        assert task is not None
        if held is not None:
            stale = self.world.task(held)
            assert stale is not None
            assert stale.status == "failure", "a lock is taken over from a task that is ended"
            assert self.world.now - self.last_heard[image] >= 3600.0
        self.asked[image] |= set(stores)

    @rule(seconds=st.floats(0.01, 4000.0))
    def wait(self, seconds: float) -> None:
        stores = {name: set(self.world.image(name).stores) for name in IMAGES}
        holders = {name: self.world.image(name).import_task for name in IMAGES}
        now = self.world.now + seconds
        advance_imports(self.world, now)
        assert self.world.now == now
        for name in IMAGES:
            holder = holders[name]
            task = self.world.task(holder) if holder else None
            gained = set(self.world.image(name).stores) - stores[name]
            assert not gained or (task is not None and gained <= set(task.stores))
            lost = stores[name] - set(self.world.image(name).stores)
            assert not lost or (task is not None and task.must_succeed and task.status == "failure")

    @rule(osd=some_sites, mon=some_sites, failing=st.sets(st.sampled_from(SITES), max_size=1))
    def break_things(self, osd: set[str], mon: set[str], failing: set[str]) -> None:
        self.world.faults = Faults(
            osd_down=dict.fromkeys(osd, self.world.now),
            mon_down=dict.fromkeys(mon, self.world.now),
            failing_stores=tuple(failing),
        )

    @rule()
    def repair(self) -> None:
        self.world.faults = Faults()

    @rule()
    def kill_glance(self) -> None:
        abandon_all(self.world)
        assert self.world.active_tasks() == ()

    @rule(image=st.sampled_from(IMAGES), store=st.sampled_from(SITES))
    def delete_copy(self, image: str, store: str) -> None:
        try:
            delete_from_store(self.world, self.who, store, image)
        except Refusal as refusal:
            assert refusal.status in (403, 404, 409)

    @rule(image=st.sampled_from(IMAGES), site=st.sampled_from(SITES))
    def remove_unfinished(self, image: str, site: str) -> None:
        place = self.world.deployment.site(site)
        assert place is not None
        before = self.world.rbd(place, "images").get(image)
        found = answer(self.world, place, "remove_unfinished", {"pool": "images", "name": image})
        if found.result == {"removed": True}:
            assert before is not None
            assert not before.snap
        elif not found.blocked:
            assert self.world.rbd(place, "images").get(image) is before

    @rule()
    def restart(self) -> None:
        self.world = World(self.world.contents())

    @invariant()
    def images_are_where_they_say(self) -> None:
        for name in self.asked:
            image = self.world.image(name)
            assert len(set(image.stores)) == len(image.stores)
            assert set(image.stores) <= self.asked[name] - {"web"}
            assert image.status == "active"
            for store in image.stores:
                site = self.world.deployment.site_of_store(store)
                assert site is not None
                record = self.world.rbd_image(site, "images", name)
                assert record == RbdRecord(size=SIZE, used=SIZE)

    @invariant()
    def finished_copies_are_known_to_glance(self) -> None:
        for site in self.world.deployment.sites:
            for name, record in self.world.rbd(site, "images").items():
                assert not record.snap or site.store in self.world.image(name).stores

    @invariant()
    def a_lock_is_held_iff_a_task_has_not_ended(self) -> None:
        for name in self.asked:
            holder = self.world.image(name).import_task
            open_tasks = [
                task.id for task in self.world.tasks_of(name) if task.phase is not Phase.OVER
            ]
            assert open_tasks == ([holder] if holder else [])

    @invariant()
    def nobody_writes_more_than_the_image(self) -> None:
        for site in self.world.deployment.sites:
            for name in self.asked:
                record = self.world.rbd_image(site, "images", name)
                assert record is None or 0 <= record.used <= record.size == SIZE
            filled = fill(self.world, site)
            assert filled.used + filled.available == filled.total

    @invariant()
    def tasks_in_the_end_say_so(self) -> None:
        for task in self.world.tasks():
            ended = task.status in ("success", "failure")
            assert ended == (task.phase is Phase.OVER)
            assert ended or task.expires_at is None

    def teardown(self) -> None:
        """Once all is repaired, every copy that somebody works on ends."""
        if not self.asked:
            return
        self.world.faults = Faults()
        advance_imports(self.world, self.world.now + 10_000.0)
        assert self.world.active_tasks() == ()
        self.a_lock_is_held_iff_a_task_has_not_ended()
        self.images_are_where_they_say()


TestImports = Imports.TestCase
TestImports.settings = settings(max_examples=300, stateful_step_count=30)


def test_an_unchanged_image_is_not_replaced_by_a_refused_request() -> None:
    machine = Imports()
    machine.fill_home()
    image = machine.world.image("one")
    machine.world.put_image(replace(image, status="queued"))
    machine.ask("one", ["north"], must=False)
    assert machine.world.image("one").import_task is None
