"""A resync step by step."""

from functools import partial

from dcn_console.model.requests import ContentCheck
from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_steps.renewal import Renewal, renew
from dcn_console.operations.mirror_steps.verification import UNSETTLED, verify_sides
from dcn_console.operations.patience import DONE, target_of
from dcn_console.operations.results import StepResult
from dcn_console.operations.resync.names import SAMPLE_PERCENT, VERIFY


async def resync(context: TargetContext, wanted: Renewal) -> Target:
    """Give up what the victim holds and wait until it has what the primary holds, verified."""
    renewed = await renew(context, wanted)
    if renewed.outcome != DONE:
        return target_of(context, renewed)
    act = partial(verify_sides, context, wanted.passage, ContentCheck.SAMPLED, SAMPLE_PERCENT)
    verified = await context.step(VERIFY, act)
    text = f"{renewed.text}; {verified.text}"
    if verified.outcome in (DONE, UNSETTLED):
        return Target(site=context.site, state=TargetState.DONE, verified=text, attempts=1)
    return target_of(context, StepResult(outcome=verified.outcome, text=text))
