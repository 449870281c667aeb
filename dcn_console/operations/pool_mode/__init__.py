"""Choose which RBD images of a pool at one site are mirrored, or switch mirroring off there."""

from functools import partial

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.mirroring import PoolMode
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ChangePoolMode
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done, target_of
from dcn_console.operations.pool_mode import names
from dcn_console.operations.pool_mode.names import NAME, Parameters
from dcn_console.operations.pool_mode.plan import plan_mode
from dcn_console.operations.results import StepResult


class MirrorPoolMode:
    """The operation "change a pool's mirroring mode"."""

    name = NAME
    title = "Change a pool's mirroring mode"
    request = ChangePoolMode
    takes_turns = False
    cancelling = "nothing changes before its only step; afterwards nothing is left to stop"

    async def plan(
        self, services: Services, request: ChangePoolMode, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one pool of one site."""
        return (await plan_mode(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; a pool that has the mode is skipped."""
        old = parameters_of(task.plan, Parameters)
        request = ChangePoolMode(site=old.site, pool=old.pool, mode=old.mode)
        return await plan_mode(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Change it."""
        try:
            wanted = parameters_of(context.task.plan, Parameters)
            cluster_of(context.services, context.services.topology.site(wanted.site))
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        changed = await context.step(names.CHANGE, partial(_change, context, wanted))
        if changed.outcome != DONE:
            return target_of(context, changed)
        return target_of(
            context, await context.step(names.VERIFY, partial(_verify, context, wanted))
        )


async def _mode(context: TargetContext, wanted: Parameters) -> PoolMode:
    site = context.services.topology.site(wanted.site)
    return (await cluster_of(context.services, site).mirroring.pool(wanted.pool)).mode


async def _change(context: TargetContext, wanted: Parameters) -> StepResult:
    """Set the mode unless the pool has it; Ceph refuses by itself to drop what is mirrored."""

    async def look() -> StepResult:
        context.show(TargetState.RUNNING, f"setting the mode at {wanted.site}")
        if await _mode(context, wanted) is not wanted.mode:
            site = context.services.topology.site(wanted.site)
            mirroring = cluster_of(context.services, site).mirroring
            await mirroring.set_pool_mode(wanted.pool, wanted.mode)
        return StepResult(outcome=DONE, text="the mode is set")

    return await look_until_done(context, look, cancelled="cancelled before the mode was set")


async def _verify(context: TargetContext, wanted: Parameters) -> StepResult:
    async def look() -> StepResult:
        context.show(TargetState.VERIFYING)
        mode = await _mode(context, wanted)
        if mode is not wanted.mode:
            return StepResult(outcome=REFUSED, text=f"verification: the mode is {mode}")
        return StepResult(outcome=DONE, text=f"{wanted.site}: the pool's mode is {mode}")

    return await look_until_done(context, look, cancelled="changed, but not verified")
