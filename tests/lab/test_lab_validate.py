"""An edge is validated on real services: killed in the middle, and with a service that hangs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from dcn_lab.lab import Lab
from lab_tasks import console_on, halted, planned
from real_console import RealConsole, until

from dcn_console.inventory.services import Services
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.tasks import StepState, Task
from dcn_console.model.validation import Report, StageOutcome, report_of
from dcn_console.operations.validate_site.leftovers import leftovers
from dcn_console.operations.validate_site.names import CLEAN, VOLUME

OVER_SECONDS = 1500.0


@pytest.fixture
def console(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealConsole]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with console_on(lab, tmp_path) as console:
        console.start_runner()
        yield console


def report(console: RealConsole, task: Task) -> Report:
    """The report of a task as it is now."""
    return report_of(task, console.store.steps(task.number), task.submitted_at)


def has_begun(console: RealConsole, number: int, step: str) -> bool:
    """Whether a step of that name was begun."""
    return any(one.name == step for one in console.store.steps(number))


async def left_by(console: RealConsole, task: Task) -> str:
    """What the services still have of a task."""
    services = await Services.open(console.settings)
    try:
        found = await leftovers(services, (task.id,), (), with_servers=True)
    finally:
        await services.close()
    return "; ".join((found.names, *found.unknown)).strip("; ")


def over(console: RealConsole, number: int) -> Task:
    """Wait for the end of a validation."""
    until(lambda: console.task(number).state.is_over, "the validation is over", OVER_SECONDS)
    return console.task(number)


async def test_an_edge_passes_although_the_runner_is_killed(
    lab: Lab, console: RealConsole, tmp_path: Path
) -> None:
    edge, second = lab.edges[:2]
    request = ValidateSite(
        site=edge.name,
        second_site=second.name,
        image_bytes=8 << 20,
        without_server=not lab.topology.compute,
    )
    plan = await planned(console, request)
    number = console.store.submit(plan, "test").number
    for step in ("copy to edge: watch", "server image: watch"):
        until(lambda step=step: has_begun(console, number, step), step, OVER_SECONDS)  # type: ignore[misc]
        console.kill_runner()
        console.start_runner()
    task = over(console, number)
    told = report(console, task)
    came_to = {stage.name: stage.outcome.value for stage in told.stages}
    passed = told.count(StageOutcome.PASSED) + told.count(StageOutcome.SKIPPED)
    assert passed == len(told.stages), (came_to, console.explain(number))
    assert told.verdict == ("passed" if lab.topology.compute else "passed with gaps")
    clone = next(stage for stage in told.stages if stage.name == "copy-on-write")
    assert "is a clone of" in clone.text
    clean = told.stages[-1]
    assert "nothing is left in the clusters" in clean.text
    assert await left_by(console, task) == ""
    assert not any("validate" in one for one in os.listdir(tmp_path))  # noqa: PTH208


async def test_a_service_that_hangs_fails_its_step_and_leaves_nothing(
    lab: Lab, console: RealConsole
) -> None:
    edge = lab.edges[0]
    request = ValidateSite(
        site=edge.name, image_bytes=4 << 20, without_server=True, step_seconds=60.0
    )
    plan = await planned(console, request)
    with halted(lab, f"cinder-volume.{edge.name}"):
        number = console.store.submit(plan, "test").number
        until(lambda: has_begun(console, number, CLEAN), "cleaning begins", OVER_SECONDS)
    task = over(console, number)
    told = {stage.name: stage for stage in report(console, task).stages}
    assert told[VOLUME].outcome is StageOutcome.FAILED, console.explain(number)
    assert "given up after" in told[VOLUME].text or "No cinder-volume" in told[VOLUME].text
    assert told["backup"].outcome is StageOutcome.SKIPPED
    assert told[CLEAN].outcome is StageOutcome.PASSED, told[CLEAN].text
    assert await left_by(console, task) == ""
    assert all(one.state is not StepState.RUNNING for one in console.store.steps(number))
