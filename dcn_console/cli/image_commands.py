"""``image show`` and ``image copy``."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.convert import image_object
from dcn_console.cli.convert_tasks import plan_object
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session, split_names
from dcn_console.cli.image_text import image_text
from dcn_console.cli.listing import OutputFormat, render_json
from dcn_console.cli.messages import confirm, is_interactive, say
from dcn_console.cli.options import output_option
from dcn_console.cli.plan_text import plan_text, refusal_reasons
from dcn_console.cli.reading import IMAGES, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.task_commands import print_tasks, wait_and_print
from dcn_console.cli.task_words import task_label
from dcn_console.config.topology import EVERY_EDGE
from dcn_console.model.errors import RefusedError, UsageError
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.requests import CopyImages
from dcn_console.model.sites import Topology
from dcn_console.model.text import count
from dcn_console.workspace.interface import Workspace
from dcn_console.workspace.resolve import find_images

_ONLY_IMAGES = frozenset({"images"})


@click.command("show", cls=Command)
@click.argument("name", metavar="IMAGE")
@output_option
def image_show(name: str, output: OutputFormat) -> ExitStatus:
    """Show an image, by id, the beginning of its id, or its name."""
    session = open_session()
    reading = asyncio.run(core().read(session, IMAGES))
    status = report_problems(reading, "images")
    (found,) = find_images(reading.inventory.images.rows, (name,))
    (row,) = (row for row in reading.rows.images if row.key == found.id)
    if output is OutputFormat.JSON:
        click.echo(render_json(image_object(row)), nl=False)
    else:
        click.echo(image_text(row, datetime.now(UTC)))
    return status


@click.command("copy", cls=Command)
@click.argument("names", metavar="IMAGE...", nargs=-1, required=True)
@click.option(
    "--to",
    "targets",
    metavar=f"SITE[,SITE]|{EVERY_EDGE}",
    multiple=True,
    required=True,
    help=f"Sites to copy to; “{EVERY_EDGE}” for every edge that lacks the image.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan to stdout and do nothing.")
@click.option("--no-wait", is_flag=True, help="Submit the tasks and return.")
@click.option(
    "--verify",
    type=click.Choice(tuple(VerifyLevel), case_sensitive=False),
    default=None,
    help="How the result is checked; the setting “verify” when not given.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_option
def image_copy(
    names: tuple[str, ...],
    targets: tuple[str, ...],
    dry_run: bool,
    no_wait: bool,
    verify: VerifyLevel | None,
    yes: bool,
    output: OutputFormat,
) -> ExitStatus:
    """Copy images to sites, by id, the beginning of an id, or name.

    On a terminal it shows the plan and asks; a script is not asked. It then waits until
    every copy was verified, and the exit status tells the outcome: 0 done, 1 failed,
    3 partly done. Ctrl+C stops waiting, not the copies.
    """
    session = open_session()
    sites = _sites(session.settings.topology, split_names(targets))
    workspace = core().workspace(session)
    if workspace.read_only_reason and not dry_run:
        raise RefusedError(f"Nothing may be changed: {workspace.read_only_reason}.")
    level = verify or session.settings.verify
    plans = asyncio.run(_plan(session, workspace, names, sites, level))
    if dry_run:
        _print_plans(plans, output)
        return _status_of(plans)
    for plan in plans:
        say(plan_text(plan))
    work = tuple(plan for plan in plans if plan.has_work)
    if not work:
        return _status_of(plans)
    if is_interactive() and not yes and not confirm(f"Submit {count(len(work), 'task')}?"):
        raise click.Abort
    return _submit(workspace, plans, work, no_wait=no_wait, output=output)


def _submit(
    workspace: Workspace,
    plans: Sequence[Plan],
    work: Sequence[Plan],
    *,
    no_wait: bool,
    output: OutputFormat,
) -> ExitStatus:
    tasks = asyncio.run(workspace.submit(work))
    for task in tasks:
        say(f"submitted {task_label(task)}")
    refused = any(refusal_reasons(plan) for plan in plans)
    if no_wait:
        print_tasks(tasks, output)
        return ExitStatus.PARTLY_DONE if refused else ExitStatus.SUCCESS
    return wait_and_print(workspace, [task.number for task in tasks], output, refused=refused)


def _sites(topology: Topology, names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the sites of --to, None for every edge lacking the image."""
    if not names:
        raise UsageError("--to names no site.", way_out=f"Sites: {', '.join(topology.names)}.")
    if names == (EVERY_EDGE,):
        return None
    named = [name for name in names if name != EVERY_EDGE]
    require_sites(topology, tuple(named))
    if EVERY_EDGE in names:
        named += [site.name for site in topology.edges]
    return tuple(dict.fromkeys(named))


async def _plan(
    session: Session,
    workspace: Workspace,
    names: tuple[str, ...],
    sites: tuple[str, ...] | None,
    verify: VerifyLevel,
) -> tuple[Plan, ...]:
    reading = await core().read(session, _ONLY_IMAGES)
    snapshot = reading.inventory.images
    report_problems(reading, "images")
    images = find_images(snapshot.rows, names)
    image_ids = tuple(found.id for found in images)
    return await workspace.plan(CopyImages(image_ids=image_ids, sites=sites, verify=verify))


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
