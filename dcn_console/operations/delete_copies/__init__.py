"""Delete images' copies at sites; the images stay elsewhere."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.image_requests import DeleteCopies
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.delete_copies.plan import NAME, Parameters, plan_copies
from dcn_console.operations.delete_copies.run import delete_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["ImageDeleteCopy"]


class ImageDeleteCopy:
    """The operation "delete copies of images"."""

    name = NAME
    request = DeleteCopies
    takes_turns = False
    cancelling = "copies not asked for yet stay; one that Glance has begun to delete goes"

    async def plan(
        self, services: Services, request: DeleteCopies, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each image by itself."""
        if not request.sites:
            raise UsageError("Say from which sites.")
        return tuple(
            [
                await plan_copies(services, image_id, request.sites, context)
                for image_id in request.image_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the sites that are left."""
        parameters = parameters_of(task.plan, Parameters)
        left = [target.site for target in task.targets if target.state is not TargetState.DONE]
        return await plan_copies(services, parameters.image_id, left, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Delete the copy at one site."""
        return await delete_at(context)
