"""End the mirroring of RBD images: the primary stays, the copies go, features come back."""

from functools import partial

from dcn_console.inventory.services import Services
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.requests import DisableMirroring
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.disable_mirroring import names, steps
from dcn_console.operations.disable_mirroring.names import NAME, Parameters
from dcn_console.operations.disable_mirroring.plan import plan_disable
from dcn_console.operations.parameters import parameters_of
from dcn_console.operations.patience import DONE, target_of
from dcn_console.operations.results import StepResult


class MirrorDisable:
    """The operation "end mirroring of volumes"."""

    name = NAME
    request = DisableMirroring
    takes_turns = False
    cancelling = (
        "before mirroring is switched off nothing changes; afterwards only the waiting for the "
        "copies to go ends: Ceph removes them all the same, and the features are still restored"
    )

    async def plan(
        self, services: Services, request: DisableMirroring, context: PlanContext
    ) -> tuple[Plan, ...]:
        """Plan each RBD image by itself."""
        return tuple(
            [await plan_disable(services, subject, context) for subject in request.subjects]
        )

    async def replan(self, services: Services, task: Task, context: PlanContext) -> Plan:
        """Plan the same anew; what is not mirrored any more is skipped."""
        return await plan_disable(services, parameters_of(task.plan, Parameters).subject, context)

    async def run_target(self, context: TargetContext) -> Target:
        """End the mirroring of one RBD image."""
        try:
            work = steps.work_of(context)
        except UsageError as error:
            return Target(site=context.site, state=TargetState.FAILED, text=str(error))
        return target_of(context, await _take_steps(work))


async def _take_steps(work: steps.Work) -> StepResult:
    context, wanted = work.context, work.parameters
    if wanted.schedules:
        removed = await context.step(names.SCHEDULES, partial(steps.schedules, work))
        if removed.outcome != DONE:
            return removed
    disabled = await context.step(names.DISABLE, partial(steps.disable, work))
    if disabled.outcome != DONE:
        return disabled
    waited = StepResult(outcome=DONE)
    if wanted.copies:
        waited = await context.step(names.GONE, partial(steps.gone, work))
    if wanted.features is not None:
        restored = await context.step(names.FEATURES, partial(steps.features, work))
        if restored.outcome != DONE:
            return restored
    whole = waited.outcome == DONE
    verified = await context.step(names.VERIFY, partial(steps.verify, work, copies_are_gone=whole))
    if whole or verified.outcome != DONE:
        return verified
    return StepResult(outcome=waited.outcome, text=f"{verified.text}; {waited.text}")
