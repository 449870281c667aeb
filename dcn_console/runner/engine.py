"""The durable engine: one workflow a task and site, on DBOS.

DBOS keeps its own database beside the task store. A workflow that a killed runner left is
taken up from its last finished step by the next one; for that the executor id and the
application version are fixed (DBOS recovers by both, and would derive a version from the
source). Queue partitions, one a site, bound how many copies run towards a site at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import nullcontext
from typing import Any

from dbos import (
    DBOS,
    DBOSConfig,
    SetEnqueueOptions,
    SetWorkflowID,
)

from dcn_console.config.files import FILE_MODE
from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError, UsageError
from dcn_console.model.tasks import Target, TargetState, Task
from dcn_console.operations.gathering import Gathering
from dcn_console.operations.registry import operation
from dcn_console.runner.context import RunContext
from dcn_console.runner.serializer import JsonSerializer
from dcn_console.runner.signals import Signals
from dcn_console.runner.sqlite_clock import teach_sqlite_milliseconds
from dcn_console.tasks.location import TaskFolder
from dcn_console.tasks.store import TaskStore

_LOG = logging.getLogger(__name__)

APPLICATION = "dcn-console-runner"
APPLICATION_VERSION = "1"
"""Rises only when tasks written by an older runner can no longer be continued."""
EXECUTOR = "runner"
TURNS = "sites"
"""The queue of what takes turns: so many at once a site."""
AT_ONCE = "at-once"
"""The queue of everything else: a failover must not wait for a copy."""
QUEUE_POLL_SECONDS = 0.5
GATHER_SECONDS = 3.0
_OVER_IN_ENGINE = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})


def workflow_id(task: Task, site: str) -> str:
    """Return the id under which the engine knows ``task`` at ``site``."""
    return f"{task.id}/{site}"


def cancelled_while_queued(site: str) -> Target:
    """Return the end of a target that was never begun."""
    return Target(site=site, state=TargetState.CANCELLED, text="cancelled while queued")


class Engine:
    """Runs the targets of tasks durably. Make one a process, on the event loop it is to use."""

    def __init__(self, folder: TaskFolder, store: TaskStore, services: Services) -> None:
        self._store = store
        self._services = services
        self._gatherings: dict[int, Gathering] = {}
        self._signals: dict[int, Signals] = {}
        self._stopping = False
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": f"sqlite:///{folder.durable}",
            "application_version": APPLICATION_VERSION,
            "executor_id": EXECUTOR,
            "log_level": "WARNING",
            "serializer": JsonSerializer(),
            "scheduler_polling_interval_sec": 3600.0,
            "notification_listener_polling_interval_sec": 5.0,
        }
        teach_sqlite_milliseconds()
        folder.durable.touch(mode=FILE_MODE, exist_ok=True)
        DBOS(config=config)
        self._workflow = self._register()

    def _register(self) -> Callable[[int, str], Coroutine[Any, Any, str]]:
        @DBOS.workflow(name="run_target", max_recovery_attempts=None)
        async def run_target(number: int, site: str) -> str:
            return await self._run_target(number, site)

        return run_target

    async def start(self, copies_per_site: int) -> None:
        """Launch the engine; what an earlier runner left behind begins to run again."""
        DBOS.launch()
        await DBOS.register_queue_async(
            AT_ONCE, polling_interval_sec=QUEUE_POLL_SECONDS, on_conflict="always_update"
        )
        await DBOS.register_queue_async(
            TURNS,
            partition_concurrency=copies_per_site,
            polling_interval_sec=QUEUE_POLL_SECONDS,
            on_conflict="always_update",
        )

    def stop(self) -> None:
        """Stop without waiting for workflows; they go on when a runner starts again."""
        self._stopping = True
        DBOS.destroy(workflow_completion_timeout_sec=0)

    async def ensure(self, task: Task) -> None:
        """See that every unfinished target of ``task`` is known to the engine.

        Safe to repeat. A target the engine has done with, but the task store has not, is
        closed: the runner died between the two.
        """
        for target in task.targets:
            if target.state.is_over:
                continue
            name = workflow_id(task, target.site)
            status = await DBOS.get_workflow_status_async(name)
            if status is None:
                await self._enqueue(name, task, target.site)
            elif status.status in _OVER_IN_ENGINE:
                self._close(task, target.site, status.status)

    async def _enqueue(self, name: str, task: Task, site: str) -> None:
        try:
            takes_turns = operation(task.plan.operation).takes_turns
        except UsageError as error:
            failed = Target(site=site, state=TargetState.FAILED, text=str(error))
            self._store.update_target(task.number, failed)
            return
        options = SetEnqueueOptions(queue_partition_key=site) if takes_turns else nullcontext()
        queue = TURNS if takes_turns else AT_ONCE
        with SetWorkflowID(name), options:
            await DBOS.enqueue_workflow_async(queue, self._workflow, task.number, site)

    def follow(self, task: Task) -> None:
        """Pass on to the running targets of ``task`` whether to pause, go on or end."""
        self._signals_of(task.number).follow(task)

    def _close(self, task: Task, site: str, status: str) -> None:
        latest = self._store.task(task.number).target(site)
        if latest is None or latest.state.is_over:
            return
        state = TargetState.CANCELLED if task.cancel_requested_at else TargetState.FAILED
        text = "cancelled" if task.cancel_requested_at else f"the runner gave up ({status})"
        self._store.update_target(task.number, Target(site=site, state=state, text=text))

    async def cancel(self, task: Task) -> None:
        """Take the queued targets of ``task`` out of the queue."""
        for target in task.targets:
            if target.state is TargetState.QUEUED:
                name = workflow_id(task, target.site)
                status = await DBOS.get_workflow_status_async(name)
                if status is None or status.status == "ENQUEUED":
                    if status is not None:
                        await DBOS.cancel_workflow_async(name)
                    self._store.update_target(task.number, cancelled_while_queued(target.site))

    def _signals_of(self, number: int) -> Signals:
        if number not in self._signals:
            self._signals[number] = Signals()
        return self._signals[number]

    def _gathering(self, task: Task) -> Gathering:
        if task.number not in self._gatherings:
            sites = [target.site for target in task.targets if not target.state.is_over]
            self._gatherings[task.number] = Gathering(sites, GATHER_SECONDS)
        return self._gatherings[task.number]

    async def _run_target(self, number: int, site: str) -> str:
        task = self._store.task(number)
        target = task.target(site)
        if target is None or target.state.is_over:
            return "over"
        signals = self._signals_of(number)
        signals.follow(task)
        self._store.mark_started(number)
        context = RunContext(
            task=task,
            site=site,
            services=self._services,
            gathering=self._gathering(task),
            store=self._store,
            signals=signals,
            take_step=_take_step,
        )
        try:
            ended = await operation(task.plan.operation).run_target(context)
        except DcnError as error:
            if self._stopping:
                raise
            ended = Target(site=site, state=TargetState.FAILED, text=str(error))
        except Exception as error:
            if self._stopping:
                raise
            _LOG.exception("task %d at %s failed unexpectedly", number, site)
            text = f"internal error: {type(error).__name__}: {error}"
            ended = Target(site=site, state=TargetState.FAILED, text=text)
        if self._stopping:
            raise asyncio.CancelledError
        context.gathering.excuse(site)
        self._store.update_target(number, ended)
        self._store.add_log(number, f"{ended.state.value}: {ended.verified or ended.text}", site)
        if self._store.task(number).state.is_over:
            self._gatherings.pop(number, None)
            self._signals.pop(number, None)
        return ended.state.value


async def _take_step(
    name: str, act: Callable[[], Awaitable[dict[str, object]]]
) -> dict[str, object]:
    async def step() -> dict[str, object]:
        return await act()

    return await DBOS.run_step_async({"name": name}, step)
