"""``dcn-console runner``: run tasks in the foreground."""

import click

from dcn_console.cli.framework import Command, open_session
from dcn_console.cli.messages import say
from dcn_console.model.errors import RefusedError


@click.command(cls=Command)
@click.option(
    "--idle-exit",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="End after so long without a task; otherwise it runs until stopped.",
)
def runner(idle_exit: float | None) -> int:
    """Run tasks in the foreground until stopped (Ctrl+C or SIGTERM).

    Submitting a task starts a runner in the background by itself. One runner holds a task
    store; when it ends, its tasks wait, and go on from their last step with the next one.
    """
    from dcn_console.runner.process import run_runner

    session = open_session()
    if session.settings.read_only:
        raise RefusedError("A read-only dcn-console runs no tasks.")
    say("running tasks; Ctrl+C stops the runner, and the tasks go on with the next one")
    config = session.paths.config_file
    return run_runner(config if config.exists() else None, session.settings.cloud, idle_exit)
