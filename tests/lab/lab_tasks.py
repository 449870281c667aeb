"""Tasks of a console with a state folder of its own on a lab, and what disturbs them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dcn_lab import cinder, nova
from dcn_lab.database import Database
from dcn_lab.execution import wait_until
from dcn_lab.lab import Lab, LabSite
from dcn_lab.layout import layout_in
from dcn_lab.workspace import open_workspace
from lab_settings import lab_settings
from real_console import RealConsole

from dcn_console.config.write import render
from dcn_console.inventory.services import Services
from dcn_console.model.plans import Plan
from dcn_console.model.requests import Request
from dcn_console.model.tasks import Task, TaskState
from dcn_console.operations.base import PlanContext
from dcn_console.operations.registry import operation_for

THROTTLED_RATE = 8 << 20
REPORT_SECONDS = 300
FRESH_SECONDS = 3
REPORTS = {
    "cinder": (cinder.LAST_REPORTS, cinder.NAME),
    "nova": (nova.LAST_REPORTS, nova.CELL_DATABASE),
}


@contextmanager
def console_on(lab: Lab, folder: Path, clouds_file: Path | None = None) -> Iterator[RealConsole]:
    """Yield a console with its configuration, tasks and runners in ``folder``.

    ``clouds_file`` is another clouds.yaml than the lab's.
    """
    config = folder / "config.toml"
    settings = lab_settings(
        lab,
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
    """Have a daemon stand still, so that whatever it was asked for stays under way.

    Cinder and Nova ask nothing of a service that has been silent for a minute: it has just
    reported when it halts, and goes on once it has reported again.
    """
    wait_until(f"a report of {daemon}", partial(has_reported, lab, daemon), seconds=REPORT_SECONDS)
    pids = lab.pids(daemon)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_until(f"a report of {daemon}", partial(has_reported, lab, daemon), seconds=REPORT_SECONDS)


def has_reported(lab: Lab, daemon: str) -> bool:
    """Whether a service has reported in the last seconds; true of a daemon that never does."""
    binary, _, site = daemon.partition(".")
    project = binary.partition("-")[0]
    if project not in REPORTS:
        return True
    statement, name = REPORTS[project]
    database = Database(open_workspace(layout_in(lab.directory)))
    reports = [line.split("\t") for line in database.query(statement, name).splitlines()]
    return any(
        program == binary
        and host.partition("@")[0] == (site or lab.hub.name)
        and int(age) <= FRESH_SECONDS
        for program, host, age in reports
    )


@contextmanager
def throttled(
    site: LabSite, pool: str, kind: str = "write", rate: int = THROTTLED_RATE
) -> Iterator[None]:
    """Let every client that opens an RBD image of a pool write, or read, slowly.

    ``rate`` is in bytes a second. What an image travels through then lasts long enough to be
    caught in the middle, however fast the machine is and however seldom somebody looks.
    """
    option = f"rbd_qos_{kind}_bps_limit"
    site.rbd("config", "pool", "set", pool, option, str(rate))
    try:
        yield
    finally:
        site.rbd("config", "pool", "remove", pool, option)


@contextmanager
def slowed(site: LabSite) -> Iterator[None]:
    """Let the osd of a site take its time for every message, as rbd-mirror knows no limit.

    Options of a developer: src/common/options.cc. They do not outlive the daemon.
    """

    def set_to(probability: int) -> None:
        option = "osd_debug_inject_dispatch_delay_probability"
        site.ceph("tell", "osd.0", "config", "set", option, str(probability))

    set_to(1)
    try:
        yield
    finally:
        set_to(0)


def kill_agents(console: RealConsole) -> None:
    """Kill the agents of the runner (-9), those that have just ended by themselves left out."""
    for pid in agents(console):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def agents(console: RealConsole) -> list[int]:
    """Return the agents of the runner: its child processes."""
    pid = console.runner_pid()
    if pid is None:
        return []
    listed = subprocess.run(
        ("ps", "--ppid", str(pid), "-o", "pid="), capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]
