"""Relocate a mirrored volume: the other site becomes primary, and nothing is lost."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Relocate
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.relocate.names import NAME, Relocation
from dcn_console.operations.relocate.plan import plan_relocation
from dcn_console.operations.relocate.run import relocate


class MirrorRelocate:
    """The operation "relocate volumes"."""

    name = NAME
    request = Relocate
    takes_turns = False
    cancelling = (
        "before the promotion the old primary is or becomes primary again; "
        "after it the task goes on to its end"
    )

    async def plan(
        self, services: Services, request: Relocate, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [
                await plan_relocation(services, subject, request, context)
                for subject in request.subjects
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew, from where it stands now."""
        wanted = parameters_of(task.plan, Relocation)
        request = Relocate(
            subjects=(wanted.passage.subject,),
            destination=wanted.passage.destination,
            stop_server=wanted.may_stop_servers,
            check=wanted.check,
            sample_percent=wanted.sample_percent,
        )
        return await plan_relocation(services, wanted.passage.subject, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Relocate one RBD image."""
        return await relocate(context, parameters_of(context.task.plan, Relocation))
