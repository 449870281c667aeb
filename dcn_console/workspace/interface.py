"""What a face may ask of the core: one protocol, for the console, the command line and tests."""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Protocol

from dcn_console.model.inventory import Inventory
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.rows import Rows
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import LogLine, StepRecord, Task


class Change(StrEnum):
    """What a subscriber is told has changed."""

    ROWS = "rows"
    TASKS = "tasks"
    CONNECTION = "connection"


class Workspace(Protocol):
    """One cloud with its sites, inventory and tasks.

    Everything that is not ``async`` returns at once from memory. Everything ``async`` may take
    as long as the slowest service allows and raises an error of ``dcn_console.model.errors``;
    it may be awaited on any event loop.
    """

    @property
    def cloud_name(self) -> str:
        """The cloud's name in clouds.yaml."""

    @property
    def project_name(self) -> str:
        """The project of the credentials, "" until connected."""

    @property
    def user_name(self) -> str:
        """The user of the credentials, "" until connected."""

    @property
    def topology(self) -> Topology:
        """The sites, the hub first."""

    @property
    def read_only_reason(self) -> str:
        """Why nothing may be changed from here, "" when changes are allowed."""

    @property
    def plannable(self) -> frozenset[type[Request]]:
        """The kinds of requests that can be planned here."""

    def rows(self) -> Rows:
        """The newest joined rows. Rows that did not change are the same objects as before."""

    def inventory(self) -> Inventory:
        """The newest snapshots, each with age, generation and error."""

    def tasks(self) -> tuple[Task, ...]:
        """All tasks of the task store, the newest first."""

    def runner_alive(self) -> bool:
        """Whether a runner holds the task store."""

    async def tend_runner(self) -> None:
        """See that a runner runs; call it now and then while waiting for tasks.

        A started workspace does so by itself.
        """

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call ``callback`` on changes, from any thread, at most a few times a second.

        Returns a function that ends the subscription.
        """

    async def start(self) -> None:
        """Show the cached snapshot, then refresh in the background until ``stop``."""

    async def stop(self) -> None:
        """Stop refreshing. Tasks go on in the runner. Returns at once."""

    def refresh(self) -> None:
        """Ask for a full sweep of every service soon."""

    async def plan(self, request: Request) -> tuple[Plan, ...]:
        """Plan what is asked for: one plan an object, in the order asked. Reads only."""

    async def replan(self, number: int) -> Plan:
        """Plan anew what a task that is over left undone. Reads only.

        Raises UsageError for a task that is not over, or done.
        """

    async def submit(
        self,
        plans: Sequence[Plan],
        typed_names: Collection[str] = (),
        retry_of: int | None = None,
    ) -> tuple[Task, ...]:
        """Submit confirmed plans that have work, and see that a runner runs.

        ``typed_names`` are the names that a person typed to agree to what cannot be undone,
        ``retry_of`` is the task that they try again.
        Raises RefusedError when policy forbids it.
        """

    async def cancel(self, number: int) -> str:
        """Cancel a task; returns one honest sentence about what that stops and what it cannot."""

    async def pause(self, number: int) -> str:
        """Have a task wait before its next step; returns one sentence about what goes on."""

    async def resume(self, number: int) -> str:
        """Let a paused task go on; returns one sentence."""

    async def task(self, number: int) -> Task:
        """The task of that number; raises UsageError when there is none."""

    async def steps(self, number: int) -> tuple[StepRecord, ...]:
        """The steps of a task in the order they began."""

    async def log(self, number: int, limit: int = 1000) -> tuple[LogLine, ...]:
        """The last ``limit`` lines of a task's log, oldest first."""

    async def body(self, kind: str, object_id: str) -> str:
        """The raw API body of an object, or the stored form of a "task", indented.

        Kinds of objects are "image", "volume", "snapshot", "backup" and "server".
        """
