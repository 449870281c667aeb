"""Schedules of mirror snapshots, kept by the manager of one cluster: add, remove."""

from dcn_console.ceph.cluster import Cluster
from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import AddSchedule, RemoveSchedule
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_change import CANCELLING, Change, change_and_verify
from dcn_console.operations.mirror_schedules import names
from dcn_console.operations.mirror_schedules.names import Parameters
from dcn_console.operations.mirror_schedules.plan import is_present, plan_schedule
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of


class MirrorScheduleAdd:
    """The operation "add a schedule of mirror snapshots"."""

    name = names.ADD
    request = AddSchedule
    takes_turns = False
    cancelling = CANCELLING

    async def plan(
        self, services: Services, request: AddSchedule, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one schedule."""
        return (await plan_schedule(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; a schedule that is there is skipped."""
        old = parameters_of(task.plan, Parameters)
        request = AddSchedule(site=old.site, pool=old.pool, interval=old.interval, image=old.image)
        return await plan_schedule(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Add it."""
        return await _run(context, adds=True)


class MirrorScheduleRemove:
    """The operation "remove a schedule of mirror snapshots"."""

    name = names.REMOVE
    request = RemoveSchedule
    takes_turns = False
    cancelling = CANCELLING

    async def plan(
        self, services: Services, request: RemoveSchedule, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan one schedule."""
        return (await plan_schedule(services, request, context),)

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; a schedule that is gone is skipped."""
        old = parameters_of(task.plan, Parameters)
        request = RemoveSchedule(
            site=old.site, pool=old.pool, interval=old.interval, image=old.image
        )
        return await plan_schedule(services, request, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Remove it."""
        return await _run(context, adds=False)


async def _run(context: TargetContext, *, adds: bool) -> Target:
    try:
        wanted = parameters_of(context.task.plan, Parameters)
        site = context.services.topology.site(wanted.site)
        cluster = cluster_of(context.services, site)
    except UsageError as error:
        return Target(site=context.site, state=TargetState.FAILED, text=str(error))
    return await change_and_verify(context, _change(cluster, wanted, adds))


def _change(cluster: Cluster, wanted: Parameters, adds: bool) -> Change:
    async def differs() -> str:
        schedules = await cluster.mirroring.schedules(wanted.pool)
        present = is_present(schedules, wanted.image, wanted.interval)
        return "" if present is adds else "the manager lists it otherwise"

    ask = cluster.mirroring.add_schedule if adds else cluster.mirroring.remove_schedule
    words = "is scheduled" if adds else "is not scheduled any more"
    return Change(
        step=names.CHANGE,
        differs=differs,
        make=lambda: ask(wanted.pool, wanted.image, wanted.interval),
        doing=f"asking the manager of {wanted.site}",
        done="the manager has taken it over",
        undone="cancelled before it was asked for",
        proof=f"{wanted.site}: every {wanted.interval} {words}",
    )
