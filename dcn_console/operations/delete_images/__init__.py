"""Delete images with all their copies."""

from dcn_console.inventory.services import Services
from dcn_console.model.image_requests import DeleteImages
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.delete_images.plan import NAME, Parameters, plan_image
from dcn_console.operations.delete_images.run import delete_everywhere
from dcn_console.operations.parameters import parameters_of

__all__ = ["ImageDelete"]


class ImageDelete:
    """The operation "delete images everywhere"."""

    name = NAME
    request = DeleteImages
    takes_turns = False
    cancelling = "an image not asked for yet stays; one that Glance has begun to delete goes"

    async def plan(
        self, services: Services, request: DeleteImages, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each image by itself."""
        return tuple(
            [await plan_image(services, image_id, context) for image_id in request.image_ids]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        return await plan_image(services, parameters.image_id, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Delete it."""
        return await delete_everywhere(context)
