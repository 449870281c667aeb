"""Deleting one backup and seeing it gone."""

from datetime import timedelta

from msgspec.structs import replace

from dcn_console.model.errors import HttpError, ObjectNotFound
from dcn_console.model.storage import Backup
from dcn_console.model.text import printable
from dcn_console.operations.backups.where import hub_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered, until_gone
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import Silence

COUNTED_LATE = timedelta(seconds=60)
"""How long Cinder may go on counting an increment that is gone.

It removes the increment first and tells its parent afterwards (cinder/backup/manager.py,
``delete_backup``); a parent that counts any is not deleted: 400.
"""
_INVALID = 400


async def remove_backup(context: TargetContext, backup: Backup) -> StepResult:
    """Ask for the end of ``backup`` unless it is deleting already, and wait for it.

    DONE when it is gone, by whosoever hand; REFUSED when Cinder did not delete it, CANCELLED when
    the task was cancelled meanwhile: Cinder then goes on.
    """
    backups = context.services.cinder.backups
    what = f"backup “{printable(backup.label, 60)}”"
    counted_until = context.now() + COUNTED_LATE

    async def unless_gone(error: ObjectNotFound) -> StepResult:
        """Tell a backup that is gone from a cinder-backup that is: 404 is the answer to both."""
        seen = await backups.backup(backup.id)
        zone = printable(seen.availability_zone or "of its own", 60)
        return StepResult(
            outcome=REFUSED,
            text=f"Cinder does not delete {what} while no cinder-backup works in its zone, {zone}: "
            f"{error.message}",
        )

    async def ask() -> StepResult | None:
        seen = await backups.backup(backup.id)
        if seen.status != "deleting":
            try:
                await backups.delete(backup.id)
            except ObjectNotFound as error:
                return await unless_gone(error)
            except HttpError as error:
                if (await backups.backup(backup.id)).status == "deleting":
                    return StepResult(outcome=DONE)
                miscounted = error.status == _INVALID and seen.has_dependents
                if not miscounted or context.now() > counted_until:
                    raise
                return None
        return StepResult(outcome=DONE)

    asked = await until_answered(
        context, ask, cancelled=f"cancelled before {what} was deleted", at_least_once=True
    )
    if asked.outcome == GONE:
        return StepResult(outcome=DONE, text=f"{what} is gone")
    if asked.outcome != DONE:
        return asked
    gone = await until_gone(
        context,
        lambda: backups.backup(backup.id),
        what=what,
        cancelled=f"stopped watching; Cinder may go on deleting {what}",
        silence=Silence(context, (hub_of(context.services).name,)),
    )
    if gone.outcome != REFUSED or "status" not in gone.data:
        return gone
    way_out = f"openstack volume backup set --state error {backup.id}, and delete it again"
    return replace(gone, text=f"{gone.text}. When cinder-backup is up: {way_out}")
