"""Delete backups, in the order in which Cinder allows it."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import DeleteBackups
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.delete_backups.plan import NAME, Parameters, plan_deletions
from dcn_console.operations.delete_backups.run import delete_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["BackupDelete"]


class BackupDelete:
    """The operation "delete backups"."""

    name = NAME
    request = DeleteBackups
    takes_turns = False
    cancelling = "backups not asked for yet stay; one that Cinder has begun to delete goes"

    async def plan(
        self, services: Services, request: DeleteBackups, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan the backups of each chain together, for their order matters."""
        return await plan_deletions(services, request, context)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan what is left of them."""
        parameters = parameters_of(task.plan, Parameters)
        existing = await services.cinder.backups.of_volume(parameters.volume_id)
        known = {backup.id for backup in existing}
        left = tuple(one for one in parameters.backup_ids if one in known)
        request = DeleteBackups(backup_ids=left or parameters.backup_ids[:1])
        return (await plan_deletions(services, request, context))[0]

    async def run_target(self, context: TargetContext) -> Target:
        """Delete them."""
        return await delete_at(context)
