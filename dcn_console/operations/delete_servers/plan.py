"""The plan of deleting a server: which of its disks go with it, and which stay."""

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.inventory import Server, Volume
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.text import count, printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_subject import fine, warned
from dcn_console.operations.servers.where import (
    busy_checks,
    label_of,
    nova_of,
    reference,
    site_of,
    volumes_of,
)

NAME = "server-delete"
DELETE_STEP = "delete"
VOLUMES_STEP = "volumes"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The server, and the ids of the volumes that stay."""

    server_id: str
    label: str
    staying: tuple[str, ...] = ()


async def plan_deletion(services: Services, server_id: str, context: PlanContext) -> Plan:
    """Plan to delete one server. Reads only. Raises ObjectNotFound and UsageError."""
    server = await nova_of(services).server(server_id)
    site, label = site_of(services, server), label_of(server)
    volumes = await volumes_of(services, server)
    staying = tuple(one for one in volumes if one.id not in server.doomed_volumes)
    going = tuple(one for one in volumes if one.id in server.doomed_volumes)
    parameters = Parameters(
        server_id=server.id, label=label, staying=tuple(one.id for one in staying)
    )
    return Plan(
        operation=NAME,
        title=f"delete server {label} at {site.name}",
        objects=(reference(server),),
        targets=(site.name,),
        checks=(*_disk_checks(server, staying, going), *busy_checks(server, context)),
        steps=(
            PlannedStep(name=DELETE_STEP, text="delete the server", site=site.name),
            PlannedStep(
                name=VOLUMES_STEP,
                text=f"see that {count(len(staying), 'volume')} came free",
                site=site.name,
            ),
        ),
        commands=(f"openstack server delete {server.id}",),
        parameters=msgspec.to_builtins(parameters),
        typed_name=server.label,
        irreversible=_irreversible(server, going),
        made_at=context.now,
    )


def _disk_checks(
    server: Server, staying: tuple[Volume, ...], going: tuple[Volume, ...]
) -> list[Check]:
    checks = []
    if server.image_id is not None:
        checks.append(warned("Its root disk is Nova's own, of an image: it goes with the server."))
    if going:
        checks.append(warned(f"Nova deletes with it: {_named(going)}."))
    if staying:
        checks.append(fine(f"These stay: {_named(staying)}."))
    return checks


def _irreversible(server: Server, going: tuple[Volume, ...]) -> str:
    lost = ["the server"]
    lost += ["its root disk"] if server.image_id is not None else []
    lost += [count(len(going), "volume")] if going else []
    return f"{' and '.join(lost)} will be gone for good"


def _named(volumes: tuple[Volume, ...]) -> str:
    return ", ".join(f"volume “{printable(one.label, 60)}”" for one in volumes)
