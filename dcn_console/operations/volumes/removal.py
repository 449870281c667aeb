"""Deleting a volume or a snapshot and seeing it gone, whoever asked for it first."""

from collections.abc import Awaitable, Callable

from dcn_console.model.errors import HttpError, ServiceError
from dcn_console.model.storage import VolumeSnapshot
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import (
    GONE,
    HasStatus,
    until_answered,
    waiting_text,
    with_words,
)
from dcn_console.operations.marks import answer_was_lost
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import Silence, at_volume
from dcn_console.operations.volumes.reasons import why

DELETING = "deleting"


async def remove_volume(
    context: TargetContext, volume_id: str, what: str, *, cascade: bool = False
) -> StepResult:
    """Delete a volume, with ``cascade`` its snapshots too; ``what`` names it. See ``_remove``."""
    cinder = context.services.cinder
    return await _remove(
        context,
        volume_id,
        what,
        lambda: cinder.volume(volume_id),
        lambda: cinder.volumes.delete(volume_id, cascade=cascade),
        lambda: at_volume(context, volume_id),
        f"openstack volume set --state error {volume_id}",
    )


async def remove_snapshot(context: TargetContext, snapshot_id: str, what: str) -> StepResult:
    """Delete a snapshot; ``what`` names it. See ``_remove``."""
    snapshots = context.services.cinder.snapshots
    volume_id = ""

    async def show() -> VolumeSnapshot:
        nonlocal volume_id
        snapshot = await snapshots.snapshot(snapshot_id)
        volume_id = snapshot.volume_id or ""
        return snapshot

    return await _remove(
        context,
        snapshot_id,
        what,
        show,
        lambda: snapshots.delete(snapshot_id),
        lambda: at_volume(context, volume_id),
        f"openstack volume snapshot set --state error {snapshot_id}",
    )


async def _remove(
    context: TargetContext,
    object_id: str,
    what: str,
    show: Callable[[], Awaitable[HasStatus]],
    delete: Callable[[], Awaitable[None]],
    watch_over: Callable[[], Silence],
    way_out: str,
) -> StepResult:
    """Ask for the end of something unless it is deleting already, and wait for it.

    DONE when it is gone, by whosoever hand; REFUSED with the reason when Cinder did not delete
    it, or nobody is at it any more, with ``way_out``; CANCELLED when the task was cancelled.
    """
    began = context.now()
    asked = False
    silence: Silence | None = None

    async def look() -> StepResult | None:
        nonlocal asked, silence
        status = (await show()).status or "unknown"
        if status == DELETING:
            asked = True
            if silence is None:
                silence = watch_over()
            broken = await silence.broken_off(status)
            if broken:
                text = f"Cinder did not delete {what}, it is {status}: {broken}. Then: {way_out}"
                return StepResult(outcome=REFUSED, text=f"{text}, and delete it again")
            text = waiting_text(f"Cinder deletes {what}", status, began, context.now(), None)
            context.show(TargetState.RUNNING, with_words(text, silence))
            return None
        if asked:
            return StepResult(outcome=REFUSED, data={"status": status})
        if context.cancelled():
            return StepResult(outcome=CANCELLED, text=f"cancelled before {what} was deleted")
        context.show(TargetState.ASKING, f"asking Cinder to delete {what}")
        asked = await _ask(show, delete)
        return None

    result = await until_answered(
        context,
        look,
        cancelled=f"stopped watching; Cinder may go on deleting {what} ({object_id})",
        at_least_once=True,
    )
    if result.outcome == GONE:
        return StepResult(outcome=DONE, text=f"{what} is gone")
    if result.outcome == REFUSED and "status" in result.data:
        site = context.services.topology.site(context.site)
        status = printable(str(result.data["status"]), 40)
        reason = await why(context.services, object_id, site)
        text = f"Cinder did not delete {what} ({object_id}), it is {status}: {reason}"
        return StepResult(outcome=REFUSED, text=text)
    return result


async def _ask(
    show: Callable[[], Awaitable[HasStatus]], delete: Callable[[], Awaitable[None]]
) -> bool:
    """Ask once; false when the answer was lost, and the next look decides."""
    try:
        await delete()
    except ServiceError as error:
        if answer_was_lost(error):
            return False
        if isinstance(error, HttpError) and (await show()).status == DELETING:
            return True
        raise
    return True
