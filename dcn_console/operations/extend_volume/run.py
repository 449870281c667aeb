"""An extension: asked for unless the volume is as large already, and seen in the RBD image."""

from functools import partial

from dcn_console.model.errors import ServiceError
from dcn_console.model.inventory import Volume
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import (
    GONE,
    until_answered,
    waiting_text,
    with_words,
)
from dcn_console.operations.extend_volume.plan import EXTEND_STEP, VERIFY_STEP, Parameters
from dcn_console.operations.marks import answer_was_lost
from dcn_console.operations.mirror_subject import STEADY
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import (
    CANCELLED,
    DONE,
    REFUSED,
    look_until_done,
    target_of,
)
from dcn_console.operations.results import StepResult
from dcn_console.operations.silence import Silence, at_volume
from dcn_console.operations.volumes.reasons import why

EXTENDING_STATUS = "extending"
LOOKS = 5
"""So often a volume may be seen as before after Cinder agreed to extend it."""


async def extend_at(context: TargetContext) -> Target:
    """Extend the volume and verify it."""
    parameters = parameters_of(context.task.plan, Parameters)
    result = await context.step(EXTEND_STEP, partial(_extend, context, parameters))
    if result.outcome == DONE:
        result = await context.step(VERIFY_STEP, partial(_verify, context, parameters))
    return target_of(context, result)


async def _extend(context: TargetContext, parameters: Parameters) -> StepResult:
    """See that it becomes as large; to be asked twice for the same size does no harm."""
    what = f"volume “{parameters.label}”"
    began = context.now()
    asked = looks = 0
    silence: Silence | None = None

    async def look() -> StepResult | None:
        nonlocal asked, looks, silence
        volume = await context.services.cinder.volume(parameters.volume_id)
        status = volume.status or "unknown"
        if status in STEADY and (volume.size or 0) >= parameters.size:
            text = f"{what} has {format_bytes(volume.size)}"
            return StepResult(outcome=DONE, text=text)
        if status.startswith("error"):
            return StepResult(outcome=REFUSED, text=await _failed(context, parameters, status))
        if status in STEADY and asked:
            looks += 1
            if looks > LOOKS:
                return StepResult(outcome=REFUSED, text=await _failed(context, parameters, status))
        elif status in STEADY:
            if context.cancelled():
                return StepResult(outcome=CANCELLED, text="cancelled before Cinder was asked")
            context.show(TargetState.ASKING, f"asking Cinder to extend {what}")
            asked = int(await _ask(context, parameters))
            return None
        if silence is None:
            silence = at_volume(context, volume.id, others=len(volume.attachments))
        broken = await silence.broken_off(status)
        if broken:
            return StepResult(outcome=REFUSED, text=_broken_off(parameters, volume, broken))
        doing = f"Cinder extends {what}"
        text = waiting_text(doing, status, began, context.now(), None)
        context.show(TargetState.RUNNING, with_words(text, silence))
        return None

    result = await until_answered(
        context,
        look,
        cancelled=f"stopped watching; Cinder goes on extending {what}",
        at_least_once=True,
    )
    if result.outcome == GONE:
        return StepResult(outcome=REFUSED, text=f"{what} does not exist any more")
    return result


async def _ask(context: TargetContext, parameters: Parameters) -> bool:
    """Ask once; false when the next look decides.

    So it does when the answer was lost, and when an earlier request, whose answer nobody heard,
    is why this one is refused.
    """
    cinder, volume_id = context.services.cinder, parameters.volume_id
    try:
        await cinder.volumes.extend(volume_id, parameters.size)
    except ServiceError as error:
        if answer_was_lost(error):
            return False
        volume = await cinder.volume(volume_id)
        if volume.status == EXTENDING_STATUS or (volume.size or 0) >= parameters.size:
            return False
        raise
    return True


async def _failed(context: TargetContext, parameters: Parameters, status: str) -> str:
    site = context.services.topology.site(context.site)
    reason = await why(context.services, parameters.volume_id, site)
    text = f"Cinder did not extend volume “{parameters.label}”, it is {printable(status, 40)}"
    way_out = (
        f". Once it is well: openstack volume set --state available {parameters.volume_id}"
        if status.startswith("error")
        else ""
    )
    return f"{text}: {reason}{way_out}"


def _broken_off(parameters: Parameters, volume: Volume, broken: str) -> str:
    status = printable(volume.status or "unknown", 40)
    before = "in-use" if volume.attachments else "available"
    return (
        f"Cinder did not extend volume “{parameters.label}”, it is {status}: {broken}. Its data is "
        f"untouched: openstack volume set --state {before} {volume.id}, and extend it again"
    )


async def _verify(context: TargetContext, parameters: Parameters) -> StepResult:
    """See the size of the RBD image."""
    site = context.services.topology.site(context.site)
    cluster = context.services.clusters.get(site.name)
    size = format_bytes(parameters.size)
    seen = f"volume “{parameters.label}” has {size}"
    if cluster is None or site.cluster is None:
        return StepResult(outcome=DONE, text=f"{seen}; no Ceph access to {site.name} to see more")
    pool = site.cluster.volumes_pool
    if not parameters.seen:
        return StepResult(outcome=DONE, text=f"{seen}; its RBD image is not in pool {pool}")

    async def look() -> StepResult:
        context.show(TargetState.VERIFYING, f"looking at volume “{parameters.label}”")
        detail = await cluster.content.detail(pool, image_of(parameters.volume_id))
        if detail.size < parameters.size:
            text = f"Cinder says {size}, but its RBD image has {format_bytes(detail.size)}"
            return StepResult(outcome=REFUSED, text=text)
        return StepResult(outcome=DONE, text=f"{seen}, its RBD image too")

    return await look_until_done(
        context, look, cancelled="extended, but not verified", at_least_once=True
    )
