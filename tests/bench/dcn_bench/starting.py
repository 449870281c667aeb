"""First frame and quit: from outside, on a pseudo-terminal, with the inventory of last time."""

from collections.abc import Sequence
from dataclasses import dataclass

from .clouds import IMAGE_NAME, SimulatedCloud, simulated_cloud
from .figures import Extent, Figure, typical
from .references import BARE_NAME, bare_app
from .screen import Screen
from .usage import cpu_seconds

FIRST_FRAME_BUDGET = 0.4
QUIT_BUDGET = 0.3
LIVE_TASKS = 20
_BARE = "a Textual app with one Static"


@dataclass(frozen=True)
class Session:
    """One session: seconds until the first frame, CPU seconds until then, seconds to quit."""

    first_frame: float
    cpu: float
    quit: float


def first_frame(extent: Extent) -> Sequence[Figure]:
    """Seconds from the start of the process until the first cached image is painted.

    There is no network: the cloud that the inventory was read from is gone.
    """
    figures: list[Figure] = []
    for size in (1_000,) if extent.quick else (1_000, 100_000):
        with simulated_cloud(size, size) as cloud:
            cloud.fill_cache()
            cloud.simulator.stop()
            ours, bare = _against_bare(cloud, extent.choose(5, 2))
        what = f"{size:,} images and volumes cached"
        figures += [
            _figure(f"first frame, {what}", ours.first_frame, bare.first_frame, FIRST_FRAME_BUDGET),
            _figure(f"CPU until the first frame, {what}", ours.cpu, bare.cpu, None),
            _figure(f"quit, {what}", ours.quit, bare.quit, QUIT_BUDGET),
        ]
    return figures


def leave(extent: Extent) -> Sequence[Figure]:
    """Seconds from typing q until the process has ended, without and with running tasks."""
    figures: list[Figure] = []
    size = 200
    for tasks in (0, extent.choose(LIVE_TASKS, 3)):
        with simulated_cloud(size, size, bandwidth_mib=0.2, copies_per_site=64) as cloud:
            cloud.fill_cache()
            if tasks:
                cloud.run_copies(tasks)
            ours, bare = _against_bare(cloud, extent.choose(5, 2))
        figures.append(_figure(f"quit, {tasks} running tasks", ours.quit, bare.quit, QUIT_BUDGET))
    return figures


def _figure(name: str, ours: float, bare: float, budget: float | None) -> Figure:
    return Figure(
        name=name, value=ours, unit="s", budget=budget, reference=bare, reference_name=_BARE
    )


def _against_bare(cloud: SimulatedCloud, times: int) -> tuple[Session, Session]:
    """Measure console and bare app in turns, so that both meet the same load; return medians."""
    ours, bare = [], []
    for _ in range(times):
        ours.append(_session(cloud.console(), IMAGE_NAME))
        bare.append(_session(bare_app(cloud.command.environment), BARE_NAME))
    return _median(ours), _median(bare)


def _median(sessions: Sequence[Session]) -> Session:
    return Session(
        first_frame=typical(session.first_frame for session in sessions),
        cpu=typical(session.cpu for session in sessions),
        quit=typical(session.quit for session in sessions),
    )


def _session(screen: Screen, pattern: str) -> Session:
    """Wait for the frame and for calm after it, then leave."""
    with screen:
        painted, _ = screen.wait_for(pattern)
        cpu = cpu_seconds(screen.process.pid)
        screen.wait_for_calm()
        typed = screen.type("q")
        return Session(painted - screen.started, cpu, screen.wait_for_end() - typed)
