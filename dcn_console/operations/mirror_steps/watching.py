"""How a step waits: it looks until it is done, not longer than a deadline, and says what it saw."""

from collections.abc import Awaitable, Callable

from dcn_console.model.errors import AgentError, ClusterError, ClusterUnreachable, ServiceError
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.patience import CANCELLED, REFUSED
from dcn_console.operations.results import StepResult

LOOK_SECONDS = 2.0
DEADLINE_SECONDS = 240.0
"""Of time in which both clusters answer: reports alone lag by 30 s (measured)."""
LOST_SECONDS = 900.0
"""How long a cluster that does not answer is waited for where nobody can cancel the wait."""
LONGEST_PAUSE_SECONDS = 30.0

Look = Callable[[], Awaitable[StepResult | str]]
"""One look: the step's result, or what it waits for."""


async def watch(
    context: TargetContext,
    look: Look,
    *,
    cancelled: str,
    way_out: str,
    deadline: float = DEADLINE_SECONDS,
    lost: float | None = None,
    heed: Callable[[], bool] = lambda: True,
    state: TargetState = TargetState.RUNNING,
) -> StepResult:
    """Look until there is a result; REFUSED with what was seen last when the deadline passes.

    ``cancelled`` is the text of CANCELLED; ``heed`` is whether it may end so, false while nobody
    knows whether something that was asked for has happened. A cluster or service that does not
    answer does not count towards the deadline and is waited for: as long as it takes where
    cancelling can end that, else for ``lost`` seconds. What it refuses ends the step. ``way_out``
    says what to do when the step fails.
    """
    waited, unanswered = 0.0, 0.0
    pause = LOOK_SECONDS
    while True:
        before = context.now()
        try:
            found = await look()
        except (ClusterUnreachable, AgentError, ServiceError) as error:
            limit = lost if heed() else LOST_SECONDS
            if limit is not None and unanswered >= limit:
                return StepResult(outcome=REFUSED, text=f"{error.message} {way_out}")
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            context.show(TargetState.WAITING, f"{error.message} Looking again every {pause:.0f} s.")
            answered = False
        except ClusterError as error:
            return StepResult(outcome=REFUSED, text=f"{error.message} {way_out}")
        else:
            if isinstance(found, StepResult):
                return found
            if waited >= deadline:
                text = f"not within {deadline:.0f} s: {found}. {way_out}"
                return StepResult(outcome=REFUSED, text=text)
            pause, unanswered, answered = LOOK_SECONDS, 0.0, True
            context.show(state, found)
        if context.cancelled() and heed():
            return StepResult(outcome=CANCELLED, text=cancelled)
        await context.wait(pause)
        spent = (context.now() - before).total_seconds()
        waited, unanswered = (waited + spent, 0.0) if answered else (waited, unanswered + spent)
