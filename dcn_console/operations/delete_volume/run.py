"""Deleting a volume, and seeing that its RBD image is gone."""

from functools import partial

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.delete_volume.plan import DELETE_STEP, VERIFY_STEP, Parameters
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, look_until_done, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.volumes.removal import remove_volume

DELETED = ".deleted"
"""What Cinder adds to the name of an RBD image that has clones (cinder/volume/drivers/rbd.py)."""


async def delete_at(context: TargetContext) -> Target:
    """Delete the volume and verify it."""
    parameters = parameters_of(context.task.plan, Parameters)
    what = f"volume “{parameters.label}”"
    act = partial(
        remove_volume, context, parameters.volume_id, what, cascade=parameters.with_snapshots
    )
    result = await context.step(DELETE_STEP, act)
    if result.outcome == DONE:
        result = await context.step(VERIFY_STEP, partial(_verify, context, parameters, what))
    return target_of(context, result)


async def _verify(context: TargetContext, parameters: Parameters, what: str) -> StepResult:
    """Say what is left of it in the cluster. That Cinder has forgotten it was seen already."""
    site = context.services.topology.site(context.site)
    cluster = context.services.clusters.get(site.name)
    gone = f"{what} is gone from Cinder"
    if cluster is None or site.cluster is None:
        return StepResult(outcome=DONE, text=f"{gone}; no Ceph access to {site.name} to see more")
    pool, name = site.cluster.volumes_pool, image_of(parameters.volume_id)

    async def look() -> StepResult:
        context.show(TargetState.VERIFYING, f"looking for what is left of {what}")
        return StepResult(outcome=DONE, text=f"{gone}, {await _left(cluster, pool, name)}")

    return await look_until_done(
        context, look, cancelled="deleted, but not verified", at_least_once=True
    )


async def _left(cluster: Cluster, pool: str, name: str) -> str:
    known = await cluster.names(pool, name)
    if name in known:
        return f"but its RBD image {pool}/{name} is there: remove it with rbd rm"
    if f"{name}{DELETED}" in known:
        return f"its RBD image stays as {pool}/{name}{DELETED} until its clones are gone"
    if name in await cluster.trash(pool):
        return "its RBD image is in the trash: its room is free once that is emptied"
    return "its RBD image too"
