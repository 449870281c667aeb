"""Waiting for tasks: shows them as they advance, and leaves them running on Ctrl+C."""

import asyncio
import os
from collections.abc import Sequence

from dcn_console.cli.messages import say, warn
from dcn_console.cli.progress_views import progress_view
from dcn_console.cli.status import ExitStatus
from dcn_console.model.tasks import Task
from dcn_console.workspace.interface import Workspace

POLL_SECONDS = 0.3
"""Reading a task costs well under a millisecond; people see no difference below this."""
RUNNERLESS_SECONDS = 15.0
"""How long no runner may hold the store before somebody is told: starting one takes seconds."""
DEMO_VARIABLE = "DCN_CONSOLE_DEMO"
"""Set in the processes of the demo, whose runner ends with them."""


def runner_outlives_us() -> bool:
    """Whether tasks go on when this process ends."""
    return not os.environ.get(DEMO_VARIABLE)


async def wait_for(workspace: Workspace, numbers: Sequence[int]) -> tuple[Task, ...]:
    """Show tasks on stderr until all are over, and return them.

    Raises UsageError for an unknown number.
    """
    idle = 0.0
    told = False
    with progress_view() as view:
        while True:
            tasks = tuple([await workspace.task(number) for number in numbers])
            steps = {
                task.number: await workspace.steps(task.number)
                for task in tasks
                if not task.state.is_over
            }
            view.show(tasks, steps)
            if all(task.state.is_over for task in tasks):
                return tasks
            if workspace.runner_alive():
                idle = 0.0
            else:
                idle += POLL_SECONDS
                await workspace.tend_runner()
            if idle > RUNNERLESS_SECONDS and not told:
                told = True
                warn("No runner runs these tasks. Start one with: dcn-console runner")
            await asyncio.sleep(POLL_SECONDS)


def say_they_go_on(numbers: Sequence[int]) -> ExitStatus:
    """Say after Ctrl+C that the tasks go on, and how to see and cancel them."""
    if not runner_outlives_us():
        say("\nThe demo ends, and its tasks with it.")
        return ExitStatus.INTERRUPTED
    names = " ".join(str(number) for number in numbers)
    if len(numbers) == 1:
        say(f"\nTask {names} goes on in the background.")
    else:
        say(f"\nTasks {names} go on in the background.")
    say(f"  See:    dcn-console task show {numbers[0]}   (wait: dcn-console task wait {names})")
    say(f"  Cancel: dcn-console task cancel {names}")
    return ExitStatus.INTERRUPTED
