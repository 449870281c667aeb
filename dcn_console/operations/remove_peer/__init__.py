"""Take a peer off a pool at one site: it receives from there no more."""

from functools import partial

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import RemovePeer
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done, target_of
from dcn_console.operations.remove_peer import names
from dcn_console.operations.remove_peer.names import NAME, Parameters
from dcn_console.operations.remove_peer.plan import plan_remove
from dcn_console.operations.results import StepResult


class MirrorPeerRemove:
    """The operation "remove a peer"."""

    name = NAME
    title = "Remove a peer of a mirrored pool"
    request = RemovePeer
    takes_turns = False
    cancelling = "nothing changes before its only step; afterwards nothing is left to stop"

    async def plan(
        self, services: Services, request: RemovePeer, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one peer."""
        return (await plan_remove(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; a peer that is gone is skipped."""
        old = parameters_of(task.plan, Parameters)
        request = RemovePeer(site=old.site, pool=old.pool, uuid=old.uuid)
        return await plan_remove(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Remove it."""
        try:
            wanted = parameters_of(context.task.plan, Parameters)
            cluster_of(context.services, context.services.topology.site(wanted.site))
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        removed = await context.step(names.REMOVE, partial(_remove, context, wanted))
        if removed.outcome != DONE:
            return target_of(context, removed)
        return target_of(
            context, await context.step(names.VERIFY, partial(_verify, context, wanted))
        )


async def _is_listed(context: TargetContext, wanted: Parameters) -> bool:
    site = context.services.topology.site(wanted.site)
    pool = await cluster_of(context.services, site).mirroring.pool(wanted.pool)
    return any(peer.uuid == wanted.uuid for peer in pool.peers)


async def _remove(context: TargetContext, wanted: Parameters) -> StepResult:
    """Remove the peer unless it is gone."""

    async def look() -> StepResult:
        context.show(TargetState.RUNNING, f"removing the peer {wanted.other} at {wanted.site}")
        if await _is_listed(context, wanted):
            site = context.services.topology.site(wanted.site)
            mirroring = cluster_of(context.services, site).mirroring
            await mirroring.remove_peer(wanted.pool, wanted.uuid)
        return StepResult(outcome=DONE, text="it is removed")

    return await look_until_done(context, look, cancelled="cancelled before it was removed")


async def _verify(context: TargetContext, wanted: Parameters) -> StepResult:
    async def look() -> StepResult:
        context.show(TargetState.VERIFYING)
        if await _is_listed(context, wanted):
            return StepResult(outcome=REFUSED, text=f"verification: {wanted.site} lists it still")
        return StepResult(outcome=DONE, text=f"{wanted.site} lists {wanted.other} no more")

    return await look_until_done(context, look, cancelled="removed, but not verified")
