"""The steps of a deletion: remove it from Cinder, then see in the cluster what is left of it."""

from collections.abc import Awaitable, Callable
from functools import partial

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.patience import DONE, look_until_done, target_of
from dcn_console.operations.results import StepResult

DELETE_STEP = "delete"
VERIFY_STEP = "verify"

Left = Callable[[Cluster, str], Awaitable[StepResult]]
"""Looks for what is left of something in the pool of volumes of a cluster."""


def gone_from_cinder(what: str) -> str:
    """Return what a verification begins with: that Cinder has forgotten it was seen before."""
    return f"{what} is gone from Cinder"


async def delete_and_look(
    context: TargetContext, what: str, remove: Callable[[], Awaitable[StepResult]], left: Left
) -> Target:
    """Run ``remove``, and once that is done ``left``; ``what`` names the thing."""
    result = await context.step(DELETE_STEP, remove)
    if result.outcome == DONE:
        result = await context.step(VERIFY_STEP, partial(_verify, context, what, left))
    return target_of(context, result)


async def _verify(context: TargetContext, what: str, left: Left) -> StepResult:
    site = context.services.topology.site(context.site)
    cluster = context.services.clusters.get(site.name)
    if cluster is None or site.cluster is None:
        text = f"{gone_from_cinder(what)}; no Ceph access to {site.name} to see more"
        return StepResult(outcome=DONE, text=text)
    pool = site.cluster.volumes_pool

    async def look() -> StepResult:
        context.show(TargetState.VERIFYING, f"looking for what is left of {what}")
        return await left(cluster, pool)

    return await look_until_done(
        context, look, cancelled="deleted, but not verified", at_least_once=True
    )
