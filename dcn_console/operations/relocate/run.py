"""A relocation step by step. What comes next is decided by results that were written down."""

from functools import partial

from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_steps.demotion import (
    both_secondary,
    demote,
    final_sync,
    take_snapshot,
)
from dcn_console.operations.mirror_steps.promotion import PROMOTED, follows, promote, undo
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.mirror_steps.schedules import move_schedules
from dcn_console.operations.mirror_steps.servers import start_servers, stop_servers
from dcn_console.operations.mirror_steps.verification import verify_sides
from dcn_console.operations.patience import CANCELLED, DONE
from dcn_console.operations.relocate import names
from dcn_console.operations.relocate.names import Relocation
from dcn_console.operations.results import StepResult


async def relocate(context: TargetContext, wanted: Relocation) -> Target:
    """Make the destination primary, or leave the source primary; never stop in between."""
    before = StepResult(outcome=DONE) if wanted.demoted else await _give_up(context, wanted)
    if before.outcome != DONE:
        return await _unchanged(context, wanted, before)
    passage = wanted.passage
    waited = await context.step(names.WAIT, partial(both_secondary, context, passage))
    promoted = waited
    if waited.outcome == DONE:
        promoted = await context.step(names.PROMOTE, partial(promote, context, passage))
    if promoted.outcome != DONE:
        undone = await _undo(context, wanted, promoted)
        if undone is not None:
            return undone
    return await finish(context, wanted)


async def _give_up(context: TargetContext, wanted: Relocation) -> StepResult:
    """Take the steps up to the demotion, until one does not end well."""
    passage = wanted.passage
    if wanted.stop_servers:
        act = partial(stop_servers, context, wanted.stop_servers)
        result = await context.step(names.STOP_SERVER, act)
        if result.outcome != DONE:
            return result
    snapshot: int | None = None
    if passage.is_snapshot_mode:
        result = await context.step(names.TAKE_SNAPSHOT, partial(take_snapshot, context, passage))
        snapshot = result.data.get("snapshot")
        if result.outcome != DONE:
            return result
    act = partial(final_sync, context, passage, snapshot)
    result = await context.step(names.FINAL_SYNC, act)
    if result.outcome != DONE:
        return result
    return await context.step(names.DEMOTE, partial(demote, context, passage))


async def _unchanged(context: TargetContext, wanted: Relocation, why: StepResult) -> Target:
    """End before the demotion: the servers that were stopped are started again."""
    text = why.text
    if wanted.restart_servers:
        firm = Resolute(context, "the server is being started again")
        act = partial(start_servers, firm, wanted.restart_servers)
        text += f"; {(await context.step(names.START_SERVER, act)).text}"
    return _ended(context, why, text)


async def _undo(context: TargetContext, wanted: Relocation, why: StepResult) -> Target | None:
    """Make the source primary again; None when the destination is primary already."""
    firm = Resolute(context, "it is being undone already")
    undone = await context.step(names.UNDO, partial(undo, firm, wanted.passage))
    if undone.outcome == PROMOTED:
        return None
    text = f"{why.text}; {undone.text}"
    if undone.outcome != DONE:
        return Target(site=context.site, state=TargetState.FAILED, text=text)
    if wanted.restart_servers:
        act = partial(start_servers, firm, wanted.restart_servers)
        text += f"; {(await context.step(names.START_SERVER, act)).text}"
    return _ended(context, why, text)


async def finish(context: TargetContext, wanted: Relocation) -> Target:
    """Take the steps after the promotion: all of them, and cancelling does not end them."""
    passage = wanted.passage
    firm = Resolute(
        context, f"{passage.destination} is primary already; the task goes on to its end"
    )
    said: list[str] = []
    failed: list[str] = []
    if wanted.reverses:
        act = partial(follows, firm, passage)
        _note(await context.step(names.FOLLOW, act), said, failed)
    if not failed:
        act = partial(
            verify_sides,
            firm,
            passage,
            wanted.check,
            wanted.sample_percent,
            both_ways=wanted.reverses,
        )
        _note(await context.step(names.VERIFY, act), said, failed)
    if wanted.schedules:
        act = partial(move_schedules, firm, passage, wanted.schedules)
        _note(await context.step(names.SCHEDULES, act), said, failed)
    if wanted.start_servers and not failed:
        act = partial(start_servers, firm, wanted.start_servers)
        _note(await context.step(names.START_SERVER, act), said, failed)
    if failed:
        text = f"{passage.destination} is primary, but: {'; '.join(failed)}"
        return Target(site=context.site, state=TargetState.FAILED, text=text)
    return Target(site=context.site, state=TargetState.DONE, verified="; ".join(said))


def _note(result: StepResult, said: list[str], failed: list[str]) -> None:
    (said if result.outcome == DONE else failed).append(result.text)


def _ended(context: TargetContext, why: StepResult, text: str) -> Target:
    cancelled = why.outcome == CANCELLED
    state = TargetState.CANCELLED if cancelled else TargetState.FAILED
    return Target(site=context.site, state=state, text=text)
