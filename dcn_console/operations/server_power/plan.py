"""The plans of stopping and starting a server."""

from enum import StrEnum

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.inventory import Server
from dcn_console.model.plans import Check, Plan, PlannedStep
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext
from dcn_console.operations.mirror_steps.servers import LETS_GO, RUNNING, STOPPED
from dcn_console.operations.mirror_subject import refused
from dcn_console.operations.servers.where import (
    busy_checks,
    label_of,
    nova_of,
    reference,
    site_of,
)


class Power(StrEnum):
    """What is to become of the server."""

    STOP = "stop"
    START = "start"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The server."""

    server_id: str
    label: str


async def plan_power(
    services: Services, server_id: str, power: Power, context: PlanContext
) -> Plan:
    """Plan to stop or start one server. Reads only. Raises ObjectNotFound and UsageError."""
    server = await nova_of(services).server(server_id)
    site, label = site_of(services, server), label_of(server)
    verb = power.value
    skipped = _there_already(server, power)
    stops = power is Power.STOP
    return Plan(
        operation=f"server-{verb}",
        title=f"{verb} server {label} at {site.name}",
        objects=(reference(server),),
        targets=() if skipped else (site.name,),
        skipped={site.name: skipped} if skipped else {},
        checks=(*_state_checks(server, power), *busy_checks(server, context)),
        steps=(
            PlannedStep(
                name=verb,
                text=f"ask Nova to {verb} it, and wait until it is {STOPPED if stops else RUNNING}",
                site=site.name,
                undo="it can be started again" if stops else "it can be stopped again",
            ),
        ),
        commands=(f"openstack server {verb} {server.id}",),
        parameters=msgspec.to_builtins(Parameters(server_id=server.id, label=label)),
        made_at=context.now,
    )


def _there_already(server: Server, power: Power) -> str:
    if server.task_state is not None:
        return ""
    if power is Power.STOP and server.status in LETS_GO:
        return "is stopped already"
    if power is Power.START and server.status == RUNNING:
        return "runs already"
    return ""


def _state_checks(server: Server, power: Power) -> list[Check]:
    """Refuse the states out of which Nova neither stops nor starts (Compute API ref: Actions)."""
    if server.status in (RUNNING, STOPPED) or _there_already(server, power):
        return []
    status = printable(server.status or "without a status", 40)
    text = f"“{label_of(server)}” is {status}; Nova only {power.value}s one that is "
    needed = RUNNING if power is Power.STOP else STOPPED
    return [refused(f"{text}{needed}.", f"See: openstack server show {server.id}")]
