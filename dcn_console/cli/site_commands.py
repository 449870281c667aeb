"""``site validate`` and ``site report``."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import click

from dcn_console.cli.columns import require_sites
from dcn_console.cli.core import core
from dcn_console.cli.framework import Command, Session, open_session
from dcn_console.cli.listing import OutputFormat
from dcn_console.cli.messages import say
from dcn_console.cli.options import terminal_width
from dcn_console.cli.reading import report_problems
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.submitting import Choices, carry_out, change_options
from dcn_console.config.files import write_file
from dcn_console.model.errors import UsageError
from dcn_console.model.plans import Plan
from dcn_console.model.server_requests import ValidateSite
from dcn_console.model.tasks import Task
from dcn_console.model.validation import OPERATION, Report, report_of
from dcn_console.reports.validation_html import report_html
from dcn_console.reports.validation_json import report_json
from dcn_console.reports.validation_text import report_text
from dcn_console.workspace.interface import Workspace
from dcn_console.workspace.resolve import find_one

MIB = 1 << 20
_MINUTE = 60.0
_IMAGES = frozenset({"images"})


class ReportFormat(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


RENDERERS: Mapping[ReportFormat, Callable[[Report], str]] = MappingProxyType(
    {
        ReportFormat.TEXT: report_text,
        ReportFormat.JSON: report_json,
        ReportFormat.HTML: report_html,
    }
)
ENDINGS: Mapping[str, ReportFormat] = MappingProxyType(
    {
        ".txt": ReportFormat.TEXT,
        ".json": ReportFormat.JSON,
        ".html": ReportFormat.HTML,
        ".htm": ReportFormat.HTML,
    }
)
"""What the ending of a report's file says it is to be."""


def _report_file(
    context: click.Context, parameter: click.Parameter, value: Path | None
) -> Path | None:
    if value is not None and value.suffix.lower() not in ENDINGS:
        raise click.BadParameter(f"Its name must end in one of {', '.join(ENDINGS)}.")
    if value is not None and not value.absolute().parent.is_dir():
        raise click.BadParameter(f"There is no folder {value.absolute().parent}.")
    return value


_report_option = click.option(
    "--report",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_report_file,
    default=None,
    help="Also write the report to FILE.html, .json or .txt.",
)


@click.command("validate", cls=Command)
@click.argument("site", metavar="SITE")
@click.option(
    "--second",
    "second_site",
    metavar="SITE",
    default="",
    help="Where the backup is restored; another edge, else the hub, if not given.",
)
@click.option(
    "--image",
    metavar="FILE|IMAGE",
    default="",
    help="A file to import, or an image of the cloud; a small one is made if not given.",
)
@click.option(
    "--size",
    metavar="MIB",
    type=click.IntRange(4, 32),
    default=16,
    show_default=True,
    help="Size of the image that is made.",
)
@click.option("--flavor", metavar="FLAVOR", default="", help="The server's; the smallest if none.")
@click.option("--network", metavar="NETWORK", default="", help="The server's; none if not given.")
@click.option("--without-server", is_flag=True, help="Leave out all that needs a server.")
@click.option("--keep", is_flag=True, help="Remove nothing afterwards.")
@click.option(
    "--give-up",
    "minutes",
    metavar="MINUTES",
    type=click.FloatRange(min=0.2),
    default=15.0,
    show_default=True,
    help="How long a step may take.",
)
@_report_option
@change_options
def site_validate(
    site: str,
    second_site: str,
    image: str,
    size: int,
    flavor: str,
    network: str,
    without_server: bool,
    keep: bool,
    minutes: float,
    file: Path | None,
    choices: Choices,
) -> ExitStatus:
    """Try all that an edge must be able to do, and remove what was made for it.

    An image goes to the hub and on to the edge; a volume and a server are made of it; the server
    is stopped, snapshotted, started, made into an image that goes back to the hub; the volume is
    backed up and restored at a second site. What the cloud lacks is left out and said; a step
    that fails leaves out only what needs it.
    """
    session = open_session()
    require_sites(session.settings.topology, (site, *([second_site] if second_site else [])))
    if file is not None and (choices.no_wait or choices.dry_run):
        raise UsageError(
            "There is no report before the validation is over.",
            way_out="Write it later: dcn-console site report NUMBER --report FILE",
        )
    image_path = str(Path(image).absolute()) if image and Path(image).is_file() else ""

    async def planning(workspace: Workspace) -> tuple[Plan, ...]:
        request = ValidateSite(
            site=site,
            second_site=second_site,
            image_path=image_path,
            image_id=await _image_id(session, image) if image and not image_path else "",
            image_bytes=size * MIB,
            flavor=flavor,
            network=network,
            without_server=without_server,
            keep=keep,
            step_seconds=minutes * _MINUTE,
        )
        return await workspace.plan(request)

    def printing(tasks: Sequence[Task]) -> None:
        as_json = choices.output is OutputFormat.JSON
        workspace = core().workspace(session)
        for task in tasks:
            report = asyncio.run(_report(workspace, task.number))
            chosen = ReportFormat.JSON if as_json else ReportFormat.TEXT
            _print(report, chosen, file)

    return carry_out(session, planning, choices, printing)


@click.command("report", cls=Command)
@click.argument("number", metavar="TASK", type=click.IntRange(min=1))
@click.option(
    "-o",
    "--output",
    type=click.Choice(ReportFormat, case_sensitive=False),
    default=ReportFormat.TEXT.value,
    show_default=True,
    help="Format of the report on stdout.",
)
@_report_option
def site_report(number: int, output: ReportFormat, file: Path | None) -> None:
    """Print the report of a validation, also of one that is under way.

    It is made of the task's records, so it can be had again at any time.
    """
    report = asyncio.run(_report(core().workspace(open_session()), number))
    _print(report, output, file)


def _print(report: Report, chosen: ReportFormat, file: Path | None) -> None:
    if chosen is ReportFormat.TEXT:
        click.echo(report_text(report, max(60, terminal_width() or 100)), nl=False)
    else:
        click.echo(RENDERERS[chosen](report), nl=False)
    if file is not None:
        content = RENDERERS[ENDINGS[file.suffix.lower()]](report)
        write_file(file.absolute(), content.encode(), overwrite=True)
        say(f"The report is in {file}")


async def _report(workspace: Workspace, number: int) -> Report:
    task = await workspace.task(number)
    if task.plan.operation != OPERATION:
        raise UsageError(
            f"Task {number} validates no site.",
            way_out="List the tasks with: dcn-console task list --filter validate",
        )
    return report_of(task, await workspace.steps(number), datetime.now(UTC))


async def _image_id(session: Session, text: str) -> str:
    reading = await core().read(session, _IMAGES)
    report_problems(reading, "images")
    return find_one(reading.inventory.images.rows, text, "image").id
