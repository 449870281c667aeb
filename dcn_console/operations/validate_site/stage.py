"""What every step of a validation is made with, and how an operation's end becomes its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from dcn_console.model.errors import DcnError
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import Target, TargetState
from dcn_console.model.text import printable
from dcn_console.operations.base import PlanContext, TargetContext
from dcn_console.operations.mirror_subject import STEADY
from dcn_console.operations.patience import CANCELLED, DONE, LOOK_SECONDS, REFUSED
from dcn_console.operations.results import StepResult
from dcn_console.operations.validate_site.names import FAILED, PASSED
from dcn_console.operations.validate_site.parameters import Parameters, name_of
from dcn_console.operations.within import Within

PLAN_STEP = "plan"
STEADY_SECONDS = 60.0
"""How long a volume that something is at work on is waited for, before a step is planned."""
Planning = Callable[[PlanContext], Awaitable[Plan]]


@dataclass(frozen=True)
class Run:
    """One validation under way; ``results`` are what the steps before came to, by name."""

    context: TargetContext
    parameters: Parameters
    results: Mapping[str, StepResult]

    @property
    def name(self) -> str:
        """The name of everything that is made."""
        return name_of(self.context.task)

    def made(self, step: str, what: str) -> str:
        """Return the id of ``what`` an earlier step made, "" when it made none."""
        result = self.results.get(step)
        return str(result.data.get(what, "")) if result is not None else ""

    def within(self, step: str, site: str, began: datetime, plan: Plan | None = None) -> Within:
        """Return the context of a step that began then, at ``site``."""
        deadline = began + timedelta(seconds=self.parameters.step_seconds)
        return Within(self.context, step, site, deadline, plan)


@dataclass(frozen=True)
class Begun:
    """A step whose plan was made: the plan, and when that was."""

    plan: Plan
    at: datetime


async def begin(run: Run, step: str, planning: Planning | None, volume_id: str = "") -> StepResult:
    """Plan what a step does, durably: DONE, or REFUSED with the reason.

    The data holds the plan and the time, from which on the step's time counts. With ``volume_id``
    it is first waited until nothing is at work on that volume any more.
    """

    async def act() -> StepResult:
        now = run.context.now()
        data: dict[str, Any] = {"at": now.isoformat()}
        if run.context.cancelled():
            return StepResult(outcome=CANCELLED, text="cancelled before", data=data)
        if planning is None:
            return StepResult(outcome=DONE, text="nothing stands in its way", data=data)
        context = PlanContext(open_tasks=(), rate_to=lambda _: None, now=now)
        try:
            if volume_id:
                await _steady(run, step, volume_id, now)
            plan = await planning(context)
        except (DcnError, OSError) as error:
            return StepResult(outcome=REFUSED, text=str(error), data=data)
        if plan.is_refused:
            first = plan.refusals[0]
            text = f"{first.text} {first.way_out}".strip()
            return StepResult(outcome=REFUSED, text=text, data=data)
        data["plan"] = msgspec.to_builtins(plan)
        return StepResult(outcome=DONE, text=f"planned: {plan.title}", data=data)

    return await run.context.step(f"{step}: {PLAN_STEP}", act)


async def _steady(run: Run, step: str, volume_id: str, began: datetime) -> None:
    """Wait until a volume is free or in use, for a short while: a server may just let go of it."""
    context = run.context
    while (context.now() - began).total_seconds() < STEADY_SECONDS and not context.cancelled():
        status = (await context.services.cinder.volume(volume_id)).status or "unknown"
        if status in STEADY or status.startswith("error"):
            return
        text = f"{step}: the volume is {printable(status, 40)}; waiting until it is free"
        context.show(TargetState.WAITING, text)
        await context.wait(LOOK_SECONDS)


def begun(result: StepResult) -> Begun:
    """Return what ``begin`` wrote down; it must have planned something."""
    return Begun(msgspec.convert(result.data["plan"], Plan), moment(result))


def moment(result: StepResult) -> datetime:
    """Return when ``begin`` was called."""
    return datetime.fromisoformat(result.data["at"])


def of_target(target: Target, moved: int | None, **data: Any) -> StepResult:
    """Return how a step ended whose operation ended as ``target``."""
    if target.state is TargetState.DONE:
        return passed(target.verified, moved, **data)
    outcome = CANCELLED if target.state is TargetState.CANCELLED else FAILED
    return StepResult(outcome=outcome, text=target.text, data=data)


def of_result(result: StepResult, good: str, moved: int | None = None, **data: Any) -> StepResult:
    """Return how a step ended whose last part came to ``result``."""
    if result.outcome == good:
        return passed(result.text, moved, **data)
    outcome = CANCELLED if result.outcome == CANCELLED else FAILED
    return StepResult(outcome=outcome, text=result.text, data=data)


def passed(text: str, moved: int | None = None, **data: Any) -> StepResult:
    """Return a good end."""
    return StepResult(outcome=PASSED, text=text, moved=moved, data=data)
