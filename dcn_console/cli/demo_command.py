"""``dcn-console demo``: the console, or any command, on an embedded DCN."""

from pathlib import Path

import click

from dcn_console.cli.console_command import require_terminal
from dcn_console.cli.framework import Command, choices
from dcn_console.cli.messages import say
from dcn_console.model.errors import UsageError


@click.command(
    cls=Command,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the demo in this folder, and continue it there.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def demo(folder: Path | None, command: tuple[str, ...]) -> int:
    """Open the console on an embedded demo DCN: no cloud, no root, no Ceph.

    With a COMMAND, run that on the demo instead, such as:

        dcn-console demo image copy cirros-0.6.2 --to edges

    The demo has its own tasks and ends with the command; nothing else is touched.
    """
    given = choices()
    if "config" in given or "cloud" in given:
        raise UsageError("The demo brings its own cloud and config.")
    options = ["--read-only"] if given.get("read_only") else []
    if not command:
        require_terminal()
        say("starting the demo…")
    from dcn_console.cli.demo import running_demo

    with running_demo(folder) as running:
        if command:
            running.wait_for_runner()
        if folder is not None:
            say(f"the demo is kept in {running.folder}")
        return running.run([*options, *command])
