"""A rehearsal at one site, from the scratch copy to its removal."""

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.interrupting import Interrupted, interruptible
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import look_until_done
from dcn_console.operations.rehearse.disk.look import in_words, look_at_disk
from dcn_console.operations.rehearse.disk.source import Damaged, Disk
from dcn_console.operations.rehearse.names import (
    BROKEN,
    CANCELLED,
    CLEARED,
    COPIED,
    COPY_STEP,
    EXAMINE_STEP,
    REMOVE_COPY_STEP,
    REMOVE_SNAPSHOT_STEP,
    SNAPSHOT_STEP,
    WORKS,
)
from dcn_console.operations.rehearse.plan import Parameters
from dcn_console.operations.rehearse.scratch import Scratch
from dcn_console.operations.results import StepResult
from dcn_console.operations.verify_mirror.names import READY, REMOVED
from dcn_console.operations.verify_mirror.temporary import TemporarySnapshot

_ENDS = {WORKS: TargetState.DONE, CANCELLED: TargetState.CANCELLED}


async def rehearse_at(context: TargetContext) -> Target:
    """Copy, examine and remove; a failure, cancelling or a kill leaves nothing behind."""
    parameters = parameters_of(context.task.plan, Parameters)
    scratch = Scratch(context, parameters.subject)
    snapshot = None
    if parameters.snapshot:
        topology = context.services.topology
        source, destination = topology.site(parameters.source), topology.site(context.site)
        snapshot = TemporarySnapshot(context, parameters.subject, source, destination)
    try:
        result = await _found_out(context, parameters, scratch, snapshot)
    except DcnError as error:
        result = StepResult(outcome=BROKEN, text=str(error))
    left = [await _cleared(context, REMOVE_COPY_STEP, scratch.remove, CLEARED)]
    if snapshot is not None:
        left.append(await _cleared(context, REMOVE_SNAPSHOT_STEP, snapshot.remove, REMOVED))
    return _ended(context.site, result, ". ".join(filter(None, left)))


async def _found_out(
    context: TargetContext,
    parameters: Parameters,
    scratch: Scratch,
    snapshot: TemporarySnapshot | None,
) -> StepResult:
    if snapshot is not None:
        taken = await context.step(SNAPSHOT_STEP, snapshot.take)
        if taken.outcome != READY:
            return taken
    name = snapshot.name if snapshot is not None else ""
    copied = await context.step(COPY_STEP, partial(scratch.copy, name))
    if copied.outcome != COPIED:
        return copied
    return await context.step(EXAMINE_STEP, partial(_examine, context, parameters, scratch))


async def _cleared(
    context: TargetContext, step: str, remove: Callable[[], Awaitable[StepResult]], wanted: str
) -> str:
    """Take a removing step; return what is left behind, "" for nothing."""
    try:
        removed = await context.step(step, remove)
    except DcnError as error:
        return str(error)
    return "" if removed.outcome == wanted else removed.text


async def _examine(context: TargetContext, parameters: Parameters, scratch: Scratch) -> StepResult:
    """Look at the scratch copy; returns WORKS, BROKEN or CANCELLED."""
    pool = parameters.subject.pool

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, "looking at partition table and filesystems")
        detail = await scratch.content.detail(pool, scratch.name)
        disk = Disk(partial(scratch.content.read, pool, scratch.name), detail.size)
        try:
            report = await interruptible(context, look_at_disk(disk))
        except Damaged as damage:
            return StepResult(outcome=BROKEN, text=f"it cannot be read: {damage}")
        words, problems = in_words(report), report.every_problem
        data = {"report": msgspec.to_builtins(report)}
        if problems:
            named = "; ".join(printable(problem, 200) for problem in problems)
            text = f"it would not work as it is: {named}. Found: {words}"
            return StepResult(outcome=BROKEN, text=text, data=data)
        return StepResult(outcome=WORKS, text=words, data=data)

    try:
        return await look_until_done(context, look, cancelled="cancelled while looking at it")
    except Interrupted:
        return StepResult(outcome=CANCELLED, text="cancelled while looking at it")


def _ended(site: str, result: StepResult, left: str) -> Target:
    state = _ENDS.get(result.outcome, TargetState.FAILED)
    text = f"{result.text}. {left}" if left else result.text
    if state is TargetState.DONE and not left:
        return Target(site=site, state=state, verified=text, attempts=1)
    if state is TargetState.DONE:
        state = TargetState.FAILED
    return Target(site=site, state=state, text=text, attempts=1)
