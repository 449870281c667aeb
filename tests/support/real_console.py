"""A console's core against a real or simulated cloud, in a folder of its own: for tests.

The runner is the real process, started and killed as an operator's machine would.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from dcn_console.config.paths import Paths
from dcn_console.config.settings import Settings, load
from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext
from dcn_console.operations.copy_image import plan_copy
from dcn_console.runner.lock import holder
from dcn_console.tasks.location import task_folder
from dcn_console.tasks.store import TaskStore

DEADLINE_SECONDS = 600.0
"""Nothing here takes as long, on the busiest machine."""
LOOK_SECONDS = 0.1
END_SECONDS = 120.0
"""After which a runner that was asked to end is killed."""


def until(true: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until ``true``; fails naming ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(LOOK_SECONDS)


class RealConsole:
    """Plans, submits and runs tasks with a configuration and state of its own."""

    def __init__(self, config: Path, state_folder: Path) -> None:
        self.config = config
        self.environment = {
            **os.environ,
            "DCN_CONSOLE_STATE": str(state_folder),
            "DCN_CONSOLE_CACHE": str(state_folder / "cache"),
        }
        paths = Paths.resolve(config)
        self.settings: Settings = load(paths, {}).settings
        self.folder = task_folder(state_folder, self.settings.cloud)
        self.store = TaskStore(self.folder.store)
        self._runners: list[subprocess.Popen[bytes]] = []

    async def plan(
        self,
        image_id: str,
        sites: Iterable[str] | None = None,
        verify: VerifyLevel = VerifyLevel.METADATA,
    ) -> Plan:
        """Plan a copy as the faces do."""
        services = await Services.open(self.settings)
        try:
            context = PlanContext(
                open_tasks=self.store.open_tasks(),
                rate_to=self.store.rate_to,
                now=datetime.now(UTC),
            )
            wanted = None if sites is None else tuple(sites)
            return await plan_copy(services, image_id, wanted, verify, context)
        finally:
            await services.close()

    async def submit(
        self,
        image_id: str,
        sites: Iterable[str] | None = None,
        verify: VerifyLevel = VerifyLevel.METADATA,
    ) -> int:
        """Plan and submit a copy; returns the task's number."""
        return self.store.submit(await self.plan(image_id, sites, verify), "test").number

    def start_runner(self, idle_exit: float = 120.0) -> None:
        """Start a runner process."""
        with (self.folder.path / "runner.log").open("ab") as log:
            command = (sys.executable, "-m", "dcn_console.runner")
            options = (f"--config={self.config}", f"--idle-exit={idle_exit:g}")
            runner = subprocess.Popen(
                (*command, *options), env=self.environment, stdout=log, stderr=log
            )
        self._runners.append(runner)

    def kill_runner(self) -> None:
        """Kill the newest runner (-9) and wait until the kernel has let go of its lock."""
        runner = self._runners.pop()
        runner.send_signal(signal.SIGKILL)
        runner.wait()

    def runner_pid(self) -> int | None:
        """Return the runner that holds the store."""
        return holder(self.folder.lock)

    def close(self) -> None:
        """Stop every runner of ours."""
        for runner in self._runners:
            runner.terminate()
        for runner in self._runners:
            try:
                runner.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                runner.kill()
                runner.wait()
        self.store.close()

    def task(self, number: int) -> Task:
        """Return a task as the store has it."""
        return self.store.task(number)

    def target(self, number: int, site: str) -> Target:
        """Return a task's target at ``site``."""
        target = self.store.task(number).target(site)
        assert target is not None
        return target

    def wait_over(self, number: int, seconds: float = DEADLINE_SECONDS) -> Task:
        """Wait until the task is over and return it."""
        until(lambda: self.task(number).state.is_over, f"task {number} is over", seconds)
        return self.task(number)

    def explain(self, number: int) -> str:
        """Return all the store knows of a task, for a failing test's message."""
        lines = [str(target) for target in self.task(number).targets]
        lines += [f"{line.at} {line.site} {line.text}" for line in self.store.log(number)]
        return "\n".join(lines)
