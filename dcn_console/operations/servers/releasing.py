"""Volumes of a server that is gone, until they are free again.

Of a server that is deleted before Nova has found a host for it, the volume stays reserved for
ever (seen with Nova 26.2 and Cinder 21.3): what reserves it is looked for and removed.
"""

from collections.abc import Sequence

from dcn_console.model.errors import ObjectNotFound
from dcn_console.model.storage import VolumeAttachment
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import until_answered
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult

MOST_LOOKS = 120
"""So often a volume is looked at until it lets go of a server that is gone."""
LOOKS_BEFORE_REMOVING = 15
"""So often Nova itself may let go of what it only reserved."""
_RESERVED = "reserved"


async def released(
    context: TargetContext, server_id: str, volume_ids: Sequence[str], cancelled: str
) -> StepResult:
    """Wait until none of the volumes has an attachment of the server; DONE, REFUSED, CANCELLED."""
    looks = 0
    left = list(volume_ids)

    async def look() -> StepResult | None:
        nonlocal looks
        looks += 1
        for volume_id in tuple(left):
            held = await _held(context, volume_id, server_id)
            if not held:
                left.remove(volume_id)
            elif looks > LOOKS_BEFORE_REMOVING:
                await _let_go(context, volume_id, held)
        if not left:
            return StepResult(outcome=DONE, text="its volumes came free")
        if looks > MOST_LOOKS:
            text = (
                f"Cinder still has it attached to volume {', '.join(left)}; see “openstack "
                "volume attachment list”"
            )
            return StepResult(outcome=REFUSED, text=text)
        context.show(TargetState.RUNNING, "its volumes come free")
        return None

    return await until_answered(context, look, cancelled=cancelled, at_least_once=True)


async def _held(
    context: TargetContext, volume_id: str, server_id: str
) -> tuple[VolumeAttachment, ...]:
    cinder = context.services.cinder
    try:
        if (await cinder.volume(volume_id)).status == "available":
            return ()
    except ObjectNotFound:
        return ()
    found = await cinder.attachments.of_volume(volume_id)
    return tuple(one for one in found if one.server_id == server_id)


async def _let_go(context: TargetContext, volume_id: str, held: Sequence[VolumeAttachment]) -> None:
    for one in held:
        if one.status == _RESERVED:
            await context.services.cinder.attachments.delete(one.id)
            context.log(f"volume {volume_id} was still reserved for the server that is gone; freed")
