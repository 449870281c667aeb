"""Schedules of mirror snapshots: they live in one cluster, so they move with the primary."""

from collections.abc import Sequence

from dcn_console.ceph.cluster import Cluster
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.mirror_steps.passage import Passage
from dcn_console.operations.mirror_steps.watching import watch
from dcn_console.operations.patience import DONE
from dcn_console.operations.results import StepResult

MANAGER_SECONDS = 180.0
"""How long a manager that does not answer is waited for."""


async def own_schedules(cluster: Cluster, pool: str, image: str) -> tuple[str, ...]:
    """Return the intervals of the schedules of one RBD image; asks the manager."""
    schedules = await cluster.mirroring.schedules(pool)
    return tuple(one.interval for one in schedules if one.image == image)


async def move_schedules(
    context: TargetContext, passage: Passage, intervals: Sequence[str], *, take_away: bool = True
) -> StepResult:
    """See that the destination has the schedules, and the source none of them."""
    pool, image = passage.subject.pool, passage.subject.image
    topology = context.services.topology
    words = printable(", ".join(intervals), 80)

    async def look() -> StepResult | str:
        there = cluster_of(context.services, topology.site(passage.destination))
        present = await own_schedules(there, pool, image)
        for interval in intervals:
            if interval not in present:
                await there.mirroring.add_schedule(pool, image, interval)
        if take_away:
            here = cluster_of(context.services, topology.site(passage.source))
            old = await own_schedules(here, pool, image)
            for interval in intervals:
                if interval in old:
                    await here.mirroring.remove_schedule(pool, image, interval)
        return StepResult(
            outcome=DONE, text=f"mirror snapshots every {words} at {passage.destination}"
        )

    return await watch(
        context,
        look,
        cancelled="",
        lost=MANAGER_SECONDS,
        way_out=(
            f"{passage.destination} is primary and can be used, but no mirror snapshots are "
            f"scheduled there. Add the schedule ({words}) when its manager answers."
        ),
    )
