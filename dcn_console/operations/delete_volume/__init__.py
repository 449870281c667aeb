"""Delete volumes, with what depends on them said first."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import DeleteVolumes
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.delete_volume.plan import NAME, Parameters, plan_deletion
from dcn_console.operations.delete_volume.run import delete_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["VolumeDelete"]


class VolumeDelete:
    """The operation "delete volumes"."""

    name = NAME
    request = DeleteVolumes
    takes_turns = False
    cancelling = "what Cinder has begun to delete goes, for Cinder cannot be stopped from outside"

    async def plan(
        self, services: Services, request: DeleteVolumes, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each volume by itself."""
        return tuple(
            [
                await plan_deletion(
                    services, volume_id, context, with_snapshots=request.with_snapshots
                )
                for volume_id in request.volume_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        return await plan_deletion(
            services, parameters.volume_id, context, with_snapshots=parameters.with_snapshots
        )

    async def run_target(self, context: TargetContext) -> Target:
        """Delete it."""
        return await delete_at(context)
