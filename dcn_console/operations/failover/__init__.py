"""Fail a mirrored volume over: the other site takes over though the primary is lost."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import FailOver
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.failover.names import NAME, Failover
from dcn_console.operations.failover.plan import plan_failover
from dcn_console.operations.failover.run import fail_over
from dcn_console.operations.parameters import parameters_of


class MirrorFailover:
    """The operation "fail volumes over"."""

    name = NAME
    request = FailOver
    takes_turns = False
    cancelling = "a forced promotion that was not asked for is dropped; one that was stays"

    async def plan(
        self, services: Services, request: FailOver, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [
                await plan_failover(services, subject, request, context)
                for subject in request.subjects
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew, as things stand now."""
        wanted = parameters_of(task.plan, Failover)
        request = FailOver(
            subjects=(wanted.passage.subject,),
            destination=wanted.passage.destination,
            deadline_seconds=wanted.deadline_seconds,
        )
        return await plan_failover(services, wanted.passage.subject, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Fail one RBD image over."""
        return await fail_over(context, parameters_of(context.task.plan, Failover))
