"""The runner: takes up submitted tasks, passes on cancellations, ends when idle."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from dcn_console.config.settings import Settings
from dcn_console.inventory.services import Services
from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import Task
from dcn_console.runner.engine import Engine, cancelled_while_queued
from dcn_console.runner.lock import RunnerLock
from dcn_console.tasks.location import TaskFolder
from dcn_console.tasks.store import TaskStore

LOOK_SECONDS = 0.3
SWEEP_SECONDS = 10.0
"""Between two looks at every open task, changed or not."""
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0


class Runner:
    """Runs the tasks of one store until stopped.

    ``idle_exit`` ends it after that many seconds without an open task; None never does.
    """

    def __init__(
        self,
        settings: Settings,
        folder: TaskFolder,
        idle_exit: float | None,
        open_services: Callable[[Settings], Awaitable[Services]] = Services.open,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._idle_exit = idle_exit
        self._open_services = open_services
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End soon; tasks go on when a runner starts again. Call it on the runner's loop."""
        self._stop.set()

    async def run(self) -> None:
        """Hold the store's lock and run its tasks.

        Raises RunnerBusy when another runner holds the store, TaskStoreError when it cannot
        be used. A cloud that does not answer is waited for.
        """
        lock = RunnerLock(self._folder.lock)
        lock.acquire()
        try:
            store = TaskStore(self._folder.store)
            services = await self._services(store)
            if services is None:
                store.close()
                return
            engine = Engine(self._folder, store, services)
            await engine.start(self._settings.copies_per_site)
            _say(f"runner ready for cloud “{self._settings.cloud}”")
            try:
                await self._serve(store, engine)
            finally:
                engine.stop()
                await services.close()
                store.close()
        finally:
            lock.release()

    async def _services(self, store: TaskStore) -> Services | None:
        """Return the services once the cloud answers; None when this runner is to end before."""
        pause = FIRST_PAUSE_SECONDS
        idle_since = time.monotonic()
        while not self._stop.is_set():
            try:
                return await self._open_services(self._settings)
            except DcnError as error:
                _say(f"{error} Trying again in {pause:.0f} s.")
            again_at = time.monotonic() + pause
            while not self._stop.is_set() and time.monotonic() < again_at:
                open_tasks = store.open_tasks()
                _end_cancelled(store, open_tasks)
                if open_tasks:
                    idle_since = time.monotonic()
                elif self._is_idle(idle_since):
                    _say("no task left; ending")
                    return None
                await self._wait(LOOK_SECONDS)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return None

    def _is_idle(self, since: float) -> bool:
        return self._idle_exit is not None and time.monotonic() - since > self._idle_exit

    async def _serve(self, store: TaskStore, engine: Engine) -> None:
        version = -1
        swept_at = idle_since = time.monotonic()
        while not self._stop.is_set():
            now = time.monotonic()
            newest = store.version()
            if newest != version or now - swept_at > SWEEP_SECONDS:
                version, swept_at = newest, now
                open_tasks = store.open_tasks()
                for task in open_tasks:
                    engine.follow(task)
                    await engine.ensure(task)
                    if task.cancel_requested_at is not None:
                        await engine.cancel(task)
                if open_tasks:
                    idle_since = now
            if self._is_idle(idle_since):
                if not store.open_tasks():
                    _say("no task left; ending")
                    return
                idle_since = now
            await self._wait(LOOK_SECONDS)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return


def _end_cancelled(store: TaskStore, tasks: Iterable[Task]) -> None:
    """End the tasks that were cancelled before any runner began them: no cloud is needed."""
    for task in tasks:
        if task.cancel_requested_at is not None and task.started_at is None:
            for target in task.targets:
                if not target.state.is_over:
                    store.update_target(task.number, cancelled_while_queued(target.site))


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {text}", flush=True)
