"""``image show`` and ``image copy``."""

import asyncio
from datetime import UTC, datetime

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.convert import image_object
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session, split_names
from dcn_console.cli.image_text import image_text
from dcn_console.cli.listing import OutputFormat, render_json
from dcn_console.cli.options import output_option
from dcn_console.cli.reading import IMAGES, report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.config.topology import EVERY_EDGE
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan, VerifyLevel
from dcn_console.model.requests import CopyImages
from dcn_console.model.sites import Topology
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
@click.option(
    "--verify",
    type=click.Choice(tuple(VerifyLevel), case_sensitive=False),
    default=None,
    help="How the result is checked; the setting “verify” when not given.",
)
@change_options
def image_copy(
    names: tuple[str, ...],
    targets: tuple[str, ...],
    verify: VerifyLevel | None,
    choices: Choices,
) -> ExitStatus:
    """Copy images to sites, by id, the beginning of an id, or name.

    On a terminal it shows the plan and asks; a script is not asked. It then waits until
    every copy was verified, and the exit status tells the outcome: 0 done, 1 failed,
    3 partly done. Ctrl+C stops waiting, not the copies.
    """
    session = open_session()
    sites = _sites(session.settings.topology, split_names(targets))
    level = verify or session.settings.verify

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        return await _plan(session, workspace, names, sites, level)

    return carry_out(session, planning, choices)


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
