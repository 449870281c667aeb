"""A site is validated on a simulator: what works, what is lacking, what fails, and what is left."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_mirror_services import Killed, MirrorContext
from simulated import Api, running_simulator, small_options
from simulated_operations import Operations, operations_on

from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.marks import PART_KEY, TASK_KEY
from dcn_console.operations.results import StepResult
from dcn_console.operations.validate_site.leftovers import leftovers
from dcn_console.operations.validate_site.names import CLEAN, NEEDS
from dcn_console.simulator.faults import ApiFault
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB

STEPS = (*NEEDS, CLEAN)
IMAGE_BYTES = 4 * MIB
BANDWIDTH = 512.0 * MIB
START_SECONDS = 0.2
"""A simulated Glance takes so long until it begins with what it was asked for."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests: each leaves nothing behind."""
    with running_simulator(small_options(bandwidth=BANDWIDTH)) as running:
        yield running


@pytest.fixture
def admin(simulator: Simulator) -> Api:
    return Api(simulator)


@pytest.fixture
async def operations(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Operations]:
    monkeypatch.setenv("DCN_CONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DCN_CONSOLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with operations_on(simulator, tmp_path) as found:
        yield found


def a_request(**changes: object) -> ValidateSite:
    fields: dict[str, object] = {"site": "north", "image_bytes": IMAGE_BYTES, "step_seconds": 600.0}
    return ValidateSite(**{**fields, **changes})  # type: ignore[arg-type]


def outcomes(results: dict[str, StepResult]) -> dict[str, str]:
    """What each step of the validation came to."""
    return {name: results[name].outcome for name in STEPS if name in results}


def folders_in(folder: Path) -> list[str]:
    """The folders that validations made there."""
    return [one.name for one in folder.glob("dcn-console-validate-*")]


async def left_by(operations: Operations, task_id: str) -> str:
    """What the services have of a task."""
    found = await leftovers(operations.services, (task_id,), (), with_servers=True)
    return "; ".join((found.names, *found.unknown)).strip("; ")


def glance_killed_in_mid_copy(simulator: Simulator) -> Callable[[str], None]:
    """Return what kills Glance after the step that asks it to copy to the edge.

    Its clock stands still from the step before on, and goes on as far as the middle of the edge's
    RBD image only.
    """

    def after(name: str) -> None:
        if name == "copy to edge: probe":
            simulator.control.set_time_scale(0.0)
        elif name == "copy to edge: ask":
            simulator.control.advance(START_SECONDS + 1.5 * IMAGE_BYTES / BANDWIDTH)
            assert simulator.control.kill_image_service() == 1
            simulator.control.set_time_scale(1.0)

    return after


async def rbd_images_of_ours(operations: Operations, context: MirrorContext) -> list[str]:
    """What the pools of images hold of the image that a validation imported."""
    image_id = str(context.results["import image"].data["image"])
    clusters = operations.services.clusters.values()
    return [name for cluster in clusters for name in await cluster.names("images", image_id)]


async def resumed(operations: Operations, plan: Plan, task_id: str) -> tuple[Target, list[str]]:
    """Run a plan and kill it once after every single step, before that is written down."""
    results: dict[str, StepResult] = {}
    killed: list[str] = []

    def kill(name: str) -> None:
        if name not in killed:
            killed.append(name)
            raise Killed

    while True:
        try:
            target, _ = await operations.run(
                a_request(), plan, results=results, on_step=kill, task_id=task_id
            )
        except Killed:
            continue
        return target, killed


async def test_everything_is_tried_and_removed(operations: Operations, tmp_path: Path) -> None:
    plan = await operations.plan(a_request())
    assert [step.name for step in plan.steps] == list(STEPS)
    assert plan.targets == ("north",)
    target, context = await operations.run(a_request(), plan)
    assert target.state is TargetState.DONE, target.text
    assert set(outcomes(context.results).values()) == {"passed"}, outcomes(context.results)
    assert "clone of" in context.results["copy-on-write"].text
    assert "the server's root volume" in context.results["server image"].text
    assert context.results["restore"].moved == 4 * MIB
    assert "comparing the data is no part of this step" in context.results["restore"].text
    assert await left_by(operations, context.task.id) == ""
    assert folders_in(tmp_path) == []


async def test_a_kill_after_every_step_makes_nothing_twice(operations: Operations) -> None:
    target, killed = await resumed(operations, await operations.plan(a_request()), "killed")
    assert target.state is TargetState.DONE, target.text
    assert {"import image: send", "backup: watch", CLEAN} <= set(killed)
    assert await left_by(operations, "killed") == ""


@pytest.mark.parametrize("during", ["import image", "server of volume", "server image", "backup"])
async def test_cancelling_removes_what_was_made(operations: Operations, during: str) -> None:
    def cancel(context: MirrorContext) -> None:
        if context.shown[-1].text.startswith(during):
            context.cancel_now = True

    target, context = await operations.run(a_request(), on_wait=cancel)
    assert target.state is TargetState.CANCELLED, target.text
    came_to = outcomes(context.results)
    assert came_to[during] == "cancelled"
    assert list(came_to.values()).count("skipped") == len(STEPS) - STEPS.index(during) - 2
    assert came_to[CLEAN] == "passed", context.results[CLEAN].text
    assert await left_by(operations, context.task.id) == ""


async def test_what_a_server_can_be_put_on_is_told_before_it_is_planned(
    operations: Operations,
) -> None:
    plan = await operations.plan(a_request(offers=True))
    assert not plan.has_work
    offered = plan.parameters["offers"]
    assert offered["flavors"]
    assert offered["networks"]
    for flavor in offered["flavors"]:
        wanted = a_request(flavor=flavor, network=offered["networks"][0])
        assert (await operations.plan(wanted)).has_work
    bare = Operations(operations.simulator, replace(operations.services, nova=None))
    assert "offers" not in (await bare.plan(a_request(offers=True))).parameters
    assert (await bare.plan(a_request())).has_work


async def test_what_the_cloud_lacks_is_left_out_and_said(operations: Operations) -> None:
    bare = replace(operations.services, nova=None, clusters={})
    poor = Operations(operations.simulator, bare)
    plan = await poor.plan(a_request())
    said = " ".join(check.text for check in plan.warnings)
    assert "no compute service" in said
    target, context = await poor.run(a_request(), plan)
    assert target.state is TargetState.DONE, target.text
    skipped = [name for name, outcome in outcomes(context.results).items() if outcome == "skipped"]
    assert skipped == [
        "copy-on-write", "server of volume", "stop server", "start server", "compare content"
    ]  # fmt: skip
    assert "no Ceph access to north" in context.results["copy-on-write"].text
    assert "the volume, for there is no server" in context.results["server image"].text
    assert await left_by(operations, context.task.id) == ""


async def test_a_step_that_fails_leaves_out_only_what_needs_it(
    operations: Operations, simulator: Simulator
) -> None:
    simulator.control.set_faults(backup_failures=("no space left",))
    target, context = await operations.run(a_request())
    simulator.control.set_faults()
    assert target.state is TargetState.FAILED
    assert "backup" in target.text
    assert "no space left" in target.text
    came_to = outcomes(context.results)
    assert came_to["backup"] == "failed"
    assert (came_to["restore"], came_to["compare content"]) == ("skipped", "skipped")
    assert "it needs “backup”, which failed" in context.results["restore"].text
    assert came_to["server image"] == came_to[CLEAN] == "passed"
    assert await left_by(operations, context.task.id) == ""


async def test_a_step_that_hangs_is_given_up(operations: Operations, simulator: Simulator) -> None:
    simulator.control.set_faults(backup_down=("home",))
    request = a_request(step_seconds=60.0, without_server=True)
    plan = await operations.plan(request)
    said = " ".join(check.text for check in plan.warnings)
    assert "it was asked for without a server" in said
    target, context = await operations.run(request, plan)
    assert target.state is TargetState.FAILED
    assert context.results["backup"].outcome == "failed", context.results["backup"]
    assert re.search(r"given up after 1:00: .*cinder-backup on \S+ is down since \d{4}-",
        context.results["backup"].text), context.results["backup"].text  # fmt: skip
    assert outcomes(context.results)["server image"] == "passed"
    assert outcomes(context.results)[CLEAN] == "failed"
    assert "backup “dcn-console-validate-7” is creating" in context.results[CLEAN].text
    assert "openstack volume backup set --state error " in context.results[CLEAN].text
    simulator.control.set_faults()

    again = await operations.replan(context.task)
    target, _ = await operations.run(request, again)
    assert target.state is TargetState.DONE, target.text
    assert await left_by(operations, context.task.id) == ""


async def test_an_image_whose_copy_a_killed_glance_left_goes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cloud of its own, whose clock no other test has put ahead."""
    for name in ("DCN_CONSOLE_STATE", "DCN_CONSOLE_CACHE", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    request = a_request(without_server=True, step_seconds=300.0)
    with running_simulator(small_options(bandwidth=BANDWIDTH)) as simulator:
        async with operations_on(simulator, tmp_path) as operations:
            kill = glance_killed_in_mid_copy(simulator)
            target, context = await operations.run(request, on_step=kill)
            assert target.state is TargetState.FAILED
            assert context.results["copy to edge"].outcome == "failed"
            assert context.results[CLEAN].outcome == "passed", context.results[CLEAN].text
            assert await left_by(operations, context.task.id) == ""
            assert await rbd_images_of_ours(operations, context) == []


async def test_what_a_killed_glance_still_locks_goes_with_a_retry(
    operations: Operations, simulator: Simulator
) -> None:
    request = a_request(without_server=True, step_seconds=60.0)
    _, first = await operations.run(request, on_step=glance_killed_in_mid_copy(simulator))
    assert first.results[CLEAN].outcome == "failed"
    assert "Glance is at something with image" in first.results[CLEAN].text
    assert not [line for line in first.lines if "not cancelled" in line]
    assert len(await rbd_images_of_ours(operations, first)) == 2

    contexts: list[MirrorContext] = []

    def pass_two_hours(name: str) -> None:
        if name == "compare content":
            contexts[0].fake.clock.forward(7200.0)

    target, _ = await operations.run(
        request,
        await operations.replan(first.task),
        on_step=pass_two_hours,
        on_wait=contexts.append,
    )
    assert target.state is TargetState.DONE, target.text
    assert await left_by(operations, first.task.id) == ""
    assert await rbd_images_of_ours(operations, first) == []


async def test_a_service_that_is_away_when_all_is_to_be_removed_is_waited_for(
    operations: Operations, simulator: Simulator
) -> None:
    def stop(name: str) -> None:
        if name == "compare content":
            simulator.control.set_faults(api=(ApiFault(service="volume", status=503),))

    def start(context: MirrorContext) -> None:
        if "whether any backup is left is not known" in context.shown[-1].text:
            simulator.control.clear_faults()

    request = a_request(without_server=True)
    target, context = await operations.run(request, on_step=stop, on_wait=start)
    assert target.state is TargetState.DONE, target.text
    assert await left_by(operations, context.task.id) == ""


async def test_an_image_of_the_cloud_stays_and_its_new_copy_goes(
    operations: Operations, simulator: Simulator, admin: Api
) -> None:
    image = simulator.control.add_image("theirs", ("store-home",), 4 * MIB)
    target, context = await operations.run(a_request(image_id=image, without_server=True))
    assert target.state is TargetState.DONE, target.text
    assert "image “theirs” of the cloud is used" in context.results["import image"].text
    assert admin.image(image)["stores"] == "store-home"
    assert await left_by(operations, context.task.id) == ""


async def test_an_image_that_somebody_made_of_ours_stays(
    operations: Operations, admin: Api
) -> None:
    made: list[str] = []

    def derive(name: str) -> None:
        if name == "copy to edge":
            body = {"name": "theirs", "disk_format": "raw", "container_format": "bare",
                    TASK_KEY: "derived", PART_KEY: "home: image"}  # fmt: skip
            made.append(admin.ask("POST", "/image/v2/images", body).content["id"])

    request = a_request(without_server=True)
    target, _ = await operations.run(request, on_step=derive, task_id="derived")
    assert target.state is TargetState.DONE, target.text
    assert admin.image(made[0])["name"] == "theirs"
    assert await left_by(operations, "derived") == ""


async def test_what_is_to_be_kept_is_named(operations: Operations, simulator: Simulator) -> None:
    request = a_request(keep=True, without_server=True)
    target, context = await operations.run(request)
    assert target.state is TargetState.DONE, target.text
    left = await left_by(operations, context.task.id)
    assert left
    assert context.results[CLEAN].outcome == "skipped"
    assert left in context.results[CLEAN].text
