"""The plan of a check: that of a restore to a scratch volume, which goes again."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.backup_rows import VERIFIED_AT
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import ObjectReference, Plan, PlannedStep
from dcn_console.model.requests import ContentCheck
from dcn_console.model.storage_requests import CheckBackups, RestoreBackup
from dcn_console.operations.backups.where import hub_of
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_subject import refused, warned
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.restore_backup.plan import Parameters as Restore
from dcn_console.operations.restore_backup.plan import plan_restore

NAME = "backup-check"
REMOVE_STEP = "remove scratch volume"
RECORD_STEP = "write down"
PART = "scratch volume"
"""What the mark of the scratch volume says it is."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a check needs to know: how to restore."""

    restore: Restore


async def plan_check(
    services: Services, request: CheckBackups, backup_id: str, context: PlanContext
) -> Plan:
    """Plan to prove one backup at the site asked for, else at the hub, where nothing travels far.

    Reads only; raises as ``plan_restore``. Without Ceph access there is nothing to compare with,
    which is refused.
    """
    if request.check is ContentCheck.METADATA:
        raise UsageError(
            "A check without data proves nothing.", way_out="Compare a sample or everything."
        )
    site = services.topology.site(request.site or hub_of(services).name)
    restore = RestoreBackup(
        backup_id=backup_id,
        site=site.name,
        name=f"dcn-console-check-{backup_id[:8]}",
        check=request.check,
        sample_percent=request.sample_percent,
    )
    plan = await plan_restore(services, restore, context)
    parameters = parameters_of(plan, Restore)
    checks = [*plan.checks]
    if site.name not in services.clusters:
        checks.append(
            refused(
                f"There is no Ceph access to {site.name}, so nothing can be compared there.",
                f"Give [site.{site.name}] a cluster, or choose another site to check at.",
                option="--at SITE",
            )
        )
    numbers = [task.number for task in context.open_tasks if _is_about(task.plan, backup_id)]
    if numbers:
        checks.append(warned(f"Task {numbers[0]} is about this backup, too."))
    return msgspec.structs.replace(
        plan,
        operation=NAME,
        title=f"check backup {parameters.label} at {site.name}",
        objects=(ObjectReference(kind="backup", id=backup_id, name=parameters.label),),
        checks=tuple(checks),
        steps=(
            *plan.steps,
            PlannedStep(name=REMOVE_STEP, text="remove the scratch volume", site=site.name),
            PlannedStep(
                name=RECORD_STEP,
                text=f"write {VERIFIED_AT} into the backup's metadata",
                site=site.name,
            ),
        ),
        parameters=msgspec.to_builtins(Parameters(restore=parameters)),
    )


def _is_about(plan: Plan, backup_id: str) -> bool:
    return any(item.id == backup_id for item in plan.objects)
