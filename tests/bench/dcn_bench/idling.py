"""What the console costs while nobody touches it: CPU without tasks and with running ones."""

from collections.abc import Sequence

from .clouds import IMAGE_NAME, simulated_cloud
from .figures import Extent, Figure
from .references import BARE_NAME, bare_app
from .screen import Screen
from .usage import cpu_percent, resident_mib

IDLE_BUDGET = 1.0
BUSY_BUDGET = 5.0
RUNNING_TASKS = 20
_BARE = "a Textual app with a clock in one Static"


def idle(extent: Extent) -> Sequence[Figure]:
    """Percent of one core that the console's process uses, its agents and runner apart.

    The window is long enough for a refresh of every service (every 30 seconds) unless quick.
    """
    seconds = extent.choose(60, 4)
    tasks = extent.choose(RUNNING_TASKS, 3)
    size = 1_000
    with simulated_cloud(size, size, bandwidth_mib=0.2, copies_per_site=64) as cloud:
        cloud.fill_cache()
        with bare_app(cloud.command.environment, clock=True) as screen:
            bare, bare_memory = _at_rest(screen, BARE_NAME, seconds)
        with cloud.console() as screen:
            quiet, memory = _at_rest(screen, IMAGE_NAME, seconds)
        cloud.run_copies(tasks)
        with cloud.console() as screen:
            busy, _ = _at_rest(screen, IMAGE_NAME, seconds)
            (runner,) = cloud.command.runner_pids()
            running = cpu_percent(runner, min(seconds, 10))
    return [
        Figure(
            name="CPU, idle",
            value=quiet,
            unit="%",
            budget=IDLE_BUDGET,
            reference=bare,
            reference_name=_BARE,
        ),
        Figure(
            name=f"CPU, {tasks} running tasks",
            value=busy,
            unit="%",
            budget=BUSY_BUDGET,
            reference=bare,
            reference_name=_BARE,
        ),
        Figure(name=f"CPU of the runner with {tasks} tasks", value=running, unit="%"),
        Figure(
            name=f"memory, {size:,} images and volumes",
            value=memory,
            unit="MiB",
            reference=bare_memory,
            reference_name=_BARE,
        ),
    ]


def _at_rest(screen: Screen, pattern: str, seconds: float) -> tuple[float, float]:
    """Return the percent of a core and the MiB of a program once it came to rest."""
    screen.wait_for(pattern)
    screen.wait_for_calm(2.0)
    percent = cpu_percent(screen.process.pid, seconds)
    return percent, resident_mib(screen.process.pid)
