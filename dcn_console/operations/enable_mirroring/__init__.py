"""Mirror RBD images to another site: features, mirroring, schedule, first copy, verified."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import EnableMirroring
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.enable_mirroring.names import NAME, Parameters
from dcn_console.operations.enable_mirroring.plan import plan_enable
from dcn_console.operations.enable_mirroring.target import mirror
from dcn_console.operations.parameters import parameters_of


class MirrorEnable:
    """The operation "mirror volumes to a site"."""

    name = NAME
    request = EnableMirroring
    takes_turns = True
    cancelling = (
        "what has not been switched on is left off and gets its features back; once mirroring is "
        "on it stays on, and Ceph goes on copying: disable it to stop that"
    )

    async def plan(
        self, services: Services, request: EnableMirroring, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [await plan_enable(services, subject, request, context) for subject in request.subjects]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; what is mirrored by now is skipped."""
        wanted = parameters_of(task.plan, Parameters)
        request = EnableMirroring(
            subjects=(wanted.subject,),
            mode=wanted.mode,
            destination=wanted.destination,
            schedule=wanted.schedule,
            flatten=wanted.flatten,
        )
        return await plan_enable(services, wanted.subject, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Bring one RBD image under mirroring."""
        return await mirror(context)
