"""A check of a backup; whatever comes of it, the scratch volume goes."""

from functools import partial

from dcn_console.model.backup_rows import VERIFIED_AT
from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.check_backups.plan import (
    PART,
    RECORD_STEP,
    REMOVE_STEP,
    Parameters,
)
from dcn_console.operations.cinder_waiting import until_answered
from dcn_console.operations.making import ASKED, CLEARED, THERE, VERIFIED, WRONG
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED, DONE
from dcn_console.operations.restore_backup.names import ASK_STEP, VERIFY_STEP, WATCH_STEP
from dcn_console.operations.restore_backup.steps import Steps
from dcn_console.operations.restore_backup.verify import verify
from dcn_console.operations.results import StepResult

COMPARED = "objects_compared"
"""In the data of a verification that has read data."""


async def check_at(context: TargetContext) -> Target:
    """Restore to a scratch volume, compare, remove, and write down that the backup is good."""
    restore = parameters_of(context.task.plan, Parameters).restore
    steps = Steps(context, restore, PART)
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return _ended(context, asked)
    volume_id = str(asked.data["volume"])
    try:
        result = await context.step(WATCH_STEP, partial(steps.watch, volume_id))
        if result.outcome == THERE:
            result = await context.step(VERIFY_STEP, partial(verify, context, restore, volume_id))
    except DcnError as error:
        result = StepResult(outcome=WRONG, text=str(error))
    left = await _removed(context, restore.name, volume_id)
    if result.outcome == VERIFIED and COMPARED not in result.data:
        result = StepResult(outcome=WRONG, text=f"it was restored, but not proved: {result.text}")
    if result.outcome != VERIFIED:
        return _ended(context, result, left)
    recorded = await context.step(RECORD_STEP, partial(_record, context, restore.backup_id))
    if recorded.outcome != DONE:
        left = f"{left}. It is not written down: {recorded.text}"
    return _ended(context, result, left)


async def _removed(context: TargetContext, name: str, volume_id: str) -> str:
    """Remove the scratch volume once Cinder has let go of it; return what is left, "" if none."""
    resolute = Resolute(context, "the scratch volume is removed first")
    restore = parameters_of(context.task.plan, Parameters).restore
    patient = Steps(resolute, restore, PART)

    async def remove() -> StepResult:
        await patient.watch(volume_id)
        return await patient.clear(volume_id)

    try:
        result = await context.step(REMOVE_STEP, remove)
    except DcnError as error:
        return f". Volume “{printable(name, 60)}” ({volume_id}) is left: {error}"
    return "" if result.outcome == CLEARED else f". {result.text}"


async def _record(context: TargetContext, backup_id: str) -> StepResult:
    """Write into the backup's metadata when it was proved; the rest of it stays."""

    async def look() -> StepResult | None:
        backups = context.services.cinder.backups
        backup = await backups.backup(backup_id)
        at = context.now().isoformat(timespec="seconds")
        await backups.set_metadata(backup_id, {**backup.metadata, VERIFIED_AT: at})
        return StepResult(outcome=DONE, text=f"verified at {at}")

    return await until_answered(context, look, cancelled="cancelled", at_least_once=True)


def _ended(context: TargetContext, result: StepResult, left: str = "") -> Target:
    text = f"{result.text}{left}"
    if result.outcome == VERIFIED and not left:
        return Target(site=context.site, state=TargetState.DONE, verified=text, attempts=1)
    cancelled = result.outcome == CANCELLED
    state = TargetState.CANCELLED if cancelled else TargetState.FAILED
    return Target(site=context.site, state=state, text=text, attempts=1)
