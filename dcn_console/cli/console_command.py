"""Opening the console: ``dcn-console`` without a command."""

import os
import sys

from dcn_console.cli.core import core
from dcn_console.cli.framework import Session, open_session
from dcn_console.cli.messages import say
from dcn_console.cli.status import ExitStatus
from dcn_console.cli.waiting import runner_outlives_us
from dcn_console.model.errors import UsageError


def require_terminal() -> None:
    """Raise UsageError unless a console can be drawn here; Textual draws on stderr."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "The console needs a terminal, and stdin, stdout or stderr is none.",
            way_out="Scripts use the commands instead: dcn-console --help",
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise UsageError(
            "The console needs a terminal that can move its cursor; TERM says it cannot.",
            way_out="Set TERM, such as TERM=xterm-256color.",
        )


def open_console() -> int:
    """Open the console on the configured cloud and return its exit status."""
    require_terminal()
    return show_console(open_session())


def show_console(session: Session) -> int:
    """Open the console of ``session``; leaving it stops no task.

    Raises UsageError when no site is configured: there would be nothing to show side by side.
    """
    if not session.settings.topology.sites:
        raise UsageError(
            "No sites are configured yet.",
            way_out="Find them with: dcn-console init\n  Look around first with: dcn-console demo",
        )
    from dcn_console.console.app import run_console

    workspace = core().workspace(session)
    status = run_console(workspace)
    running = sum(not task.state.is_over for task in workspace.tasks())
    if running and status == ExitStatus.SUCCESS and runner_outlives_us():
        say(f"Tasks that go on in the background: {running}. See: dcn-console task list")
    return status
