"""Restore a backup to a new volume at any site, or over an existing one."""

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import RestoreBackup
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.restore_backup.names import NAME
from dcn_console.operations.restore_backup.plan import Parameters, plan_restore
from dcn_console.operations.restore_backup.run import restore_at

__all__ = ["BackupRestore"]


class BackupRestore:
    """The operation "restore a backup"."""

    name = NAME
    request = RestoreBackup
    takes_turns = True
    cancelling = (
        "what has not been asked for is dropped; "
        "a restore that Cinder has begun goes on, for Cinder cannot be stopped from outside"
    )

    async def plan(
        self, services: Services, request: RestoreBackup, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan the one restore."""
        return (await plan_restore(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        (site,) = task.plan.targets
        server = parameters.server
        request = RestoreBackup(
            backup_id=parameters.backup_id,
            site=site,
            name=parameters.name,
            volume_id=parameters.volume_id,
            check=parameters.check,
            sample_percent=parameters.percent,
            server=server.name if server is not None else "",
            flavor=server.flavor if server is not None else "",
            network=server.network if server is not None else "",
            key=server.key if server is not None else "",
            security_group=server.security_group if server is not None else "",
        )
        return await plan_restore(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Restore at one site."""
        return await restore_at(context)
