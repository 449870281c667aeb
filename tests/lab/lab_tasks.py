"""Tasks of a console with a state folder of its own on a lab, and what disturbs them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dcn_lab.lab import Lab
from lab_settings import lab_settings
from real_console import RealConsole

from dcn_console.config.write import render
from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.tasks import Task, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation_for


@contextmanager
def console_on(lab: Lab, folder: Path, clouds_file: Path | None = None) -> Iterator[RealConsole]:
    """Yield a console with its configuration, tasks and runners in ``folder``.

    ``clouds_file`` is another clouds.yaml than the lab's.
    """
    config = folder / "config.toml"
    settings = lab_settings(
        lab,
        agent_deadline_seconds=20.0,
        request_timeout_seconds=60.0,
        clouds_file=str(clouds_file or lab.clouds_yaml),
    )
    config.write_text(render(settings))
    console = RealConsole(config, folder / "state")
    try:
        yield console
    finally:
        console.close()


async def plan_of(console: RealConsole, request: Request) -> Plan:
    """Plan what comes to one task, whatever the plan says."""
    services = await Services.open(console.settings)
    try:
        context = PlanContext(
            open_tasks=console.store.open_tasks(),
            rate_to=console.store.rate_to,
            now=datetime.now(UTC),
        )
        (plan,) = await operation_for(request).plan(services, request, context)
    finally:
        await services.close()
    return plan


async def planned(console: RealConsole, request: Request) -> Plan:
    """Plan what is not refused."""
    plan = await plan_of(console, request)
    assert not plan.is_refused, plan.checks
    return plan


async def carried_out(console: RealConsole, request: Request) -> Task:
    """Plan, submit and wait; a runner has to run."""
    number = console.store.submit(await planned(console, request), "test").number
    task = console.wait_over(number)
    assert task.state is TaskState.DONE, console.explain(number)
    return task


@contextmanager
def halted(lab: Lab, daemon: str) -> Iterator[None]:
    """Have a daemon stand still, so that whatever it was asked for stays under way."""
    pids = lab.pids(daemon)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def agents(console: RealConsole) -> list[int]:
    """Return the agents of the runner: its child processes."""
    pid = console.runner_pid()
    if pid is None:
        return []
    listed = subprocess.run(
        ("ps", "--ppid", str(pid), "-o", "pid="), capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]
