"""Step two of a copy: ask Glance once for every site that is ready, or join what runs already."""

from collections.abc import Awaitable, Callable, Collection

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import (
    ClusterError,
    HttpError,
    ObjectNotFound,
    ServiceError,
    ServiceUnreachable,
)
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.names import (
    AGAIN,
    ASKED,
    CANCELLED,
    PRESENT,
    REFUSED,
    RETRY,
)
from dcn_console.operations.copy_image.observe import Observation, observe
from dcn_console.operations.copy_image.subject import Subject
from dcn_console.operations.results import StepResult

LOOK_SECONDS = 2.0
APPEAR_SECONDS = 10.0
"""A task appears at most 0.3 s after the 202 (measured); generous for a busy Glance."""
UNANSWERED_SECONDS = 120.0
"""How long to look for the task of a request that was not answered: it may still be carried out."""
MOST_DISAGREEMENTS = 5
PERMANENT = frozenset({403, 404, 413})


async def ask(context: TargetContext, subject: Subject, known: Collection[str]) -> StepResult:
    """See that a copy to the site runs; returns ASKED, PRESENT, RETRY, REFUSED or CANCELLED.

    ``known`` are the image's tasks from before the probe: a newer one that names our store
    is ours, or as good as ours. ASKED carries the id of Glance's task in ``data["task"]``.
    """
    disagreements = 0
    while not context.cancelled():
        try:
            seen = await observe(context.services, subject.image_id, context.now())
            decided = await _decide(context, subject, seen, known)
            result = decided or await _ask_together(context, subject, known)
        except ObjectNotFound:
            return StepResult(
                outcome=REFUSED, text=f"image “{subject.image_name}” does not exist any more"
            )
        except ServiceError as error:
            context.show(TargetState.WAITING, error.message)
            await context.wait(LOOK_SECONDS)
            continue
        if result.outcome != AGAIN:
            return result
        disagreements += bool(result.text)
        if disagreements >= MOST_DISAGREEMENTS:
            return StepResult(outcome=RETRY, text=result.text)
        await context.wait(LOOK_SECONDS)
    return StepResult(outcome=CANCELLED, text="cancelled before anything was asked for")


async def _decide(
    context: TargetContext, subject: Subject, seen: Observation, known: Collection[str]
) -> StepResult | None:
    """Return what follows from what is seen, or None when Glance is to be asked."""
    if seen.has_copy(subject.store):
        return StepResult(outcome=PRESENT, text=f"the image is in store {subject.store}")
    if seen.is_importing(subject.store):
        return StepResult(
            outcome=ASKED,
            text="joined the import that is under way",
            data={"task": seen.image.import_task},
        )
    lock = seen.lock
    if lock is not None and not seen.lock_is_dead():
        until = (
            "" if lock.free_from is None else f", at the latest until {lock.free_from:%H:%M} UTC"
        )
        context.gathering.excuse(context.site)
        context.show(
            TargetState.WAITING, f"another import holds the image (task {lock.task_id}{until})"
        )
        return StepResult(outcome=AGAIN)
    task = seen.new_task_for(subject.store, known)
    if task is not None and task.is_over:
        return StepResult(outcome=RETRY, text=f"Glance gave up: {task.message or task.status}")
    return await _clear_unfinished(context, subject)


async def _clear_unfinished(context: TargetContext, subject: Subject) -> StepResult | None:
    """Remove what an interrupted copy left in the pool, which Glance would stumble over.

    Glance answers every later copy with "already exists" as long as it is there
    (glance_store/_drivers/rbd.py, ``add``). The agent removes only an RBD image without any
    snapshot, watcher or mirroring, and Glance was just seen not to list the store.
    """
    cluster = context.services.clusters.get(context.site)
    if cluster is None:
        return None
    try:
        if await cluster.remove_unfinished(subject.pool, subject.image_id):
            context.log("removed the unfinished RBD image that an interrupted copy had left")
    except ClusterError as error:
        if await _is_there(cluster, subject):
            context.gathering.excuse(context.site)
            context.show(TargetState.WAITING, error.message)
            return StepResult(outcome=AGAIN, text=str(error))
        context.log(f"cannot see whether an unfinished RBD image is in the way: {error}")
    return None


async def _is_there(cluster: Cluster, subject: Subject) -> bool:
    try:
        await cluster.rbd_image(subject.pool, subject.image_id)
    except ClusterError:
        return False
    return True


async def _ask_together(
    context: TargetContext, subject: Subject, known: Collection[str]
) -> StepResult:
    """Join the task's other ready sites in one request."""
    context.show(TargetState.ASKING)
    return await context.gathering.join(context.site, _poster(context, subject, known))


def _poster(
    context: TargetContext, subject: Subject, known: Collection[str]
) -> Callable[[tuple[str, ...]], Awaitable[StepResult]]:
    async def post(sites: tuple[str, ...]) -> StepResult:
        topology = context.services.topology
        in_order = (site for site in context.task.plan.targets if site in sites)
        stores = tuple(topology.site(site).store or "" for site in in_order)
        context.log(f"asking Glance to copy “{subject.image_name}” to {', '.join(stores)}")
        try:
            await context.services.glance.copy_image(
                subject.image_id, stores, label=subject.image_name
            )
        except HttpError as error:
            outcome = REFUSED if error.status in PERMANENT else AGAIN
            return StepResult(outcome=outcome, text=str(error))
        except ServiceUnreachable as error:
            context.log(f"{error.message} The request may still be carried out; looking for it.")
            return await _find_task(context, subject, known, UNANSWERED_SECONDS)
        return await _find_task(context, subject, known, APPEAR_SECONDS)

    return post


async def _find_task(
    context: TargetContext, subject: Subject, known: Collection[str], seconds: float
) -> StepResult:
    """Look for the task that Glance made of the request."""
    pause = min(0.2, seconds)
    for _ in range(round(seconds / pause)):
        try:
            seen = await observe(context.services, subject.image_id, context.now())
        except ServiceUnreachable:
            await context.wait(LOOK_SECONDS)
            continue
        task = seen.new_task_for(subject.store, known)
        if task is not None:
            return StepResult(outcome=ASKED, text=f"Glance task {task.id}", data={"task": task.id})
        if seen.has_copy(subject.store):
            return StepResult(outcome=PRESENT, text=f"the image is in store {subject.store}")
        await context.wait(pause)
    return StepResult(outcome=RETRY, text="Glance made no task of the request")
