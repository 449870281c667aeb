"""The workspace on this machine: services, task store and runner behind one object."""

import getpass
import os
import socket
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import msgspec

from dcn_console.clouds.pool import DaemonPool
from dcn_console.config.paths import Paths
from dcn_console.config.settings import Settings
from dcn_console.inventory.refresh import Refresher
from dcn_console.inventory.services import Services
from dcn_console.model.errors import RefusedError, UsageError
from dcn_console.model.inventory import Inventory
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.rows import Rows
from dcn_console.model.sites import Topology
from dcn_console.model.tasks import LogLine, StepRecord, Task, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.policy import check_policy
from dcn_console.operations.registry import OPERATIONS, operation, operation_for
from dcn_console.runner.background import ensure_runner
from dcn_console.runner.lock import is_held
from dcn_console.tasks.location import TaskFolder, task_folder
from dcn_console.tasks.store import TaskStore
from dcn_console.workspace.bodies import api_body, readable
from dcn_console.workspace.connection import Connection
from dcn_console.workspace.feed import Feed, Subscribers
from dcn_console.workspace.interface import Change
from dcn_console.workspace.keeper import Keeper
from dcn_console.workspace.tending import Tending

T = TypeVar("T")
STORE_TIMEOUT_SECONDS = 30.0


class LocalWorkspace:
    """One cloud with its sites, inventory and tasks; see ``workspace.interface.Workspace``."""

    def __init__(self, paths: Paths, settings: Settings) -> None:
        """Open the task store; connects to nothing. Raises TaskStoreError."""
        self._paths = paths
        self._settings = settings
        self._folder: TaskFolder = task_folder(paths.state_folder, settings.cloud)
        self._store = TaskStore(self._folder.store)
        self._pool = DaemonPool("task-store", 2)
        self._connection = Connection(partial(Services.open, settings))
        self._subscribers = Subscribers()
        self._tending = Tending(self.runner_alive, self._ensure_runner)
        self._keeper = Keeper(
            paths.cache_folder / self._folder.path.name / "inventory.msgpack", settings.cloud
        )
        self._refresher = Refresher(settings, self._inventory_changed, self._keeper.load())
        self._feed = Feed(
            self._store,
            self._refresher.current,
            self._subscribers,
            self._rows_joined,
            self._tend,
            settings.backup_plans,
        )
        self._watched: set[str] = set()
        self._started = False

    @property
    def cloud_name(self) -> str:
        """The cloud's name in clouds.yaml."""
        services = self._refresher.connected or self._connection.opened
        return services.cloud.name if services is not None else self._settings.cloud

    @property
    def project_name(self) -> str:
        """The project of the credentials, "" until connected."""
        services = self._refresher.connected or self._connection.opened
        return services.cloud.project_name if services is not None else ""

    @property
    def user_name(self) -> str:
        """The user of the credentials, "" until connected."""
        services = self._refresher.connected or self._connection.opened
        return services.cloud.user_name if services is not None else ""

    @property
    def topology(self) -> Topology:
        """The sites, the hub first."""
        return self._settings.topology

    @property
    def read_only_reason(self) -> str:
        """Why nothing may be changed from here, "" when changes are allowed."""
        return "this console is read-only" if self._settings.read_only else ""

    @property
    def plannable(self) -> frozenset[type[Request]]:
        """The kinds of requests that can be planned here."""
        return frozenset(item.request for item in OPERATIONS.values())

    def rows(self) -> Rows:
        """The newest joined rows."""
        return self._feed.rows

    def inventory(self) -> Inventory:
        """The newest snapshots."""
        return self._refresher.current()

    def tasks(self) -> tuple[Task, ...]:
        """All tasks of the task store, the newest first."""
        return self._feed.tasks

    def runner_alive(self) -> bool:
        """Whether a runner holds the task store."""
        return is_held(self._folder.lock)

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call ``callback`` on changes, from any thread; returns what ends that."""
        return self._subscribers.add(callback)

    def _inventory_changed(self) -> None:
        self._feed.inventory_changed()
        self._subscribers.tell(Change.CONNECTION)

    def _rows_joined(self) -> None:
        self._keeper.keep(self._refresher.current())
        copied = {
            item.id
            for task in self._feed.tasks
            if not task.state.is_over
            for item in task.plan.objects
            if item.kind == "image"
        }
        if copied != self._watched:
            self._watched = copied
            self._refresher.watch(tuple(copied))

    async def start(self) -> None:
        """Show the cached snapshot, then refresh in the background until ``stop``."""
        self._started = True
        self._feed.start()
        self._refresher.start()

    async def stop(self) -> None:
        """Stop refreshing. Tasks go on in the runner. Returns at once."""
        self._feed.stop()
        self._refresher.stop()
        if self._connection.opened is not None:
            await self._connection.opened.close()

    def refresh(self) -> None:
        """Ask for a full sweep of every service soon."""
        self._refresher.refresh()

    async def _services(self) -> Services:
        """Return the refresher's services while it runs, else ones opened when first needed."""
        if self._started:
            return await self._refresher.services()
        return await self._connection.services()

    async def _on_pool(self, function: Callable[[], T]) -> T:
        return await self._pool.run(function, STORE_TIMEOUT_SECONDS)

    async def _plan_context(self) -> PlanContext:
        return PlanContext(
            open_tasks=await self._on_pool(self._store.open_tasks),
            rate_to=self._store.rate_to,
            now=datetime.now(UTC),
        )

    async def plan(self, request: Request) -> tuple[Plan, ...]:
        """Plan what is asked for: one plan an object, in the order asked."""
        services = await self._services()
        context = await self._plan_context()
        return await operation_for(request).plan(services, request, context)

    async def replan(self, number: int) -> Plan:
        """Plan anew what a task that is over left undone."""
        task = await self.task(number)
        if not task.state.is_over:
            raise UsageError(
                f"Task {number} is {task.state}, not over.", way_out="Cancel it first, or wait."
            )
        if task.state is TaskState.DONE:
            raise UsageError(f"Task {number} is done: nothing is left to try again.")
        services = await self._services()
        context = await self._plan_context()
        return await operation(task.plan.operation).replan(services, task, context)

    async def submit(
        self,
        plans: Sequence[Plan],
        typed_names: Collection[str] = (),
        retry_of: int | None = None,
    ) -> tuple[Task, ...]:
        """Submit confirmed plans, and see that a runner runs; raises RefusedError by policy."""
        check_policy(plans, self.topology, self.read_only_reason, typed_names)
        return await self._on_pool(partial(self._submit, plans, retry_of))

    def _submit(self, plans: Sequence[Plan], retry_of: int | None) -> tuple[Task, ...]:
        who = _submitter()
        tasks = tuple(self._store.submit(plan, who, retry_of) for plan in plans)
        self._feed.reload_tasks()
        self._ensure_runner()
        return tasks

    async def tend_runner(self) -> None:
        """See that a runner runs; call it now and then while waiting for tasks."""
        await self._on_pool(self._tend)

    def _tend(self) -> None:
        if not self.read_only_reason:
            self._tending.tend()

    def _ensure_runner(self) -> None:
        options = [f"--cloud={self._settings.cloud}"]
        if self._paths.config_file.exists():
            options.append(f"--config={self._paths.config_file}")
        ensure_runner(self._folder, options)

    async def cancel(self, number: int) -> str:
        """Cancel a task; returns one honest sentence about what that stops and what it cannot."""
        return await self._on_pool(partial(self._cancel, number))

    def _cancel(self, number: int) -> str:
        before = self._changeable(number)
        if before.state.is_over:
            return f"Task {number} is over already: {before.state}."
        self._store.request_cancel(number)
        self._feed.reload_tasks()
        self._ensure_runner()
        if before.state is TaskState.QUEUED:
            return f"Task {number} will not start."
        return f"Cancelling task {number}: {operation(before.plan.operation).cancelling}."

    async def pause(self, number: int) -> str:
        """Have a task wait before its next step; returns one sentence about what goes on."""
        return await self._on_pool(partial(self._pause, number))

    def _pause(self, number: int) -> str:
        task = self._changeable(number)
        if task.state.is_over:
            return f"Task {number} is over already: {task.state}."
        if task.pause_requested_at is not None:
            return f"Task {number} is paused already."
        self._store.request_pause(number)
        self._feed.reload_tasks()
        return f"Task {number} pauses before its next step; the step under way goes on to its end."

    async def resume(self, number: int) -> str:
        """Let a paused task go on; returns one sentence."""
        return await self._on_pool(partial(self._resume, number))

    def _resume(self, number: int) -> str:
        task = self._changeable(number)
        if task.pause_requested_at is None:
            return f"Task {number} is not paused."
        self._store.request_resume(number)
        self._feed.reload_tasks()
        self._ensure_runner()
        return f"Task {number} goes on."

    def _changeable(self, number: int) -> Task:
        if self.read_only_reason:
            raise RefusedError(f"Nothing may be changed: {self.read_only_reason}.")
        return self._store.task(number)

    async def task(self, number: int) -> Task:
        """The task of that number; raises UsageError when there is none."""
        return await self._on_pool(partial(self._store.task, number))

    async def steps(self, number: int) -> tuple[StepRecord, ...]:
        """The steps of a task in the order they began."""
        return await self._on_pool(partial(self._store.steps, number))

    async def log(self, number: int, limit: int = 1000) -> tuple[LogLine, ...]:
        """The last ``limit`` lines of a task's log, oldest first."""
        return await self._on_pool(partial(self._store.log, number, limit))

    async def body(self, kind: str, object_id: str) -> str:
        """The raw API body of an object, or the stored form of a "task", indented."""
        if kind == "task":
            return readable(msgspec.json.encode(await self.task(int(object_id))))
        return await api_body(await self._services(), kind, object_id)


def _submitter() -> str:
    """Who submits, for the record: user and host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
