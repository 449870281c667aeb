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


class _ServerPower:
    """What stopping and starting have in common; the power is what is to become of a server."""

    power: Power
    takes_turns = False
    cancelling = "servers not asked for yet stay as they are; what Nova has begun it goes on with"

    async def plan(
        self, services: Services, request: StopServers | StartServers, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each server by itself."""
        ids = request.server_ids
        return tuple([await plan_power(services, one, self.power, context) for one in ids])

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan it again."""
        server_id = parameters_of(task.plan, Parameters).server_id
        return await plan_power(services, server_id, self.power, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Bring it there, and wait until it is."""
        return await _bring(context, self.power)


class ServerStop(_ServerPower):
    """The operation "stop servers"."""

    name = "server-stop"
    request = StopServers
    power = Power.STOP


class ServerStart(_ServerPower):
    """The operation "start servers"."""

    name = "server-start"
    request = StartServers
    power = Power.START


async def _bring(context: TargetContext, power: Power) -> Target:
    parameters = parameters_of(context.task.plan, Parameters)
    act = stop_servers if power is Power.STOP else start_servers
    result = await context.step(power, partial(act, context, (parameters.server_id,)))
    if result.outcome == CANCELLED:
        text = result.text or "stopped watching; Nova goes on"
        result = replace(result, text=text)
    return target_of(context, result)
