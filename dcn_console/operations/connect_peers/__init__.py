"""Let a pool of one site receive from another, or each from the other."""

from functools import partial

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import PeerDirection
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ConnectPeers
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.connect_peers import names, steps
from dcn_console.operations.connect_peers.names import NAME, Parameters
from dcn_console.operations.connect_peers.plan import plan_connect
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, target_of
from dcn_console.operations.results import StepResult


class MirrorPeerConnect:
    """The operation "connect sites for mirroring"."""

    name = NAME
    request = ConnectPeers
    takes_turns = False
    cancelling = "what is connected by then stays connected, and can be removed again"

    async def plan(
        self, services: Services, request: ConnectPeers, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one pool of two sites."""
        return (await plan_connect(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; what is connected already is skipped."""
        old = parameters_of(task.plan, Parameters)
        request = ConnectPeers(
            pool=old.pool,
            source=old.source,
            destination=old.destination,
            direction=PeerDirection.BOTH if old.both else PeerDirection.RECEIVE,
            mode=old.mode,
        )
        return await plan_connect(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Connect them."""
        try:
            work = steps.work_of(context)
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        return target_of(context, await _take_steps(work))


async def _take_steps(work: steps.Work) -> StepResult:
    context, wanted = work.context, work.parameters
    todo = [
        (names.NAME_SITE.format(site), partial(steps.name_site, work, site, name))
        for site, name in wanted.site_names.items()
    ]
    todo += [
        (names.ENABLE.format(site), partial(steps.enable, work, site)) for site in wanted.enable
    ]
    todo += [
        (names.CONNECT.format(receiver), partial(steps.connect, work, receiver, source))
        for receiver, source in wanted.routes
    ]
    for name, act in todo:
        result = await context.step(name, act)
        if result.outcome != DONE:
            return result
    return await context.step(names.VERIFY, partial(steps.verify, work))
