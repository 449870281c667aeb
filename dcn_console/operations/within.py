"""A context for an operation that is one part of another: its steps, its site, its own time."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec.structs import replace

from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import Progress, ProgressSource, Target, TargetState, Task
from dcn_console.model.text import format_duration
from dcn_console.operations.base import TargetContext
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.patience import REFUSED
from dcn_console.operations.results import StepResult

_MOVING = frozenset({ProgressSource.RBD_IMAGE, ProgressSource.GLANCE_TASK, ProgressSource.SENT})
GRACE_SECONDS = 120.0
"""What is past its time may still clean up so long, until even that is broken off."""


class Overdue(DcnError):
    """A part that does not heed cancelling took far too long."""


class Within:
    """Another context for the part ``name`` of its task, which follows ``plan`` at ``site``.

    The part counts as cancelled once it is past ``deadline``; what does not heed that is broken
    off a little later. Its steps bear its name, and an error in one of them makes it refused.
    """

    def __init__(
        self,
        context: TargetContext,
        name: str,
        site: str,
        deadline: datetime,
        plan: Plan | None = None,
    ) -> None:
        self._context = context
        self._name = name
        self._deadline = deadline
        self._gathering = Gathering((site,), patience=0.0)
        self.site = site
        planned = plan if plan is not None else replace(context.task.plan, targets=(site,))
        targets = (Target(site=site),)
        self.task: Task = replace(context.task, plan=planned, targets=targets)
        self.moved: int | None = None

    @property
    def services(self) -> Services:
        """The clouds and clusters to act with."""
        return self._context.services

    @property
    def gathering(self) -> Gathering:
        """Where this site joins: alone."""
        return self._gathering

    @property
    def is_overdue(self) -> bool:
        """Whether its time is over."""
        return self.now() >= self._deadline

    def standing(self, site: str) -> Target | None:
        """Where the task stands by now at another of its sites."""
        return self._context.standing(site)

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._context.now()

    def cancelled(self) -> bool:
        """Whether somebody asked to cancel the task, or the part's time is over."""
        return self._context.cancelled() or self.is_overdue

    async def wait(self, seconds: float) -> None:
        """Wait, but no longer than until somebody cancels the task. Raises Overdue."""
        past = (self.now() - self._deadline).total_seconds()
        if past > GRACE_SECONDS:
            raise Overdue(f"Gave up {format_duration(past)} after its time was over.")
        await self._context.wait(seconds)

    async def step(self, name: str, act: Callable[[], Awaitable[StepResult]]) -> StepResult:
        """Take a step durably, under the part's name; an error makes it REFUSED."""

        async def told() -> StepResult:
            try:
                return await act()
            except DcnError as error:
                return StepResult(outcome=REFUSED, text=str(error))

        return await self._context.step(f"{self._name}: {name}", told)

    def taken_again(self) -> bool:
        """Whether a runner that died had begun the step that is being taken."""
        return self._context.taken_again()

    def show(self, state: TargetState, text: str = "", progress: Progress | None = None) -> None:
        """Show where this part of the task stands."""
        if progress is not None and progress.source in _MOVING:
            self.moved = progress.done
        self._context.show(state, f"{self._name}: {text}" if text else self._name, progress)

    def log(self, text: str) -> None:
        """Add a line to the task's log."""
        self._context.log(f"{self._name}: {text}")

    def record_transfer(self, count: int, seconds: float) -> None:
        """Remember a transfer for later estimates, where it is one to the other context's site."""
        if self.site == self._context.site:
            self._context.record_transfer(count, seconds)
