"""Exit statuses of the command line: part of what scripts rely on."""

from collections.abc import Iterable
from enum import IntEnum

from dcn_console.model.tasks import TaskState


class ExitStatus(IntEnum):
    """What a command's exit status means."""

    SUCCESS = 0
    FAILURE = 1
    """Something asked for was not done."""
    USAGE = 2
    """The command, a name in it or the configuration could not be understood."""
    PARTLY_DONE = 3
    """Some of what was asked for was done, and some was not."""
    INTERRUPTED = 130
    """Ctrl+C (128 + SIGINT, the shells' convention). A task that was waited for goes on."""
    BROKEN_PIPE = 141
    """The reader of stdout went away (128 + SIGPIPE, the shells' convention)."""


def outcome(states: Iterable[TaskState], *, refused: bool = False) -> ExitStatus:
    """Return the status of a command from its finished tasks.

    ``refused`` says that some of what was asked for never became a task.
    """
    seen = set(states)
    if seen <= {TaskState.DONE} and not refused:
        return ExitStatus.SUCCESS
    if seen & {TaskState.DONE, TaskState.PARTLY_DONE}:
        return ExitStatus.PARTLY_DONE
    return ExitStatus.FAILURE
