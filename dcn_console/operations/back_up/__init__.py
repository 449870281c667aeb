"""Back volumes up to the hub: full or incremental, with older backups deleted afterwards."""

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.storage_requests import BackUpVolumes
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.back_up.names import NAME
from dcn_console.operations.back_up.plan import Parameters, plan_backup
from dcn_console.operations.back_up.run import back_up_to
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.parameters import parameters_of

__all__ = ["BackupCreate"]


class BackupCreate:
    """The operation "back up"."""

    name = NAME
    request = BackUpVolumes
    takes_turns = True
    cancelling = (
        "what has not been asked for is dropped; "
        "a backup that Cinder has begun goes on, for Cinder cannot be stopped from outside"
    )

    async def plan(
        self, services: Services, request: BackUpVolumes, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each volume by itself."""
        if request.snapshot_id is not None and len(request.volume_ids) != 1:
            raise UsageError("A snapshot is one of a single volume.")
        return tuple(
            [
                await plan_backup(services, request, volume_id, context)
                for volume_id in request.volume_ids
            ]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        parameters = parameters_of(task.plan, Parameters)
        request = BackUpVolumes(
            volume_ids=(parameters.volume_id,),
            name=parameters.name,
            incremental=parameters.wanted_incremental,
            snapshot_id=parameters.snapshot_id,
            keep=parameters.keep,
        )
        return await plan_backup(services, request, parameters.volume_id, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Make the backup."""
        return await back_up_to(context)
