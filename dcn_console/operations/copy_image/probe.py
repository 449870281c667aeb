"""Step one of a copy at a site: see that the site answers and has room.

Glance serves the stores of a request one after another, and waits without end for one whose
OSDs are down (measured), so a site that does not answer must not be asked for.
"""

from dcn_console.model.errors import (
    ClusterError,
    ClusterUnreachable,
    ObjectNotFound,
    ServiceError,
)
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import format_bytes
from dcn_console.operations.base import TargetContext
from dcn_console.operations.copy_image.names import CANCELLED, PRESENT, READY, REFUSED
from dcn_console.operations.copy_image.observe import Observation, observe
from dcn_console.operations.copy_image.subject import Subject
from dcn_console.operations.results import StepResult

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0


async def probe(context: TargetContext, subject: Subject) -> StepResult:
    """Wait until the site can take the copy; returns READY, PRESENT, REFUSED or CANCELLED.

    The result of READY carries the ids of the image's tasks seen before anything was asked
    for, so that later ones can be told from them without comparing clocks.
    """
    pause = FIRST_PAUSE_SECONDS
    context.show(TargetState.PROBING)
    while not context.cancelled():
        try:
            return await probe_once(context, subject)
        except (ServiceError, ClusterUnreachable) as error:
            context.gathering.excuse(context.site)
            context.show(TargetState.WAITING, f"{error.message} Looking again every {pause:.0f} s.")
            await context.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    return StepResult(outcome=CANCELLED, text="cancelled before anything was asked for")


async def probe_once(context: TargetContext, subject: Subject) -> StepResult:
    """Look whether the site can take the copy by now; returns READY, PRESENT or REFUSED.

    Raises ServiceError or ClusterUnreachable when cloud or cluster does not answer.
    """
    try:
        seen = await observe(context.services, subject.image_id, context.now())
        decided = _decide(seen, subject)
        if decided is not None:
            return decided
        await _look_at_cluster(context, subject)
    except ObjectNotFound:
        return StepResult(
            outcome=REFUSED, text=f"image “{subject.image_name}” does not exist any more"
        )
    except NoRoom as error:
        return StepResult(outcome=REFUSED, text=str(error))
    return StepResult(
        outcome=READY,
        text=f"{context.site} answers",
        data={"known_tasks": [task.id for task in seen.tasks]},
    )


class NoRoom(ClusterError):
    """The site's cluster has too little space for the image."""


def _decide(seen: Observation, subject: Subject) -> StepResult | None:
    if seen.has_copy(subject.store):
        return StepResult(outcome=PRESENT, text=f"the image is in store {subject.store}")
    if seen.is_importing(subject.store):
        return StepResult(
            outcome=READY, text="an import for this store is under way", data={"known_tasks": []}
        )
    if seen.image.status != "active":
        return StepResult(
            outcome=REFUSED,
            text=f"image “{subject.image_name}” is {seen.image.status}, not active",
        )
    return None


async def _look_at_cluster(context: TargetContext, subject: Subject) -> None:
    """Read a little from the site's pool and compare its free space with the image.

    A cluster that these credentials or this agent cannot look at is no hindrance: Glance has
    its own. Raises ClusterUnreachable or NoRoom.
    """
    cluster = context.services.clusters.get(context.site)
    if cluster is None:
        return
    try:
        await cluster.probe(subject.pool)
        status = await cluster.status()
    except ClusterUnreachable:
        raise
    except ClusterError as error:
        context.log(f"cannot look at the cluster, going on without: {error}")
        return
    pool = status.pools.get(subject.pool)
    size = subject.size
    if pool is not None and size is not None and pool.available < size:
        raise NoRoom(
            f"{context.site} has room for {format_bytes(pool.available)} in pool "
            f"{subject.pool}, the image needs {format_bytes(size)}"
        )
