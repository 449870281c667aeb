"""The steps of a mirror snapshot: take it, watch it arrive, see that it is there."""

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.mirroring import MirrorSnapshot
from dcn_console.model.sites import Site
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_arrival import ArrivalWatch, arrival
from dcn_console.operations.mirror_sides import cluster_of, look_at
from dcn_console.operations.mirror_snapshot.names import Parameters
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult


class Work(msgspec.Struct, frozen=True):
    """One mirror snapshot on its way."""

    context: TargetContext
    parameters: Parameters
    source: Site
    destinations: tuple[Site, ...]
    cluster: Cluster


def work_of(context: TargetContext) -> Work:
    """Return what the task is about; raises UsageError when plan or topology do not fit."""
    parameters = parameters_of(context.task.plan, Parameters)
    topology = context.services.topology
    source = topology.site(parameters.source)
    destinations = tuple(topology.site(name) for name in parameters.destinations)
    return Work(context, parameters, source, destinations, cluster_of(context.services, source))


async def take(work: Work) -> StepResult:
    """Take the mirror snapshot, unless one was taken since the task was submitted.

    That may be this very task's, taken before it was killed; a schedule's serves as well.
    """
    context, wanted = work.context, work.parameters
    pool, image = wanted.subject.pool, wanted.subject.image

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, f"taking a mirror snapshot at {work.source.name}")
        detail = await work.cluster.content.detail(pool, image)
        if detail.mirroring is None or not detail.mirroring.primary:
            return StepResult(outcome=REFUSED, text=f"{work.source.name} is not primary any more")
        taken = [one for one in detail.mirror_snapshots if _is_ours(one, work)]
        number = (
            max(one.id for one in taken)
            if taken
            else await work.cluster.mirroring.snapshot(pool, image)
        )
        text = f"mirror snapshot {number} at {work.source.name}"
        return StepResult(outcome=DONE, text=text, data={"snapshot": number})

    return await look_until_done(context, look, cancelled="cancelled before it was taken")


def _is_ours(snapshot: MirrorSnapshot, work: Work) -> bool:
    """Whether it was taken since submission; identity by number, time by the cluster's clock."""
    newest = work.parameters.newest
    if snapshot.state != "primary" or (newest is not None and snapshot.id <= newest):
        return False
    taken_at = snapshot.taken_at
    return taken_at is not None and taken_at >= work.context.task.submitted_at


async def arrive(work: Work, snapshot: int) -> StepResult:
    """Watch it arrive at every destination, one after another."""
    texts = []
    for destination in work.destinations:
        watch = ArrivalWatch(
            work.context,
            work.parameters.subject,
            work.source,
            destination,
            total=None,
            wanted=snapshot,
            first=False,
        )
        result = await look_until_done(
            work.context,
            watch.look,
            cancelled="stopped watching; Ceph goes on copying",
            last=lambda: watch.last,  # noqa: B023 - called within this turn of the loop only
        )
        if result.outcome != DONE:
            return result
        texts.append(result.text)
    return StepResult(outcome=DONE, text="; ".join(texts))


async def verify(work: Work, snapshot: int) -> StepResult:
    """See once more at every destination that it is there, complete."""
    context, subject = work.context, work.parameters.subject
    where = ", ".join(site.name for site in work.destinations)

    async def look() -> StepResult | None:
        context.show(TargetState.VERIFYING, f"looking at {where}")
        for site in work.destinations:
            side = await look_at(context.services, subject, site)
            if side.error is not None:
                raise side.error
            if not arrival(side.detail, side.name, snapshot).settled:
                return StepResult(
                    outcome=REFUSED, text=f"verification: {site.name} does not hold it complete"
                )
        return StepResult(outcome=DONE, text=f"{where}: complete up to mirror snapshot {snapshot}")

    return await look_until_done(context, look, cancelled="arrived, but not verified")
