"""What people ask of a running task: to pause, to go on, to end."""

import asyncio

from dcn_console.model.tasks import Task


class Signals:
    """The wishes for one task, on one event loop."""

    def __init__(self) -> None:
        self.cancel = asyncio.Event()
        self._go_on = asyncio.Event()
        self._go_on.set()

    @property
    def is_paused(self) -> bool:
        """Whether the task is to wait before its next step."""
        return not self._go_on.is_set() and not self.cancel.is_set()

    def follow(self, task: Task) -> None:
        """Take over what the task store says."""
        if task.cancel_requested_at is not None:
            self.cancel.set()
        if task.pause_requested_at is None or task.cancel_requested_at is not None:
            self._go_on.set()
        else:
            self._go_on.clear()

    async def resumed_or_cancelled(self) -> None:
        """Return when the task may go on, or is to end."""
        await self._go_on.wait()
