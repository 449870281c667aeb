"""Deleting the backups of a plan one after another."""

from dcn_console.model.errors import ObjectNotFound
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import count
from dcn_console.operations.backups.removal import remove_backup
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered
from dcn_console.operations.delete_backups.plan import DELETE_STEP, Parameters
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult


async def delete_at(context: TargetContext) -> Target:
    """Delete them in the order of the plan, stopping at the first that Cinder does not delete."""
    parameters = parameters_of(context.task.plan, Parameters)
    result = await context.step(DELETE_STEP, lambda: _delete(context, parameters))
    if result.outcome == DONE:
        return Target(site=context.site, state=TargetState.DONE, verified=result.text, attempts=1)
    cancelled = result.outcome == CANCELLED
    state = TargetState.CANCELLED if cancelled else TargetState.FAILED
    return Target(site=context.site, state=state, text=result.text, attempts=1)


async def _delete(context: TargetContext, parameters: Parameters) -> StepResult:
    gone = 0
    for backup_id, label in zip(parameters.backup_ids, parameters.labels, strict=True):
        result = await _delete_one(context, backup_id, label)
        if result.outcome != DONE:
            left = parameters.labels[gone:]
            names = ", ".join(f"“{one}”" for one in left)
            text = f"{result.text.rstrip('.')}. {count(gone, 'backup')} deleted; left: {names}"
            return StepResult(outcome=result.outcome, text=text)
        gone += 1
    return StepResult(outcome=DONE, text=f"{count(gone, 'backup')} gone from Cinder's list")


async def _delete_one(context: TargetContext, backup_id: str, label: str) -> StepResult:
    if context.cancelled():
        return StepResult(outcome=CANCELLED, text="cancelled")

    async def look() -> StepResult | None:
        try:
            backup = await context.services.cinder.backups.backup(backup_id)
        except ObjectNotFound:
            return StepResult(outcome=DONE, text=f"“{label}” was gone already")
        return await remove_backup(context, backup)

    result = await until_answered(context, look, cancelled="cancelled")
    return StepResult(outcome=REFUSED, text=result.text) if result.outcome == GONE else result
