"""Take snapshots of volumes: also of those in use, or with their servers stopped meanwhile."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import SnapshotVolumes
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.snapshot_volume.names import NAME
from dcn_console.operations.snapshot_volume.plan import Parameters, apart, plan_snapshot
from dcn_console.operations.snapshot_volume.run import snapshot_at

__all__ = ["VolumeSnapshotNow"]


class VolumeSnapshotNow:
    """The operation "snapshot volumes"."""

    name = NAME
    request = SnapshotVolumes
    takes_turns = False
    cancelling = (
        "a snapshot that Cinder has begun is taken, for Cinder cannot be stopped from outside; "
        "servers that were stopped are started again"
    )

    async def plan(
        self, services: Services, request: SnapshotVolumes, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each volume by itself."""
        plans = [
            await plan_snapshot(services, request, volume_id, context)
            for volume_id in request.volume_ids
        ]
        return apart(plans)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        request = SnapshotVolumes(
            volume_ids=(parameters.volume_id,),
            name=parameters.name,
            stop_server=parameters.stop_server,
        )
        return await plan_snapshot(services, request, parameters.volume_id, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Take it."""
        return await snapshot_at(context)
