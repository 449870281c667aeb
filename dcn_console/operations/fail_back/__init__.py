"""Fail a mirrored volume back: the old primary gives up its own changes and is primary again."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import FailBack
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.fail_back.names import NAME, Return
from dcn_console.operations.fail_back.plan import plan_fail_back
from dcn_console.operations.fail_back.run import fail_back
from dcn_console.operations.parameters import parameters_of


class MirrorFailback:
    """The operation "fail volumes back"."""

    name = NAME
    request = FailBack
    takes_turns = True
    cancelling = (
        "before the resync is asked for nothing is given up, though the old primary may stay "
        "secondary; during it only the waiting ends; after the promotion the task goes on"
    )

    async def plan(
        self, services: Services, request: FailBack, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [
                await plan_fail_back(services, subject, request, context)
                for subject in request.subjects
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew, from where it stands now."""
        wanted = parameters_of(task.plan, Return)
        relocation = wanted.relocation
        request = FailBack(
            subjects=(relocation.passage.subject,),
            destination=relocation.passage.destination,
            safety_copy=wanted.renewal.safety_copy,
            stop_server=relocation.may_stop_servers,
            check=relocation.check,
            sample_percent=relocation.sample_percent,
        )
        return await plan_fail_back(services, relocation.passage.subject, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Fail one RBD image back."""
        return await fail_back(context, parameters_of(context.task.plan, Return))
