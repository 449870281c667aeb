"""Keys in a console that is refreshing a large inventory, from outside, on a pseudo-terminal."""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from .clouds import IMAGE_NAME, simulated_cloud
from .figures import Extent, Figure, percentile
from .references import BARE_NAME, bare_app
from .screen import Screen
from .usage import peak_mib, resident_mib

KEY_BUDGET = 50.0
MEMORY_BUDGET = 400.0
_CURSOR_ON = rf"▸ ({IMAGE_NAME})"
_PACE_SECONDS = 0.05
_FIRST_KEY_SECONDS = 60.0


def keys(extent: Extent) -> Sequence[Figure]:
    """Milliseconds from a key until its row is painted, and memory, while everything is read.

    The console starts on the cached inventory, and reads all of it again while the cursor goes
    down and up, and tasks run. The reference is the same with few objects and no tasks.
    """
    count = extent.choose(300, 40)
    large = extent.choose(100_000, 2_000)
    tasks = extent.choose(20, 2)
    small_times, *_ = _measure(200, 0, count)
    times, memory, peak, bare = _measure(large, tasks, count)
    what = f"{large:,} images and volumes"
    reference = "200 images and volumes, no tasks"
    return [
        Figure(
            name=f"key to paint, {percent}th percentile, {what}, {tasks} tasks",
            value=percentile(times, percent) * 1000,
            unit="ms",
            budget=KEY_BUDGET if percent == 99 else None,
            reference=percentile(small_times, percent) * 1000,
            reference_name=reference,
        )
        for percent in (50, 99)
    ] + [
        Figure(
            name=f"{kind}, {what}",
            value=value,
            unit="MiB",
            budget=MEMORY_BUDGET,
            reference=bare,
            reference_name="a Textual app with one Static",
        )
        for kind, value in (("memory", memory), ("most memory", peak))
    ]


def _measure(size: int, tasks: int, count: int) -> tuple[list[float], float, float, float]:
    """Return the seconds of each key, and MiB: ours after that, ours at most, the bare app's."""
    with simulated_cloud(size, size) as cloud, ExitStack() as stack:
        cloud.fill_cache()
        if tasks:
            stack.enter_context(cloud.live_tasks(tasks))
        with bare_app(cloud.command.environment) as screen:
            screen.wait_for(BARE_NAME)
            bare = resident_mib(screen.process.pid)
        with cloud.console() as screen:
            screen.wait_for(_CURSOR_ON)
            times = [_press(screen, _key(number)) for number in range(count)]
            pid = screen.process.pid
            return times, resident_mib(pid), peak_mib(pid), bare


def _key(number: int) -> str:
    """Go down for a page or two, then up again: lines within the page, and scrolling."""
    return "j" if number // 80 % 2 == 0 else "k"


def _press(screen: Screen, key: str) -> float:
    """Press a key and return how long the cursor took to be painted on another row."""
    time.sleep(_PACE_SECONDS)
    before = screen.mark()
    typed = screen.type(key)
    painted, _ = screen.wait_for(_CURSOR_ON, before, _FIRST_KEY_SECONDS)
    return painted - typed
