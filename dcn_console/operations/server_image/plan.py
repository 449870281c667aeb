"""The plan of an image of a server: of its root volume, or of Nova's own disk where it has one.

Nova's createImage of a server that boots from a volume gives an image without data that names a
new snapshot (Compute API ref: createImage). So its root volume is uploaded instead.
"""

import shlex

import msgspec
from msgspec.structs import replace

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.inventory import Server
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.server_requests import ImageOfServer
from dcn_console.model.storage_requests import UploadVolumes
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_steps.servers import LETS_GO, RUNNING
from dcn_console.operations.mirror_subject import fine, refused, warned
from dcn_console.operations.server_image.names import NAME, START_STEP, STOP_STEP, Parameters
from dcn_console.operations.server_image.own_disk_plan import plan_own_disk
from dcn_console.operations.servers.where import (
    busy_checks,
    label_of,
    nova_of,
    reference,
    root_of,
    site_of,
    volumes_of,
)
from dcn_console.operations.upload_volume.plan import Parameters as Upload
from dcn_console.operations.upload_volume.plan import plan_upload


async def plan_image(services: Services, request: ImageOfServer, context: PlanContext) -> Plan:
    """Plan an image of one server. Reads only.

    Raises UsageError for a server whose root volume is not known, ObjectNotFound without the
    server.
    """
    server = await nova_of(services).server(request.server_id)
    site, label = site_of(services, server), label_of(server)
    stop = request.stop_server and server.status == RUNNING
    parameters = Parameters(
        server_id=server.id,
        label=label,
        stop=stop,
        wanted_stop=request.stop_server,
        wanted_name=request.name,
        wanted_sites=request.sites,
    )
    objects = [reference(server)]
    if server.image_id is not None:
        making, own_disk = await plan_own_disk(services, server, site, request, context)
        parameters = replace(parameters, own_disk=own_disk)
        sites = own_disk.sites
    else:
        making, upload, root = await _plan_root(services, server, request, context)
        parameters = replace(parameters, upload=upload)
        sites = upload.sites
        objects.append(root)
    return replace(
        making,
        operation=NAME,
        title=f"image of server {label} → {', '.join(sites)}",
        objects=tuple(objects),
        checks=(
            *_state_checks(server, stop=stop),
            *busy_checks(server, context),
            *making.checks,
        ),
        steps=_steps(making, parameters, site.name),
        commands=_commands(making, server, stop=stop),
        parameters=msgspec.to_builtins(parameters),
    )


async def _plan_root(
    services: Services, server: Server, request: ImageOfServer, context: PlanContext
) -> tuple[Plan, Upload, ObjectReference]:
    """Plan the upload of the root volume; return also its parameters and the volume."""
    root = root_of(server, await volumes_of(services, server))
    if root is None or root.status is None:
        raise UsageError(
            f"The root volume of server “{label_of(server)}” cannot be told.",
            way_out="Name the volume: dcn-console volume upload",
        )
    name = request.name or server.label
    asked = UploadVolumes(volume_ids=(root.id,), name=name, sites=request.sites)
    uploading = await plan_upload(services, asked, root.id, context)
    volume = ObjectReference(kind="volume", id=root.id, name=printable(root.label, 60))
    said = fine(
        f"It boots from volume “{volume.name}”: that one becomes the image, for Nova's own image "
        "of it would hold no data."
    )
    planned = replace(uploading, checks=(said, *uploading.checks))
    return planned, msgspec.convert(uploading.parameters, Upload), volume


def _state_checks(server: Server, *, stop: bool) -> list[Check]:
    if stop:
        return [warned("The server is stopped for the snapshot, and started again.")]
    if server.status in LETS_GO:
        return [fine("It is stopped: the image holds its root disk as it was shut down.")]
    if server.status == RUNNING:
        text = "It runs: the image holds its root disk as after a power cut."
        return [warned(text, "Have it stopped where that is not enough.", option="--stop-server")]
    status = printable(server.status or "without a status", 40)
    return [refused(f"The server is {status}; it must run or be stopped.")]


def _steps(making: Plan, parameters: Parameters, site: str) -> tuple[PlannedStep, ...]:
    """Put stopping first, and starting where the disk is not needed any more."""
    if not parameters.stop:
        return making.steps
    needed = 1 if parameters.upload is not None else 2
    text = "start the server again, whatever came of it"
    return (
        PlannedStep(name=STOP_STEP, text="stop the server", site=site),
        *making.steps[:needed],
        PlannedStep(name=START_STEP, text=text, site=site),
        *making.steps[needed:],
    )


def _commands(making: Plan, server: Server, *, stop: bool) -> tuple[str, ...]:
    if not stop:
        return making.commands
    first, *others = making.commands
    return (
        shlex.join(["openstack", "server", "stop", server.id]),
        first,
        shlex.join(["openstack", "server", "start", server.id]),
        *others,
    )
