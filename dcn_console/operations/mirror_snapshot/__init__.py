"""Take a mirror snapshot now, and see it arrive."""

from functools import partial

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import TakeMirrorSnapshot
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_snapshot import names, steps
from dcn_console.operations.mirror_snapshot.names import NAME, Parameters
from dcn_console.operations.mirror_snapshot.plan import plan_snapshot
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, target_of
from dcn_console.operations.results import StepResult


class MirrorSnapshotNow:
    """The operation "take a mirror snapshot now"."""

    name = NAME
    request = TakeMirrorSnapshot
    takes_turns = False
    cancelling = "only the watching ends; a mirror snapshot that was taken travels on"

    async def plan(
        self, services: Services, request: TakeMirrorSnapshot, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [await plan_snapshot(services, subject, context) for subject in request.subjects]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan another one."""
        return await plan_snapshot(services, parameters_of(task.plan, Parameters).subject, context)

    async def run_target(self, context: TargetContext) -> Target:
        """Take one, and watch it arrive."""
        try:
            work = steps.work_of(context)
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        return target_of(context, await _take_steps(work))


async def _take_steps(work: steps.Work) -> StepResult:
    taken = await work.context.step(names.SNAPSHOT, partial(steps.take, work))
    if taken.outcome != DONE:
        return taken
    snapshot = int(taken.data["snapshot"])
    arrived = await work.context.step(names.ARRIVE, partial(steps.arrive, work, snapshot))
    if arrived.outcome != DONE:
        return arrived
    return await work.context.step(names.VERIFY, partial(steps.verify, work, snapshot))
