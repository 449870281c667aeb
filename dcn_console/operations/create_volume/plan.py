"""The plan of a new volume: what it is made of, and whether site and quotas have room for it."""

import shlex

import msgspec

from dcn_console.clouds.cinder_volumes import gibibytes
from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.sites import Site
from dcn_console.model.storage_requests import CreateVolume
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.checks import (
    VOLUME_SERVICE,
    service_checks,
    volume_quota_checks,
)
from dcn_console.operations.base import PlanContext
from dcn_console.operations.create_volume.names import ASK_STEP, NAME, VERIFY_STEP, WATCH_STEP
from dcn_console.operations.create_volume.parameters import Parameters
from dcn_console.operations.create_volume.source import Source, source_of
from dcn_console.operations.mirror_room import room_checks
from dcn_console.operations.mirror_subject import refused
from dcn_console.operations.volumes.scene import NAME_LIMIT


async def plan_creation(services: Services, request: CreateVolume, context: PlanContext) -> Plan:
    """Plan one volume at a site. Reads only.

    Raises ObjectNotFound for an image or snapshot that is not there, UsageError for an unknown
    site, one without volumes, or when nothing tells the size.
    """
    site = services.topology.site(request.site)
    zone = site.availability_zone
    if not zone:
        raise UsageError(f"Site {site.name} has no availability zone, so no volumes.")
    source = await source_of(services, request, site)
    checks = [
        *source.checks,
        *await service_checks(services, VOLUME_SERVICE, zone, f"none at {site.name} can be made"),
        *await volume_quota_checks(services, source.size),
        *_name_checks(request.name),
    ]
    cluster = services.clusters.get(site.name)
    if cluster is not None and site.cluster is not None:
        checks += await room_checks(cluster, site, site.cluster.volumes_pool, source.total)
    parameters = Parameters(
        site=site.name,
        name=request.name,
        zone=zone,
        size=source.size,
        image_id=request.image_id,
        snapshot_id=request.snapshot_id,
        volume_type=request.volume_type,
        parent=source.parent,
        may_be_flat=source.may_be_flat,
        bootable=source.bootable,
        total=source.total,
    )
    label = printable(request.name, 60)
    rate = context.rate_to(site.name)
    estimate = source.total / rate if rate and source.total else None
    return Plan(
        operation=NAME,
        title=f"create volume {label} → {site.name}",
        objects=source.objects or (ObjectReference(kind="site", id=site.name, name=site.name),),
        targets=(site.name,),
        checks=tuple(checks),
        steps=_steps(parameters, source, site),
        commands=(_command(parameters),),
        bytes_to_move=source.total,
        estimate_seconds=estimate,
        estimate_basis="by the last transfers there" if estimate is not None else "",
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


def _name_checks(name: str) -> list[Check]:
    if len(name) > NAME_LIMIT:
        text = f"A name has {NAME_LIMIT} characters at most."
        return [refused(text, "Give it a shorter one.", option="--name NAME")]
    return []


def _steps(parameters: Parameters, source: Source, site: Site) -> tuple[PlannedStep, ...]:
    size = format_bytes(parameters.size)
    looks = [f"it is in zone {parameters.zone} on a host of it", f"has {size}"]
    if parameters.parent:
        either = " or filled" if parameters.may_be_flat else ""
        looks.append(f"its RBD image is a clone of {parameters.parent}{either}")
    label = printable(parameters.name, 60)
    return (
        PlannedStep(
            name=ASK_STEP,
            text=f"ask Cinder for a volume “{label}” of {size}, {source.words}",
            site=site.name,
            undo="the new volume can be deleted",
        ),
        PlannedStep(name=WATCH_STEP, text="watch until Cinder has made it", site=site.name),
        PlannedStep(name=VERIFY_STEP, text=f"see that {', '.join(looks)}", site=site.name),
    )


def _command(parameters: Parameters) -> str:
    words = ["openstack", "volume", "create", "--availability-zone", parameters.zone]
    words += ["--size", str(gibibytes(parameters.size))]
    if parameters.image_id:
        words += ["--image", parameters.image_id]
    if parameters.snapshot_id:
        words += ["--snapshot", parameters.snapshot_id]
    if parameters.volume_type:
        words += ["--type", parameters.volume_type]
    return shlex.join([*words, parameters.name])
