"""Make volumes larger, also those in use."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import ExtendVolumes
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.extend_volume.plan import NAME, Parameters, plan_extension
from dcn_console.operations.extend_volume.run import extend_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["VolumeExtend"]


class VolumeExtend:
    """The operation "extend volumes"."""

    name = NAME
    request = ExtendVolumes
    takes_turns = False
    cancelling = "what Cinder has begun goes on, and a volume never becomes smaller again"

    async def plan(
        self, services: Services, request: ExtendVolumes, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each volume by itself."""
        return tuple(
            [
                await plan_extension(services, volume_id, request.size, context)
                for volume_id in request.volume_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        return await plan_extension(services, parameters.volume_id, parameters.size, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Extend it."""
        return await extend_at(context)
