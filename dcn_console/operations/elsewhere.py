"""A context for the part of a task that acts at another site than its target's."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from dcn_console.inventory.services import Services
from dcn_console.model.tasks import Progress, Target, TargetState, Task
from dcn_console.operations.base import TargetContext
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.results import StepResult


class Elsewhere:
    """Another context, at ``site``: its steps and texts name the site.

    Nobody joins it in a request, unless several are given one ``gathering``; ``sites`` are then
    the sites that it is for.
    """

    def __init__(
        self,
        context: TargetContext,
        site: str,
        gathering: Gathering | None = None,
        sites: Sequence[str] = (),
    ) -> None:
        self._context = context
        self._gathering = gathering or Gathering((site,), patience=0.0)
        self.site = site
        plan = replace(context.task.plan, targets=tuple(sites) or (site,))
        self.task: Task = replace(context.task, plan=plan)

    @property
    def services(self) -> Services:
        """The clouds and clusters to act with."""
        return self._context.services

    @property
    def gathering(self) -> Gathering:
        """Where this site joins in a request."""
        return self._gathering

    def standing(self, site: str) -> Target | None:
        """Where the task stands by now at another of its sites."""
        return self._context.standing(site)

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._context.now()

    def cancelled(self) -> bool:
        """Whether somebody asked to cancel the task."""
        return self._context.cancelled()

    async def wait(self, seconds: float) -> None:
        """Wait, but no longer than until somebody cancels the task."""
        await self._context.wait(seconds)

    async def step(self, name: str, act: Callable[[], Awaitable[StepResult]]) -> StepResult:
        """Take a step durably, under a name of this site's own."""
        return await self._context.step(f"{name} at {self.site}", act)

    def taken_again(self) -> bool:
        """Whether a runner that died had begun the step that is being taken."""
        return self._context.taken_again()

    def show(self, state: TargetState, text: str = "", progress: Progress | None = None) -> None:
        """Show where this part of the task stands."""
        self._context.show(state, f"{self.site}: {text}" if text else self.site, progress)

    def log(self, text: str) -> None:
        """Add a line to the task's log."""
        self._context.log(f"{self.site}: {text}")

    def record_transfer(self, count: int, seconds: float) -> None:
        """Remember nothing: the estimates of the other context are about its own site."""
