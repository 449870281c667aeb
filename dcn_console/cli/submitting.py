"""From a request to its outcome: plan, show, confirm, submit, wait. Shared by all that change."""

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from dcn_console.cli.convert_tasks import plan_object
from dcn_console.cli.core import core
from dcn_console.cli.framework import Session
from dcn_console.cli.listing import OutputFormat, render_json
from dcn_console.cli.messages import ask_for_name, confirm, is_interactive, say
from dcn_console.cli.options import output_option
from dcn_console.cli.plan_text import plan_text, refusal_reasons
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.task_commands import print_tasks, wait_and_print
from dcn_console.cli.task_words import task_label
from dcn_console.model.agreeing import same
from dcn_console.model.errors import RefusedError
from dcn_console.model.plans import Plan
from dcn_console.model.tasks import Task
from dcn_console.model.text import count, printable
from dcn_console.workspace.interface import Workspace

Planning = Callable[[Workspace], Awaitable[tuple[Plan, ...]]]
Printing = Callable[[Sequence[Task]], None]


@dataclass(frozen=True)
class Choices:
    """What the options of a changing command said; ``names`` were confirmed with --confirm."""

    dry_run: bool
    no_wait: bool
    yes: bool
    names: tuple[str, ...]
    output: OutputFormat


def change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --dry-run, --no-wait, --yes, --confirm and -o to a command, as ``choices``."""

    @wraps(function)
    def with_choices(
        *,
        dry_run: bool,
        no_wait: bool,
        yes: bool,
        confirmed: tuple[str, ...],
        output: OutputFormat,
        **others: Any,
    ) -> Any:
        choices = Choices(dry_run=dry_run, no_wait=no_wait, yes=yes, names=confirmed, output=output)
        return function(choices=choices, **others)

    decorators = (
        click.option("--dry-run", is_flag=True, help="Print the plan to stdout and do nothing."),
        click.option("--no-wait", is_flag=True, help="Submit the tasks and return."),
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option(
            "--confirm",
            "confirmed",
            metavar="NAME",
            multiple=True,
            help="Agree to what cannot be undone, by the name that the plan asks for.",
        ),
        output_option,
    )
    decorated: Callable[..., Any] = with_choices
    for decorator in reversed(decorators):
        decorated = decorator(decorated)
    return decorated


def carry_out(
    session: Session,
    planning: Planning,
    choices: Choices,
    printing: Printing | None = None,
    retry_of: int | None = None,
) -> ExitStatus:
    """Plan, and unless it is a dry run confirm, submit and wait; return the exit status.

    ``printing`` prints the finished tasks, where that is not a list of them; ``retry_of`` is the
    number of the task that is tried again.
    Raises RefusedError when nothing may be changed or what cannot be undone was not confirmed
    by name.
    """
    workspace = core().workspace(session)
    if workspace.read_only_reason and not choices.dry_run:
        raise RefusedError(f"Nothing may be changed: {workspace.read_only_reason}.")
    plans = asyncio.run(_planned(planning, workspace))
    if choices.dry_run:
        _print_plans(plans, choices.output)
        return _status_of(plans)
    for plan in plans:
        say(plan_text(plan))
    work = tuple(plan for plan in plans if plan.has_work)
    if not work:
        return _status_of(plans)
    typed = _agreed_names(work, choices)
    unnamed = any(not plan.typed_name for plan in work)
    asks = unnamed and is_interactive() and not choices.yes
    if asks and not confirm(f"Submit {count(len(work), 'task')}?"):
        raise click.Abort
    tasks = asyncio.run(workspace.submit(work, typed, retry_of))
    return _followed(workspace, plans, tasks, choices, printing)


async def _planned(planning: Planning, workspace: Workspace) -> tuple[Plan, ...]:
    return await planning(workspace)


def _agreed_names(work: Sequence[Plan], choices: Choices) -> tuple[str, ...]:
    """Return the names of what cannot be undone, each given or typed by a person.

    Raises RefusedError in a script that did not give one, Abort when a person typed another.
    """
    agreed = []
    for plan in work:
        name = plan.typed_name
        if not name or name in agreed:
            continue
        if not any(same(given, name) for given in choices.names):
            if not is_interactive():
                raise RefusedError(
                    f"Refused: {printable(plan.title)}. It cannot be undone, and nobody "
                    "confirmed it by name; --yes is not enough.",
                    way_out=f"Agree to it with: --confirm {shlex.quote(printable(name))}",
                )
            if not same(ask_for_name(f"To agree, type “{printable(name)}”"), name):
                say("That is another name.")
                raise click.Abort
        agreed.append(name)
    return tuple(agreed)


def _followed(
    workspace: Workspace,
    plans: Sequence[Plan],
    tasks: Sequence[Task],
    choices: Choices,
    printing: Printing | None,
) -> ExitStatus:
    """Wait for the submitted tasks, if wanted, and print them."""
    for task in tasks:
        say(f"submitted {task_label(task)}")
    refused = any(refusal_reasons(plan) for plan in plans)
    if choices.no_wait:
        print_tasks(tasks, choices.output)
        return ExitStatus.PARTLY_DONE if refused else ExitStatus.SUCCESS
    numbers = [task.number for task in tasks]
    return wait_and_print(workspace, numbers, choices.output, refused=refused, printing=printing)


def _print_plans(plans: Sequence[Plan], output: OutputFormat) -> None:
    if output is OutputFormat.JSON:
        click.echo(render_json([plan_object(plan) for plan in plans]), nl=False)
        return
    click.echo("\n\n".join(plan_text(plan, with_steps=True) for plan in plans))


def _status_of(plans: Sequence[Plan]) -> ExitStatus:
    """Return the status of plans alone: whether all that was asked for can be done."""
    if not any(refusal_reasons(plan) for plan in plans):
        return ExitStatus.SUCCESS
    if any(plan.has_work for plan in plans):
        return ExitStatus.PARTLY_DONE
    return ExitStatus.FAILURE
