"""Live progress of tasks on stderr: bars on a terminal, a line a change elsewhere."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from dcn_console.cli.messages import say
from dcn_console.cli.task_words import ending_words, step_words, target_words
from dcn_console.model.tasks import StepRecord, Target, TargetState, Task
from dcn_console.model.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

Clock = Callable[[], datetime]
Steps = Mapping[int, Sequence[StepRecord]]
"""The steps of tasks by number."""
_BAR_CELLS = 20
_NAME_CELLS = 24
_SITE_CELLS = 16


class ProgressView(Protocol):
    """Shows tasks as they advance."""

    def show(self, tasks: Sequence[Task], steps: Steps) -> None:
        """Show the newest state of the tasks and, by number, the steps they took."""


def progress_view(clock: Clock | None = None) -> AbstractContextManager[ProgressView]:
    """Return the view that fits stderr: bars on a terminal, else lines."""
    now = clock or _now
    return Bars(now) if sys.stderr.isatty() else Lines(now)


def _now() -> datetime:
    return datetime.now(UTC)


class Lines:
    """One line a change of state, for logs and pipes."""

    def __init__(self, now: Clock, write: Callable[[str], None] = say) -> None:
        """``write`` prints a line."""
        self._now = now
        self._write = write
        self._shown: dict[tuple[int, str], tuple[TargetState, str, str]] = {}
        self._ended: set[int] = set()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def show(self, tasks: Sequence[Task], steps: Steps) -> None:
        """Print a line for every target whose state, text or step changed, and every ending."""
        now = self._now()
        for task in tasks:
            for target in task.targets:
                key = (task.number, target.site)
                step = step_of(task, target, steps)
                seen = (target.state, target.text, step)
                if self._shown.get(key) != seen:
                    self._shown[key] = seen
                    place = f"{now:%H:%M:%S} task {task.number} {printable(target.site)}"
                    at_step = f"{step}: " if step else ""
                    self._write(f"{place}: {at_step}{target_words(target, now)}")
            if task.state.is_over and task.number not in self._ended:
                self._ended.add(task.number)
                self._write(f"{now:%H:%M:%S} {ending_words(task)}")


class Bars:
    """One live bar a target. A bar without a figure is indeterminate."""

    def __init__(self, now: Clock) -> None:
        """``now`` gives the age of figures."""
        self._now = now
        self._progress: RichProgress | None = None
        self._bars: dict[tuple[int, str], TaskID] = {}

    def __enter__(self) -> "Bars":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=_BAR_CELLS, table_column=Column(min_width=_BAR_CELLS)),
            TextColumn("{task.fields[words]}", markup=False, table_column=rest),
            console=Console(stderr=True, highlight=False),
            refresh_per_second=4,
            expand=True,
        )
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, tasks: Sequence[Task], steps: Steps) -> None:
        """Bring every bar up to date."""
        now = self._now()
        for task in tasks:
            for target in task.targets:
                self._update(task, target, step_of(task, target, steps), now)

    def _update(self, task: Task, target: Target, step: str, now: datetime) -> None:
        if self._progress is None:
            return
        key = (task.number, target.site)
        if key not in self._bars:
            name = " ".join(printable(item.name, _NAME_CELLS) for item in task.plan.objects)
            self._bars[key] = self._progress.add_task(
                f"{task.number} {name} → {printable(target.site, _SITE_CELLS)}",
                total=None,
                words="",
            )
        done, total = bar_figures(target)
        words = f"{step}: {target_words(target, now)}" if step else target_words(target, now)
        self._progress.update(self._bars[key], completed=done, total=total, words=words)


def step_of(task: Task, target: Target, steps: Steps) -> str:
    """Return which of the planned steps is being taken at a target, "" when none is."""
    if target.state is TargetState.QUEUED or target.state.is_over:
        return ""
    return step_words(task, target.site, steps.get(task.number, ()))


def bar_figures(target: Target) -> tuple[float, float | None]:
    """Return what a bar shows as (done, total); a total of None is an indeterminate bar."""
    if target.state is TargetState.DONE:
        return 1.0, 1.0
    progress = target.progress
    known = progress is not None and progress.done is not None and progress.total
    if target.state.is_over:
        return 0.0, 1.0
    if progress is not None and known:
        return float(progress.done or 0), float(progress.total or 0)
    return 0.0, None if target.state is not TargetState.QUEUED else 1.0
