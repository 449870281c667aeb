"""``task retry``: what a task left undone, planned anew."""

import click

from dcn_console.cli.framework import open_session
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.cli.task_commands import number_argument
from dcn_console.model.plans import Plan
from dcn_console.workspace.interface import Workspace


@click.command("retry")
@number_argument
@change_options
def task_retry(number: int, choices: Choices) -> ExitStatus:
    """Plan what a finished task left undone anew, and submit it."""

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        return (await workspace.replan(number),)

    return carry_out(open_session(), planning, choices, retry_of=number)
