"""How a step that steers a cluster deals with one that does not answer: it looks again.

A change whose answer was lost may have happened, so a step is written as one look that acts
only when the wish is not fulfilled yet, and is simply called again.
"""

from collections.abc import Awaitable, Callable

from dcn_console.model.errors import AgentError, ClusterError, ClusterUnreachable
from dcn_console.model.tasks import Progress, Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.results import StepResult

DONE = "done"
REFUSED = "refused"
"""It failed, and would fail again."""
CANCELLED = "cancelled"

LOOK_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
AGENT_TRIES = 5
"""So often in a row an agent may be lost or not start before the step fails."""

_ENDS = {
    DONE: TargetState.DONE,
    REFUSED: TargetState.FAILED,
    CANCELLED: TargetState.CANCELLED,
}

Look = Callable[[], Awaitable[StepResult | None]]


async def look_until_done(
    context: TargetContext,
    look: Look,
    *,
    cancelled: str,
    seconds: float = LOOK_SECONDS,
    at_least_once: bool = False,
    last: Callable[[], Progress | None] = lambda: None,
) -> StepResult:
    """Call ``look`` until it returns a result, pausing ``seconds`` after each None.

    A cluster that does not answer is waited for, with growing pauses and the progress that
    ``last`` returns; what a cluster refuses ends in REFUSED. When the task is cancelled the
    result is CANCELLED with the text ``cancelled``; with ``at_least_once``, only after a look.
    """
    pause, failures = seconds, 0
    while at_least_once or not context.cancelled():
        try:
            result = await look()
        except (ClusterUnreachable, AgentError) as error:
            failures = failures + 1 if isinstance(error, AgentError) else 0
            if failures >= AGENT_TRIES:
                return StepResult(outcome=REFUSED, text=str(error))
            pause = min(max(pause * 2, seconds), LONGEST_PAUSE_SECONDS)
            text = f"{error.message} Looking again every {pause:.0f} s."
            context.show(TargetState.WAITING, text, last())
        except ClusterError as error:
            return StepResult(outcome=REFUSED, text=str(error))
        else:
            if result is not None:
                return result
            pause, failures = seconds, 0
        if context.cancelled():
            break
        await context.wait(pause)
    return StepResult(outcome=CANCELLED, text=cancelled)


def target_of(context: TargetContext, result: StepResult) -> Target:
    """Return the target's last state after ``result``, that of its last step."""
    state = _ENDS[result.outcome]
    if state is TargetState.DONE:
        return Target(site=context.site, state=state, verified=result.text, attempts=1)
    return Target(site=context.site, state=state, text=result.text, attempts=1)
