"""Delete snapshots of volumes."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import DeleteSnapshots
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.delete_snapshot.plan import NAME, Parameters, plan_deletion
from dcn_console.operations.delete_snapshot.run import delete_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["SnapshotDelete"]


class SnapshotDelete:
    """The operation "delete snapshots"."""

    name = NAME
    request = DeleteSnapshots
    takes_turns = False
    cancelling = "what Cinder has begun to delete goes, for Cinder cannot be stopped from outside"

    async def plan(
        self, services: Services, request: DeleteSnapshots, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each snapshot by itself."""
        return tuple(
            [
                await plan_deletion(services, snapshot_id, context)
                for snapshot_id in request.snapshot_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        return await plan_deletion(services, parameters.snapshot_id, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Delete it."""
        return await delete_at(context)
