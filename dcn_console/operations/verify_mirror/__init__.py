"""Verify that both sides of a mirrored RBD image hold the same."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import VerifyMirror
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.verify_mirror.names import NAME
from dcn_console.operations.verify_mirror.plan import Parameters, plan_verify
from dcn_console.operations.verify_mirror.target import verify_at

__all__ = ["MirrorVerify"]


class MirrorVerify:
    """The operation "compare both sides"."""

    name = NAME
    request = VerifyMirror
    takes_turns = False
    cancelling = "reading stops at once; nothing was changed, and a temporary snapshot is removed"

    async def plan(
        self, services: Services, request: VerifyMirror, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself, with all its secondaries."""
        return tuple(
            [
                await plan_verify(services, subject, request.check, request.sample_percent, context)
                for subject in request.subjects
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the sites that were not compared to the end."""
        parameters = parameters_of(task.plan, Parameters)
        left = [target.site for target in task.targets if target.state is not TargetState.DONE]
        return await plan_verify(
            services, parameters.subject, parameters.check, parameters.percent, context, left
        )

    async def run_target(self, context: TargetContext) -> Target:
        """Compare with the secondary at one site."""
        return await verify_at(context)
