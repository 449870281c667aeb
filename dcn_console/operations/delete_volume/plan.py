"""The plan of a volume's deletion: whether it can go, and what goes or stays with it."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan, PlannedStep
from dcn_console.model.text import count
from dcn_console.operations.backups.checks import VOLUME_SERVICE, service_checks
from dcn_console.operations.base import PlanContext
from dcn_console.operations.delete_volume.dependents import (
    backup_checks,
    clone_checks,
    image_checks,
    mirror_checks,
    snapshot_checks,
    state_checks,
)
from dcn_console.operations.volumes.deletion import DELETE_STEP, VERIFY_STEP
from dcn_console.operations.volumes.scene import busy_checks, cluster_checks, look_at

NAME = "volume-delete"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a deletion needs to know. ``snapshots`` are the ids of those known to go too."""

    volume_id: str
    label: str
    with_snapshots: bool = False
    snapshots: tuple[str, ...] = ()


async def plan_deletion(
    services: Services, volume_id: str, context: PlanContext, *, with_snapshots: bool
) -> Plan:
    """Plan to delete one volume. Reads only.

    Raises ObjectNotFound for a volume that is not there, UsageError for one that is at no site.
    """
    scene = await look_at(services, volume_id)
    site = scene.site
    snapshots = await services.cinder.snapshots.of_volume(volume_id)
    reachable = [] if scene.gone else cluster_checks(scene, "delete it")
    checks = [
        *state_checks(scene),
        *busy_checks(volume_id, context),
        *snapshot_checks(snapshots, agreed=with_snapshots),
        *await image_checks(services, snapshots),
        *await clone_checks(services, scene),
        *mirror_checks(scene),
        *await backup_checks(services, volume_id, context.now),
        *reachable,
        *await service_checks(
            services, VOLUME_SERVICE, site.availability_zone or "", "nothing there can be deleted"
        ),
    ]
    parameters = Parameters(
        volume_id=volume_id,
        label=scene.label,
        with_snapshots=with_snapshots,
        snapshots=tuple(one.id for one in snapshots) if with_snapshots else (),
    )
    also = f" and {count(len(snapshots), 'snapshot')}" if parameters.snapshots else ""
    purge = "--purge " if parameters.snapshots else ""
    return Plan(
        operation=NAME,
        title=f"delete volume {scene.label} at {site.name}",
        objects=(scene.reference,),
        targets=(site.name,),
        checks=tuple(checks),
        steps=(
            PlannedStep(
                name=DELETE_STEP, text=f"ask Cinder to delete it{also}, and wait", site=site.name
            ),
            PlannedStep(name=VERIFY_STEP, text="see that its RBD image is gone", site=site.name),
        ),
        commands=(f"openstack volume delete {purge}{volume_id}",),
        parameters=msgspec.to_builtins(parameters),
        typed_name=scene.volume.label,
        irreversible=f"its data{also} will be gone for good",
        made_at=context.now,
    )
