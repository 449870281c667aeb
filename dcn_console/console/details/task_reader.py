"""Reading a task's steps and log for a page, again whenever they may have grown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dcn_console.model.tasks import LogLine, StepRecord

if TYPE_CHECKING:
    from textual.worker import Worker

    from dcn_console.console.screen import ConsoleScreen


class TaskReader:
    """Steps and log of one task, None until they were read. One reading at a time."""

    def __init__(self, screen: ConsoleScreen, taken: Callable[[], None]) -> None:
        """Make a reader whose calls end with ``screen``; ``taken`` is called after each."""
        self._screen = screen
        self._taken = taken
        self._number: int | None = None
        self._reading: Worker[None] | None = None
        self._again = False
        self.steps: tuple[StepRecord, ...] | None = None
        self.log: tuple[LogLine, ...] | None = None

    def read(self, number: int) -> None:
        """Read the steps and log of a task, or once more when that is going on already."""
        if number != self._number:
            self._number, self.steps, self.log = number, None, None
        if self._reading is not None and not self._reading.is_finished:
            self._again = True
            return
        self._again = False
        self._reading = self._screen.console.call_workspace(
            self._read(number), self._take, node=self._screen
        )

    async def _read(self, number: int) -> tuple[int, tuple[StepRecord, ...], tuple[LogLine, ...]]:
        workspace = self._screen.console.workspace
        return number, await workspace.steps(number), await workspace.log(number)

    def _take(self, read: tuple[int, tuple[StepRecord, ...], tuple[LogLine, ...]]) -> None:
        number, steps, log = read
        if number == self._number:
            self.steps, self.log = steps, log
            if self._screen.is_ready:
                self._taken()
        if self._again and self._number is not None:
            self._reading = None
            self.read(self._number)
