"""What an operation is, and what the runner gives it while it runs."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.tasks import Progress, Target, TargetState, Task
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.results import StepResult

R_contra = TypeVar("R_contra", bound=Request, contravariant=True)


class TargetContext(Protocol):
    """One task at one site, as the runner hands it to an operation."""

    @property
    def task(self) -> Task:
        """The task as it was submitted."""

    @property
    def site(self) -> str:
        """The site to act on."""

    @property
    def services(self) -> Services:
        """The clouds and clusters to act with."""

    @property
    def gathering(self) -> Gathering:
        """Where the targets of this task join in one request."""

    def standing(self, site: str) -> Target | None:
        """Where the task stands by now at another of its sites, None for none of its sites."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def cancelled(self) -> bool:
        """Whether somebody asked to cancel the task."""

    async def wait(self, seconds: float) -> None:
        """Wait, but no longer than until somebody cancels the task."""

    async def step(self, name: str, act: Callable[[], Awaitable[StepResult]]) -> StepResult:
        """Take a step and write down its result, or return the one written down before.

        ``act`` must observe before it acts: after a kill it may run again from its start.
        While the task is paused, a step waits before it begins.
        """

    def show(self, state: TargetState, text: str = "", progress: Progress | None = None) -> None:
        """Show where the target stands; cheap to call often."""

    def taken_again(self) -> bool:
        """Whether a runner that died had begun the step that is being taken."""

    def log(self, text: str) -> None:
        """Add a line to the task's log."""

    def record_transfer(self, count: int, seconds: float) -> None:
        """Remember a transfer of ``count`` bytes for later estimates."""


class Operation(Protocol[R_contra]):
    """Something a person asks for. The registry holds one object of each."""

    @property
    def name(self) -> str:
        """As in "copy-image": in task stores and JSON."""

    @property
    def request(self) -> type[Request]:
        """What it plans: the registry finds it by this."""

    @property
    def takes_turns(self) -> bool:
        """Whether only so many of its kind run at once towards a site, for the data they move."""

    @property
    def cancelling(self) -> str:
        """One clause on what cancelling a running task stops, and what it cannot stop."""

    async def plan(
        self, services: Services, request: R_contra, context: "PlanContext"
    ) -> tuple[Plan, ...]:
        """Plan what was asked for, one plan an object, in the order asked. Reads only.

        Raises UsageError for what makes no sense, and an error of the services when they
        cannot be asked.
        """

    async def replan(self, services: Services, task: Task, context: "PlanContext") -> Plan:
        """Plan anew what ``task`` left undone."""

    async def run_target(self, context: TargetContext) -> Target:
        """Bring one site to where the plan wants it, and return the target's last state."""


class PlanContext(msgspec.Struct, frozen=True, kw_only=True):
    """What planning knows besides the services.

    ``open_tasks`` are the tasks that are not over; ``rate_to`` gives the bytes per second
    of earlier transfers to a site; ``now`` is the time in UTC.
    """

    open_tasks: tuple[Task, ...]
    rate_to: Callable[[str], float | None]
    now: datetime
