"""``task list|show|wait|pause|resume|cancel``."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import click

from dcn_console.cli.columns import require_sites, task_columns
from dcn_console.cli.convert_tasks import task_detail_object, task_object
from dcn_console.cli.core import core
from dcn_console.cli.framework import Group, open_session
from dcn_console.cli.listing import Listing, OutputFormat, render_json
from dcn_console.cli.messages import fail, say
from dcn_console.cli.options import list_options, output_option, print_listing
from dcn_console.cli.status import ExitStatus, outcome
from dcn_console.cli.task_text import task_text
from dcn_console.cli.waiting import say_they_go_on, wait_for
from dcn_console.model.errors import DcnError
from dcn_console.model.tasks import LogLine, StepRecord, Task
from dcn_console.workspace.interface import Workspace

_LOG_LINES = 200
_numbers = click.argument(
    "numbers", metavar="NUMBER...", nargs=-1, required=True, type=click.IntRange(min=1)
)
number_argument = click.argument("number", metavar="NUMBER", type=click.IntRange(min=1))


@click.group(cls=Group)
def task() -> None:
    """Tasks: what was submitted, and what became of it."""


@task.command("list")
@list_options
def task_list(sites: tuple[str, ...], text: str, order: str, output: OutputFormat) -> None:
    """List the tasks, the newest first."""
    workspace = _workspace()
    require_sites(workspace.topology, sites)
    rows = tuple(
        task
        for task in asyncio.run(_tasks(workspace))
        if not sites or set(sites) & set(task.plan.targets)
    )
    listing = Listing(task_columns(datetime.now(UTC)), rows, task_object)
    print_listing(listing, text, order, output)


@task.command("show")
@number_argument
@output_option
def task_show(number: int, output: OutputFormat) -> None:
    """Show a task: its sites, steps, log and equivalent commands."""
    shown, steps, log = asyncio.run(_detail(_workspace(), number))
    if output is OutputFormat.JSON:
        click.echo(render_json(task_detail_object(shown, steps, log)), nl=False)
    else:
        click.echo(task_text(shown, steps, log, datetime.now(UTC)))


@task.command("wait")
@_numbers
@output_option
def task_wait(numbers: tuple[int, ...], output: OutputFormat) -> ExitStatus:
    """Wait until tasks are over, showing their progress.

    The exit status tells how they ended: 0 done, 1 failed or cancelled, 3 partly done.
    Ctrl+C stops waiting, not the tasks.
    """
    return wait_and_print(_workspace(), tuple(dict.fromkeys(numbers)), output)


@task.command("pause")
@_numbers
def task_pause(numbers: tuple[int, ...]) -> ExitStatus:
    """Have tasks wait before their next step. The step that is being taken is finished."""
    workspace = _workspace()
    return asyncio.run(_each(workspace.pause, numbers))


@task.command("resume")
@_numbers
def task_resume(numbers: tuple[int, ...]) -> ExitStatus:
    """Let paused tasks go on."""
    workspace = _workspace()
    return asyncio.run(_each(workspace.resume, numbers))


@task.command("cancel")
@_numbers
def task_cancel(numbers: tuple[int, ...]) -> ExitStatus:
    """Cancel tasks. Says what that stops and what it cannot stop."""
    workspace = _workspace()
    return asyncio.run(_each(workspace.cancel, numbers))


def wait_and_print(
    workspace: Workspace,
    numbers: Sequence[int],
    output: OutputFormat,
    *,
    refused: bool = False,
    printing: Callable[[Sequence[Task]], None] | None = None,
) -> ExitStatus:
    """Wait for tasks, print them to stdout, and return the status of their outcome.

    ``refused`` says that some of what was asked for never became a task. ``printing`` prints
    something else than a list of them.
    """
    try:
        tasks = asyncio.run(wait_for(workspace, numbers))
    except (KeyboardInterrupt, asyncio.CancelledError):
        # CPython 3.11's asyncio.Runner.run lets CancelledError out when SIGINT arrives between
        # its installing of the handler and the first step of the coroutine.
        return say_they_go_on(numbers)
    if printing is not None:
        printing(tasks)
    else:
        print_tasks(tasks, output)
    return outcome((task.state for task in tasks), refused=refused)


def print_tasks(tasks: Sequence[Task], output: OutputFormat) -> None:
    """Print tasks to stdout as a list."""
    listing = Listing(task_columns(datetime.now(UTC)), tuple(tasks), task_object)
    print_listing(listing, "", "", output)


def _workspace() -> Workspace:
    return core().workspace(open_session())


async def _tasks(workspace: Workspace) -> tuple[Task, ...]:
    return workspace.tasks()


async def _detail(
    workspace: Workspace, number: int
) -> tuple[Task, tuple[StepRecord, ...], tuple[LogLine, ...]]:
    return (
        await workspace.task(number),
        await workspace.steps(number),
        await workspace.log(number, _LOG_LINES),
    )


async def _each(act: Callable[[int], Awaitable[str]], numbers: Sequence[int]) -> ExitStatus:
    """Act on each task once and say what came of it; with several, go on after an error."""
    failures = 0
    wanted = tuple(dict.fromkeys(numbers))
    for number in wanted:
        try:
            say(f"task {number}: {await act(number)}")
        except DcnError as error:
            if len(wanted) == 1:
                raise
            failures += 1
            fail(error)
    if not failures:
        return ExitStatus.SUCCESS
    return ExitStatus.FAILURE if failures == len(wanted) else ExitStatus.PARTLY_DONE
