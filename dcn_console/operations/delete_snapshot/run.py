"""Deleting a snapshot, and seeing that its RBD snapshot is gone."""

from functools import partial

from dcn_console.model.errors import RbdImageNotFound
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.delete_snapshot.plan import DELETE_STEP, VERIFY_STEP, Parameters
from dcn_console.operations.delete_volume.dependents import OF_A_SNAPSHOT
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.volumes.removal import remove_snapshot


async def delete_at(context: TargetContext) -> Target:
    """Delete the snapshot and verify it."""
    parameters = parameters_of(context.task.plan, Parameters)
    what = f"snapshot “{parameters.label}”"
    act = partial(remove_snapshot, context, parameters.snapshot_id, what)
    result = await context.step(DELETE_STEP, act)
    if result.outcome == DONE:
        result = await context.step(VERIFY_STEP, partial(_verify, context, parameters, what))
    return target_of(context, result)


async def _verify(context: TargetContext, parameters: Parameters, what: str) -> StepResult:
    """See that the RBD image has no such snapshot any more."""
    site = context.services.topology.site(context.site)
    cluster = context.services.clusters.get(site.name)
    gone = f"{what} is gone from Cinder"
    if cluster is None or site.cluster is None:
        return StepResult(outcome=DONE, text=f"{gone}; no Ceph access to {site.name} to see more")
    pool, name = site.cluster.volumes_pool, image_of(parameters.volume_id)
    held = f"{OF_A_SNAPSHOT}{parameters.snapshot_id}"

    async def look() -> StepResult:
        context.show(TargetState.VERIFYING, f"looking for what is left of {what}")
        try:
            detail = await cluster.content.detail(pool, name)
        except RbdImageNotFound:
            return StepResult(outcome=DONE, text=f"{gone}, and so is its volume's RBD image")
        if any(one.name == held for one in detail.snapshots):
            text = f"{gone}, but RBD snapshot {pool}/{name}@{held} is there"
            return StepResult(outcome=REFUSED, text=text)
        return StepResult(outcome=DONE, text=f"{gone}, its RBD snapshot too")

    return await look_until_done(
        context, look, cancelled="deleted, but not verified", at_least_once=True
    )
