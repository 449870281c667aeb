"""Comparing both sides of a mirrored RBD image, on clusters in memory."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from fake_mirror_content import FakeContent, Progress
from fake_mirror_services import SUBJECT, FakeServices, Killed, MirrorContext
from fake_mirroring import OBJECT
from hypothesis import given
from hypothesis import strategies as st

from dcn_console.model.mirroring import MirrorMode
from dcn_console.model.plans import Outcome, Plan
from dcn_console.model.requests import ContentCheck, VerifyMirror
from dcn_console.model.tasks import ProgressSource, Target, TargetState
from dcn_console.operations.results import StepResult
from dcn_console.operations.verify_mirror import MirrorVerify
from dcn_console.operations.verify_mirror.objects import as_data, byte_range, named, sample

BOTH = pytest.mark.parametrize("mode", list(MirrorMode))


def a_dcn(mode: MirrorMode = MirrorMode.JOURNAL, *edges: str) -> FakeServices:
    services = FakeServices(*edges)
    services.world.make_mirrored("central", mode)
    return services


async def plan(
    services: FakeServices, check: ContentCheck = ContentCheck.FULL, percent: float = 5.0
) -> Plan:
    request = VerifyMirror(subjects=(SUBJECT,), check=check, sample_percent=percent)
    (made,) = await MirrorVerify().plan(services.as_services(), request, services.plan_context())
    return made


async def verify(
    services: FakeServices, check: ContentCheck = ContentCheck.FULL, percent: float = 5.0
) -> tuple[Target, MirrorContext]:
    context = MirrorContext(services, await plan(services, check, percent))
    return await MirrorVerify().run_target(context), context


@BOTH
@pytest.mark.parametrize("check", list(ContentCheck))
async def test_two_sides_that_are_the_same(mode: MirrorMode, check: ContentCheck) -> None:
    services = a_dcn(mode)
    made = await plan(services, check)
    assert made.reads_only
    assert not made.checks
    target, context = await verify(services, check)
    assert target.state is TargetState.DONE
    data = context.results["compare"].data
    assert data["objects_compared"] == {"metadata": 0, "sampled": 1, "full": 2}[check.value]
    assert services.world.writes == []


@BOTH
async def test_a_mismatch_names_object_and_bytes(mode: MirrorMode) -> None:
    services = a_dcn(mode)
    services.world.held("dcn0").data[2] = "rotten"
    target, context = await verify(services)
    assert target.state is TargetState.FAILED
    assert f"2 (bytes {2 * OBJECT} to {3 * OBJECT - 1})" in target.text
    assert "Resync dcn0" in target.text
    assert context.results["compare"].data["different"] == [
        {"object": 2, "first_byte": 2 * OBJECT, "last_byte": 3 * OBJECT - 1}
    ]


@BOTH
async def test_data_only_the_secondary_has_is_found(mode: MirrorMode) -> None:
    services = a_dcn(mode)
    services.world.held("dcn0").data[3] = "stray"
    target, _ = await verify(services)
    assert "3 (bytes" in target.text


async def test_metadata_alone_sees_no_data() -> None:
    services = a_dcn()
    services.world.held("dcn0").data[2] = "rotten"
    assert (await verify(services, ContentCheck.METADATA))[0].state is TargetState.DONE


@BOTH
async def test_sizes_that_differ(mode: MirrorMode) -> None:
    services = a_dcn(mode)
    services.world.held("dcn0").size = OBJECT
    target, _ = await verify(services, ContentCheck.METADATA)
    assert target.state is TargetState.FAILED
    assert f"dcn0 has {OBJECT}" in target.text


async def test_what_came_after_the_mirror_snapshot_is_not_compared() -> None:
    services = a_dcn(MirrorMode.SNAPSHOT)
    services.world.write("central", 0, "newer than the snapshot")
    assert (await verify(services))[0].state is TargetState.DONE


async def test_a_secondarys_own_mirror_snapshot_is_not_believed() -> None:
    services = a_dcn(MirrorMode.SNAPSHOT)
    held = services.world.held("dcn0")
    held.frozen = {number: {} for number in held.frozen}
    assert (await verify(services))[0].state is TargetState.DONE


class Writing:
    """Has somebody write while objects are hashed, ``times`` often."""

    def __init__(
        self, services: FakeServices, monkeypatch: pytest.MonkeyPatch, write: Callable[[int], None]
    ) -> None:
        self.hashed: list[tuple[int, ...]] = []
        original = FakeContent.hash_objects
        writing = self

        async def hash_objects(
            content: FakeContent,
            pool: str,
            name: str,
            numbers: Sequence[int],
            snapshot_id: int | None = None,
            on_progress: Progress | None = None,
        ) -> dict[int, str]:
            found = await original(content, pool, name, numbers, snapshot_id, on_progress)
            if content is services.clusters["central"].content:
                writing.hashed.append(tuple(numbers))
                write(len(writing.hashed))
            return found

        monkeypatch.setattr(FakeContent, "hash_objects", hash_objects)


async def test_a_point_that_moves_on_has_only_the_rest_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services = a_dcn(MirrorMode.SNAPSHOT)
    world = services.world

    def write(look: int) -> None:
        if look == 1:
            world.write("central", 0, "second version")
            world.held("central").take("primary", world.clock.now)
            world.settle(20)

    writing = Writing(services, monkeypatch, write)
    target, _ = await verify(services)
    assert target.state is TargetState.DONE
    assert writing.hashed == [(0, 2), (0,)]
    assert "mirror snapshot 1 of" in target.verified
    assert "mirror snapshot 2 of" in target.verified


async def test_one_that_never_rests_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    services = a_dcn(MirrorMode.SNAPSHOT)
    world = services.world

    def write(look: int) -> None:
        world.write("central", 0, f"version {look}")
        world.held("central").take("primary", world.clock.now)
        world.settle(20)

    Writing(services, monkeypatch, write)
    target, _ = await verify(services)
    assert target.state is TargetState.FAILED
    assert "written to too often" in target.text


async def test_a_journal_on_its_way_is_no_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    world = services.world
    world.held("dcn0").data[0] = "not replayed yet"

    def write(look: int) -> None:
        if look == 2:
            world.held("dcn0").data[0] = world.held("central").data[0]

    Writing(services, monkeypatch, write)
    assert (await verify(services))[0].state is TargetState.DONE


async def test_a_primary_in_use_gets_a_temporary_snapshot() -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    services.world.held("central").lock_owner = "client.1"
    made = await plan(services)
    assert not made.reads_only
    assert [step.name for step in made.steps] == ["snapshot", "compare", "remove snapshot"]
    assert made.steps[0].site == "central"
    target, _ = await verify(services)
    assert target.state is TargetState.DONE
    assert services.world.writes == [
        "central create snapshot volume-1@dcn-console.seven.0.0",
        "central remove snapshot volume-1@dcn-console.seven.0.0",
    ]
    assert (await plan(services, ContentCheck.METADATA)).reads_only


async def test_what_was_in_flight_at_the_snapshot_is_compared_at_another() -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    held = services.world.held("central")
    held.lock_owner = "client.1"

    def in_flight(name: str) -> None:
        if name == "snapshot":
            held.frozen[held.snapshots[0].id][0] = "not written yet"

    context = MirrorContext(services, await plan(services), on_step=in_flight)
    target = await MirrorVerify().run_target(context)
    assert target.state is TargetState.DONE
    assert "snapshot dcn-console.seven.0.1" in target.verified
    assert held.snapshots == ()


async def test_a_mismatch_at_two_snapshots_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    services.world.held("central").lock_owner = "client.1"
    original = FakeContent.hash_objects

    async def hash_objects(content: FakeContent, *arguments: Any) -> dict[int, str]:
        found = await original(content, *arguments)
        damaged = content is services.clusters["dcn0"].content and 2 in found
        return {**found, 2: "rotten"} if damaged else found

    monkeypatch.setattr(FakeContent, "hash_objects", hash_objects)
    target, _ = await verify(services)
    assert target.state is TargetState.FAILED
    assert "1 object differs: 2 (bytes" in target.text
    assert services.world.held("central").snapshots == ()


@pytest.mark.parametrize("at", ["create snapshot", "remove snapshot"])
async def test_a_killed_runner_leaves_no_snapshot(at: str) -> None:
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
        await MirrorVerify().run_target(MirrorContext(services, made, results=results))
    context = MirrorContext(services, made, results=results)
    assert (await MirrorVerify().run_target(context)).state is TargetState.DONE
    assert services.world.held("central").snapshots == ()
    assert len(services.world.writes) == 2


@pytest.mark.parametrize("step", ["snapshot", "compare"])
async def test_a_cancelled_one_removes_its_snapshot(step: str) -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    services.world.held("central").lock_owner = "client.1"
    context = MirrorContext(services, await plan(services))

    def cancel(write: str) -> None:
        context.cancel_now = step == "snapshot" and "create" in write

    def cancel_after(name: str) -> None:
        context.cancel_now = step == "compare" and name == "snapshot"

    services.world.after_write = cancel
    context._on_step = cancel_after
    context.cancel_now = False
    target = await MirrorVerify().run_target(context)
    assert target.state is TargetState.CANCELLED
    assert services.world.held("central").snapshots == ()


async def test_a_snapshot_that_does_not_arrive_is_removed() -> None:
    services = a_dcn(MirrorMode.JOURNAL)
    services.world.held("central").lock_owner = "client.1"
    services.world.plants["dcn0"].daemon = False
    target, _ = await verify(services)
    assert target.state is TargetState.FAILED
    assert "did not arrive at dcn0" in target.text
    assert services.world.held("central").snapshots == ()


async def test_cancelled_while_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    services = a_dcn()
    context = MirrorContext(services, await plan(services))

    async def hang(*arguments: object) -> dict[int, str]:
        context.cancel_now = True
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(FakeContent, "hash_objects", hang)
    target = await asyncio.wait_for(MirrorVerify().run_target(context), 60)
    assert target.state is TargetState.CANCELLED


async def test_a_dead_cluster_is_waited_for() -> None:
    services = a_dcn()
    made = await plan(services)
    services.world.plants["dcn0"].reachable = False

    def revive(context: MirrorContext) -> None:
        services.world.plants["dcn0"].reachable = len(context.shown) > 2

    context = MirrorContext(services, made, on_wait=revive)
    assert (await MirrorVerify().run_target(context)).state is TargetState.DONE
    assert TargetState.WAITING in {shown.state for shown in context.shown}


async def test_no_point_in_time_is_an_answer() -> None:
    services = a_dcn()
    made = await plan(services)
    services.world.write("central", 0, "never replayed")
    services.world.plants["dcn0"].daemon = False
    held = services.world.held("dcn0")
    assert held.status is not None
    held.status = msgspec.structs.replace(held.status, entries_behind=7)
    target = await MirrorVerify().run_target(MirrorContext(services, made))
    assert target.state is TargetState.FAILED
    assert "dcn0 is 7 journal entries behind" in target.text


@BOTH
async def test_both_demoted_are_compared(mode: MirrorMode) -> None:
    services = a_dcn(mode)
    made = await plan(services)
    await services.clusters["central"].mirroring.demote("volumes", "volume-1")
    services.world.settle()
    context = MirrorContext(services, made)
    assert (await MirrorVerify().run_target(context)).state is TargetState.DONE
    services.world.held("dcn0").data[0] = "rotten"
    context = MirrorContext(services, made)
    assert (await MirrorVerify().run_target(context)).state is TargetState.FAILED


async def test_every_secondary_is_a_target() -> None:
    services = a_dcn(MirrorMode.SNAPSHOT, "dcn0", "dcn1")
    made = await plan(services)
    assert made.targets == ("dcn0", "dcn1")
    assert made.bytes_to_move == 2 * 4 * OBJECT


async def test_a_copy_that_does_not_receive_from_the_primary_is_not_compared() -> None:
    services = a_dcn(MirrorMode.SNAPSHOT, "dcn0", "dcn1")
    services.world.held("central").primary, services.world.held("dcn0").primary = False, True
    made = await plan(services, ContentCheck.FULL)
    assert made.targets == ("central",)
    told = next(check for check in made.checks if check.site == "dcn1")
    assert "does not receive from dcn0" in told.text


async def test_progress_counts_bytes_read_back() -> None:
    _, context = await verify(a_dcn())
    figures = [shown.progress for shown in context.shown if shown.progress]
    assert figures[-1].percent == 100.0
    assert {figure.source for figure in figures} == {ProgressSource.READ_BACK}


async def test_refusals_come_before_anything_is_read() -> None:
    services = FakeServices()
    assert "reach has the RBD image" in (await plan(services)).refusals[0].text
    services.world.make("central")
    assert "is not mirrored" in (await plan(services)).refusals[0].text
    services = a_dcn()
    await services.clusters["dcn0"].mirroring.promote("volumes", "volume-1", force=True)
    assert "primary at central and dcn0" in (await plan(services)).refusals[0].text
    services = a_dcn()
    services.world.plants["central"].reachable = False
    made = await plan(services)
    assert made.is_refused
    assert any(check.outcome is Outcome.WARNING for check in made.checks)


async def test_retry_plans_what_is_left() -> None:
    services = a_dcn(MirrorMode.SNAPSHOT, "dcn0", "dcn1")
    context = MirrorContext(services, await plan(services))
    done = Target(site="dcn0", state=TargetState.DONE)
    failed = Target(site="dcn1", state=TargetState.FAILED)
    task = msgspec.structs.replace(context.task, targets=(done, failed))
    again = await MirrorVerify().replan(services.as_services(), task, services.plan_context())
    assert again.targets == ("dcn1",)


@given(st.sets(st.integers(0, 5000), max_size=300), st.floats(0.1, 100), st.text(max_size=8))
def test_a_sample_is_part_of_the_whole(numbers: set[int], percent: float, seed: str) -> None:
    chosen = sample(sorted(numbers), percent, seed)
    assert set(chosen) <= numbers
    assert list(chosen) == sorted(chosen)
    assert len(chosen) >= min(1, len(numbers))
    assert len(chosen) >= len(numbers) * percent / 100 - 1e-6
    assert chosen == sample(sorted(numbers), percent, seed)


def test_seeds_choose_differently() -> None:
    chosen = {sample(range(1000), 1, hashlib.sha256(bytes([n])).hexdigest()) for n in range(5)}
    assert len(chosen) == 5


def test_the_last_object_ends_with_the_rbd_image() -> None:
    assert byte_range(2, OBJECT, 2 * OBJECT + 100) == (2 * OBJECT, 2 * OBJECT + 100)
    assert "and 5 more" in named(tuple(range(15)), OBJECT, 100 * OBJECT)
    assert len(as_data(range(2000), OBJECT, 2000 * OBJECT)) == 1000
