"""The server that is made of a restored volume, where one is wanted."""

from msgspec.structs import replace

from dcn_console.inventory.services import Services
from dcn_console.model.errors import ObjectNotFound, UsageError
from dcn_console.model.plans import Check, ObjectReference, Plan, PlannedStep
from dcn_console.model.server_requests import CreateServer
from dcn_console.model.sites import Site
from dcn_console.model.storage import Backup
from dcn_console.model.storage_requests import RestoreBackup
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.create_server.offers import no_flavor
from dcn_console.operations.create_server.plan import ASK_STEP, VERIFY_STEP, WATCH_STEP, placed
from dcn_console.operations.create_server.plan import Parameters as NewServer
from dcn_console.operations.create_server.run import make_server
from dcn_console.operations.mirror_subject import refused, warned
from dcn_console.operations.patience import CANCELLED, DONE
from dcn_console.operations.restore_backup.names import NAME

PREFIX = "server "
"""Comes before the names of the server's steps."""
_NAME_LIMIT = 255


async def plan_of_server(
    services: Services, request: RestoreBackup, backup: Backup, site: Site
) -> tuple[NewServer | None, list[Check]]:
    """Return what the server is made of, None without one or when it is refused. Reads only.

    Raises UsageError for a flavor, network, key or group that is not there.
    """
    name = request.server.strip()
    if not name:
        return None, []
    if len(name) > _NAME_LIMIT:
        raise UsageError(f"The server needs a name of at most {_NAME_LIMIT} characters.")
    wanted = CreateServer(
        name=name,
        volume_id=request.volume_id or "",
        flavor=request.flavor,
        network=request.network,
        key=request.key,
        security_group=request.security_group,
    )
    parameters, checks = await placed(services, wanted, site)
    return parameters, [*checks, *await _bootable(services, backup)]


async def offering(
    services: Services, title: str, objects: tuple[ObjectReference, ...], context: PlanContext
) -> Plan:
    """Refuse a server without a flavor, in a plan that tells what there is to pick from."""
    checks, parameters = await no_flavor(services)
    return Plan(
        operation=NAME,
        title=title,
        objects=objects,
        targets=(),
        checks=checks,
        parameters=parameters,
        made_at=context.now,
    )


async def _bootable(services: Services, backup: Backup) -> list[Check]:
    """Tell whether Nova will boot from it: Cinder carries the flag over with the data."""
    try:
        source = await services.cinder.volume(backup.volume_id or "")
    except ObjectNotFound:
        text = "Whether the backup is bootable is not known: its volume is gone."
        return [
            warned(text, "Without the flag Nova refuses, and the volume is there all the same.")
        ]
    if source.bootable:
        return []
    text = f"Volume “{printable(source.label, 60)}” is not marked bootable, and Nova would refuse."
    return [refused(text, f"openstack volume set --bootable {source.id}, and back it up again")]


def server_steps(parameters: NewServer, site: Site) -> tuple[PlannedStep, ...]:
    """Return the planned steps of the server."""
    name = printable(parameters.name, 60)
    texts = (
        (ASK_STEP, f"ask Nova for server “{name}” of the volume", "the server can be deleted"),
        (WATCH_STEP, "wait until it runs", ""),
        (VERIFY_STEP, "see that it is in the site's zone and has the volume", ""),
    )
    return tuple(
        PlannedStep(name=f"{PREFIX}{step}", text=text, site=site.name, undo=undo)
        for step, text, undo in texts
    )


async def with_server(
    context: TargetContext, parameters: NewServer, volume_id: str, restored: str
) -> Target:
    """Make the server of the volume; ``restored`` is what was verified before."""
    result = await make_server(context, replace(parameters, volume_id=volume_id), prefix=PREFIX)
    if result.outcome == DONE:
        text = f"{restored}; {result.text}"
        return Target(site=context.site, state=TargetState.DONE, verified=text, attempts=1)
    cancelled = result.outcome == CANCELLED
    state = TargetState.CANCELLED if cancelled else TargetState.FAILED
    text = f"{result.text}. The volume ({volume_id}) is restored all the same: {restored}"
    return Target(site=context.site, state=state, text=text, attempts=1)
