"""The steps that switch mirroring on: each looks first, and acts only on what is missing."""

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import RbdDetail
from dcn_console.model.sites import Site
from dcn_console.model.tasks import Progress, ProgressSource, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.enable_mirroring.names import Parameters
from dcn_console.operations.mirror_features import (
    Note,
    named,
    needed,
    read_note,
    remove_note,
    restore,
    write_note,
)
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult

_NOT_BEGUN = "cancelled before mirroring was switched on"


class Work(msgspec.Struct, frozen=True):
    """One RBD image on its way into mirroring: what every step needs."""

    context: TargetContext
    parameters: Parameters
    source: Site
    destination: Site
    cluster: Cluster

    @property
    def pool(self) -> str:
        """The pool, the same at every site."""
        return self.parameters.subject.pool

    @property
    def image(self) -> str:
        """The RBD image's name, the same at every site."""
        return self.parameters.subject.image

    async def detail(self) -> RbdDetail:
        """Look at the source."""
        return await self.cluster.content.detail(self.pool, self.image)


def work_of(context: TargetContext) -> Work:
    """Return what the task is about; raises UsageError when plan or topology do not fit."""
    parameters = parameters_of(context.task.plan, Parameters)
    if parameters.destination != context.site:
        raise UsageError("The plan is about another site.", way_out="Plan it again.")
    topology = context.services.topology
    source = topology.site(parameters.source)
    return Work(
        context,
        parameters,
        source,
        topology.site(parameters.destination),
        cluster_of(context.services, source),
    )


async def flatten(work: Work) -> StepResult:
    """Make a clone independent of its parent, with progress in its objects' bytes."""
    context = work.context
    text = f"copying in what it has from its parent at {work.source.name}"

    async def look() -> StepResult | None:
        detail = await work.detail()
        if detail.parent is None:
            return StepResult(outcome=DONE, text="it has no parent")

        def show(done: int, total: int) -> None:
            figure = Progress(
                source=ProgressSource.CEPH,
                done=done * detail.object_size,
                total=total * detail.object_size,
                measured_at=context.now(),
            )
            context.show(TargetState.RUNNING, text, figure)

        context.show(TargetState.RUNNING, text)
        await work.cluster.content.flatten(work.pool, work.image, show)
        return None

    return await look_until_done(context, look, cancelled=_NOT_BEGUN)


async def features(work: Work) -> StepResult:
    """Note the features of now with the RBD image, then switch on those that are missing.

    A note of this very task was written by a try that was killed, so it tells the state from
    before; any other is left over from an earlier mirroring.
    """
    context = work.context

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, f"preparing features at {work.source.name}")
        detail = await work.detail()
        note = await read_note(work.cluster, work.pool, work.image)
        if note is None or note.task != context.task.id:
            note = Note(detail.features, context.task.id)
            await write_note(work.cluster, work.pool, work.image, note)
        missing = needed(work.parameters.mode) & ~detail.features
        if missing:
            await work.cluster.content.set_features(work.pool, work.image, enable=missing)
            detail = await work.detail()
        if needed(work.parameters.mode) & ~detail.features:
            return StepResult(outcome=REFUSED, text=f"{named(missing)} did not come on")
        added = named(detail.features & ~note.features)
        text = f"switched on {added}" if detail.features != note.features else "nothing to change"
        return StepResult(outcome=DONE, text=text, data={"features": note.features})

    return await look_until_done(context, look, cancelled=_NOT_BEGUN)


async def enable(work: Work) -> StepResult:
    """Switch mirroring on; the result carries the first mirror snapshot's id in that mode."""
    context, mode = work.context, work.parameters.mode

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, f"switching mirroring on at {work.source.name}")
        detail = await work.detail()
        if detail.mirroring is None:
            await work.cluster.mirroring.enable(work.pool, work.image, mode)
            detail = await work.detail()
        mirroring = detail.mirroring
        if mirroring is None or not mirroring.enabled:
            return None
        if mirroring.mode is not mode:
            text = f"it is mirrored in {mirroring.mode} mode meanwhile, by somebody else"
            return StepResult(outcome=REFUSED, text=text)
        newest = max((one.id for one in detail.mirror_snapshots), default=None)
        return StepResult(
            outcome=DONE,
            text=f"mirrored in {mode} mode, global id {mirroring.global_id}",
            data={"snapshot": newest, "global_id": mirroring.global_id},
        )

    return await look_until_done(context, look, cancelled=_NOT_BEGUN)


async def schedule(work: Work) -> StepResult:
    """Add the schedule of mirror snapshots; adding what is there already changes nothing."""
    context, interval = work.context, work.parameters.schedule

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, f"adding the schedule at {work.source.name}")
        await work.cluster.mirroring.add_schedule(work.pool, work.image, interval)
        return StepResult(outcome=DONE, text=f"a mirror snapshot every {interval}")

    return await look_until_done(context, look, cancelled="cancelled without a schedule")


async def features_back(work: Work, wanted: int) -> StepResult:
    """After a cancel: give the RBD image its features back, unless it is mirrored by now."""

    async def look() -> StepResult | None:
        if (await work.detail()).mirroring is not None:
            return StepResult(outcome=DONE, text="it is mirrored; its features stay")
        await restore(work.cluster, work.pool, work.image, wanted)
        await remove_note(work.cluster, work.pool, work.image)
        return StepResult(outcome=DONE, text="the features are as before")

    return await look_until_done(
        work.context, look, cancelled="the features could not be taken back", at_least_once=True
    )
