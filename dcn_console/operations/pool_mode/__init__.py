"""Choose which RBD images of a pool at one site are mirrored, or switch mirroring off there."""

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import ChangePoolMode
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_change import CANCELLING, Change, change_and_verify
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.pool_mode import names
from dcn_console.operations.pool_mode.names import NAME, Parameters
from dcn_console.operations.pool_mode.plan import plan_mode


class MirrorPoolMode:
    """The operation "change a pool's mirroring mode"."""

    name = NAME
    request = ChangePoolMode
    takes_turns = False
    cancelling = CANCELLING

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
            site = context.services.topology.site(wanted.site)
            cluster = cluster_of(context.services, site)
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        return await change_and_verify(context, _change(cluster, wanted))


def _change(cluster: Cluster, wanted: Parameters) -> Change:
    """Set the mode; Ceph refuses by itself to drop what is mirrored."""

    async def differs() -> str:
        mode = (await cluster.mirroring.pool(wanted.pool)).mode
        return "" if mode is wanted.mode else f"the mode is {mode}"

    return Change(
        step=names.CHANGE,
        differs=differs,
        make=lambda: cluster.mirroring.set_pool_mode(wanted.pool, wanted.mode),
        doing=f"setting the mode at {wanted.site}",
        done="the mode is set",
        undone="cancelled before the mode was set",
        proof=f"{wanted.site}: the pool's mode is {wanted.mode}",
    )
