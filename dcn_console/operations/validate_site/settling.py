"""Waiting until Cinder is no more at something with what is to be removed."""

from collections.abc import Awaitable, Callable

from dcn_console.model.tasks import TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, HasStatus, until_answered
from dcn_console.operations.patience import DONE, REFUSED
from dcn_console.operations.results import StepResult

_SETTLED = ("available", "error", "deleting")


async def until_let_go(
    context: TargetContext, what: str, ask: Callable[[], Awaitable[HasStatus]], hangs: str
) -> StepResult | None:
    """Wait while Cinder is at something with ``what``; None when that is over, else how it ended.

    ``hangs`` is the command that ends it where Cinder never will.
    """
    last = "unknown"

    async def look() -> StepResult | None:
        nonlocal last
        last = (await ask()).status or "unknown"
        if last.startswith(_SETTLED):
            return StepResult(outcome=DONE)
        text = f"{what} is {printable(last, 40)}; waiting until Cinder lets go of it"
        context.show(TargetState.WAITING, text)
        return None

    result = await until_answered(context, look, cancelled="", at_least_once=True)
    if result.outcome == GONE:
        return StepResult(outcome=DONE, text=f"{what} is gone")
    if result.outcome == DONE:
        return None
    if result.outcome == REFUSED:
        return result
    text = (
        f"{what} is {printable(last, 40)}, and Cinder does not let go of it. If nobody is at it "
        f"any more: {hangs}, and retry the task"
    )
    return StepResult(outcome=REFUSED, text=text)
