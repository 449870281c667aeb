"""Step three of a copy: watch Glance's task until the site's store has the image, or never will."""

import time

from dcn_console.model.errors import ClusterError, ObjectNotFound, ServiceError
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.measure import Meter
from dcn_console.operations.copy_image.names import CANCELLED, COPIED, REFUSED, RETRY
from dcn_console.operations.copy_image.observe import Observation, observe
from dcn_console.operations.copy_image.subject import Subject
from dcn_console.operations.results import StepResult

LOOK_SECONDS = 1.0
SETTLE_LOOKS = 3
"""How often to look again after the task is over and the store is not there yet."""


async def watch(context: TargetContext, subject: Subject, task_id: str) -> StepResult:
    """Watch until the end; returns COPIED, RETRY, REFUSED or CANCELLED.

    Success of Glance's task is no proof: only the store in the image's ``stores`` is.
    """
    meter = Meter(context, subject)
    looks_after_end = 0
    while not context.cancelled():
        try:
            seen = await observe(context.services, subject.image_id, context.now())
        except ObjectNotFound:
            return StepResult(
                outcome=REFUSED, text=f"image “{subject.image_name}” was deleted meanwhile"
            )
        except ServiceError as error:
            context.show(TargetState.WAITING, error.message, meter.last)
            await context.wait(LOOK_SECONDS * 2)
            continue
        if seen.has_copy(subject.store):
            meter.finish()
            return StepResult(outcome=COPIED, text=f"Glance lists store {subject.store}")
        task = seen.task(task_id)
        if task is None or task.is_over:
            looks_after_end += 1
            if looks_after_end > SETTLE_LOOKS:
                return StepResult(
                    outcome=RETRY, text=await _why_it_failed(context, subject, seen, task_id)
                )
        elif seen.image.import_task == task_id and seen.lock_is_dead():
            return StepResult(outcome=RETRY, text="Glance's task died without an end")
        else:
            await _show(context, subject, seen, meter)
        await context.wait(LOOK_SECONDS)
    return StepResult(
        outcome=CANCELLED,
        text=(
            f"stopped watching; Glance cannot be stopped from outside and may go on "
            f"copying to {context.site}"
        ),
    )


async def _show(context: TargetContext, subject: Subject, seen: Observation, meter: Meter) -> None:
    """Show the phase: behind another store, staging, or bytes arriving."""
    serving = next(iter(seen.stores_to_serve), None)
    stalled = seen.stalled
    if serving is not None and serving != subject.store:
        text = stalled or f"Glance serves {_site_of(context, serving)} first"
        context.show(TargetState.WAITING, text)
        return
    progress = await meter.measure(seen)
    if progress is None:
        text = stalled or "Glance stages the image on its own disk; not visible from outside"
        context.show(TargetState.STAGING, text)
    else:
        context.show(TargetState.COPYING, stalled, progress)


def _site_of(context: TargetContext, store: str) -> str:
    site = context.services.topology.with_store(store)
    return site.name if site is not None else f"store {store}"


async def _why_it_failed(
    context: TargetContext, subject: Subject, seen: Observation, task_id: str
) -> str:
    """Say more than Glance does, whose failures all read "Internal Error" or nothing at all."""
    task = seen.task(task_id)
    said = f"Glance gave up store {subject.store}"
    if task is not None and task.message and task.status == "failure":
        said += f" ({task.message})"
    cluster = context.services.clusters.get(context.site)
    if cluster is None:
        return said
    began = time.monotonic()
    try:
        await cluster.probe(subject.pool)
    except ClusterError as error:
        return f"{said}: {error.message} ({time.monotonic() - began:.0f} s)"
    return f"{said}; the site's cluster answers"
