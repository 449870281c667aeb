"""A context that lets nobody stop what is under way: for steps past the point of no return."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from dcn_console.inventory.services import Services
from dcn_console.model.tasks import Progress, Target, TargetState, Task
from dcn_console.operations.base import TargetContext
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.results import StepResult


class Resolute:
    """Another context that does not heed cancelling, and says so once in the log.

    ``because`` is why cancelling comes too late.
    """

    def __init__(self, context: TargetContext, because: str) -> None:
        self._context = context
        self._because = because
        self._told = False

    @property
    def task(self) -> Task:
        """The task as it was submitted."""
        return self._context.task

    @property
    def site(self) -> str:
        """The site to act on."""
        return self._context.site

    @property
    def services(self) -> Services:
        """The clouds and clusters to act with."""
        return self._context.services

    @property
    def gathering(self) -> Gathering:
        """Where the targets of this task join in one request."""
        return self._context.gathering

    def standing(self, site: str) -> Target | None:
        """Where the task stands by now at another of its sites."""
        return self._context.standing(site)

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._context.now()

    def cancelled(self) -> bool:
        """Always false."""
        if self._context.cancelled() and not self._told:
            self._told = True
            self._context.log(f"not cancelled: {self._because}")
        return False

    async def wait(self, seconds: float) -> None:
        """Wait in full, where the other context returns at once when it is cancelled."""
        began = self.now()
        await self._context.wait(seconds)
        left = seconds - (self.now() - began).total_seconds()
        if left > 0 and self._context.cancelled():
            await asyncio.sleep(left)

    async def step(self, name: str, act: Callable[[], Awaitable[StepResult]]) -> StepResult:
        """Take a step durably."""
        return await self._context.step(name, act)

    def taken_again(self) -> bool:
        """Whether a runner that died had begun the step that is being taken."""
        return self._context.taken_again()

    def show(self, state: TargetState, text: str = "", progress: Progress | None = None) -> None:
        """Show where the target stands."""
        self._context.show(state, text, progress)

    def log(self, text: str) -> None:
        """Add a line to the task's log."""
        self._context.log(text)

    def record_transfer(self, count: int, seconds: float) -> None:
        """Remember a transfer for later estimates."""
        self._context.record_transfer(count, seconds)
