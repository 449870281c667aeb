"""Prove backups: restore each to a scratch volume, compare it, remove it, write down when."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import CheckBackups
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.check_backups.plan import NAME, Parameters, plan_check
from dcn_console.operations.check_backups.run import check_at
from dcn_console.operations.parameters import parameters_of

__all__ = ["BackupCheck"]


class BackupCheck:
    """The operation "check backups"."""

    name = NAME
    request = CheckBackups
    takes_turns = True
    cancelling = (
        "comparing stops; a restore that Cinder has begun is waited for, "
        "and its scratch volume removed"
    )

    async def plan(
        self, services: Services, request: CheckBackups, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each backup by itself."""
        return tuple(
            [
                await plan_check(services, request, backup_id, context)
                for backup_id in request.backup_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        restore = parameters_of(task.plan, Parameters).restore
        (site,) = task.plan.targets
        request = CheckBackups(
            backup_ids=(restore.backup_id,),
            site=site,
            check=restore.check,
            sample_percent=restore.percent,
        )
        return await plan_check(services, request, restore.backup_id, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Restore, compare and remove at one site."""
        return await check_at(context)
