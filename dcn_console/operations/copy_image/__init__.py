"""Copy an image to sites, with Glance's copy-image as transport."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import CopyImages
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.copy_image.plan import NAME, plan_copy
from dcn_console.operations.copy_image.subject import Parameters
from dcn_console.operations.copy_image.target import copy_to_site
from dcn_console.operations.parameters import parameters_of

__all__ = ["CopyImage", "plan_copy"]


class CopyImage:
    """The operation "copy image to sites"."""

    name = NAME
    request = CopyImages
    takes_turns = True
    cancelling = (
        "what has not been asked for is dropped; "
        "a copy that Glance has begun goes on, for Glance cannot be stopped from outside"
    )

    async def plan(
        self, services: Services, request: CopyImages, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each image by itself."""
        return tuple(
            [
                await plan_copy(services, image_id, request.sites, request.verify, context)
                for image_id in request.image_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the sites that the task did not finish, as they are now."""
        parameters = parameters_of(task.plan, Parameters)
        left = [target.site for target in task.targets if target.state is not TargetState.DONE]
        return await plan_copy(services, parameters.image_id, left, parameters.verify, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Bring the image to one site."""
        return await copy_to_site(context)
