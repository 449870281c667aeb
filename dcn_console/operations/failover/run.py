"""A failover step by step."""

from functools import partial

from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.failover import names
from dcn_console.operations.failover.names import Failover
from dcn_console.operations.mirror_steps.force import promote_by_force, prove_writable
from dcn_console.operations.mirror_steps.resolute import Resolute
from dcn_console.operations.mirror_steps.schedules import move_schedules
from dcn_console.operations.patience import CANCELLED, DONE


async def fail_over(context: TargetContext, wanted: Failover) -> Target:
    """Make the destination primary without the source."""
    passage = wanted.passage
    act = partial(promote_by_force, context, passage, wanted.deadline_seconds)
    promoted = await context.step(names.PROMOTE, act)
    if promoted.outcome != DONE:
        cancelled = promoted.outcome == CANCELLED
        state = TargetState.CANCELLED if cancelled else TargetState.FAILED
        return Target(site=context.site, state=state, text=promoted.text)
    firm = Resolute(context, f"{passage.destination} is primary already")
    results = [await context.step(names.VERIFY, partial(prove_writable, firm, passage))]
    if wanted.schedules:
        act = partial(move_schedules, firm, passage, wanted.schedules, take_away=False)
        results.append(await context.step(names.SCHEDULES, act))
    failed = [result.text for result in results if result.outcome != DONE]
    if failed:
        return Target(site=context.site, state=TargetState.FAILED, text="; ".join(failed))
    verified = "; ".join(result.text for result in results)
    return Target(site=context.site, state=TargetState.DONE, verified=verified)
