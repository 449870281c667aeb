"""Deleting a volume, and seeing that its RBD image is gone."""

from functools import partial

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.tasks import Target
from dcn_console.operations.backups.where import image_of
from dcn_console.operations.base import TargetContext
from dcn_console.operations.delete_volume.plan import Parameters
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE
from dcn_console.operations.results import StepResult
from dcn_console.operations.volumes.deletion import delete_and_look, gone_from_cinder
from dcn_console.operations.volumes.removal import remove_volume

DELETED = ".deleted"
"""What Cinder adds to the name of an RBD image that has clones (cinder/volume/drivers/rbd.py)."""


async def delete_at(context: TargetContext) -> Target:
    """Delete the volume and verify it."""
    parameters = parameters_of(context.task.plan, Parameters)
    what = f"volume “{parameters.label}”"
    remove = partial(
        remove_volume, context, parameters.volume_id, what, cascade=parameters.with_snapshots
    )
    name = image_of(parameters.volume_id)
    return await delete_and_look(context, what, remove, partial(_say_what_is_left, what, name))


async def _say_what_is_left(what: str, name: str, cluster: Cluster, pool: str) -> StepResult:
    text = f"{gone_from_cinder(what)}, {await _left(cluster, pool, name)}"
    return StepResult(outcome=DONE, text=text)


async def _left(cluster: Cluster, pool: str, name: str) -> str:
    known = await cluster.names(pool, name)
    if name in known:
        return f"but its RBD image {pool}/{name} is there: remove it with rbd rm"
    if f"{name}{DELETED}" in known:
        return f"its RBD image stays as {pool}/{name}{DELETED} until its clones are gone"
    if name in await cluster.trash(pool):
        return "its RBD image is in the trash: its room is free once that is emptied"
    return "its RBD image too"
