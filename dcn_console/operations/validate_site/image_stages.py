"""The steps with images: in at the hub, on to the edge, and the image of a server back."""

from functools import partial

import msgspec
from msgspec.structs import replace

from dcn_console.model.errors import ObjectNotFound, ServiceError
from dcn_console.model.image_requests import ImportImage
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.server_requests import ImageOfServer
from dcn_console.model.storage_requests import UploadVolumes
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.copy_image.plan import plan_copy
from dcn_console.operations.copy_image.subject import subject_at
from dcn_console.operations.copy_image.target import bring, copy_to_site
from dcn_console.operations.import_image.parameters import image_mark
from dcn_console.operations.import_image.plan import plan_import
from dcn_console.operations.import_image.run import import_at
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.server_image.plan import plan_image
from dcn_console.operations.upload_volume.plan import Parameters as Upload
from dcn_console.operations.upload_volume.plan import plan_upload
from dcn_console.operations.upload_volume.run import upload
from dcn_console.operations.validate_site.names import (
    CENTRAL,
    COPY,
    FAILED,
    GO_ON,
    IMAGE,
    IMAGE_DATA,
    IMPORT,
    MADE_COPY,
    PASSED,
    SERVER,
    SERVER_DATA,
    SKIPPED,
    VOLUME,
    VOLUME_DATA,
)
from dcn_console.operations.validate_site.own_file import made_file, remove_file
from dcn_console.operations.validate_site.stage import (
    Run,
    begin,
    begun,
    moment,
    of_result,
    of_target,
)

NAME_DATA = "name"
SIZE_DATA = "size"


async def bring_in(run: Run) -> StepResult:
    """Import the image at the hub; one that is there already is taken as it is."""
    parameters = run.parameters
    if parameters.image_id:
        text = f"image “{printable(parameters.image_name, 60)}” of the cloud is used"
        data = {
            IMAGE_DATA: parameters.image_id,
            NAME_DATA: parameters.image_name,
            SIZE_DATA: parameters.image_bytes,
            GO_ON: True,
        }
        return StepResult(outcome=SKIPPED, text=text, data=data)

    async def planning(context: PlanContext) -> Plan:
        made = parameters.image_path or str(await made_file(parameters, run.context.task))
        request = ImportImage(name=run.name, path=made)
        return await plan_import(run.context.services, request, context)

    planned = await begin(run, IMPORT, planning)
    if planned.outcome != DONE:
        return replace(planned, data={})
    if not parameters.image_path:
        await made_file(parameters, run.context.task)
    start = begun(planned)
    context = run.within(IMPORT, parameters.hub, start.at, start.plan)
    target = await import_at(context)
    remove_file(parameters, run.context.task.id)
    ended = of_target(target, start.plan.bytes_to_move)
    if ended.outcome != PASSED:
        return replace(ended, moved=context.moved)
    found = await context.step("find", partial(_find, run))
    if found.outcome != DONE:
        return StepResult(outcome=FAILED, text=found.text)
    return replace(ended, data=found.data)


async def _find(run: Run) -> StepResult:
    mark = image_mark(run.context.task.id, run.parameters.hub)
    try:
        found = await run.context.services.glance.images.made_with(mark)
    except ServiceError as error:
        return StepResult(outcome=REFUSED, text=str(error))
    if not found:
        return StepResult(outcome=REFUSED, text="the image was deleted meanwhile")
    data = {IMAGE_DATA: found[0].id, NAME_DATA: found[0].label, SIZE_DATA: found[0].size}
    return StepResult(outcome=DONE, text=f"it is image {found[0].id}", data=data)


async def copy_to_edge(run: Run) -> StepResult:
    """Copy the image to the edge, or see that its copy there is whole."""
    site = run.parameters.site
    image_id = run.made(IMPORT, IMAGE_DATA)

    async def planning(context: PlanContext) -> Plan:
        return await plan_copy(
            run.context.services, image_id, (site,), VerifyLevel.METADATA, context
        )

    planned = await begin(run, COPY, planning)
    if planned.outcome != DONE:
        return replace(planned, data={})
    start = begun(planned)
    lacks = site in start.plan.targets
    if not lacks and start.plan.skipped.get(site) != "has it already":
        reason = start.plan.skipped.get(site, "it cannot be copied there")
        return StepResult(outcome=FAILED, text=reason)
    plan = replace(start.plan, targets=(site,))
    context = run.within(COPY, site, start.at, plan)
    target = await copy_to_site(context)
    foreign = lacks and bool(run.parameters.image_id)
    ended = of_target(target, start.plan.bytes_to_move if lacks else None, **{MADE_COPY: foreign})
    if not lacks and ended.outcome == PASSED:
        ended = replace(ended, text=f"it was there already; {ended.text}")
    return ended if ended.outcome == PASSED else replace(ended, moved=context.moved)


async def image_of_server(run: Run) -> StepResult:
    """Make an image of the server's root volume, or of the volume where there is no server."""
    services = run.context.services
    volume_id = run.made(VOLUME, VOLUME_DATA)
    server = run.results[SERVER]
    server_id = run.made(SERVER, SERVER_DATA) if server.outcome == PASSED else ""

    async def planning(context: PlanContext) -> Plan:
        if server_id:
            request = ImageOfServer(server_id=server_id, name=f"{run.name}-image")
            plan = await plan_image(services, request, context)
            chosen = msgspec.convert(plan.parameters["upload"], Upload)
        else:
            asked = UploadVolumes(volume_ids=(volume_id,), name=f"{run.name}-image")
            plan = await plan_upload(services, asked, volume_id, context)
            chosen = msgspec.convert(plan.parameters, Upload)
        return replace(plan, parameters=msgspec.to_builtins(replace(chosen, sites=())))

    planned = await begin(run, IMAGE, planning, volume_id)
    if planned.outcome != DONE:
        return replace(planned, data={})
    start = begun(planned)
    chosen = msgspec.convert(start.plan.parameters, Upload)
    (landing,) = start.plan.targets
    context = run.within(IMAGE, landing, start.at, start.plan)
    result = await upload(context, chosen)
    data = {
        IMAGE_DATA: result.data.get("image", ""),
        NAME_DATA: chosen.name,
        SIZE_DATA: result.data.get("size"),
    }
    ended = of_result(result, DONE, chosen.total, **data)
    if ended.outcome != PASSED:
        return replace(ended, moved=context.moved)
    of = "the server's root volume" if server_id else "the volume, for there is no server"
    return replace(ended, text=f"of {of}: {ended.text}")


async def copy_back(run: Run) -> StepResult:
    """Copy the server's image to the hub unless it landed there, and see it whole."""
    hub = run.parameters.hub
    image = run.results[IMAGE].data
    planned = await begin(run, CENTRAL, None)
    if planned.outcome != DONE:
        return replace(planned, data={})
    context = run.within(CENTRAL, hub, moment(planned))
    store = run.context.services.topology.site(hub).store or ""
    seen = await context.step("look", partial(_stores, run, str(image[IMAGE_DATA])))
    if seen.outcome != DONE:
        return of_result(seen, DONE)
    subject = subject_at(
        context,
        image_id=str(image[IMAGE_DATA]),
        image_name=str(image[NAME_DATA]),
        size=image[SIZE_DATA],
        verify=VerifyLevel.METADATA,
    )
    landed = store in seen.data["stores"]
    ended = of_target(await bring(context, subject), None if landed else subject.size)
    if landed and ended.outcome == PASSED:
        text = f"nothing to copy, for Cinder uploads to {hub} here; {ended.text}"
        ended = replace(ended, text=text)
    return ended


async def _stores(run: Run, image_id: str) -> StepResult:
    try:
        image = await run.context.services.glance.image(image_id)
    except (ObjectNotFound, ServiceError) as error:
        return StepResult(outcome=REFUSED, text=str(error))
    stores = list(image.stores)
    text = f"the image is in {', '.join(stores) or 'no store'}"
    return StepResult(outcome=DONE, text=text, data={"stores": stores})
