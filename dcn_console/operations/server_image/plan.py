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

NAME = "server-image"
STOP_STEP = "stop server"
START_STEP = "start server"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The server, whether it is stopped meanwhile, and how its root volume is uploaded."""

    server_id: str
    label: str
    stop: bool
    wanted_stop: bool
    wanted_sites: tuple[str, ...]
    upload: Upload


async def plan_image(services: Services, request: ImageOfServer, context: PlanContext) -> Plan:
    """Plan an image of one server. Reads only.

    Raises UsageError for a server whose root disk is Nova's own or not known, ObjectNotFound
    without the server.
    """
    server = await nova_of(services).server(request.server_id)
    site, label = site_of(services, server), label_of(server)
    if server.image_id is not None:
        raise UsageError(
            f"The root disk of server “{label}” is Nova's own, not a volume.",
            way_out=f"Nova makes a whole image of it: openstack server image create {server.id}; "
            "then: dcn-console image copy",
        )
    root = root_of(server, await volumes_of(services, server))
    if root is None or root.status is None:
        raise UsageError(
            f"The root volume of server “{label}” cannot be told.",
            way_out="Name the volume: dcn-console volume upload",
        )
    name = request.name or server.label
    asked = UploadVolumes(volume_ids=(root.id,), name=name, sites=request.sites)
    uploading = await plan_upload(services, asked, root.id, context)
    stop = request.stop_server and server.status == RUNNING
    parameters = Parameters(
        server_id=server.id,
        label=label,
        stop=stop,
        wanted_stop=request.stop_server,
        wanted_sites=request.sites,
        upload=msgspec.convert(uploading.parameters, Upload),
    )
    volume = ObjectReference(kind="volume", id=root.id, name=printable(root.label, 60))
    names = ", ".join(parameters.upload.sites)
    return replace(
        uploading,
        operation=NAME,
        title=f"image of server {label} → {names}",
        objects=(reference(server), volume),
        checks=(
            *_server_checks(server, stop=stop, root=volume.name),
            *busy_checks(server, context),
            *uploading.checks,
        ),
        steps=_steps(uploading, site.name, stop=stop),
        commands=_commands(uploading, server, stop=stop),
        parameters=msgspec.to_builtins(parameters),
    )


def _server_checks(server: Server, *, stop: bool, root: str) -> list[Check]:
    checks = [
        fine(
            f"It boots from volume “{root}”: that one becomes the image, for Nova's own image of "
            "it would hold no data."
        )
    ]
    if stop:
        checks.append(warned("The server is stopped for the snapshot, and started again."))
    elif server.status in LETS_GO:
        checks.append(fine("It is stopped: the image holds its root disk as it was shut down."))
    elif server.status == RUNNING:
        text = "It runs: the image holds its root disk as after a power cut."
        checks.append(warned(text, "Say --stop-server where that is not enough."))
    else:
        status = printable(server.status or "without a status", 40)
        checks.append(refused(f"The server is {status}; it must run or be stopped."))
    return checks


def _steps(uploading: Plan, site: str, *, stop: bool) -> tuple[PlannedStep, ...]:
    if not stop:
        return uploading.steps
    first, *others = uploading.steps
    return (
        PlannedStep(name=STOP_STEP, text="stop the server", site=site),
        first,
        PlannedStep(name=START_STEP, text="start the server again, whatever came of it", site=site),
        *others,
    )


def _commands(uploading: Plan, server: Server, *, stop: bool) -> tuple[str, ...]:
    if not stop:
        return uploading.commands
    first, *others = uploading.commands
    return (
        shlex.join(["openstack", "server", "stop", server.id]),
        first,
        shlex.join(["openstack", "server", "start", server.id]),
        *others,
    )
