"""``dcn-console info``: every path and every setting, and where each comes from."""

import platform
from typing import Annotated, Any

import click
import msgspec
from msgspec import Meta

from dcn_console import __version__
from dcn_console.cli.framework import Command, Session, open_session
from dcn_console.cli.listing import OutputFormat, render_json
from dcn_console.cli.options import output_option
from dcn_console.cli.table import Cells, Heading, render_table
from dcn_console.config.settings import declarations
from dcn_console.config.topology import site_tables
from dcn_console.model.text import count, printable
from dcn_console.tasks.location import task_folder


class InfoLine(msgspec.Struct, frozen=True, kw_only=True):
    """One path or setting: ``info``."""

    name: Annotated[str, Meta(description="name of the path or setting")]
    value: Annotated[Any, Meta(description="what is in force")]
    origin: Annotated[str, Meta(description="where it comes from")]
    kind: Annotated[str, Meta(description="program, path or setting")]


@click.command(cls=Command)
@output_option
def info(output: OutputFormat) -> None:
    """Print every path and setting, and where each comes from."""
    lines = info_lines(open_session(missing_ok=True))
    if output is OutputFormat.JSON:
        click.echo(render_json(lines), nl=False)
        return
    for kind, title in (("program", "Program"), ("path", "Paths"), ("setting", "Settings")):
        cells = Cells(
            headings=(Heading(title), Heading(""), Heading("")),
            lines=tuple(
                (f"  {line.name}", _words(line.value), line.origin)
                for line in lines
                if line.kind == kind
            ),
        )
        click.echo(render_table(cells))


def info_lines(session: Session) -> list[InfoLine]:
    """Return what ``info`` prints. It holds no secret: those are not among the settings."""
    lines = [
        InfoLine(name="dcn-console", value=__version__, origin="this package", kind="program"),
        InfoLine(
            name="python", value=platform.python_version(), origin="interpreter", kind="program"
        ),
    ]
    paths = session.paths
    for name, origin in paths.origins().items():
        path = getattr(paths, name)
        lines.append(InfoLine(name=name, value=str(path), origin=origin, kind="path"))
    cloud = session.settings.cloud
    tasks = task_folder(paths.state_folder, cloud)
    origin = "state_folder, and the cloud" if cloud else "state_folder, and no cloud chosen"
    for name, path in (("task_store", tasks.store), ("runner_log", tasks.runner_log)):
        lines.append(InfoLine(name=name, value=str(path), origin=origin, kind="path"))
    for declared in declarations():
        value = getattr(session.settings, declared.name)
        if declared.name == "topology":
            value = site_tables(value)
        lines.append(
            InfoLine(
                name=declared.name,
                value=msgspec.to_builtins(value),
                origin=session.loaded.origins[declared.name],
                kind="setting",
            )
        )
    return lines


def _words(value: object) -> str:
    if isinstance(value, dict):
        return f"{count(len(value), 'site')}: {printable(', '.join(value))}" if value else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        names = (item["name"] if isinstance(item, dict) else str(item) for item in value)
        return printable(" ".join(names)) or "–"
    return printable(str(value)) or "–"
