"""Create a server from a volume, at the volume's site."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import CreateServer
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.create_server.plan import NAME, Parameters, plan_server
from dcn_console.operations.create_server.run import create_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["ServerCreate"]


class ServerCreate:
    """The operation "create a server"."""

    name = NAME
    request = CreateServer
    takes_turns = False
    cancelling = "a server that does not run yet is removed; the volume stays"

    async def plan(
        self, services: Services, request: CreateServer, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one server."""
        return (await plan_server(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        request = CreateServer(
            name=parameters.name,
            volume_id=parameters.volume_id,
            flavor=parameters.flavor,
            network=parameters.network,
            key=parameters.key,
            security_group=parameters.security_group,
        )
        return await plan_server(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Make it."""
        return await create_at(context)
