"""The steps with volumes: of the image, its copy-on-write clone, snapshot, backup and restore."""

from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from dcn_console.model.plans import Plan
from dcn_console.model.requests import ContentCheck
from dcn_console.model.storage_requests import (
    BackUpVolumes,
    CreateVolume,
    RestoreBackup,
    SnapshotVolumes,
)
from dcn_console.operations.back_up import names as backing_up
from dcn_console.operations.back_up.plan import Parameters as BackUp
from dcn_console.operations.back_up.plan import plan_backup
from dcn_console.operations.back_up.steps import Steps as BackUpSteps
from dcn_console.operations.base import PlanContext
from dcn_console.operations.create_volume import names as creating
from dcn_console.operations.create_volume.parameters import Parameters as NewVolume
from dcn_console.operations.create_volume.plan import plan_creation
from dcn_console.operations.create_volume.steps import Steps as VolumeSteps
from dcn_console.operations.create_volume.verify import verify as verify_volume
from dcn_console.operations.making import ASKED, THERE, VERIFIED
from dcn_console.operations.patience import DONE
from dcn_console.operations.restore_backup import names as restoring
from dcn_console.operations.restore_backup.plan import Parameters as Restore
from dcn_console.operations.restore_backup.plan import plan_restore
from dcn_console.operations.restore_backup.steps import Steps as RestoreSteps
from dcn_console.operations.restore_backup.verify import verify as verify_restored
from dcn_console.operations.results import StepResult
from dcn_console.operations.snapshot_volume.plan import plan_snapshot
from dcn_console.operations.snapshot_volume.run import snapshot_at
from dcn_console.operations.validate_site.names import (
    BACKUP,
    BACKUP_DATA,
    CLONE,
    COMPARE,
    FAILED,
    IMAGE_DATA,
    IMPORT,
    RESTORE,
    SNAPSHOT,
    VOLUME,
    VOLUME_DATA,
)
from dcn_console.operations.validate_site.stage import (
    Run,
    begin,
    begun,
    moment,
    of_result,
    of_target,
)

ASKED_FOR = "asked for"
"""In the data of a step: what it asked for, for the step that looks at it more closely."""
COMPARED = "objects_compared"


async def make_volume(run: Run) -> StepResult:
    """Make a volume of the image at the edge, and see it in its zone."""
    parameters = run.parameters
    request = CreateVolume(
        site=parameters.site, name=run.name, image_id=run.made(IMPORT, IMAGE_DATA)
    )

    async def planning(context: PlanContext) -> Plan:
        return await plan_creation(run.context.services, request, context)

    planned = await begin(run, VOLUME, planning)
    if planned.outcome != DONE:
        return replace(planned, data={})
    start = begun(planned)
    wanted = msgspec.convert(start.plan.parameters, NewVolume)
    context = run.within(VOLUME, parameters.site, start.at, start.plan)
    steps = VolumeSteps(context, wanted)
    data: dict[str, Any] = {ASKED_FOR: start.plan.parameters}
    asked = await context.step(creating.ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return of_result(asked, ASKED, **data)
    volume_id = data[VOLUME_DATA] = str(asked.data["volume"])
    watched = await context.step(creating.WATCH_STEP, partial(steps.watch, volume_id))
    if watched.outcome != THERE:
        return of_result(watched, THERE, **data)
    any_parent = replace(wanted, parent="", may_be_flat=True)
    verified = await context.step(
        creating.VERIFY_STEP, partial(verify_volume, context, any_parent, volume_id)
    )
    return of_result(verified, DONE, wanted.total, **data)


async def see_clone(run: Run) -> StepResult:
    """See that the volume's RBD image is a clone of the image's copy at the edge."""
    planned = await begin(run, CLONE, None)
    if planned.outcome != DONE:
        return replace(planned, data={})
    wanted = msgspec.convert(run.results[VOLUME].data[ASKED_FOR], NewVolume)
    if not wanted.parent:
        text = "the image is not raw, so that volumes of it are full copies"
        return StepResult(outcome=FAILED, text=text)
    context = run.within(CLONE, run.parameters.site, moment(planned))
    look = partial(verify_volume, context, wanted, run.made(VOLUME, VOLUME_DATA))
    return of_result(await context.step("look", look), DONE)


async def take_snapshot(run: Run) -> StepResult:
    """Take a snapshot of the volume, by force where it is in use."""
    request = SnapshotVolumes(volume_ids=(run.made(VOLUME, VOLUME_DATA),), name=run.name)

    async def planning(context: PlanContext) -> Plan:
        (volume_id,) = request.volume_ids
        return await plan_snapshot(run.context.services, request, volume_id, context)

    planned = await begin(run, SNAPSHOT, planning, request.volume_ids[0])
    if planned.outcome != DONE:
        return replace(planned, data={})
    start = begun(planned)
    context = run.within(SNAPSHOT, run.parameters.site, start.at, start.plan)
    return of_target(await snapshot_at(context), None)


async def back_up(run: Run) -> StepResult:
    """Back the volume up to the hub."""
    volume_id = run.made(VOLUME, VOLUME_DATA)
    request = BackUpVolumes(volume_ids=(volume_id,), name=run.name)

    async def planning(context: PlanContext) -> Plan:
        return await plan_backup(run.context.services, request, volume_id, context)

    planned = await begin(run, BACKUP, planning, volume_id)
    if planned.outcome != DONE:
        return replace(planned, data={})
    start = begun(planned)
    wanted = msgspec.convert(start.plan.parameters, BackUp)
    context = run.within(BACKUP, run.parameters.hub, start.at, start.plan)
    steps = BackUpSteps(context, wanted)
    asked = await context.step(backing_up.ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return of_result(asked, ASKED)
    backup_id = str(asked.data["backup"])
    data: dict[str, Any] = {BACKUP_DATA: backup_id}
    result = await context.step(backing_up.WATCH_STEP, partial(steps.watch, backup_id))
    if result.outcome != THERE:
        return replace(of_result(result, THERE, **data), moved=context.moved)
    result = await context.step(backing_up.VERIFY_STEP, partial(steps.verify, backup_id))
    return of_result(result, VERIFIED, wanted.total, **data)


async def restore(run: Run) -> StepResult:
    """Restore the backup to a new volume at the second site."""
    site = run.parameters.second_site
    request = RestoreBackup(
        backup_id=run.made(BACKUP, BACKUP_DATA),
        site=site,
        name=f"{run.name}-restored",
        check=ContentCheck.METADATA,
    )

    async def planning(context: PlanContext) -> Plan:
        return await plan_restore(run.context.services, request, context)

    planned = await begin(run, RESTORE, planning)
    if planned.outcome != DONE:
        return replace(planned, data={})
    start = begun(planned)
    wanted = msgspec.convert(start.plan.parameters, Restore)
    context = run.within(RESTORE, site, start.at, start.plan)
    steps = RestoreSteps(context, wanted)
    data: dict[str, Any] = {ASKED_FOR: start.plan.parameters}
    asked = await context.step(restoring.ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return of_result(asked, ASKED, **data)
    volume_id = data[VOLUME_DATA] = str(asked.data["volume"])
    result = await context.step(restoring.WATCH_STEP, partial(steps.watch, volume_id))
    if result.outcome != THERE:
        return replace(of_result(result, THERE, **data), moved=context.moved)
    result = await context.step(
        restoring.VERIFY_STEP, partial(verify_restored, context, wanted, volume_id)
    )
    return of_result(result, VERIFIED, wanted.total, **data)


async def compare(run: Run) -> StepResult:
    """Compare all the data of the restored volume with what was backed up."""
    planned = await begin(run, COMPARE, None)
    if planned.outcome != DONE:
        return replace(planned, data={})
    restored = run.results[RESTORE].data
    wanted = msgspec.convert(restored[ASKED_FOR], Restore)
    wanted = replace(wanted, check=ContentCheck.FULL)
    context = run.within(COMPARE, run.parameters.second_site, moment(planned))
    look = partial(verify_restored, context, wanted, str(restored[VOLUME_DATA]))
    result = await context.step("compare", look)
    ended = of_result(result, VERIFIED)
    if result.outcome == VERIFIED and COMPARED not in result.data:
        return StepResult(outcome=FAILED, text=f"nothing was compared: {result.text}")
    return ended
