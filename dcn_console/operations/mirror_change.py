"""One change to the mirroring of a pool at one site, and a second look at what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from dcn_console.model.tasks import Target, TargetState
from dcn_console.operations.base import TargetContext
from dcn_console.operations.patience import DONE, REFUSED, look_until_done, target_of
from dcn_console.operations.results import StepResult

VERIFY = "verify"
CANCELLING = "nothing changes before its only step; afterwards nothing is left to stop"


@dataclass(frozen=True)
class Change:
    """What is to become so, and the words for it: ``doing`` as in "setting the mode at leeds".

    ``differs`` looks, and returns what is not yet as it should be, "" when all is.
    """

    step: str
    differs: Callable[[], Awaitable[str]]
    make: Callable[[], Awaitable[None]]
    doing: str
    done: str
    undone: str
    """What is true when the task was cancelled before the change."""
    proof: str
    """What the second look saw, if all is well."""


async def change_and_verify(context: TargetContext, change: Change) -> Target:
    """Make the change unless it is so already, then look again whether it is."""
    changed = await context.step(change.step, partial(_make, context, change))
    if changed.outcome == DONE:
        changed = await context.step(VERIFY, partial(_verify, context, change))
    return target_of(context, changed)


async def _make(context: TargetContext, change: Change) -> StepResult:
    async def look() -> StepResult:
        context.show(TargetState.RUNNING, change.doing)
        if await change.differs():
            await change.make()
        return StepResult(outcome=DONE, text=change.done)

    return await look_until_done(context, look, cancelled=change.undone)


async def _verify(context: TargetContext, change: Change) -> StepResult:
    async def look() -> StepResult:
        context.show(TargetState.VERIFYING)
        difference = await change.differs()
        if difference:
            return StepResult(outcome=REFUSED, text=f"verification: {difference}")
        return StepResult(outcome=DONE, text=change.proof)

    return await look_until_done(context, look, cancelled="changed, but not verified")
