"""A site is validated on a simulator: what works, what is lacking, what fails, and what is left."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fake_mirror_services import MirrorContext
from simulated import Api, running_simulator, small_options
from simulated_operations import Operations, operations_on

from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.tasks import TargetState
from dcn_console.operations.results import StepResult
from dcn_console.operations.validate_site.leftovers import leftovers
from dcn_console.operations.validate_site.names import CLEAN, NEEDS
from dcn_console.simulator.instance import Simulator
from dcn_console.simulator.records import MIB

STEPS = (*NEEDS, CLEAN)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One cloud for this module's tests: each leaves nothing behind."""
    with running_simulator(small_options(bandwidth=512.0 * MIB)) as running:
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
    fields: dict[str, object] = {"site": "north", "image_bytes": 4 * MIB, "step_seconds": 120.0}
    return ValidateSite(**{**fields, **changes})  # type: ignore[arg-type]


def outcomes(results: dict[str, StepResult]) -> dict[str, str]:
    """What each step of the validation came to."""
    return {name: results[name].outcome for name in STEPS if name in results}


def folders_in(folder: Path) -> list[str]:
    """The folders that validations made there."""
    return [one.name for one in folder.glob("dcn-console-validate-*")]


async def is_clean(operations: Operations, context: MirrorContext) -> bool:
    """Whether no service has anything of the task."""
    found = await leftovers(operations.services, (context.task.id,), (), with_servers=True)
    return found.is_empty


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
    assert await is_clean(operations, context)
    assert folders_in(tmp_path) == []
