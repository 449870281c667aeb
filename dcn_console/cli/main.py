"""The entry point: the command tree, and the one place where errors become exit statuses.

Nothing heavy is imported here: commands import what they need when they run, so that
``--help`` answers at once (openstacksdk, Textual and DBOS take most of a second each).
"""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click
from click.shell_completion import shell_complete

from dcn_console import __version__
from dcn_console.cli.backup_commands import (
    backup_check,
    backup_create,
    backup_delete,
    backup_restore,
)
from dcn_console.cli.backup_plan_commands import backup_plans, backup_run_due
from dcn_console.cli.core import Core
from dcn_console.cli.demo_command import demo
from dcn_console.cli.doctor_command import doctor
from dcn_console.cli.framework import Group
from dcn_console.cli.image_changes import image_delete, image_delete_copy, image_import
from dcn_console.cli.image_commands import image_copy, image_show
from dcn_console.cli.info_command import info
from dcn_console.cli.init_command import init
from dcn_console.cli.list_commands import image, site, store, volume
from dcn_console.cli.logs import silence
from dcn_console.cli.messages import fail, say
from dcn_console.cli.mirror_commands import mirror
from dcn_console.cli.mirror_pool_commands import peer, pool_mode, schedule, site_name
from dcn_console.cli.mirror_status_commands import mirror_health_line, mirror_status
from dcn_console.cli.retry_command import task_retry
from dcn_console.cli.runner_command import runner
from dcn_console.cli.server_commands import (
    server_create,
    server_delete,
    server_image,
    server_start,
    server_stop,
)
from dcn_console.cli.simulator_command import simulator
from dcn_console.cli.site_commands import site_report, site_validate
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.storage_lists import backup, server, snapshot
from dcn_console.cli.task_commands import task
from dcn_console.cli.volume_commands import (
    snapshot_delete,
    volume_create,
    volume_delete,
    volume_extend,
    volume_snapshot,
    volume_upload,
)
from dcn_console.model.errors import ConfigError, DcnError, UsageError

PROGRAM = "dcn-console"
COMPLETION_VARIABLE = "_DCN_CONSOLE_COMPLETE"
"""Set by the shell's completion (click: Shell Completion)."""


@click.group(cls=Group, name=PROGRAM, invoke_without_command=True)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def root(context: click.Context) -> int | None:
    """Every site of an OpenStack with distributed compute nodes, side by side.

    Without a command: open the console.

    Data goes to stdout, everything else to stderr. Exit status: 0 success, 1 failure,
    2 not understood, 3 partly done, 130 interrupted.
    """
    if context.invoked_subcommand is not None:
        return None
    from dcn_console.cli.console_command import open_console

    return open_console()


for _change in (image_show, image_copy, image_import, image_delete_copy, image_delete):
    image.add_command(_change)
for _action in (
    *(backup_create, backup_restore, backup_delete, backup_check),
    *(backup_plans, backup_run_due),
):
    backup.add_command(_action)
for _action in (volume_create, volume_extend, volume_snapshot, volume_upload, volume_delete):
    volume.add_command(_action)
snapshot.add_command(snapshot_delete)
for _action in (site_validate, site_report):
    site.add_command(_action)
for _action in (server_stop, server_start, server_create, server_delete, server_image):
    server.add_command(_action)
task.add_command(task_retry)
for _command in (mirror_status, mirror_health_line, schedule, peer, pool_mode, site_name):
    mirror.add_command(_command)
for _command in (
    *(demo, init, doctor, info, runner, simulator),
    *(site, store, image, volume, snapshot, backup, server, mirror, task),
):
    root.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    status = run(arguments)
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.exit(status)


def run(arguments: Sequence[str] | None = None, core: Core | None = None) -> int:
    """Run the command line and return its exit status; errors go to stderr.

    ``core`` takes the place of the real services.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    silence()
    given = sys.argv[1:] if arguments is None else list(arguments)
    completing = os.environ.get(COMPLETION_VARIABLE)
    try:
        if completing:
            return shell_complete(root, {}, PROGRAM, COMPLETION_VARIABLE, completing)
        with root.make_context(PROGRAM, given, obj=core) as context:
            status = root.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        say("aborted")
        return ExitStatus.FAILURE
    except click.ClickException as error:
        error.show()
        return ExitStatus.USAGE
    except DcnError as error:
        fail(error)
        misunderstood = isinstance(error, UsageError | ConfigError)
        return ExitStatus.USAGE if misunderstood else ExitStatus.FAILURE
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("interrupted")
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return ExitStatus.BROKEN_PIPE
    except OSError as error:
        logging.getLogger(__name__).exception("the command failed")
        say(f"error: {error}")
        return ExitStatus.FAILURE
    return int(status or 0)


def _discard_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush is quiet too."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
