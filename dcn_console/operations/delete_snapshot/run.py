"""Deleting a snapshot, and seeing that its RBD snapshot is gone."""

from functools import partial

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.errors import RbdImageNotFound
from dcn_console.model.tasks import Target
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.delete_snapshot.plan import Parameters
from dcn_console.operations.delete_volume.dependents import OF_A_SNAPSHOT
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.volumes.deletion import delete_and_look, gone_from_cinder
from dcn_console.operations.volumes.removal import remove_snapshot


async def delete_at(context: TargetContext) -> Target:
    """Delete the snapshot and verify it."""
    parameters = parameters_of(context.task.plan, Parameters)
    what = f"snapshot “{parameters.label}”"
    remove = partial(remove_snapshot, context, parameters.snapshot_id, what)
    return await delete_and_look(context, what, remove, partial(_left, parameters, what))


async def _left(parameters: Parameters, what: str, cluster: Cluster, pool: str) -> StepResult:
    """See that the RBD image has no such snapshot any more."""
    gone, name = gone_from_cinder(what), image_of(parameters.volume_id)
    held = f"{OF_A_SNAPSHOT}{parameters.snapshot_id}"
    try:
        detail = await cluster.content.detail(pool, name)
    except RbdImageNotFound:
        return StepResult(outcome=DONE, text=f"{gone}, and so is its volume's RBD image")
    if any(one.name == held for one in detail.snapshots):
        text = f"{gone}, but RBD snapshot {pool}/{name}@{held} is there"
        return StepResult(outcome=REFUSED, text=text)
    return StepResult(outcome=DONE, text=f"{gone}, its RBD snapshot too")
