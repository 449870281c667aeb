"""Mirroring an RBD image, from plan to verified first copy, against clusters in memory."""

from collections.abc import Callable

import msgspec
import pytest
from fake_dcn import MIB
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirroring import IMAGE, OBJECT

from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import MirrorMode, PoolMode, RbdParent, Watcher
from dcn_console.model.plans import Plan
from dcn_console.model.requests import EnableMirroring, RbdSubject
from dcn_console.model.tasks import ProgressSource, Target, TargetState
from dcn_console.operations.enable_mirroring import MirrorEnable
from dcn_console.operations.mirror_features import KEY
from dcn_console.operations.results import StepResult

BOTH = pytest.mark.parametrize("mode", list(MirrorMode))
SMALLEST = 5
"""layering and exclusive-lock: no journaling."""


def services_with_volume(*edges: str) -> FakeServices:
    services = FakeServices(*edges)
    services.add_volume()
    services.world.make("central").features = SMALLEST
    return services


async def plan(
    services: FakeServices,
    mode: MirrorMode = MirrorMode.JOURNAL,
    subject: RbdSubject = SUBJECT,
    **changes: object,
) -> Plan:
    request = EnableMirroring(subjects=(subject,), mode=mode)
    request = msgspec.structs.replace(request, **changes)
    context = services.plan_context()
    (made,) = await MirrorEnable().plan(services.as_services(), request, context)
    return made


def texts(made: Plan) -> str:
    return " ".join(f"{check.text} {check.way_out} {check.option}" for check in made.checks)


async def run(
    services: FakeServices, made: Plan, results: dict[str, StepResult] | None = None
) -> tuple[Target, MirrorContext]:
    context = MirrorContext(services, made, results=results)
    return await MirrorEnable().run_target(context), context


@BOTH
async def test_an_rbd_image_arrives_whole_with_its_old_features_noted(mode: MirrorMode) -> None:
    services = services_with_volume()
    made = await plan(services, mode)
    assert made.targets == ("dcn0",)
    assert made.bytes_to_move == 2 * OBJECT
    assert not made.is_refused, texts(made)
    ended, context = await run(services, made)
    assert ended.state is TargetState.DONE, ended.text
    assert list(context.results) == [step.name for step in made.steps]
    source, copy = services.world.held("central"), services.world.held("dcn0")
    assert copy.data == source.data
    assert copy.global_id == source.global_id
    assert f'"features":{SMALLEST}' in source.metadata[KEY]
    assert source.features == SMALLEST | (64 if mode is MirrorMode.JOURNAL else 0)
    assert "primary at central, copy at dcn0" in ended.verified


async def test_bytes_are_seen_arriving_in_the_copy() -> None:
    services = services_with_volume()
    _, context = await run(services, await plan(services))
    figures = [target.progress for target in context.shown if target.progress is not None]
    assert figures
    assert {figure.source for figure in figures} == {ProgressSource.RBD_IMAGE}
    done = [figure.done or 0 for figure in figures]
    assert done == sorted(done)
    assert done[-1] > 0


async def test_planning_changes_nothing() -> None:
    services = services_with_volume()
    await plan(services)
    assert services.world.writes == []


async def test_features_come_before_mirroring_and_the_note_before_both() -> None:
    services = services_with_volume()
    services.world.held("central").features = 1
    await run(services, await plan(services))
    assert services.world.writes == [
        f"central note {IMAGE}",
        f"central features {IMAGE} +68 -0",
        f"central enable {IMAGE} journal",
    ]


@BOTH
@pytest.mark.parametrize("flatten", [False, True])
async def test_killed_after_any_change_it_ends_the_same(mode: MirrorMode, flatten: bool) -> None:
    services = services_with_volume()
    if flatten:
        services.world.held("central").parent = RbdParent(pool="images", image="i", snapshot="s")
    schedule = "15m" if mode is MirrorMode.SNAPSHOT else ""
    made = await plan(services, mode, flatten=flatten, schedule=schedule)
    results: dict[str, StepResult] = {}
    killed: set[str] = set()

    def kill_once(write: str) -> None:
        if write not in killed:
            killed.add(write)
            raise Killed

    services.world.after_write = kill_once
    ended = None
    for _ in range(20):
        try:
            ended, _context = await run(services, made, results)
            break
        except Killed:
            continue
    assert ended is not None
    assert ended.state is TargetState.DONE, ended.text
    assert len(killed) >= 2
    assert len([write for write in services.world.writes if " enable " in write]) == 1
    assert f'"features":{SMALLEST}' in services.world.held("central").metadata[KEY]


async def test_one_mirrored_already_is_skipped_with_its_way() -> None:
    services = FakeServices()
    services.add_volume()
    services.world.make_mirrored("central", MirrorMode.SNAPSHOT)
    made = await plan(services)
    assert made.targets == ()
    assert made.skipped == {"central": "is mirrored already from central to dcn0 in snapshot mode"}


async def test_several_receivers_have_to_be_chosen_from() -> None:
    services = services_with_volume("dcn0", "dcn1")
    with pytest.raises(UsageError, match="dcn0, dcn1"):
        await plan(services)
    made = await plan(services, destination="dcn1")
    assert made.targets == ("dcn1",)
    assert "dcn0 receives it as well" in texts(made)


def no_mode(services: FakeServices) -> None:
    services.world.plants["central"].pool_mode = PoolMode.DISABLED


def no_peer(services: FakeServices) -> None:
    services.world.disconnect("central", "dcn0")


def dead_peer(services: FakeServices) -> None:
    services.world.plants["dcn0"].reachable = False


def full_peer(services: FakeServices) -> None:
    services.world.plants["dcn0"].available = MIB


def namesake(services: FakeServices) -> None:
    services.world.make("dcn0")


def clone(services: FakeServices) -> None:
    services.world.held("central").parent = RbdParent(pool="images", image="i", snapshot="snap")


def deleting(services: FakeServices) -> None:
    services.add_volume("deleting")


def not_allowed(services: FakeServices) -> None:
    services.world.plants["central"].writable = False


def gone(services: FakeServices) -> None:
    del services.world.plants["central"].images["volumes", IMAGE]


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (no_mode, "dcn-console mirror peer connect"),
        (no_peer, "dcn-console mirror peer connect"),
        (dead_peer, "dcn0: the cluster does not answer"),
        (full_peer, "1 MiB free"),
        (namesake, "has another RBD image"),
        (clone, "--flatten"),
        (deleting, "is deleting"),
        (not_allowed, "Site central: permission denied"),
        (gone, "There is no RBD image volumes/volume-1 at central"),
    ],
)
async def test_what_cannot_be_mirrored_is_refused_before_anything_changes(
    spoil: Callable[[FakeServices], None], word: str
) -> None:
    services = services_with_volume()
    spoil(services)
    made = await plan(services, destination="dcn0")
    assert made.is_refused
    assert word in texts(made)
    assert services.world.writes == []


async def test_snapshot_mode_of_a_clone_is_refused_with_the_reason() -> None:
    services = services_with_volume()
    clone(services)
    made = await plan(services, MirrorMode.SNAPSHOT)
    assert "61891" in made.refusals[0].text
    agreed = await plan(services, MirrorMode.SNAPSHOT, flatten=True)
    assert not agreed.is_refused, texts(agreed)
    assert "grows by up to" in texts(agreed)
    ended, _ = await run(services, agreed)
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.writes[0] == f"central flatten {IMAGE}"


async def test_a_clone_whose_parent_is_mirrored_too_may_be_journalled() -> None:
    services = services_with_volume()
    services.world.make_mirrored("central", MirrorMode.JOURNAL, "parent")
    services.world.held("central").parent = RbdParent(
        pool="volumes", image="parent", snapshot="snap"
    )
    made = await plan(services)
    assert not made.is_refused, texts(made)


async def test_clients_without_journaling_are_warned_about_by_address() -> None:
    services = services_with_volume()
    services.world.held("central").watchers = (Watcher(address="192.0.2.7:0/1"),)
    assert "192.0.2.7" in texts(await plan(services))
    assert "192.0.2.7" not in texts(await plan(services, MirrorMode.SNAPSHOT))


async def test_what_an_encrypted_volume_leaves_behind_is_said() -> None:
    services = services_with_volume()
    volume = services.cinder.volumes["1"]
    services.cinder.volumes["1"] = msgspec.structs.replace(volume, encrypted=True)
    assert "Barbican" in texts(await plan(services))


async def test_a_missing_daemon_is_a_warning() -> None:
    services = services_with_volume()
    services.world.plants["dcn0"].daemon = False
    made = await plan(services)
    assert not made.is_refused
    assert "no rbd-mirror daemon reports" in texts(made)


async def test_a_schedule_needs_snapshot_mode_a_manager_and_an_interval() -> None:
    services = services_with_volume()
    with pytest.raises(UsageError, match="snapshot mode"):
        await plan(services, schedule="15m")
    with pytest.raises(UsageError, match="no interval"):
        await plan(services, MirrorMode.SNAPSHOT, schedule="often")
    assert "Without a schedule" in texts(await plan(services, MirrorMode.SNAPSHOT))
    services.world.plants["central"].manager = False
    made = await plan(services, MirrorMode.SNAPSHOT, schedule="15m")
    assert made.is_refused
    assert "schedule cannot be added" in texts(made)


async def test_a_snapshot_mode_schedule_is_added() -> None:
    services = services_with_volume()
    ended, _ = await run(services, await plan(services, MirrorMode.SNAPSHOT, schedule="15m"))
    assert ended.state is TargetState.DONE, ended.text
    assert services.world.plants["central"].schedules == [(IMAGE, "15m")]


async def test_a_site_that_falls_silent_is_waited_for() -> None:
    services = services_with_volume()
    made = await plan(services)
    looks = 0

    def silent_for_a_while(context: MirrorContext) -> None:
        nonlocal looks
        looks += 1
        services.world.plants["dcn0"].reachable = looks > 5

    context = MirrorContext(services, made, on_wait=silent_for_a_while)
    ended = await MirrorEnable().run_target(context)
    assert ended.state is TargetState.DONE, ended.text
    assert any("does not answer" in target.text for target in context.shown)


async def test_cancelled_in_the_first_copy_it_says_that_mirroring_stays() -> None:
    services = services_with_volume()
    made = await plan(services)

    def cancel(context: MirrorContext) -> None:
        context.cancel_now = True

    context = MirrorContext(services, made, on_wait=cancel)
    ended = await MirrorEnable().run_target(context)
    assert ended.state is TargetState.CANCELLED
    assert "until it is disabled" in ended.text
    assert services.world.held("central").mode is MirrorMode.JOURNAL


async def test_cancelled_before_mirroring_the_features_go_back() -> None:
    services = services_with_volume()
    made = await plan(services)
    context = MirrorContext(services, made)

    def cancel(name: str) -> None:
        context.cancel_now = name == "features"

    context = MirrorContext(services, made, on_step=cancel)
    ended = await MirrorEnable().run_target(context)
    assert ended.state is TargetState.CANCELLED
    source = services.world.held("central")
    assert source.features == SMALLEST
    assert source.metadata == {}
    assert source.mode is None


async def test_a_daemon_that_keeps_saying_error_ends_the_task() -> None:
    services = services_with_volume()
    made = await plan(services)

    def spoil(context: MirrorContext) -> None:
        held = services.world.plants["dcn0"].images.get(("volumes", IMAGE))
        if held is not None:
            held.history = ["promoted elsewhere"]

    context = MirrorContext(services, made, on_wait=spoil)
    ended = await MirrorEnable().run_target(context)
    assert ended.state is TargetState.FAILED
    assert "split-brain" in ended.text


async def test_one_that_another_task_works_on_is_skipped() -> None:
    services = services_with_volume()
    running = MirrorContext(services, await plan(services)).task
    request = EnableMirroring(subjects=(SUBJECT,), mode=MirrorMode.JOURNAL)
    context = services.plan_context(running)
    (made,) = await MirrorEnable().plan(services.as_services(), request, context)
    assert made.skipped == {"central": "task 7 is at work on it"}
