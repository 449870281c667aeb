"""Give a cluster the name by which its peers know it, and tell it to those who do not hear of it.

A daemon tells its cluster's name to whoever it receives from; a site that merely receives is told
by nobody, and keeps the old name of its peer (measured on 16.2.15). So such peers are renamed here.
"""

from functools import partial

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import NameMirrorSite
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.mirror_site_name import names
from dcn_console.operations.mirror_site_name.names import NAME, Parameters, StalePeer
from dcn_console.operations.mirror_site_name.plan import plan_name
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done, target_of
from dcn_console.operations.results import StepResult


class MirrorSiteName:
    """The operation "name a cluster for its peers"."""

    name = NAME
    request = NameMirrorSite
    takes_turns = False
    cancelling = "a name that was given stays; peers not renamed by then keep the old one"

    async def plan(
        self, services: Services, request: NameMirrorSite, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one cluster."""
        return (await plan_name(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; what has the name is skipped."""
        old = parameters_of(task.plan, Parameters)
        request = NameMirrorSite(site=old.site, site_name=old.site_name)
        return await plan_name(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Name it."""
        try:
            wanted = parameters_of(context.task.plan, Parameters)
            for site in (wanted.site, *wanted.sites):
                _cluster(context, site)
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        return target_of(context, await _take_steps(context, wanted))


async def _take_steps(context: TargetContext, wanted: Parameters) -> StepResult:
    named = await context.step(names.GIVE, partial(_give, context, wanted))
    if named.outcome != DONE:
        return named
    for site in wanted.sites:
        peers = tuple(peer for peer in wanted.stale if peer.site == site)
        step = names.PEERS.format(site)
        renamed = await context.step(step, partial(_rename, context, wanted, site, peers))
        if renamed.outcome != DONE:
            return renamed
    return await context.step(names.VERIFY, partial(_verify, context, wanted))


def _cluster(context: TargetContext, site: str) -> Cluster:
    return cluster_of(context.services, context.services.topology.site(site))


async def _give(context: TargetContext, wanted: Parameters) -> StepResult:
    """Name the cluster unless it has the name."""

    async def look() -> StepResult:
        context.show(TargetState.RUNNING, f"naming the cluster of {wanted.site}")
        mirroring = _cluster(context, wanted.site).mirroring
        if (await mirroring.pool(wanted.pool)).site_name != wanted.site_name:
            await mirroring.set_site_name(wanted.site_name)
        return StepResult(outcome=DONE, text="the cluster has the name")

    return await look_until_done(context, look, cancelled="cancelled before it was named")


async def _rename(
    context: TargetContext, wanted: Parameters, site: str, peers: tuple[StalePeer, ...]
) -> StepResult:
    """Rename the peers of one site; one that is gone by now needs no name."""

    async def look() -> StepResult:
        context.show(TargetState.RUNNING, f"renaming the peer at {site}")
        mirroring = _cluster(context, site).mirroring
        for stale in peers:
            found = (await mirroring.pool(stale.pool)).peers
            peer = next((peer for peer in found if peer.uuid == stale.uuid), None)
            if peer is not None and peer.site_name != wanted.site_name:
                await mirroring.rename_peer(stale.pool, stale.uuid, wanted.site_name)
        return StepResult(outcome=DONE, text=f"{site} knows it by the name")

    return await look_until_done(context, look, cancelled="named, but peers keep the old name")


async def _verify(context: TargetContext, wanted: Parameters) -> StepResult:
    async def look() -> StepResult:
        context.show(TargetState.VERIFYING)
        name = (await _cluster(context, wanted.site).mirroring.pool(wanted.pool)).site_name
        shown = printable(name, 60)
        if name != wanted.site_name:
            return StepResult(outcome=REFUSED, text=f"verification: the name is {shown}")
        for stale in wanted.stale:
            for peer in (await _cluster(context, stale.site).mirroring.pool(stale.pool)).peers:
                if peer.uuid == stale.uuid and peer.site_name != name:
                    text = f"verification: {stale.site} knows it as {printable(peer.site_name, 60)}"
                    return StepResult(outcome=REFUSED, text=text)
        return StepResult(outcome=DONE, text=f"the cluster of {wanted.site} is called {shown}")

    return await look_until_done(context, look, cancelled="named, but not verified")
