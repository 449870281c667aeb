"""A validation from its first step to its clean end."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType

from msgspec.structs import replace

from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import format_duration
from dcn_console.operations.base import TargetContext
from dcn_console.operations.not_working import not_working
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED
from dcn_console.operations.results import StepResult
from dcn_console.operations.validate_site.cleaning import Cleaning
from dcn_console.operations.validate_site.image_stages import (
    bring_in,
    copy_back,
    copy_to_edge,
    image_of_server,
)
from dcn_console.operations.validate_site.names import (
    BACKUP,
    CENTRAL,
    CLEAN,
    CLONE,
    COMPARE,
    COPY,
    FAILED,
    GO_ON,
    IMAGE,
    IMPORT,
    NEEDS,
    PASSED,
    RESTORE,
    SERVER,
    SKIPPED,
    SNAPSHOT,
    START,
    STOP,
    VOLUME,
)
from dcn_console.operations.validate_site.parameters import Parameters
from dcn_console.operations.validate_site.server_stages import make_server, start, stop
from dcn_console.operations.validate_site.stage import Run
from dcn_console.operations.validate_site.volume_stages import (
    back_up,
    compare,
    make_volume,
    restore,
    see_clone,
    take_snapshot,
)

ACTS: Mapping[str, Callable[[Run], Awaitable[StepResult]]] = MappingProxyType(
    {
        IMPORT: bring_in,
        COPY: copy_to_edge,
        VOLUME: make_volume,
        CLONE: see_clone,
        SERVER: make_server,
        STOP: stop,
        SNAPSHOT: take_snapshot,
        START: start,
        IMAGE: image_of_server,
        CENTRAL: copy_back,
        BACKUP: back_up,
        RESTORE: restore,
        COMPARE: compare,
    }
)
_KNOWN = frozenset({PASSED, FAILED, SKIPPED, CANCELLED})


async def validate(context: TargetContext) -> Target:
    """Take every step that can be taken, remove everything, and say how it went."""
    parameters = parameters_of(context.task.plan, Parameters)
    results: dict[str, StepResult] = {}
    run = Run(context, parameters, results)
    for name in NEEDS:
        results[name] = await _take(run, name)
    results[CLEAN] = await _clean(run)
    return _ended(context, results)


async def _take(run: Run, name: str) -> StepResult:
    """Take one step: PASSED, FAILED, SKIPPED or CANCELLED."""
    reason = _not_tried(run, name)
    if reason:

        async def skip() -> StepResult:
            return StepResult(outcome=SKIPPED, text=reason)

        return await run.context.step(name, skip)
    try:
        result = await ACTS[name](run)
    except (DcnError, OSError) as error:
        result = StepResult(outcome=FAILED, text=str(error))

    async def conclude() -> StepResult:
        if result.outcome == CANCELLED and not run.context.cancelled():
            limit = format_duration(run.parameters.step_seconds)
            text = f"given up after {limit}: {result.text}{await _silent(run)}"
            return replace(result, outcome=FAILED, text=text)
        return result if result.outcome in _KNOWN else replace(result, outcome=FAILED)

    return await run.context.step(name, conclude)


async def _silent(run: Run) -> str:
    """Say which clusters and services do not work: why another hangs it does not tell."""
    parameters = run.parameters
    sites = (parameters.site, parameters.hub, parameters.second_site)
    found = await not_working(run.context.services, sites, compute=True)
    return f". {'. '.join(found)}" if found else ""


def _not_tried(run: Run, name: str) -> str:
    """Return why a step is not tried, "" when it is."""
    if any(result.outcome == CANCELLED for result in run.results.values()):
        return "the task was cancelled before"
    if name in run.parameters.skipped:
        return run.parameters.skipped[name]
    for need in NEEDS[name]:
        result = run.results[need]
        if result.outcome != PASSED and not result.data.get(GO_ON):
            how = "failed" if result.outcome == FAILED else "was not tried"
            return f"it needs “{need}”, which {how}"
    return ""


async def _clean(run: Run) -> StepResult:
    cleaning = Cleaning(run)
    if run.parameters.keep:
        return await run.context.step(CLEAN, cleaning.kept)
    there = await run.context.step(f"{CLEAN}: look", cleaning.look)
    return await run.context.step(CLEAN, partial(cleaning.clean, str(there.data["words"])))


def _ended(context: TargetContext, results: Mapping[str, StepResult]) -> Target:
    def named(outcome: str) -> list[str]:
        return [name for name, result in results.items() if result.outcome == outcome]

    failed, skipped = named(FAILED), named(SKIPPED)
    passed = f"{len(named(PASSED))} of {len(results)} steps passed"
    gaps = f"; not tried: {', '.join(skipped)}" if skipped else ""
    cleaned = results[CLEAN]
    if named(CANCELLED):
        text = f"cancelled at “{named(CANCELLED)[0]}”; {cleaned.text}"
        return Target(site=context.site, state=TargetState.CANCELLED, text=text, attempts=1)
    if failed:
        reasons = "; ".join(f"{name}: {results[name].text}" for name in failed)
        text = f"{passed}{gaps}. Failed: {reasons}"
        return Target(site=context.site, state=TargetState.FAILED, text=text, attempts=1)
    text = f"{passed}{gaps}; {cleaned.text}"
    return Target(site=context.site, state=TargetState.DONE, verified=text, attempts=1)
