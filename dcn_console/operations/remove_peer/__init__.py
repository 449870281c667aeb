"""Take a peer off a pool at one site: it receives from there no more."""

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import RemovePeer
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_change import CANCELLING, Change, change_and_verify
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.remove_peer import names
from dcn_console.operations.remove_peer.names import NAME, Parameters
from dcn_console.operations.remove_peer.plan import plan_remove


class MirrorPeerRemove:
    """The operation "remove a peer"."""

    name = NAME
    request = RemovePeer
    takes_turns = False
    cancelling = CANCELLING

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
            site = context.services.topology.site(wanted.site)
            cluster = cluster_of(context.services, site)
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        return await change_and_verify(context, _change(cluster, wanted))


def _change(cluster: Cluster, wanted: Parameters) -> Change:
    async def differs() -> str:
        peers = (await cluster.mirroring.pool(wanted.pool)).peers
        listed = any(peer.uuid == wanted.uuid for peer in peers)
        return f"{wanted.site} lists it still" if listed else ""

    return Change(
        step=names.REMOVE,
        differs=differs,
        make=lambda: cluster.mirroring.remove_peer(wanted.pool, wanted.uuid),
        doing=f"removing the peer {wanted.other} at {wanted.site}",
        done="it is removed",
        undone="cancelled before it was removed",
        proof=f"{wanted.site} lists {wanted.other} no more",
    )
