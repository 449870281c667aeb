"""Asking a service to make something, once, whatever becomes of the answer or of the runner."""

from collections.abc import Awaitable, Callable

from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.cinder_waiting import GONE, until_answered
from dcn_console.operations.marks import found_or_made
from dcn_console.operations.patience import CANCELLED, REFUSED
from dcn_console.operations.results import StepResult

ASKED = "asked"
"""The service was asked, now or before a kill; the data names what it makes."""
THERE = "there"
VERIFIED = "verified"
WRONG = "wrong"
"""It failed, and something of ours may be left."""
CLEARED = "cleared"
CLEAR_STEP = "clean up"


async def ask_for(
    context: TargetContext,
    service: str,
    kind: str,
    what: str,
    *,
    find: Callable[[], Awaitable[str | None]],
    make: Callable[[], Awaitable[str]],
) -> StepResult:
    """Ask ``service`` for ``what``, or take up what an earlier runner asked for.

    ``find`` and ``make`` return the id of what is made, which the result's data holds under
    ``kind``. ASKED; REFUSED when what it is made of is gone; CANCELLED before it was asked.
    """
    if context.cancelled():
        return StepResult(outcome=CANCELLED, text=f"cancelled before {service} was asked")
    context.show(TargetState.ASKING, f"asking {service} for {what}")

    async def look() -> StepResult | None:
        made = await found_or_made(context, find, make, what)
        return StepResult(outcome=ASKED, text=f"{service} makes {what}", data={kind: made})

    cancelled = (
        f"cancelled while {service} was asked, and no answer came: {what} may be made all the same"
    )
    result = await until_answered(context, look, cancelled=cancelled, at_least_once=True)
    if result.outcome == GONE:
        return StepResult(outcome=REFUSED, text=result.text)
    return result


async def cleared(
    context: TargetContext, clear: Callable[[], Awaitable[StepResult]], failed: StepResult
) -> StepResult:
    """Clean up after ``failed`` with ``clear``; return it as REFUSED, with what is left."""
    try:
        result = await context.step(CLEAR_STEP, clear)
    except DcnError as error:
        result = StepResult(outcome=WRONG, text=str(error))
    left = "" if result.outcome == CLEARED else f". {result.text}"
    return StepResult(outcome=REFUSED, text=f"{failed.text}{left}")
