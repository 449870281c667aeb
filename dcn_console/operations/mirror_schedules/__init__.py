"""Schedules of mirror snapshots, kept by the manager of one cluster: add, remove."""

from functools import partial

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import AddSchedule, RemoveSchedule
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_schedules import names
from dcn_console.operations.mirror_schedules.names import Parameters
from dcn_console.operations.mirror_schedules.plan import is_present, plan_schedule
from dcn_console.operations.mirror_sides import cluster_of
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, REFUSED, look_until_done, target_of
from dcn_console.operations.results import StepResult

_CANCELLING = "nothing changes before its only step; afterwards nothing is left to stop"


class MirrorScheduleAdd:
    """The operation "add a schedule of mirror snapshots"."""

    name = names.ADD
    title = "Add a schedule of mirror snapshots"
    request = AddSchedule
    takes_turns = False
    cancelling = _CANCELLING

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
    title = "Remove a schedule of mirror snapshots"
    request = RemoveSchedule
    takes_turns = False
    cancelling = _CANCELLING

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
        cluster_of(context.services, context.services.topology.site(wanted.site))
    except UsageError as error:
        return Target(site=context.site, state=TargetState.FAILED, text=str(error))
    changed = await context.step(names.CHANGE, partial(_change, context, wanted, adds))
    if changed.outcome != DONE:
        return target_of(context, changed)
    return target_of(
        context, await context.step(names.VERIFY, partial(_verify, context, wanted, adds))
    )


async def _present(context: TargetContext, wanted: Parameters) -> bool:
    site = context.services.topology.site(wanted.site)
    cluster = cluster_of(context.services, site)
    schedules = await cluster.mirroring.schedules(wanted.pool)
    return is_present(schedules, wanted.image, wanted.interval)


async def _change(context: TargetContext, wanted: Parameters, adds: bool) -> StepResult:
    """Look, and ask the manager for the change unless it is so already."""

    async def look() -> StepResult | None:
        context.show(TargetState.RUNNING, f"asking the manager of {wanted.site}")
        if await _present(context, wanted) is not adds:
            site = context.services.topology.site(wanted.site)
            mirroring = cluster_of(context.services, site).mirroring
            ask = mirroring.add_schedule if adds else mirroring.remove_schedule
            await ask(wanted.pool, wanted.image, wanted.interval)
        return StepResult(outcome=DONE, text="the manager has taken it over")

    return await look_until_done(context, look, cancelled="cancelled before it was asked for")


async def _verify(context: TargetContext, wanted: Parameters, adds: bool) -> StepResult:
    async def look() -> StepResult | None:
        context.show(TargetState.VERIFYING)
        present = await _present(context, wanted)
        if present is adds:
            words = "is scheduled" if adds else "is not scheduled any more"
            return StepResult(outcome=DONE, text=f"{wanted.site}: every {wanted.interval} {words}")
        return StepResult(outcome=REFUSED, text="verification: the manager lists it otherwise")

    return await look_until_done(context, look, cancelled="changed, but not verified")
