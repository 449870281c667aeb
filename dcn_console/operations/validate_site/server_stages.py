"""The steps with a server: of the volume, stopped, and started again."""

from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from dcn_console.inventory.services import Services
from dcn_console.model.compute import Flavor
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import CreateServer
from dcn_console.operations.base import PlanContext
from dcn_console.operations.create_server.plan import (
    ASK_STEP,
    VERIFY_STEP,
    WATCH_STEP,
    plan_server,
)
from dcn_console.operations.create_server.plan import Parameters as NewServer
from dcn_console.operations.create_server.run import Steps
from dcn_console.operations.making import ASKED
from dcn_console.operations.mirror_steps.servers import start_servers, stop_servers
from dcn_console.operations.patience import DONE
from dcn_console.operations.results import StepResult
from dcn_console.operations.servers.where import nova_of
from dcn_console.operations.validate_site.names import (
    BEGUN,
    SERVER,
    SERVER_DATA,
    START,
    STOP,
    VOLUME,
    VOLUME_DATA,
)
from dcn_console.operations.validate_site.stage import Run, begin, begun, moment, of_result


async def smallest_flavor(services: Services) -> Flavor:
    """Return the flavor that asks for least; raises UsageError where there is none.

    Its disk does not matter: a server that boots from a volume has that as its disk.
    """
    known = await nova_of(services).flavors()
    if not known:
        raise UsageError("These credentials may use no flavor.")
    return min(known, key=lambda one: (one.memory, one.cores, one.disk, one.name))


async def make_server(run: Run) -> StepResult:
    """Make a server that boots from the volume, and see it run in the edge's zone."""
    parameters, services = run.parameters, run.context.services

    async def planning(context: PlanContext) -> Plan:
        flavor = parameters.flavor
        if not flavor:
            flavor = (await smallest_flavor(services)).id
        request = CreateServer(
            name=run.name,
            volume_id=run.made(VOLUME, VOLUME_DATA),
            flavor=flavor,
            network=parameters.network,
        )
        return await plan_server(services, request, context)

    planned = await begin(run, SERVER, planning)
    if planned.outcome != DONE:
        return replace(planned, data={})
    start = begun(planned)
    context = run.within(SERVER, parameters.site, start.at, start.plan)
    steps = Steps(context, msgspec.convert(start.plan.parameters, NewServer))
    asked = await context.step(ASK_STEP, steps.ask)
    if asked.outcome != ASKED:
        return of_result(asked, ASKED, **{BEGUN: True})
    server_id = str(asked.data["server"])
    data: dict[str, Any] = {BEGUN: True, SERVER_DATA: server_id}
    result = await context.step(WATCH_STEP, partial(steps.watch, server_id))
    if result.outcome == DONE:
        result = await context.step(VERIFY_STEP, partial(steps.verify, server_id))
    return of_result(result, DONE, **data)


async def stop(run: Run) -> StepResult:
    """Stop the server."""
    planned = await begin(run, STOP, None)
    if planned.outcome != DONE:
        return replace(planned, data={})
    context = run.within(STOP, run.parameters.site, moment(planned))
    servers = (run.made(SERVER, SERVER_DATA),)
    result = await context.step("stop", partial(stop_servers, context, servers))
    return of_result(result, DONE)


async def start(run: Run) -> StepResult:
    """Start the server again."""
    planned = await begin(run, START, None)
    if planned.outcome != DONE:
        return replace(planned, data={})
    context = run.within(START, run.parameters.site, moment(planned))
    servers = (run.made(SERVER, SERVER_DATA),)
    result = await context.step("start", partial(start_servers, context, servers))
    return of_result(result, DONE)
