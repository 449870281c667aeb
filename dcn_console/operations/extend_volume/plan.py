"""The plan of an extension: from which size to which, and what it needs of the quotas."""

import msgspec

from dcn_console.clouds.cinder_volumes import gibibytes
from dcn_console.clouds.cinder_wire import GIB
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.text import format_bytes
from dcn_console.operations.backups.checks import (
    VOLUME_SERVICE,
    allowance_checks,
    service_checks,
    version_checks,
)
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.volumes.scene import (
    Scene,
    busy_checks,
    cluster_checks,
    look_at,
    steady_checks,
)

NAME = "volume-extend"
EXTEND_STEP = "extend"
VERIFY_STEP = "verify"
EXTENDING = "3.42"
"""Since when volumes in use can be extended (Cinder API history); all are asked for with it."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What an extension needs to know; ``size`` in bytes is the new one.

    ``seen`` is whether the volume's RBD image could be looked at.
    """

    volume_id: str
    label: str
    size: int
    seen: bool = True


async def plan_extension(
    services: Services, volume_id: str, size: int, context: PlanContext
) -> Plan:
    """Plan to make one volume ``size`` bytes large, rounded up to whole GiB. Reads only.

    Raises ObjectNotFound for a volume that is not there, UsageError for one that is at no site.
    """
    scene = await look_at(services, volume_id)
    site, before = scene.site, scene.volume.size or 0
    after = gibibytes(size) * GIB
    large_enough = after == before
    checks = [
        *steady_checks(scene, "extended"),
        *busy_checks(volume_id, context),
        *_size_checks(scene, before, after),
        *await version_checks(services, EXTENDING, "extending volumes in any state"),
        *cluster_checks(scene, "extend it"),
        *_mirror_checks(scene),
        *await service_checks(
            services, VOLUME_SERVICE, site.availability_zone or "", "nothing there can be changed"
        ),
        *await _quota_checks(services, scene, before, after),
    ]
    parameters = Parameters(volume_id=volume_id, label=scene.label, size=after, seen=not scene.gone)
    return Plan(
        operation=NAME,
        title=f"extend {scene.label} at {site.name} to {format_bytes(after)}",
        objects=(scene.reference,),
        targets=() if large_enough else (site.name,),
        skipped={site.name: f"has {format_bytes(before)} already"} if large_enough else {},
        checks=() if large_enough else tuple(checks),
        steps=() if large_enough else _steps(site.name, before, after),
        commands=(f"openstack volume set --size {gibibytes(after)} {volume_id}",),
        parameters=msgspec.to_builtins(parameters),
        irreversible="" if large_enough else "a volume never becomes smaller again",
        made_at=context.now,
    )


def _size_checks(scene: Scene, before: int, after: int) -> list[Check]:
    if after < before:
        have, want = format_bytes(before), format_bytes(after)
        return [refused(f"“{scene.label}” has {have}; it cannot become smaller ({want}).")]
    if scene.volume.status == "in-use":
        text = "It is in use: Cinder tells the server, whose system sees the room after a look."
        return [fine(text)]
    return []


def _mirror_checks(scene: Scene) -> list[Check]:
    if scene.detail is None or scene.detail.mirroring is None:
        return []
    return [fine("It is mirrored: its copies grow with it.")]


async def _quota_checks(services: Services, scene: Scene, before: int, after: int) -> list[Check]:
    """Compare the quotas of the volume's own project with what it grows by."""
    try:
        quota = await services.cinder.quota(scene.volume.project_id)
    except ServiceError as error:
        return [warned(f"Quotas are not known: {error.message}", error.way_out)]
    checks = allowance_checks("gigabytes", quota.volume_bytes, max(0, after - before))
    if quota.largest_volume is not None and after > quota.largest_volume:
        largest = format_bytes(quota.largest_volume)
        text = f"A volume may have {largest} at most, this one would have {format_bytes(after)}."
        checks.append(refused(text, "Have the quota per_volume_gigabytes raised."))
    return checks


def _steps(site: str, before: int, after: int) -> tuple[PlannedStep, ...]:
    text = f"ask Cinder to extend it from {format_bytes(before)} to {format_bytes(after)}, and wait"
    return (
        PlannedStep(name=EXTEND_STEP, text=text, site=site),
        PlannedStep(name=VERIFY_STEP, text="see that its RBD image has that size", site=site),
    )
