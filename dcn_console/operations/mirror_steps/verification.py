"""The last look at an RBD image whose primary or secondary is another: both sides compared."""

from dcn_console.model.errors import ClusterError
from dcn_console.model.requests import ContentCheck
from dcn_console.model.tasks import TargetState
from dcn_console.model.text import format_bytes
from dcn_console.operations.base import TargetContext
from dcn_console.operations.mirror_sides import Pair
from dcn_console.operations.mirror_steps.demotion import strange
from dcn_console.operations.mirror_steps.passage import Passage, look_or_raise
from dcn_console.operations.mirror_steps.watching import LOST_SECONDS, watch
from dcn_console.operations.patience import CANCELLED, DONE, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.verify_mirror import names as outcomes
from dcn_console.operations.verify_mirror.compare import compare

UNSETTLED = "unsettled"
"""Both sides are as they should be, and what writes to them kept their data from being compared."""
_ENDS = {
    outcomes.SAME: DONE,
    outcomes.DIFFERENT: REFUSED,
    outcomes.UNSETTLED: UNSETTLED,
    outcomes.CANCELLED: CANCELLED,
}


async def verify_sides(
    context: TargetContext,
    passage: Passage,
    check: ContentCheck,
    percent: float,
    *,
    both_ways: bool = True,
) -> StepResult:
    """See that the destination is primary and both sides hold the same.

    Without mirroring ``both_ways`` the source does not follow, and only what is known of it is
    compared. Returns DONE, REFUSED, UNSETTLED or CANCELLED.
    """
    found: list[Pair] = []
    context.show(TargetState.VERIFYING, "looking at both sides")

    async def look() -> StepResult | str:
        pair = await look_or_raise(context, passage)
        hindrance = strange(pair, passage)
        here, there = pair.destination.detail, pair.source.detail
        if not hindrance and not pair.destination.is_primary:
            hindrance = f"{pair.destination.name} is not primary"
        if hindrance or here is None or there is None:
            return StepResult(outcome=REFUSED, text=hindrance)
        if here.size != there.size:
            text = (
                f"{pair.destination.name} has {here.size} bytes, "
                f"{pair.source.name} has {there.size}"
            )
            return StepResult(outcome=REFUSED, text=text)
        found[:] = [pair]
        text = f"{pair.destination.name} is primary, both sides have {format_bytes(here.size)}"
        return StepResult(outcome=DONE, text=text)

    seen = await watch(
        context,
        look,
        cancelled="cancelled while verifying",
        lost=LOST_SECONDS,
        state=TargetState.VERIFYING,
        way_out=f"{passage.destination} is primary; verify it again when both sites answer.",
    )
    if seen.outcome != DONE or check is ContentCheck.METADATA or not both_ways:
        return seen
    return await _compared(context, found[0], check, percent, seen.text)


async def _compared(
    context: TargetContext, pair: Pair, check: ContentCheck, percent: float, text: str
) -> StepResult:
    """Compare the data, the primary being the destination."""
    primary_first = Pair(pair.subject, pair.destination, pair.source)
    try:
        result = await compare(primary_first, check, percent, context)
    except ClusterError as error:
        return StepResult(outcome=REFUSED, text=f"{text}, but they cannot be compared: {error}")
    return StepResult(
        outcome=_ENDS[result.outcome], text=f"{text}; {result.text}", data=result.data
    )
