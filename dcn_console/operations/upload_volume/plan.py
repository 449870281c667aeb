"""The plan of an image of a volume: how it gets to Glance, and to which sites from there."""

import shlex

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.storage_requests import UploadVolumes
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.checks import (
    VOLUME_SERVICE,
    service_checks,
    volume_quota_checks,
)
from dcn_console.operations.base import PlanContext
from dcn_console.operations.images.naming import name_checks
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.snapshot_volume.plan import IN_USE, snapshot_quota_checks
from dcn_console.operations.upload_volume.names import (
    ASK_STEP,
    CLEAR_SCRATCH_STEP,
    COMPARE_STEP,
    NAME,
    SCRATCH_STEP,
    WATCH_STEP,
)
from dcn_console.operations.upload_volume.places import (
    copy_commands,
    copy_steps,
    place_checks,
    places_for,
)
from dcn_console.operations.volumes.scene import (
    Scene,
    busy_checks,
    cluster_checks,
    look_at,
    owner_checks,
    steady_checks,
)

RAW = "raw"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What making an image of a volume needs to know. Sizes are bytes.

    ``sites`` are those that are to have a copy, where it lands first among them. ``scratch``
    uploads a clone of a snapshot, for Cinder uploads no volume in use unless it is set up to.
    ``total`` are the bytes of the image, None when not known.
    """

    volume_id: str
    label: str
    home: str
    zone: str
    name: str
    disk_format: str
    size: int
    sites: tuple[str, ...] = ()
    scratch: bool = False
    total: int | None = None


async def plan_upload(
    services: Services, request: UploadVolumes, volume_id: str, context: PlanContext
) -> Plan:
    """Plan an image of one volume. Reads only.

    Raises ObjectNotFound for a volume that is not there, UsageError for an unknown site or a
    volume that is at none, ServiceError when Glance cannot be asked.
    """
    scene = await look_at(services, volume_id)
    places = await places_for(services, scene.site, request.sites)
    raw = request.disk_format == RAW
    total = scene.volume.size if raw else None
    scratch = scene.volume.status == IN_USE
    wanted_name = printable(request.name) or printable(scene.volume.label)
    checks = [
        *name_checks(wanted_name),
        *steady_checks(scene, "uploaded"),
        *busy_checks(volume_id, context),
        *_volume_checks(scene, request.disk_format, scratch=scratch),
        *owner_checks(services, scene, "image"),
        *cluster_checks(scene, "read it"),
        *await service_checks(
            services, VOLUME_SERVICE, scene.site.availability_zone or "", "nothing can be read"
        ),
        *await _scratch_checks(services, scene, scratch=scratch),
        *await place_checks(services, places, total),
    ]
    parameters = Parameters(
        volume_id=volume_id,
        label=scene.label,
        home=scene.site.name,
        zone=scene.site.availability_zone or "",
        name=wanted_name,
        disk_format=request.disk_format,
        size=scene.volume.size or 0,
        sites=places.names,
        scratch=scratch,
        total=total,
    )
    landing = places.landing
    names = ", ".join(parameters.sites) or landing.name
    rate = context.rate_to(landing.name)
    moves = None if total is None else total * max(1, len({landing.name, *parameters.sites}))
    return Plan(
        operation=NAME,
        title=f"image of volume {scene.label} → {names}",
        objects=(scene.reference,),
        targets=(landing.name,),
        skipped=places.skipped,
        checks=tuple(checks),
        steps=_steps(parameters, landing.name),
        commands=_commands(services, parameters, landing.name),
        bytes_to_move=moves,
        estimate_seconds=moves / rate if rate and moves is not None else None,
        estimate_basis="by the last transfers there" if rate and moves is not None else "",
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


def _volume_checks(scene: Scene, disk_format: str, *, scratch: bool) -> list[Check]:
    checks = []
    if scratch:
        checks.append(
            fine(
                f"“{scene.label}” is in use: a clone of a snapshot is uploaded, which holds it as "
                "after a power cut. Stop the server first where that is not enough."
            )
        )
    if scene.volume.encrypted:
        checks.append(
            refused(
                f"“{scene.label}” is encrypted: its image would be of use only with its key.",
                "Back it up instead: dcn-console backup create",
            )
        )
    if disk_format != RAW:
        text = f"The image will be {printable(disk_format, 40)}: volumes of it are no clones."
        checks.append(warned(text, "Choose raw for one whose volumes are.", option="--format raw"))
    else:
        size = format_bytes(scene.volume.size)
        checks.append(fine(f"A raw image holds every byte of the volume, zeros too: {size}."))
    return checks


async def _scratch_checks(services: Services, scene: Scene, *, scratch: bool) -> list[Check]:
    if not scratch:
        return []
    size = scene.volume.size
    return [
        *await snapshot_quota_checks(services, size),
        *await volume_quota_checks(services, size),
    ]


def _steps(parameters: Parameters, landing: str) -> tuple[PlannedStep, ...]:
    home, name = parameters.home, printable(parameters.name, 60)
    undo = "the image can be deleted"
    text = f"ask Cinder for a {parameters.disk_format} image “{name}” of it"
    steps = [
        PlannedStep(name=ASK_STEP, text=text, site=landing, undo=undo),
        PlannedStep(
            name=WATCH_STEP,
            text=f"watch its bytes arrive in its RBD image at {landing}",
            site=landing,
        ),
    ]
    if parameters.scratch:
        text = "take a snapshot of it, and make a scratch volume of that"
        steps.insert(0, PlannedStep(name=f"{SCRATCH_STEP} at {home}", text=text, site=home))
    if parameters.disk_format == RAW:
        text = "compare some of its data with the volume"
        steps.append(PlannedStep(name=COMPARE_STEP, text=text, site=landing))
    if parameters.scratch:
        text = "remove the scratch volume and the snapshot"
        steps.append(PlannedStep(name=f"{CLEAR_SCRATCH_STEP} at {home}", text=text, site=home))
    return (*steps, *copy_steps(parameters.sites, landing))


def _commands(services: Services, parameters: Parameters, landing: str) -> tuple[str, ...]:
    volume = "SCRATCH" if parameters.scratch else parameters.volume_id
    words = ["openstack", "image", "create", "--volume", volume]
    words += ["--disk-format", parameters.disk_format, "--container-format", "bare"]
    commands = [shlex.join([*words, parameters.name])]
    if parameters.scratch:
        source = ["openstack", "volume", "snapshot", "create", "--force", "--volume"]
        scratch = ["openstack", "volume", "create", "--snapshot", "SNAPSHOT", "SCRATCH"]
        commands = [
            shlex.join([*source, parameters.volume_id, "SNAPSHOT"]),
            shlex.join(scratch),
            *commands,
        ]
    return (*commands, *copy_commands(services, parameters.sites, landing))
