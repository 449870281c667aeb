"""Resync a mirrored volume: give up what one site holds, and copy it from the primary anew."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Resync
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.resync.names import NAME, Resyncing
from dcn_console.operations.resync.plan import plan_resync
from dcn_console.operations.resync.run import resync


class MirrorResync:
    """The operation "resync volumes"."""

    name = NAME
    request = Resync
    takes_turns = True
    cancelling = (
        "before the resync is asked for nothing is given up; "
        "after it only the waiting ends, for Ceph goes on by itself"
    )

    async def plan(
        self, services: Services, request: Resync, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [await plan_resync(services, subject, request, context) for subject in request.subjects]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew, as things stand now."""
        wanted = parameters_of(task.plan, Resyncing).renewal
        subject = wanted.passage.subject
        request = Resync(
            subjects=(subject,), victim=wanted.passage.source, safety_copy=wanted.safety_copy
        )
        return await plan_resync(services, subject, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Resync one RBD image."""
        return await resync(context, parameters_of(context.task.plan, Resyncing).renewal)
