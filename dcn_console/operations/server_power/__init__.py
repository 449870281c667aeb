"""Stop and start servers."""

from functools import partial

from msgspec.structs import replace

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import StartServers, StopServers
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_steps.servers import start_servers, stop_servers
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import CANCELLED, target_of
from dcn_console.operations.server_power.plan import Parameters, Power, plan_power

__all__ = ["ServerStart", "ServerStop"]

_CANCELLING = "servers not asked for yet stay as they are; what Nova has begun it goes on with"


class ServerStop:
    """The operation "stop servers"."""

    name = "server-stop"
    title = "Stop servers"
    request = StopServers
    takes_turns = False
    cancelling = _CANCELLING

    async def plan(
        self, services: Services, request: StopServers, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each server by itself."""
        return await _plans(services, request.server_ids, Power.STOP, context)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        server_id = parameters_of(task.plan, Parameters).server_id
        return await plan_power(services, server_id, Power.STOP, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Stop it, and wait until it is."""
        return await _bring(context, Power.STOP)


class ServerStart:
    """The operation "start servers"."""

    name = "server-start"
    title = "Start servers"
    request = StartServers
    takes_turns = False
    cancelling = _CANCELLING

    async def plan(
        self, services: Services, request: StartServers, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each server by itself."""
        return await _plans(services, request.server_ids, Power.START, context)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        server_id = parameters_of(task.plan, Parameters).server_id
        return await plan_power(services, server_id, Power.START, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Start it, and wait until it runs."""
        return await _bring(context, Power.START)


async def _plans(
    services: Services, server_ids: tuple[str, ...], power: Power, context: PlanContext
) -> tuple[Plan, ...]:
    return tuple([await plan_power(services, one, power, context) for one in server_ids])


async def _bring(context: TargetContext, power: Power) -> Target:
    parameters = parameters_of(context.task.plan, Parameters)
    act = stop_servers if power is Power.STOP else start_servers
    result = await context.step(power, partial(act, context, (parameters.server_id,)))
    if result.outcome == CANCELLED:
        text = result.text or "stopped watching; Nova goes on"
        result = replace(result, text=text)
    return target_of(context, result)
