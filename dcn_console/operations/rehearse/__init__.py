"""Rehearse: prove on a scratch copy that a mirrored RBD image would work at its other site."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Rehearse
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.rehearse.names import NAME
from dcn_console.operations.rehearse.plan import Parameters, plan_rehearsal
from dcn_console.operations.rehearse.target import rehearse_at

__all__ = ["MirrorRehearse"]


class MirrorRehearse:
    """The operation "rehearse"."""

    name = NAME
    request = Rehearse
    takes_turns = False
    cancelling = "copying and reading stop, and the scratch copy is removed"

    async def plan(
        self, services: Services, request: Rehearse, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [
                await plan_rehearsal(services, subject, request.destination, context)
                for subject in request.subjects
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        (site,) = task.plan.targets
        return await plan_rehearsal(services, parameters.subject, site, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Copy, examine and remove at one site."""
        return await rehearse_at(context)
