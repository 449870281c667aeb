"""One task at one site, as its operation sees it while it runs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import Progress, StepState, Target, TargetState, Task
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.results import StepResult
from dcn_console.runner.signals import Signals
from dcn_console.tasks.store import TaskStore

SHOW_SECONDS = 0.5
"""Between two writes of progress while neither state nor text changes."""

TakeStep = Callable[[str, Callable[[], Awaitable[dict[str, object]]]], Awaitable[dict[str, object]]]
"""Runs a step under a name, durably: what it returned once it returns ever after."""


class RunContext:
    """What the runner gives an operation; see ``operations.base.TargetContext``."""

    def __init__(
        self,
        *,
        task: Task,
        site: str,
        services: Services,
        gathering: Gathering,
        store: TaskStore,
        signals: Signals,
        take_step: TakeStep,
    ) -> None:
        self.task = task
        self.site = site
        self.services = services
        self.gathering = gathering
        self._store = store
        self._signals = signals
        self._take_step = take_step
        self._shown = task.target(site) or Target(site=site)
        self._written_at = 0.0
        self._attempts = self._shown.attempts
        self._taken_again = False

    def standing(self, site: str) -> Target | None:
        """Return where the task stands by now at another of its sites."""
        return self._store.task(self.task.number).target(site)

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC)

    def cancelled(self) -> bool:
        """Return whether somebody asked to cancel the task."""
        return self._signals.cancel.is_set()

    async def wait(self, seconds: float) -> None:
        """Wait, but no longer than until somebody cancels the task."""
        if self.cancelled():
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._signals.cancel.wait()
        except TimeoutError:
            return

    async def step(self, name: str, act: Callable[[], Awaitable[StepResult]]) -> StepResult:
        """Take a step durably and record it for people to see; while paused, wait first."""
        await self._while_paused(name)

        async def recorded() -> dict[str, object]:
            row, self._taken_again = self._store.begin_step(self.task.number, self.site, name)
            try:
                result = await act()
            except DcnError as error:
                self._store.end_step(row, StepState.FAILED, str(error))
                raise
            self._store.end_step(
                row, StepState.DONE, result.text, outcome=result.outcome, moved=result.moved
            )
            self._store.add_log(self.task.number, f"{name}: {result.text}", self.site)
            plain: dict[str, object] = msgspec.to_builtins(result)
            return plain

        return msgspec.convert(await self._take_step(f"{self.site}: {name}", recorded), StepResult)

    async def _while_paused(self, name: str) -> None:
        if not self._signals.is_paused:
            return
        before = self._shown
        self.log(f"paused before the step “{name}”")
        self.show(TargetState.PAUSED, f"paused before the step “{name}”")
        await self._signals.resumed_or_cancelled()
        self.log("resumed")
        self.show(before.state, before.text, before.progress)

    def taken_again(self) -> bool:
        """Return whether a runner that died had begun the step that is being taken."""
        return self._taken_again

    def show(self, state: TargetState, text: str = "", progress: Progress | None = None) -> None:
        """Show where the target stands: at once when state or text changed, else now and then."""
        changed = state is not self._shown.state or text != self._shown.text
        now = time.monotonic()
        if not changed and (
            progress == self._shown.progress or now - self._written_at < SHOW_SECONDS
        ):
            return
        self._shown = Target(
            site=self.site,
            state=state,
            text=text,
            attempts=self._attempts,
            progress=progress,
        )
        self._written_at = now
        self._store.update_target(self.task.number, self._shown)

    def log(self, text: str) -> None:
        """Add a line to the task's log."""
        self._store.add_log(self.task.number, text, self.site)

    def record_transfer(self, count: int, seconds: float) -> None:
        """Remember a transfer of ``count`` bytes for later estimates."""
        self._store.add_transfer(self.site, count, seconds)
