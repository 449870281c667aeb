"""The steps that end mirroring: each looks first, and acts only on what is still there."""

import msgspec

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import RbdImageNotFound, UsageError
from dcn_console.model.mirroring import RbdDetail
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.disable_mirroring.names import Parameters
from dcn_console.operations.mirror_features import (
    difference,
    named,
    read_note,
    remove_note,
    restore,
)
from dcn_console.operations.mirror_sides import cluster_of, look_at
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done
from dcn_console.operations.results import StepResult


class Work(msgspec.Struct, frozen=True):
    """One RBD image on its way out of mirroring: what every step needs."""

    context: TargetContext
    parameters: Parameters
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
        """Look at the RBD image where mirroring is switched off."""
        return await self.cluster.content.detail(self.pool, self.image)


def work_of(context: TargetContext) -> Work:
    """Return what the task is about; raises UsageError when plan or topology do not fit."""
    parameters = parameters_of(context.task.plan, Parameters)
    if parameters.site != context.site:
        raise UsageError("The plan is about another site.", way_out="Plan it again.")
    site = context.services.topology.site(parameters.site)
    return Work(context, parameters, cluster_of(context.services, site))


async def schedules(work: Work) -> StepResult:
    """Remove the RBD image's own schedules; one that is gone already changes nothing."""
    context = work.context

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, "removing its schedule of mirror snapshots")
        for interval in work.parameters.schedules:
            await work.cluster.mirroring.remove_schedule(work.pool, work.image, interval)
        return StepResult(outcome=DONE, text=f"removed {', '.join(work.parameters.schedules)}")

    return await look_until_done(context, look, cancelled="cancelled; it is mirrored as before")


async def disable(work: Work) -> StepResult:
    """Switch mirroring off, unless what is mirrored there now is something else."""
    context, wanted = work.context, work.parameters

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, f"switching mirroring off at {context.site}")
        mirroring = (await work.detail()).mirroring
        if mirroring is None:
            return StepResult(outcome=DONE, text="mirroring is off")
        if mirroring.global_id != wanted.global_id:
            text = "it was mirrored anew meanwhile, by somebody else"
            return StepResult(outcome=REFUSED, text=text)
        if not mirroring.primary and not wanted.force:
            text = f"{context.site} is not primary any more"
            return StepResult(outcome=REFUSED, text=text)
        if mirroring.enabled:
            await work.cluster.mirroring.disable(work.pool, work.image, force=wanted.force)
        return StepResult(outcome=DONE, text="mirroring is off") if await _is_off(work) else None

    return await look_until_done(context, look, cancelled="cancelled; it is mirrored as before")


async def _is_off(work: Work) -> bool:
    return (await work.detail()).mirroring is None


async def gone(work: Work) -> StepResult:
    """Wait until the daemons at the other sites have removed their copies."""
    context, wanted = work.context, work.parameters
    sites = [context.services.topology.site(name) for name in wanted.copies]

    async def look() -> StepResult | None:
        left = []
        for site in sites:
            side = await look_at(context.services, wanted.subject, site)
            if side.error is not None:
                raise side.error
            if side.detail is None:
                continue
            if side.mirroring is not None and side.mirroring.global_id != wanted.global_id:
                continue
            left.append(side.name)
        if not left:
            return StepResult(outcome=DONE, text=f"no copy at {', '.join(wanted.copies)} any more")
        names = ", ".join(left)
        context.show(TargetState.WAITING, f"the rbd-mirror daemon at {names} removes the copy")
        return None

    return await look_until_done(
        context, look, cancelled="stopped waiting; the copy goes when its daemon sees to it"
    )


async def features(work: Work) -> StepResult:
    """Give the RBD image the features from before back, and forget that they were noted."""
    context, wanted = work.context, work.parameters.features
    if wanted is None:
        return StepResult(outcome=DONE, text="no features were noted")

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, f"giving it its features back at {context.site}")
        if not await _is_off(work):
            return StepResult(outcome=REFUSED, text="it was mirrored anew meanwhile")
        now = await restore(work.cluster, work.pool, work.image, wanted)
        enable, disable = difference(now, wanted)
        if enable or disable:
            return StepResult(
                outcome=REFUSED, text=f"features {named(enable | disable)} did not come back"
            )
        await remove_note(work.cluster, work.pool, work.image)
        return StepResult(outcome=DONE, text="the features are those from before")

    return await look_until_done(
        context, look, cancelled="its features could not be restored", at_least_once=True
    )


async def verify(work: Work, *, copies_are_gone: bool) -> StepResult:
    """See that the RBD image is there, not mirrored, its features restored."""
    context, wanted = work.context, work.parameters

    async def look() -> StepResult | None:
        context.show(TargetState.VERIFYING, "looking at the RBD image")
        try:
            detail = await work.detail()
        except RbdImageNotFound as error:
            return StepResult(outcome=REFUSED, text=f"verification: {error}")
        if detail.mirroring is not None:
            return StepResult(outcome=REFUSED, text="verification: it is mirrored")
        words = [f"not mirrored at {context.site}"]
        if wanted.features is not None:
            if any(difference(detail.features, wanted.features)):
                text = f"verification: its features are {named(detail.features)}"
                return StepResult(outcome=REFUSED, text=text)
            if await read_note(work.cluster, work.pool, work.image) is None:
                words.append(f"features as before ({named(detail.features)})")
        if wanted.copies and copies_are_gone:
            words.append(f"no copy at {', '.join(wanted.copies)}")
        return StepResult(outcome=DONE, text=", ".join(words))

    return await look_until_done(
        context, look, cancelled="mirroring is off, not verified", at_least_once=True
    )
