"""The plan of an import: what the source is, whether it can be made raw, where it will go."""

import asyncio
from collections.abc import Sequence

import msgspec

from dcn_console.clouds.glance_images import WEB_DOWNLOAD
from dcn_console.inventory.services import Services
from dcn_console.model.errors import ServiceError, UsageError
from dcn_console.model.image_requests import ImportImage
from dcn_console.model.inventory import Image
from dcn_console.model.plans import Check, ObjectReference, Outcome, Plan, PlannedStep
from dcn_console.model.sites import Site
from dcn_console.model.text import format_bytes, printable
from dcn_console.operations.backups.where import hub_of
from dcn_console.operations.base import PlanContext
from dcn_console.operations.copy_image.checks import site_refusal
from dcn_console.operations.copy_image.plan import look_at, method_check
from dcn_console.operations.images.naming import name_checks
from dcn_console.operations.import_image.commands import equivalent_commands
from dcn_console.operations.import_image.disk_checks import disk_checks
from dcn_console.operations.import_image.names import (
    CONVERT_STEP,
    FETCH_STEP,
    NAME,
    SEND_STEP,
    VERIFY_STEP,
)
from dcn_console.operations.import_image.parameters import Parameters, scratch_parent
from dcn_console.operations.import_image.source import (
    AS_THEY_ARE,
    FORMATS,
    RAW,
    checked_url,
    format_of_url,
    local_file,
)
from dcn_console.operations.mirror_subject import fine, refused, warned

_VISIBILITIES = ("private", "public", "shared", "community")


async def plan_import(services: Services, request: ImportImage, context: PlanContext) -> Plan:
    """Plan to make an image of a file or an address: at the hub, then at the edges.

    Reads only. Raises UsageError for what makes no sense or cannot be read.
    """
    parameters = parameters_for(services, request)
    hub = services.topology.site(parameters.hub)
    checks, size = await disk_checks(parameters)
    parameters = msgspec.structs.replace(parameters, size=size)
    stores = {store.id: store for store in await services.glance.stores()}
    refusal = site_refusal(hub, stores)
    default = next((store.id for store in stores.values() if store.default), parameters.store)
    if refusal is not None:
        checks.append(refused(refusal.text, refusal.way_out))
    elif parameters.file is not None and default != parameters.store:
        text = f"Glance takes uploads into its default store {printable(default)}, not into "
        checks.append(
            refused(
                f"{text}{printable(parameters.store)} of {hub.name}.",
                "Have Glance fetch it from a URL.",
                option="--url",
            )
        )
    checks += name_checks(parameters.name)
    checks += await _method_checks(services, parameters)
    checks += _twice(parameters, context)
    image = Image(id="", size=size)
    checks += [_for_all(check) for check in await look_at(services, hub, image)]
    edges, skipped = [], {}
    wanted = [services.topology.site(name) for name in parameters.sites]
    looked = await asyncio.gather(*(look_at(services, site, image) for site in wanted))
    for site, seen in zip(wanted, looked, strict=True):
        refusal = site_refusal(site, stores)
        found = [*([refusal] if refusal else []), *seen]
        checks += found
        against = next((check for check in found if check.outcome is Outcome.REFUSED), None)
        if against is None:
            edges.append(site)
        else:
            skipped[site.name] = against.text
    parameters = msgspec.structs.replace(parameters, sites=tuple(site.name for site in edges))
    return _plan(parameters, hub, edges, skipped, checks, context)


def parameters_for(services: Services, request: ImportImage) -> Parameters:
    """Return what was asked for, as far as it needs no looking up but at the file's head.

    Raises UsageError for what makes no sense or cannot be read.
    """
    if bool(request.path) == bool(request.url):
        raise UsageError("Say either a file or a URL to import.")
    if not request.name.strip():
        raise UsageError("The image needs a name.", way_out="Give it one.", option="--name NAME")
    if request.disk_format and request.disk_format not in FORMATS:
        raise UsageError(f"The format must be one of {', '.join(FORMATS)}.")
    if request.visibility not in _VISIBILITIES:
        raise UsageError(f"The visibility must be one of {', '.join(_VISIBILITIES)}.")
    hub = hub_of(services)
    file = local_file(request.path) if request.path else None
    if file is not None:
        source_format = request.disk_format or file.disk_format
    else:
        source_format = request.disk_format or format_of_url(checked_url(request.url))
    if not source_format:
        raise UsageError(
            "The format of the image cannot be told from the URL's ending.",
            way_out=f"Say which it is, one of {', '.join(FORMATS)}.",
            option="--format",
        )
    convert = request.convert and source_format not in AS_THEY_ARE
    edges = tuple(dict.fromkeys(site for site in request.sites if site != hub.name))
    return Parameters(
        name=request.name,
        hub=hub.name,
        store=hub.store or "",
        disk_format=RAW if convert and file is not None else source_format,
        source_format=source_format,
        file=file,
        url=request.url,
        convert=convert,
        visibility=request.visibility,
        scratch=str(scratch_parent()) if convert and file is not None else "",
        sites=edges,
    )


async def _method_checks(services: Services, parameters: Parameters) -> list[Check]:
    checks = await method_check(services) if parameters.sites else []
    if not parameters.url:
        return checks
    try:
        methods = await services.glance.import_methods()
    except ServiceError as error:
        return [*checks, warned(f"Import methods unknown: {error.message}")]
    if WEB_DOWNLOAD not in methods:
        way_out = "Add it to enabled_import_methods in glance-api.conf, or import a file."
        text = "This Glance does not offer the method web-download."
        checks.append(refused(text, way_out, option="--file"))
    return checks


def _for_all(check: Check) -> Check:
    """Return a check of the hub's as one of the whole plan: without the hub there is nothing."""
    if check.outcome is not Outcome.REFUSED:
        return check
    return msgspec.structs.replace(check, site=None)


def _twice(parameters: Parameters, context: PlanContext) -> list[Check]:
    for task in context.open_tasks:
        if task.plan.operation == NAME and task.plan.parameters.get("name") == parameters.name:
            text = f"Task {task.number} is importing an image of this name already."
            return [warned(text, f"See: dcn-console task show {task.number}")]
    return []


def _plan(
    parameters: Parameters,
    hub: Site,
    edges: Sequence[Site],
    skipped: dict[str, str],
    checks: list[Check],
    context: PlanContext,
) -> Plan:
    targets = (hub.name, *(site.name for site in edges))
    name, size = printable(parameters.name, 60), parameters.size
    estimate = _estimate(size, targets, context)
    if size is not None:
        checks.append(fine(f"{format_bytes(size)} go to each of {', '.join(targets)}."))
    return Plan(
        operation=NAME,
        title=f"import {name} → {', '.join(targets)}",
        objects=(ObjectReference(kind="site", id=hub.name, name=hub.name),),
        targets=targets,
        skipped=skipped,
        checks=tuple(checks),
        steps=_steps(parameters, hub, edges),
        commands=equivalent_commands(parameters, edges),
        bytes_to_move=None if size is None else size * len(targets),
        estimate_seconds=estimate,
        estimate_basis="by the last transfers there" if estimate is not None else "",
        parameters=msgspec.to_builtins(parameters),
        made_at=context.now,
    )


def _estimate(size: int | None, targets: Sequence[str], context: PlanContext) -> float | None:
    rates = [context.rate_to(site) for site in targets]
    if size is None or not all(rates):
        return None
    return sum(size / rate for rate in rates if rate)


def _steps(parameters: Parameters, hub: Site, edges: Sequence[Site]) -> tuple[PlannedStep, ...]:
    steps = []
    undo = "an image that is not finished is removed again"
    if parameters.file is not None and parameters.convert:
        text = f"make a raw file of the {parameters.source_format} file with qemu-img"
        steps.append(PlannedStep(name=CONVERT_STEP, text=text, undo="it is removed afterwards"))
    if parameters.file is not None:
        text = f"send the data to Glance, into {hub.name}'s store"
        steps.append(PlannedStep(name=SEND_STEP, text=text, site=hub.name, undo=undo))
        proof = "compare the file's hash with Glance's"
    else:
        text = f"have Glance fetch the address into {hub.name}'s store"
        steps.append(PlannedStep(name=FETCH_STEP, text=text, site=hub.name, undo=undo))
        proof = "read the image back and compare its hash"
    steps.append(PlannedStep(name=VERIFY_STEP, text=proof, site=hub.name))
    steps += [
        PlannedStep(
            name=VERIFY_STEP, text=f"copy the image to {site.name} and verify it", site=site.name
        )
        for site in edges
    ]
    return tuple(steps)
