"""Make an image of a server's root disk, central first, then at other sites."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import ImageOfServer
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.server_image.names import NAME, Parameters
from dcn_console.operations.server_image.plan import plan_image
from dcn_console.operations.server_image.run import image_of

__all__ = ["ServerImage"]


class ServerImage:
    """The operation "make an image of a server"."""

    name = NAME
    request = ImageOfServer
    takes_turns = True
    cancelling = (
        "an upload that Cinder has begun and a copy that Glance has begun go on; a server that "
        "was stopped is started again"
    )

    async def plan(
        self, services: Services, request: ImageOfServer, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one image."""
        return (await plan_image(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        request = ImageOfServer(
            server_id=parameters.server_id,
            name=parameters.wanted_name,
            sites=parameters.wanted_sites,
            stop_server=parameters.wanted_stop,
        )
        return await plan_image(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Make it."""
        return await image_of(context)
