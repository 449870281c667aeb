"""The plan dialog of trying a task again."""

from __future__ import annotations

from collections.abc import Sequence

from dcn_console.console.dialogs.plan import PlanDialog
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import Task


class RetryDialog(PlanDialog):
    """Plans anew what a task left undone."""

    def __init__(self, task: Task) -> None:
        """Make the dialog for a task that is over."""
        super().__init__(f"Try task {task.number} again", "Retry", ())
        self._number = task.number

    async def planned(self) -> tuple[Plan, ...]:
        """Return the plan of what is left."""
        return (await self.console.workspace.replan(self._number),)

    async def submission(self, plans: Sequence[Plan], names: Sequence[str]) -> tuple[Task, ...]:
        """Submit it as a retry of the task."""
        return await self.console.workspace.submit(plans, names, retry_of=self._number)
