"""The plan of a snapshot's deletion: whether it can go, and what depends on it."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.storage import VolumeSnapshot
from dcn_console.model.text import count, format_age, printable
from dcn_console.operations.backups.checks import VOLUME_SERVICE, service_checks, tasks_check
from dcn_console.operations.base import PlanContext
from dcn_console.operations.delete_volume.dependents import (
    DELETABLE_SNAPSHOT,
    OF_A_SNAPSHOT,
    children_of,
    clones_refused,
    image_checks,
)
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.volumes.deletion import DELETE_STEP, VERIFY_STEP
from dcn_console.operations.volumes.scene import Scene, cluster_checks, look_at

NAME = "snapshot-delete"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a deletion needs to know."""

    snapshot_id: str
    volume_id: str
    label: str


async def plan_deletion(services: Services, snapshot_id: str, context: PlanContext) -> Plan:
    """Plan to delete one snapshot. Reads only.

    Raises ObjectNotFound when it or its volume is not there, UsageError when that is at no site.
    """
    snapshot = await services.cinder.snapshots.snapshot(snapshot_id)
    scene = await look_at(services, snapshot.volume_id or "")
    site, label = scene.site, printable(snapshot.label, 60)
    checks = [
        *_state_checks(snapshot, label),
        *_busy_checks(snapshot, context),
        *await _clone_checks(services, scene, snapshot),
        *await image_checks(services, [snapshot]),
        *await _backup_checks(services, snapshot),
        *([] if scene.gone else cluster_checks(scene, "delete a snapshot of it")),
        *await service_checks(
            services, VOLUME_SERVICE, site.availability_zone or "", "nothing there can be deleted"
        ),
        fine(f"It is {format_age(snapshot.created_at, context.now)} old, of “{scene.label}”."),
    ]
    parameters = Parameters(snapshot_id=snapshot_id, volume_id=scene.volume.id, label=label)
    return Plan(
        operation=NAME,
        title=f"delete snapshot {label} of {scene.label} at {site.name}",
        objects=(
            ObjectReference(kind="snapshot", id=snapshot_id, name=label),
            scene.reference,
        ),
        targets=(site.name,),
        checks=tuple(checks),
        steps=(
            PlannedStep(name=DELETE_STEP, text="ask Cinder to delete it, and wait", site=site.name),
            PlannedStep(name=VERIFY_STEP, text="see that the RBD snapshot is gone", site=site.name),
        ),
        commands=(f"openstack volume snapshot delete {snapshot_id}",),
        parameters=msgspec.to_builtins(parameters),
        typed_name=snapshot.label,
        irreversible="what the volume held then will be gone for good",
        made_at=context.now,
    )


def _state_checks(snapshot: VolumeSnapshot, label: str) -> list[Check]:
    if snapshot.status in DELETABLE_SNAPSHOT:
        return []
    status = printable(snapshot.status or "unknown", 40)
    text = f"“{label}” is {status}; Cinder deletes only what is available or failed."
    way_out = "Wait until that is over. One that hangs: openstack volume snapshot set --state error"
    return [refused(text, way_out)]


def _busy_checks(snapshot: VolumeSnapshot, context: PlanContext) -> list[Check]:
    """Refuse while another task works on the snapshot, or on its volume."""
    ids = {snapshot.id, snapshot.volume_id}
    numbers = [
        task.number
        for task in context.open_tasks
        if any(item.id in ids for item in task.plan.objects)
    ]
    return tasks_check(numbers, "this snapshot or its volume")


async def _clone_checks(services: Services, scene: Scene, snapshot: VolumeSnapshot) -> list[Check]:
    children, unknown = await children_of(services, scene)
    ours = [one for one in children if one.snapshot == f"{OF_A_SNAPSHOT}{snapshot.id}"]
    return [clones_refused(ours, "it")] if ours else unknown


async def _backup_checks(services: Services, snapshot: VolumeSnapshot) -> list[Check]:
    try:
        backups = await services.cinder.backups.of_volume(snapshot.volume_id or "")
    except ServiceError as error:
        return [warned(f"Whether it was backed up is not known: {error.message}", error.way_out)]
    ours = [one for one in backups if one.snapshot_id == snapshot.id]
    return [fine(f"{count(len(ours), 'backup')} of it will stay.")] if ours else []
