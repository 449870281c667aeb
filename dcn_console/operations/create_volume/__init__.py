"""Create a volume at a site: empty, as a clone of an image's copy there, or of a snapshot."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import CreateVolume
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.create_volume.names import NAME
from dcn_console.operations.create_volume.parameters import Parameters
from dcn_console.operations.create_volume.plan import plan_creation
from dcn_console.operations.create_volume.run import create_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["VolumeCreate"]


class VolumeCreate:
    """The operation "create volume"."""

    name = NAME
    request = CreateVolume
    takes_turns = False
    cancelling = "what Cinder has begun goes on, for Cinder cannot be stopped from outside"

    async def plan(
        self, services: Services, request: CreateVolume, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan the one volume."""
        return (await plan_creation(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        request = CreateVolume(
            site=parameters.site,
            name=parameters.name,
            size=parameters.size,
            image_id=parameters.image_id,
            snapshot_id=parameters.snapshot_id,
            volume_type=parameters.volume_type,
        )
        return await plan_creation(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Create it."""
        return await create_at(context)
