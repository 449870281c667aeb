"""``dcn-console doctor``: look for what operators trip over, and say what to do."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import click

from dcn_console.cli.core import core
from dcn_console.cli.diagnoses import DiagnosisObject
from dcn_console.cli.framework import Command, open_session
from dcn_console.cli.listing import OutputFormat, render_json
from dcn_console.cli.messages import say
from dcn_console.cli.options import output_option
from dcn_console.cli.status import ExitStatus
from dcn_console.model.text import count, printable

if TYPE_CHECKING:
    from dcn_console.inventory.diagnosis import Diagnosis

PROBLEM = "problem"
_GLYPHS = {"ok": "●", "warning": "▲", PROBLEM: "✗", "skipped": "–"}


@click.command(cls=Command)
@output_option
@click.option(
    "--undercloud",
    metavar="CLOUD",
    default="",
    help="The cloud in clouds.yaml that has the bare metal service, where it is another one.",
)
def doctor(output: OutputFormat, undercloud: str) -> ExitStatus:
    """Check credentials, endpoints, stores, policies, clusters, zones; say what to do.

    Checks, too, what the guides for distributed compute nodes ask of the deployment: copies of
    images, zones of volumes and servers, services at the sites, networks of bare metal nodes.
    Changes nothing. The exit status is 1 when there is a problem.
    """
    session = open_session()
    found = asyncio.run(
        _examine(core().diagnose(session, undercloud), live=output is OutputFormat.TABLE)
    )
    if output is OutputFormat.JSON:
        click.echo(render_json(found), nl=False)
    counted = Counter(one.outcome for one in found)
    say(
        f"{counted['ok']} ok, {count(counted['warning'], 'warning')}, "
        f"{count(counted[PROBLEM], PROBLEM)}, {counted['skipped']} skipped"
    )
    return ExitStatus.FAILURE if counted[PROBLEM] else ExitStatus.SUCCESS


async def _examine(diagnoses: "AsyncIterator[Diagnosis]", *, live: bool) -> list[DiagnosisObject]:
    """Return the diagnoses; ``live`` prints each when it comes, under its area's heading."""
    found: list[DiagnosisObject] = []
    async for diagnosis in diagnoses:
        made = DiagnosisObject(
            area=diagnosis.area,
            subject=diagnosis.subject,
            outcome=diagnosis.outcome.value,
            text=diagnosis.text,
            way_out=diagnosis.way_out,
        )
        if live:
            if not found or found[-1].area != made.area:
                click.echo(printable(made.area))
            click.echo(diagnosis_text(made))
        found.append(made)
    return found


def diagnosis_text(diagnosis: DiagnosisObject) -> str:
    """Return a diagnosis in one line, and its way out in a second."""
    mark = f"{_GLYPHS[diagnosis.outcome]} {diagnosis.outcome:<7}"
    text = f"  {mark}  {printable(diagnosis.subject)}: {printable(diagnosis.text)}"
    if not diagnosis.way_out:
        return text
    return f"{text}\n             {printable(diagnosis.way_out)}"
