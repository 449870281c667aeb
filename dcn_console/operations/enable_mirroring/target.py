"""Mirroring one RBD image, from its features to its verified first copy."""

from functools import partial

from dcn_console.model.errors import UsageError
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.enable_mirroring import names, steps
from dcn_console.operations.enable_mirroring.verify import verify
from dcn_console.operations.mirror_arrival import ArrivalWatch
from dcn_console.operations.patience import DONE, look_until_done, target_of
from dcn_console.operations.results import StepResult


async def mirror(context: TargetContext) -> Target:
    """Bring the task's RBD image under mirroring to the context's site."""
    try:
        work = steps.work_of(context)
    except UsageError as error:
        return Target(site=context.site, state=TargetState.FAILED, text=str(error))
    return target_of(context, await _take_steps(work))


async def _take_steps(work: steps.Work) -> StepResult:
    context, wanted = work.context, work.parameters
    if wanted.flatten:
        flat = await context.step(names.FLATTEN, partial(steps.flatten, work))
        if flat.outcome != DONE:
            return flat
    prepared = await context.step(names.FEATURES, partial(steps.features, work))
    if prepared.outcome != DONE:
        return prepared
    enabled = await context.step(names.ENABLE, partial(steps.enable, work))
    if enabled.outcome != DONE:
        before = int(prepared.data["features"])
        back = await context.step(names.BACK, partial(steps.features_back, work, before))
        return StepResult(outcome=enabled.outcome, text=f"{enabled.text}; {back.text}")
    if wanted.schedule:
        added = await context.step(names.SCHEDULE, partial(steps.schedule, work))
        if added.outcome != DONE:
            return _mirrored_all_the_same(added)
    snapshot = enabled.data["snapshot"]
    arrived = await context.step(names.FIRST_SYNC, partial(_first_sync, work, snapshot))
    if arrived.outcome != DONE:
        return _mirrored_all_the_same(arrived)
    return await context.step(names.VERIFY, partial(verify, work, snapshot))


async def _first_sync(work: steps.Work, snapshot: int | None) -> StepResult:
    watch = ArrivalWatch(
        work.context,
        work.parameters.subject,
        work.source,
        work.destination,
        total=work.parameters.used,
        wanted=snapshot,
        first=True,
    )
    return await look_until_done(
        work.context, watch.look, cancelled="stopped watching", last=lambda: watch.last
    )


def _mirrored_all_the_same(result: StepResult) -> StepResult:
    text = f"{result.text}; mirroring stays on and Ceph goes on copying, until it is disabled"
    return StepResult(outcome=result.outcome, text=text)
