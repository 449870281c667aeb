"""Planning and running operations on a simulator without a runner: waits move its clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import msgspec
from fake_mirror_services import FakeServices, MirrorContext

from dcn_console.config.settings import load
from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.tasks import Target, Task
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation, operation_for
from dcn_console.operations.results import StepResult
from dcn_console.simulator.instance import Simulator


class Operations:
    """Plans and runs requests with real adapters; ``services`` are those of a simulator."""

    def __init__(self, simulator: Simulator, services: Services) -> None:
        self.simulator = simulator
        self.services = services

    async def plan(self, request: Request, *open_tasks: Task) -> Plan:
        """Plan what comes to one task."""
        context = PlanContext(
            open_tasks=open_tasks, rate_to=lambda site: None, now=datetime.now(UTC)
        )
        (plan,) = await operation_for(request).plan(self.services, request, context)
        return plan

    async def replan(self, task: Task) -> Plan:
        """Plan anew what a task left undone."""
        context = PlanContext(open_tasks=(), rate_to=lambda site: None, now=datetime.now(UTC))
        return await operation(task.plan.operation).replan(self.services, task, context)

    async def run(
        self,
        request: Request,
        plan: Plan | None = None,
        *,
        results: dict[str, StepResult] | None = None,
        on_step: Callable[[str], None] = lambda name: None,
        on_wait: Callable[[MirrorContext], None] = lambda context: None,
        task_id: str = "",
    ) -> tuple[Target, MirrorContext]:
        """Run a request to its end; ``task_id`` names the task that a killed run began."""
        plan = plan or await self.plan(request)
        assert plan.has_work, plan
        seen: Any = SimpleNamespace(clock=_Clock(self.simulator), as_services=lambda: self.services)
        context = MirrorContext(
            cast(FakeServices, seen), plan, results=results, on_step=on_step, on_wait=on_wait
        )
        context.task = msgspec.structs.replace(context.task, id=task_id or str(uuid4()))
        return await operation_for(request).run_target(context), context


class _Clock:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._ahead = timedelta()

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def forward(self, seconds: float) -> None:
        self._simulator.control.advance(seconds)
        self._ahead += timedelta(seconds=seconds)


@asynccontextmanager
async def operations_on(simulator: Simulator, folder: Path) -> AsyncIterator[Operations]:
    """Connect to a simulator with the files that it writes into ``folder``."""
    simulator.write_clouds_yaml(folder)
    from dcn_console.config.paths import Paths

    paths = Paths.resolve(simulator.write_config(folder))
    services = await Services.open(load(paths, {}).settings)
    try:
        yield Operations(simulator, services)
    finally:
        await services.close()
