"""A server as it is now, and the site it is at."""

from dcn_console.clouds.nova import Nova
from dcn_console.inventory.services import Services
from dcn_console.inventory.storage_join import root_volume
from dcn_console.model.errors import ServiceError, UsageError
from dcn_console.model.inventory import Server, Volume
from dcn_console.model.plans import Check, ObjectReference
from dcn_console.model.sites import Site
from dcn_console.model.text import printable
from dcn_console.operations.backups.checks import tasks_check
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_subject import warned

LABEL_LIMIT = 60


def nova_of(services: Services) -> Nova:
    """Return the compute service; raises UsageError where the cloud has none."""
    if services.nova is None:
        raise UsageError("The catalogue of the cloud has no compute service.")
    return services.nova


def site_of(services: Services, server: Server) -> Site:
    """Return the site of a server by its zone; raises UsageError when that is no site's."""
    site = services.topology.in_availability_zone(server.availability_zone or "")
    if site is None:
        zone = printable(server.availability_zone or "none", LABEL_LIMIT)
        raise UsageError(
            f"Server “{label_of(server)}” is in zone {zone}, which is no site's.",
            way_out="Give its site that availability_zone in the configuration.",
        )
    return site


def label_of(server: Server) -> str:
    """Return what people call the server, fit to print."""
    return printable(server.label, LABEL_LIMIT)


def reference(server: Server) -> ObjectReference:
    """Return the object of a plan about the server."""
    return ObjectReference(kind="server", id=server.id, name=label_of(server))


async def volumes_of(services: Services, server: Server) -> tuple[Volume, ...]:
    """Return the volumes of a server; one that cannot be looked at has its id alone."""
    found = []
    for volume_id in server.volumes:
        try:
            found.append(await services.cinder.volume(volume_id))
        except ServiceError:
            found.append(Volume(id=volume_id))
    return tuple(found)


def root_of(server: Server, volumes: tuple[Volume, ...]) -> Volume | None:
    """Return the volume that the server boots from, None for one with a disk of Nova's own."""
    return root_volume(server, volumes)


def busy_checks(server: Server, context: PlanContext) -> list[Check]:
    """Refuse while another task works on the server, and say what Nova is at."""
    numbers = [
        task.number
        for task in context.open_tasks
        if any(item.id == server.id for item in task.plan.objects)
    ]
    checks = tasks_check(numbers, "this server")
    if server.task_state is not None:
        what = printable(server.task_state, LABEL_LIMIT)
        checks.append(warned(f"Nova is at something with it ({what}); that is waited for."))
    return checks
