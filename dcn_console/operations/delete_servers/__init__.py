"""Delete servers; their volumes stay unless they were made to go with them."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import DeleteServers
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.delete_servers.plan import NAME, Parameters, plan_deletion
from dcn_console.operations.delete_servers.run import delete_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["ServerDelete"]


class ServerDelete:
    """The operation "delete servers"."""

    name = NAME
    request = DeleteServers
    takes_turns = False
    cancelling = "servers not asked for yet stay; one that Nova has begun to delete goes"

    async def plan(
        self, services: Services, request: DeleteServers, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each server by itself."""
        return tuple(
            [await plan_deletion(services, server_id, context) for server_id in request.server_ids]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        return await plan_deletion(services, parameters.server_id, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Delete it."""
        return await delete_at(context)
