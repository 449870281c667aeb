"""Rehearsals on clusters in memory: nothing is left behind, whatever happens."""

from collections.abc import Callable

import pytest
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirror_state import Held

from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Outcome, Plan
from dcn_console.model.requests import Rehearse
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.rehearse import MirrorRehearse
from dcn_console.operations.results import StepResult

SCRATCH = "dcn-console-rehearsal.seven"
SWAP = bytes(4086) + b"SWAPSPACE2"
BROKEN = b"XFSB" + bytes(508)


def a_dcn(mode: MirrorMode = MirrorMode.SNAPSHOT, *edges: str, raw: bytes = SWAP) -> FakeServices:
    services = FakeServices(*edges)
    services.world.make_mirrored("central", mode)
    for edge in edges or ("dcn0",):
        services.world.held(edge).raw = raw
    return services


async def plan(services: FakeServices, at: str | None = None) -> Plan:
    request = Rehearse(subjects=(SUBJECT,), destination=at)
    context = services.plan_context()
    (made,) = await MirrorRehearse().plan(services.as_services(), request, context)
    return made


async def rehearse(services: FakeServices) -> tuple[Target, MirrorContext]:
    context = MirrorContext(services, await plan(services))
    return await MirrorRehearse().run_target(context), context


def left_behind(services: FakeServices) -> list[str]:
    """Return the RBD images at dcn0 besides the mirrored one, and the snapshots at central."""
    images = [name for _, name in services.world.plants["dcn0"].images if name != "volume-1"]
    return images + [one.name for one in services.world.held("central").snapshots]


@pytest.mark.parametrize("mode", list(MirrorMode))
async def test_what_is_found_is_told_and_nothing_left(mode: MirrorMode) -> None:
    services = a_dcn(mode)
    made = await plan(services)
    assert made.targets == ("dcn0",)
    assert not made.reads_only
    assert {check.outcome for check in made.checks} == {Outcome.OK}
    target, context = await rehearse(services)
    assert target.state is TargetState.DONE
    assert target.verified == "a whole disk of swap"
    assert list(context.results) == [step.name for step in made.steps]
    assert services.world.writes == [f"dcn0 copy volume-1 to {SCRATCH}", f"dcn0 remove {SCRATCH}"]
    assert left_behind(services) == []


async def test_a_blank_one_is_said_to_be_blank() -> None:
    target, _ = await rehearse(a_dcn(raw=b""))
    assert target.state is TargetState.DONE
    assert "nothing to check but that it reads" in target.verified


async def test_what_would_not_work_fails_and_is_removed() -> None:
    services = a_dcn(raw=BROKEN)
    target, _ = await rehearse(services)
    assert target.state is TargetState.FAILED
    assert "it would not work as it is: xfs: its root directory cannot be read" in target.text
    assert left_behind(services) == []


async def test_mirroring_that_moves_on_is_copied_again() -> None:
    services = a_dcn()
    world = services.world
    moved: list[str] = []

    def move(write: str) -> None:
        if "copy" in write and not moved:
            moved.append(write)
            world.held("central").take("primary", world.clock.now)
            world.settle(20)

    world.after_write = move
    assert (await rehearse(services))[0].state is TargetState.DONE
    assert [write.split()[1] for write in world.writes] == ["copy", "copy", "remove"]


async def test_a_journal_that_moves_on_is_copied_again_and_then_given_up() -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    world = services.world

    def move(write: str) -> None:
        if "copy" in write:
            world.write("central", 0, f"version {len(world.writes)}")
            world.settle(20)

    world.after_write = move
    target, _ = await rehearse(services)
    assert target.state is TargetState.FAILED
    assert "moved on during each of 3 copies" in target.text
    assert left_behind(services) == []


async def test_a_journal_in_use_is_copied_at_a_temporary_snapshot() -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    services.world.held("central").lock_owner = "client.1"
    target, context = await rehearse(services)
    assert target.state is TargetState.DONE
    assert list(context.results) == [step.name for step in context.task.plan.steps]
    assert [write.split()[1] for write in services.world.writes] == [
        "create",
        "copy",
        "remove",
        "remove",
    ]
    assert left_behind(services) == []


async def test_a_dead_primary_does_not_matter() -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    services.world.plants["central"].reachable = False
    assert (await rehearse(services))[0].state is TargetState.DONE


@pytest.mark.parametrize("at", ["create snapshot", "copy", f"remove {SCRATCH}", "remove snapshot"])
async def test_a_killed_runner_leaves_nothing(at: str) -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    services.world.held("central").lock_owner = "client.1"
    made = await plan(services)
    results: dict[str, StepResult] = {}

    def kill(write: str) -> None:
        if at in write:
            services.world.after_write = lambda write: None
            raise Killed

    services.world.after_write = kill
    with pytest.raises(Killed):
        await MirrorRehearse().run_target(MirrorContext(services, made, results=results))
    context = MirrorContext(services, made, results=results)
    assert (await MirrorRehearse().run_target(context)).state is TargetState.DONE
    assert left_behind(services) == []


def when_copied(context: MirrorContext) -> Callable[[str], None]:
    def cancel(write: str) -> None:
        context.cancel_now = context.cancel_now or "copy" in write

    return cancel


async def test_a_cancelled_one_leaves_nothing() -> None:
    services = a_dcn()
    context = MirrorContext(services, await plan(services))
    services.world.after_write = when_copied(context)
    assert (await MirrorRehearse().run_target(context)).state is TargetState.CANCELLED
    assert left_behind(services) == []


async def test_another_rbd_image_of_the_name_is_never_removed() -> None:
    services = a_dcn()
    made = Held(id="x", size=1, created_at=services.clock.now, owner="somebody else")
    services.world.plants["dcn0"].images["volumes", SCRATCH] = made
    target, _ = await rehearse(services)
    assert target.state is TargetState.FAILED
    assert left_behind(services) == [SCRATCH]


async def test_an_end_that_could_not_clear_up_says_so() -> None:
    services = a_dcn()
    context = MirrorContext(services, await plan(services))

    def lose(name: str) -> None:
        if name == "examine":
            services.world.plants["dcn0"].reachable = False
            context.cancel_now = True

    context._on_step = lose
    target = await MirrorRehearse().run_target(context)
    assert target.state is TargetState.FAILED
    assert f"{SCRATCH} is left at dcn0" in target.text


async def test_refusals() -> None:
    services = FakeServices()
    assert "reach has the RBD image" in (await plan(services)).refusals[0].text
    services.world.make("central")
    assert "not mirrored" in (await plan(services)).refusals[0].text
    services = a_dcn(MirrorMode.SNAPSHOT, "dcn0", "dcn1")
    assert "--at" in (await plan(services)).refusals[0].option
    assert (await plan(services, "dcn1")).targets == ("dcn1",)
    assert "does not receive" in (await plan(services, "central")).refusals[0].text
    with pytest.raises(UsageError):
        await plan(services, "dcn9")
    services.world.plants["dcn1"].available = 1
    assert "free" in (await plan(services, "dcn1")).refusals[0].text
    services.world.held("dcn0").mirror_snapshots = ()
    assert "has arrived" in (await plan(services, "dcn0")).refusals[0].text
